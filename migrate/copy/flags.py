"""Carrying flag changes from the source to our copies; what somebody did on the target stays."""

from __future__ import annotations

from itertools import groupby

from connectors.contract import FolderMissing, Marked, Target
from migrate.copy.compare import flag_change
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.ledger import copies, folders
from migrate.ledger.copies import CopyRow

_ROWS = 1000


def carry_flags(job: Job, hold: Hold, target: Target) -> int:
    """Carry every difference over; returns the number of messages that were changed on the target."""
    after = changed = 0
    while True:
        with hold.ledger.read() as connection:
            rows = copies.flags_to_carry(connection, hold.mailbox.id, job.direction, after, _ROWS)
        if not rows:
            return changed
        after = rows[-1].id
        ordered = sorted(rows, key=lambda row: row.target_folder_id)
        for target_folder_id, group in groupby(ordered, key=lambda row: row.target_folder_id):
            changed += _carry_folder(hold, target, target_folder_id, list(group))


def _carry_folder(hold: Hold, target: Target, target_folder_id: int, rows: list[CopyRow]) -> int:
    with hold.ledger.read() as connection:
        was = folders.target_by_id(connection, target_folder_id)
    by_key = {row.target_key: row for row in rows}
    hold.check()
    try:
        marked = list(target.mark(was.as_it_was, [flag_change(row) for row in rows]))
    except FolderMissing:
        return 0
    with hold.ledger.write() as connection:
        for one in marked:
            if one.outcome != "refused":
                ours, theirs = _after(by_key[one.key], one)
                copies.record_flags(connection, by_key[one.key].id, by_key[one.key].flags_seen, ours, theirs)
    return sum(one.outcome == "done" for one in marked)


def _after(row: CopyRow, marked: Marked) -> tuple[frozenset[str], frozenset[str]]:
    """Flags of the copy that are ours, and those that somebody else had set before us."""
    added = row.flags_seen - row.flags_synced
    ours = (row.flags_ours | marked.added) - (row.flags_synced - row.flags_seen)
    theirs = row.flags_theirs if marked.outcome == "missing" else row.flags_theirs | (added - marked.added - ours)
    return ours, theirs

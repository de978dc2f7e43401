"""Carrying flag changes from the source to our copies; what somebody did on the target stays."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from connectors.contract import FolderMissing, Marked, Target
from migrate.copy.compare import flag_change
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.pages import in_target_folders
from migrate.ledger import copies
from migrate.ledger.copies import CopyRow
from migrate.ledger.folders import TargetFolderRow


def carry_flags(job: Job, hold: Hold, target: Target) -> int:
    """Carry every difference over; returns the number of messages that were changed on the target."""

    def changed(connection: Connection, after: int, most: int) -> Sequence[CopyRow]:
        return copies.flags_to_carry(connection, hold.mailbox.id, job.direction, after, most)

    return sum(_carry(hold, target, there, rows) for there, rows in in_target_folders(hold, changed))


def _carry(hold: Hold, target: Target, there: TargetFolderRow, rows: Sequence[CopyRow]) -> int:
    by_key = {row.target_key: row for row in rows}
    hold.check()
    try:
        marked = list(target.mark(there.as_it_was, [flag_change(row) for row in rows]))
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

"""Flags that a target takes only when the message is there: Microsoft 365 does so with ``\\Flagged``, and with keywords
as categories.

What was stored since the last pass ended lacks them, and nobody can have taken them off.  System flags are ours from
then on; of keywords the ledger goes on saying that they were not kept, for so they look to who reads the mailbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby

from connectors.contract import SYSTEM_FLAGS, FlagChange, FolderMissing, Target
from connectors.keywords import is_keyword
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.ledger import copies, folders
from migrate.ledger.copies import CopyRow

_ROWS = 1000
_KEYWORDS = "\\*"


def give_late(job: Job, hold: Hold, target: Target) -> int:
    """Give them; returns the number of messages that were changed on the target."""
    late = target.capabilities().late_flags
    since = hold.mailbox.last_pass or 0.0
    changed = after = 0
    while late:
        with hold.ledger.read() as connection:
            page = copies.stripped_since(connection, hold.mailbox.id, job.direction, since, after, _ROWS)
        if not page:
            break
        after = page[-1].id
        ordered = sorted(page, key=lambda row: row.target_folder_id)
        for target_folder_id, group in groupby(ordered, key=lambda row: row.target_folder_id):
            changed += _give(hold, target, target_folder_id, list(group), late)
    return changed


def _give(hold: Hold, target: Target, target_folder_id: int, rows: Sequence[CopyRow], late: frozenset[str]) -> int:
    by_key = {row.target_key: row for row in rows if row.target_key is not None}
    changes = [FlagChange(key, add=lacking) for key, row in by_key.items() if (lacking := _late(_lacks(row), late))]
    if not changes:
        return 0
    with hold.ledger.read() as connection:
        was = folders.target_by_id(connection, target_folder_id)
    hold.check()
    with suppress(FolderMissing):
        marked = [one for one in target.mark(was.as_it_was, changes) if one.added]
        with hold.ledger.write() as connection:
            for one in marked:
                row = by_key[one.key]
                ours = row.flags_ours | (one.added & SYSTEM_FLAGS)
                copies.record_flags(connection, row.id, row.flags_synced, ours, row.flags_theirs)
        return len(marked)
    return 0


def _lacks(row: CopyRow) -> frozenset[str]:
    return row.flags_synced - row.flags_ours - row.flags_theirs


def _late(flags: frozenset[str], late: frozenset[str]) -> frozenset[str]:
    return frozenset(flag for flag in flags if flag in late or (_KEYWORDS in late and is_keyword(flag)))

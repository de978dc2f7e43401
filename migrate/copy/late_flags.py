"""Flags that a target takes only when the message is there: Microsoft 365 does so with ``\\Flagged``, and with keywords
as categories.

What was stored since the last pass ended lacks them, and nobody can have taken them off.  System flags are ours from
then on; of keywords the ledger goes on saying that they were not kept, for so they look to who reads the mailbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Connection

from connectors.contract import SYSTEM_FLAGS, FlagChange, FolderMissing, Target
from connectors.keywords import is_keyword
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.pages import in_target_folders
from migrate.ledger import copies
from migrate.ledger.copies import CopyRow
from migrate.ledger.folders import TargetFolderRow

_KEYWORDS = "\\*"


def give_late(job: Job, hold: Hold, target: Target) -> int:
    """Give them; returns the number of messages that were changed on the target."""
    late = target.capabilities().late_flags
    since = hold.mailbox.last_pass or 0.0
    if not late:
        return 0

    def stripped(connection: Connection, after: int, most: int) -> Sequence[CopyRow]:
        return copies.stripped_since(connection, hold.mailbox.id, job.direction, since, after, most)

    return sum(_give(hold, target, there, rows, late) for there, rows in in_target_folders(hold, stripped))


def _give(hold: Hold, target: Target, there: TargetFolderRow, rows: Sequence[CopyRow], late: frozenset[str]) -> int:
    by_key = {row.target_key: row for row in rows if row.target_key is not None}
    changes = [FlagChange(key, add=lacking) for key, row in by_key.items() if (lacking := _late(_lacks(row), late))]
    if not changes:
        return 0
    hold.check()
    with suppress(FolderMissing):
        marked = [one for one in target.mark(there.as_it_was, changes) if one.added]
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

"""Flags that a target takes only when the message is there: Microsoft 365 does so with ``\\Flagged``, and with keywords
as categories.

Each message that we stored lacks them until the ledger says that they were given, whatever became of the pass that
stored it.  Of keywords the ledger goes on saying that they were not kept, for so they look to who reads the mailbox:
they are given for what was stored since a pass left nothing to do.
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
from migrate.ledger.mailboxes import MailboxRow
from migrate.ledger.schema import MailboxState

_KEYWORDS = "\\*"


def give_late(job: Job, hold: Hold, target: Target) -> int:
    """Give them; returns the number of messages that were changed on the target."""
    late = target.capabilities().late_flags
    return _give_since(job, hold, target, late & SYSTEM_FLAGS, 0.0) + _give_since(
        job, hold, target, late - SYSTEM_FLAGS, _keywords_since(hold.mailbox)
    )


def _keywords_since(mailbox: MailboxRow) -> float:
    """A pass that was cut off may have given none; where people are at work, it may be they who took one off."""
    if mailbox.state is MailboxState.COPIED or mailbox.went_live is not None:
        return mailbox.last_pass or 0.0
    return 0.0


def _give_since(job: Job, hold: Hold, target: Target, late: frozenset[str], since: float) -> int:
    if not late:
        return 0

    def stripped(connection: Connection, after: int, most: int) -> Sequence[CopyRow]:
        return copies.stripped_since(connection, hold.mailbox.id, job.direction, since, after, most)

    return sum(_give(hold, target, there, rows, late) for there, rows in in_target_folders(hold, stripped))


def _give(hold: Hold, target: Target, there: TargetFolderRow, rows: Sequence[CopyRow], late: frozenset[str]) -> int:
    by_key = {row.target_key: row for row in rows if row.target_key is not None}
    lacking = {key: late_among(_lacks(row), late) for key, row in by_key.items()}
    changes = [FlagChange(key, add=flags) for key, flags in lacking.items() if flags]
    if not changes:
        return 0
    hold.check()
    with suppress(FolderMissing):
        marked = [one for one in target.mark(there.as_it_was, changes) if one.outcome != "refused"]
        with hold.ledger.write() as connection:
            for one in marked:
                row, flags = by_key[one.key], lacking[one.key] & SYSTEM_FLAGS
                # What was set already, or is gone, is somebody else's doing: it is not asked for again.
                ours, theirs = row.flags_ours | (flags & one.added), row.flags_theirs | (flags - one.added)
                copies.record_flags(connection, row.id, row.flags_synced, ours, theirs)
        return sum(bool(one.added) for one in marked)
    return 0


def _lacks(row: CopyRow) -> frozenset[str]:
    return row.flags_synced - row.flags_ours - row.flags_theirs


def late_among(flags: frozenset[str], late: frozenset[str]) -> frozenset[str]:
    """Those of the flags that the target takes late; ``late`` as in :class:`connectors.contract.Capabilities`."""
    return frozenset(flag for flag in flags if flag in late or (_KEYWORDS in late and is_keyword(flag)))

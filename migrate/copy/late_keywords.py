"""Keywords that a target takes only after the message is there, by another road, as Microsoft 365 takes categories.

As with flags that were forgotten, only what was stored since the last pass ended is looked at.  The ledger goes on
saying that the keyword was not kept, which is what the target's mailbox shows to who reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby

from connectors.contract import FlagChange, Folder, FolderMissing, Target
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.ledger import copies, folders
from migrate.ledger.copies import CopyRow

_ROWS = 1000


def give_keywords(job: Job, hold: Hold, target: Target) -> int:
    """Give them, where the target wants that; returns the number of messages that were changed on the target."""
    if hold.mailbox.went_live is not None or not target.capabilities().late_keywords:
        return 0
    since = hold.mailbox.last_pass or 0.0
    changed = after = 0
    while True:
        with hold.ledger.read() as connection:
            page = copies.stripped_since(connection, hold.mailbox.id, job.direction, since, after, _ROWS)
        if not page:
            return changed
        after = page[-1].id
        ordered = sorted(page, key=lambda row: row.target_folder_id)
        for target_folder_id, group in groupby(ordered, key=lambda row: row.target_folder_id):
            changed += _give(hold, target, target_folder_id, list(group))


def _give(hold: Hold, target: Target, target_folder_id: int, rows: Sequence[CopyRow]) -> int:
    changes = [
        FlagChange(row.target_key, add=keywords)
        for row in rows
        if row.target_key is not None and (keywords := _keywords(row.flags_synced - row.flags_ours))
    ]
    if not changes:
        return 0
    with hold.ledger.read() as connection:
        was = folders.target_by_id(connection, target_folder_id)
    hold.check()
    with suppress(FolderMissing):
        marked = target.mark(Folder(was.path, None, was.epoch), changes)
        return sum(bool(one.added) for one in marked)
    return 0


def _keywords(flags: frozenset[str]) -> frozenset[str]:
    return frozenset(flag for flag in flags if not flag.startswith("\\"))

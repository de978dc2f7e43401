"""Flags that a target took with a message and forgot, as Microsoft 365 does with ``\\Flagged``: they are set once more.

Only what was stored since the last pass ended is looked at: later it may be a person who took a flag off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress

from sqlalchemy import Connection

from connectors.contract import SYSTEM_FLAGS, FlagChange, FolderMissing, Target
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.pages import in_target_folders
from migrate.ledger import copies, folders
from migrate.ledger.copies import CopyRow
from migrate.ledger.folders import TargetFolderRow


def set_forgotten(job: Job, hold: Hold, target: Target) -> int:
    """Set what was forgotten; returns the number of messages that were changed on the target.

    For each flag the first and the last of its messages in one folder are looked at.  When none of them has it, the
    target forgets it, and all are marked.
    """
    if hold.mailbox.went_live is not None:
        return 0
    since = hold.mailbox.last_pass or 0.0
    with hold.ledger.read() as connection:
        samples = copies.flag_samples(connection, hold.mailbox.id, job.direction, since)
        rows = copies.by_id(connection, sorted({row for sample in samples for row in (sample.first, sample.last)}))
    forgotten = _forgotten(hold, target, [row for row in rows.values() if row.target_key is not None])
    if not forgotten:
        return 0

    def stored(connection: Connection, after: int, most: int) -> Sequence[CopyRow]:
        return copies.stored_since(connection, hold.mailbox.id, job.direction, since, after, most)

    return sum(_mark(hold, target, there, group, forgotten) for there, group in in_target_folders(hold, stored))


def _forgotten(hold: Hold, target: Target, rows: Sequence[CopyRow]) -> frozenset[str]:
    """Flags that no message of the samples has although we gave it."""
    by_folder: dict[int, list[CopyRow]] = defaultdict(list)
    for row in rows:
        by_folder[row.target_folder_id].append(row)
    given = frozenset(flag for row in rows for flag in row.flags_ours & SYSTEM_FLAGS)
    unproven, kept = set(given), set[str]()
    # The folder that proves most comes first, so that one look is usually enough.
    for target_folder_id, group in sorted(by_folder.items(), key=lambda item: -len(_flags(item[1]))):
        wanted = [row for row in group if row.flags_ours & unproven]
        if not wanted:
            continue
        with hold.ledger.read() as connection:
            was = folders.target_by_id(connection, target_folder_id)
        with suppress(FolderMissing):
            for state in target.states(was.as_it_was, [row.target_key or "" for row in wanted]):
                kept |= SYSTEM_FLAGS if state.flags is None else state.flags
            unproven -= _flags(wanted)
    return frozenset(given - unproven - kept)


def _flags(rows: Iterable[CopyRow]) -> frozenset[str]:
    return frozenset(flag for row in rows for flag in row.flags_ours)


def _mark(
    hold: Hold, target: Target, there: TargetFolderRow, rows: Sequence[CopyRow], forgotten: frozenset[str]
) -> int:
    changes = [
        FlagChange(row.target_key, add=row.flags_ours & forgotten)
        for row in rows
        if row.target_key is not None and row.flags_ours & forgotten
    ]
    if not changes:
        return 0
    hold.check()
    with suppress(FolderMissing):
        marked = target.mark(there.as_it_was, changes)
        return sum(one.outcome == "done" and bool(one.added) for one in marked)
    return 0

"""Listing a source and comparing it with the ledger.  Writes nothing but the ledger."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from connectors.contract import Entry, Folder, FolderMissing, Reason, Source, Window, foretell
from connectors.language import _
from migrate.copy.compare import compare
from migrate.copy.hold import Hold
from migrate.copy.job import Job, why_left_out
from migrate.ledger import folders, messages
from migrate.ledger.folders import FolderRow

#: Times that the source is asked for its folders when one of them is no longer what it was.
_LOOKS = 3
#: Folders that a source is told of before it is asked for them.
_FORETOLD = 16


@dataclass(frozen=True, slots=True)
class Listed:
    """A source folder of this pass."""

    row: FolderRow
    folder: Folder
    #: Where the next listing may start, once nothing of this one is pending.
    cursor: str | None
    #: Nothing in it changed since the last pass.
    skipped: bool


@dataclass(frozen=True, slots=True)
class Scanned:
    """The source's folders as they were found."""

    listed: Sequence[Listed]
    #: Folders that changed their identity each time they were looked at: what is in them is not known.
    unseen: Sequence[FolderMissing]


def scan(
    job: Job,
    hold: Hold,
    source: Source,
    there: Sequence[Folder],
    each: Callable[[Listed], None] | None = None,
) -> Scanned:
    """Compare the folders of the source that the job names; new, changed, returned and gone go into the ledger.

    ``there`` are all folders of the source, listed just before; ``each`` hears of every folder once it is done.
    When one of them is gone or was made anew by the time it is looked at (renamed by somebody, or on Courier opened
    for the very first time), the source is asked for its folders again.
    """
    listed: list[Listed] = []
    done: set[tuple[str, ...]] = set()
    for _look in range(_LOOKS):
        missing: list[FolderMissing] = []
        before = known_folders(job, hold)
        left = [folder for folder in wanted(job, there) if folder.path not in done]
        following = _foretelling(job, source, left, before)
        for folder in left:
            foretell(source, following.get(folder.path, ()))
            try:
                one = _scan_folder(job, hold, source, folder, before.get(folder.path))
            except FolderMissing as error:
                name = "/".join(folder.path)
                what = _('the folder "{name}" cannot be looked at: {why}').format(name=name, why=error.what)
                missing.append(FolderMissing(what, system=error.system, detail=error.detail))
                continue
            listed.append(one)
            done.add(folder.path)
            if each is not None:
                each(one)
        if not missing:
            break
        there = list(source.folders())
    paths = {folder.path for folder in there}
    for path, row in before.items():
        if path not in paths and row.gone_at is None and _is_wanted(job, path):
            _folder_is_gone(job, hold, row)
    return Scanned(listed, missing)


def known_folders(job: Job, hold: Hold) -> dict[tuple[str, ...], FolderRow]:
    """What the ledger knows of the source's folders, by path."""
    with hold.ledger.read() as connection:
        rows = folders.of_mailbox(connection, hold.mailbox.id, job.direction, job.source)
    return {row.path: row for row in rows}


def wanted(job: Job, there: Sequence[Folder]) -> list[Folder]:
    """The folders that the job names.

    Those with a role come first: the target's own folder of that role is theirs, whatever others are called.
    """
    return sorted((folder for folder in there if _is_wanted(job, folder.path)), key=lambda one: one.role is None)


def _is_wanted(job: Job, path: tuple[str, ...]) -> bool:
    return not job.only_folders or any(path[: len(only)] == only for only in job.only_folders)


def _foretelling(
    job: Job, source: Source, folders: Sequence[Folder], before: Mapping[tuple[str, ...], FolderRow]
) -> dict[tuple[str, ...], Sequence[Folder]]:
    """By the path of each folder that the source is asked for, some behind it that are listed as a whole."""
    digest = job.rules.digest()
    asked: list[tuple[Folder, str | None]] = []
    for folder in folders:
        row = before.get(folder.path)
        if folder.messages != 0 and (row is None or not _is_unmoved(row, folder, digest, source)):
            asked.append((folder, _cursor_of(row, folder, digest)))
    following: dict[tuple[str, ...], Sequence[Folder]] = {}
    behind: list[Folder] = []
    for folder, cursor in reversed(asked):
        following[folder.path] = behind
        behind = [folder, *behind[: _FORETOLD - 1]] if cursor is None else []
    return following


def _cursor_of(row: FolderRow | None, folder: Folder, digest: str) -> str | None:
    """Where a listing may go on; None when all must be listed."""
    may_continue = row is not None and row.epoch == folder.epoch and row.rules_digest == digest
    return row.cursor if row is not None and may_continue else None


def _scan_folder(job: Job, hold: Hold, source: Source, folder: Folder, row: FolderRow | None) -> Listed:
    """Compare one folder.  Raises FolderMissing when it went away meanwhile."""
    digest = job.rules.digest()
    job.progress.scanned(job.mailbox, folder.path, 0)
    if row is not None and _is_unmoved(row, folder, digest, source):
        return Listed(row, folder, row.cursor, skipped=True)
    row, cursor = _compare_windows(job, hold, source, folder, row)
    return Listed(row, folder, cursor, skipped=False)


def _is_unmoved(row: FolderRow, folder: Folder, digest: str, source: Source) -> bool:
    """Whether the folder's token proves that there is nothing new, not even a flag."""
    return (
        source.capabilities().flag_tokens
        and folder.token is not None
        and folder.token == row.token
        and folder.epoch == row.epoch
        and digest == row.rules_digest
        and row.gone_at is None
    )


def _compare_windows(
    job: Job, hold: Hold, source: Source, folder: Folder, row: FolderRow | None
) -> tuple[FolderRow, str | None]:
    """The folder's row, and where its next listing may start.

    What there is to say of the folder itself is written along with a window: each transaction waits for the disk.
    """
    left_out = job.rules.why_left_out(folder) if job.rules.place(folder) is None else None

    def leaves_out(entry: Entry) -> Reason | None:
        why = why_left_out(job.rules, entry)
        return why if why is Reason.NOT_MAIL else left_out or why

    named = array("q")
    gone = list[str]()
    count = newest = 0
    is_met, cursor = False, _cursor_of(row, folder, job.rules.digest())
    # Nothing is asked for in an empty folder; a cursor would stand for messages that are no longer there.
    windows = source.entries(folder, cursor) if folder.messages != 0 else iter((Window(()),))
    for window, is_last in _and_whether_last(windows):
        cursor = window.cursor
        gone.extend(window.gone)
        count += len(window.entries)
        keys = [entry.key for entry in window.entries]
        with hold.ledger.write() as connection:
            now = job.clock.now()
            if row is None:
                row, is_met = folders.create(connection, hold.mailbox.id, job.direction, job.source, folder), True
            elif not is_met:
                is_met, newest = True, _relisted(connection, row, folder, now)
            # A folder seen for the first time has no rows to look up.
            known = messages.known(connection, row.id, folder.epoch, keys) if newest else {}
            changes = compare(window.entries, known, leaves_out)
            messages.see(connection, changes.seen)
            messages.decide(connection, changes.decided, now)
            messages.add(connection, hold.mailbox.id, job.direction, row.id, folder.epoch, changes.new, now)
            named.extend(changes.named)
            if is_last:
                messages.mark_gone(connection, _missing(connection, row, folder, window, newest, named, gone), now)
        job.progress.scanned(job.mailbox, folder.path, count)
    assert row is not None
    return row, cursor


def _relisted(connection: Connection, row: FolderRow, folder: Folder, now: float) -> int:
    """The newest row of a folder that is listed again."""
    folders.relist(connection, row.id, folder)
    if row.epoch != folder.epoch:
        # Along with the epoch: whoever goes on after a listing that broke sees no other one.
        messages.mark_gone(connection, messages.ids_of_other_epochs(connection, row.id, folder.epoch), now)
    return messages.newest(connection, row.id)


def _and_whether_last(windows: Iterator[Window]) -> Iterator[tuple[Window, bool]]:
    """The windows of a listing, one at least."""
    held: Window | None = None
    for window in windows:
        if held is not None:
            yield held, False
        held = window
    yield held or Window(()), True


def _missing(
    connection: Connection,
    row: FolderRow,
    folder: Folder,
    last: Window,
    newest: int,
    named: array[int],
    gone: Sequence[str],
) -> list[int]:
    """Rows of the folder that are no longer there, after the ``last`` window of its listing."""
    if last.complete:
        # Rows made by this listing are there; only rows from before, up to ``newest``, can be missing from it.
        return _not_named(messages.ids(connection, row.id, folder.epoch, newest), named) if newest else []
    # A system may name what went long ago, too.
    return [one.id for one in messages.known(connection, row.id, folder.epoch, gone).values() if not one.gone]


def _folder_is_gone(job: Job, hold: Hold, row: FolderRow) -> None:
    with hold.ledger.write() as connection:
        now = job.clock.now()
        newest = messages.newest(connection, row.id)
        messages.mark_gone(connection, list(messages.ids(connection, row.id, row.epoch, newest)), now)
        folders.mark_gone(connection, row.id, now)


def ask_again(
    job: Job, hold: Hold, source: Source, listed: Mapping[int, Listed], rows: Iterable[tuple[int, int, str, str]]
) -> None:
    """Mark what is no longer where it was listed in this pass; ``rows``: row, folder's row, epoch and key of each.

    A message may leave a folder that was listed already for one that was not, and is in both then.
    """
    by_folder: dict[int, dict[str, int]] = defaultdict(dict)
    for row, folder_id, epoch, key in rows:
        if folder_id in listed and listed[folder_id].folder.epoch == epoch:
            by_folder[folder_id][key] = row
    for folder_id, keys in by_folder.items():
        there: set[str] = set()
        with suppress(FolderMissing):
            there.update(entry.key for entry in source.states(listed[folder_id].folder, list(keys)))
        with hold.ledger.write() as connection:
            gone = [row for key, row in keys.items() if key not in there]
            messages.mark_gone(connection, gone, job.clock.now())


def _not_named(rows: Iterator[int], named: array[int]) -> list[int]:
    ordered = sorted(named)
    missing = []
    place = 0
    for row in rows:
        while place < len(ordered) and ordered[place] < row:
            place += 1
        if place == len(ordered) or ordered[place] != row:
            missing.append(row)
    return missing

"""A target that judges messages by what is documented of a system, and throws their bytes away.

It takes the place of a target that has no stand-in of its own.  What it took is known again after a kill: for each
message a row in a file, with its size, date, flags and digests, and no part of it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, ClassVar

from pydantic import BaseModel

from connectors import matching
from connectors.body import MemoryBody
from connectors.contract import (
    Account,
    Capabilities,
    Entry,
    Fatal,
    FlagChange,
    Folder,
    FolderMissing,
    Found,
    Headers,
    Marked,
    Message,
    NameRules,
    Outgoing,
    Quota,
    Reason,
    Receipt,
    Role,
    Stopped,
    Suspect,
    Unread,
    Window,
)
from connectors.matching import Candidate

_EPOCH = "rehearsal"
_WINDOW = 500
_BATCH = 100
_CHUNK = 1 << 20
#: Bytes of the last batch that may be read back, so that a pass sees them unchanged.
_READ_BACK = 8_000_000

_TABLES = """
CREATE TABLE IF NOT EXISTS folder (
    id INTEGER PRIMARY KEY, mailbox TEXT NOT NULL, path TEXT NOT NULL, role TEXT, UNIQUE (mailbox, path)
);
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, folder INTEGER NOT NULL, size INTEGER NOT NULL, received INTEGER NOT NULL,
    flags TEXT NOT NULL, wire BLOB NOT NULL, header BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS message_folder ON message (folder);
"""


#: Of a mailbox.
_FOLDERS = (
    "SELECT path, role, (SELECT count(*) FROM message WHERE message.folder = folder.id) FROM folder WHERE mailbox = ?"
)


class JudgeSettings(BaseModel):
    """It is told by code and never by a plan."""


@dataclass(frozen=True, slots=True)
class TargetRules:
    """What is documented of a system, as far as a message or a folder can break it."""

    product: str
    max_message: int | None = None
    names: NameRules | None = None
    #: Bytes of a line, without its end.
    longest_line: int | None = None


class Judge:
    """The connector.  ``store``: the file that holds what was taken."""

    Settings: ClassVar[type[BaseModel]] = JudgeSettings
    needs_password: ClassVar[bool] = False

    def __init__(self, rules: TargetRules, store: Path) -> None:
        self.rules = rules
        self._store = store
        with closing(_opened(store)) as connection:
            connection.executescript(_TABLES)

    def open_source(self, account: Account, stop: Event) -> JudgingTarget:
        return self.open_target(account, stop)

    def open_target(self, account: Account, stop: Event) -> JudgingTarget:
        if stop.is_set():
            raise Stopped("interrupted before signing in", system=self.rules.product)
        return JudgingTarget(self.rules, _opened(self._store), account.address or account.user)


class JudgingTarget:
    """One session."""

    def __init__(self, rules: TargetRules, store: sqlite3.Connection, mailbox: str) -> None:
        self._rules = rules
        self._store = store
        self._mailbox = mailbox
        self._aborted = Event()
        self._last: dict[str, tuple[bytes, datetime, frozenset[str]]] = {}

    def capabilities(self) -> Capabilities:
        return Capabilities(
            batch=_BATCH,
            atomic_batch=False,
            find_by="uid",
            settle=timedelta(),
            max_message=self._rules.max_message,
            product=self._rules.product,
        )

    def close(self) -> None:
        self._store.close()

    def abort(self) -> None:
        self._aborted.set()

    def folders(self) -> Iterator[Folder]:
        yield from map(_folder, self._rows(f"{_FOLDERS} ORDER BY id", (self._mailbox,)))

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        last, number = 0, self._number(folder)
        while True:
            rows = self._rows(
                "SELECT id, size, received, flags FROM message WHERE folder = ? AND id > ? ORDER BY id LIMIT ?",
                (number, last, _WINDOW),
            )
            yield Window([_entry(row) for row in rows])
            if len(rows) < _WINDOW:
                return
            last = rows[-1][0]

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        number = self._number(folder)
        for key in keys:
            statement = "SELECT id, size, received, flags FROM message WHERE folder = ? AND id = ?"
            yield from map(_entry, self._rows(statement, (number, int(key))))

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        """None: no part of a message is kept."""
        yield from ()

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        for key in keys:
            if key in self._last:
                data, received, flags = self._last[key]
                yield Message(key, received, flags, MemoryBody(data))
            else:
                yield Unread(key, Reason.UNREADABLE)

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        known = self._rows(
            f"{_FOLDERS} AND (path = ? OR role = ?) ORDER BY id LIMIT 1",
            (self._mailbox, json.dumps(path), role and role.value),
        )
        if known:
            return _folder(known[0])
        with self._store:
            self._store.execute(
                "INSERT OR IGNORE INTO folder (mailbox, path, role) VALUES (?, ?, ?)",
                (self._mailbox, json.dumps(path), role and role.value),
            )
        return Folder(path, role, _EPOCH, messages=0)

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        ((last,),) = self._rows("SELECT coalesce(max(id), 0) FROM message", ())
        return str(last)

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        number = self._number(folder)
        self._last = {}
        for outgoing in batch:
            if self._aborted.is_set():
                raise Stopped("interrupted while writing", system=self._rules.product)
            room = _READ_BACK - sum(len(one) for one, _, _ in self._last.values())
            data, longest = _read_whole(outgoing, room)
            reason = self._refusal(outgoing.body.size, longest)
            if reason is not None:
                yield Receipt(outgoing.ordinal, "refused", reason=reason)
                continue
            may_commit()
            with self._store:
                key = str(self._stored(number, outgoing))
            if data is not None:
                self._last[key] = data, outgoing.received, outgoing.flags
            yield Receipt(outgoing.ordinal, "stored", key)

    def find(
        self, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str]
    ) -> Iterator[Found]:
        rows = self._rows(
            "SELECT id, received, size, wire, header FROM message WHERE folder = ? AND id > ? ORDER BY id",
            (self._number(folder), int(fence)),
        )
        candidates = [
            Candidate(str(key), datetime.fromtimestamp(received, UTC), size, wire, header)
            for key, received, size, wire, header in rows
            if str(key) not in claimed
        ]
        yield from matching.match(suspects, candidates, atomic=False)

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        before = {entry.key: entry.flags or frozenset() for entry in self.states(folder, [one.key for one in changes])}
        for change in changes:
            flags = before.get(change.key)
            if flags is None:
                yield Marked(change.key, "missing")
                continue
            now = (flags | change.add) - change.remove
            with self._store:
                self._store.execute("UPDATE message SET flags = ? WHERE id = ?", (_joined(now), int(change.key)))
            yield Marked(change.key, "done", now - flags, flags - now)

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        raise Fatal("this target does not move messages", system=self._rules.product)

    def quota(self) -> Quota | None:
        return None

    def names(self) -> NameRules:
        return self._rules.names or NameRules()

    def refuses(self, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
        return ()

    def roles(self) -> Mapping[Role, tuple[str, ...]]:
        return {folder.role: folder.path for folder in self.folders() if folder.role is not None}

    def _refusal(self, size: int, longest_line: int) -> Reason | None:
        if self._rules.max_message is not None and size > self._rules.max_message:
            return Reason.TOO_LARGE
        if self._rules.longest_line is not None and longest_line > self._rules.longest_line:
            return Reason.CONTENT
        return None

    def _stored(self, folder: int, outgoing: Outgoing) -> int:
        cursor = self._store.execute(
            "INSERT INTO message (folder, size, received, flags, wire, header) VALUES (?, ?, ?, ?, ?, ?)",
            (
                folder,
                outgoing.body.size,
                int(outgoing.received.timestamp()),
                _joined(outgoing.flags),
                outgoing.wire_digest,
                outgoing.header_digest,
            ),
        )
        assert cursor.lastrowid is not None, "a row that was put in has a number"
        return cursor.lastrowid

    def _number(self, folder: Folder) -> int:
        rows = self._rows(
            "SELECT id FROM folder WHERE mailbox = ? AND path = ?", (self._mailbox, json.dumps(folder.path))
        )
        if not rows:
            raise FolderMissing("the folder is gone", system=self._rules.product)
        return int(rows[0][0])

    def _rows(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        if self._aborted.is_set():
            raise Stopped("interrupted", system=self._rules.product)
        found: list[tuple[Any, ...]] = self._store.execute(statement, values).fetchall()
        return found


def _read_whole(outgoing: Outgoing, room: int) -> tuple[bytes | None, int]:
    """Read every byte, as a real target would be sent it: the message, if there is room, and its longest line."""
    kept: list[bytes] | None = [] if outgoing.body.size <= room else None
    longest = running = 0
    with outgoing.body.open() as reader:
        while chunk := reader.read(_CHUNK):
            first, *others = chunk.split(b"\n")
            running += len(first)
            if others:
                longest = max(longest, running, *map(len, others[:-1]))
                running = len(others[-1])
            if kept is not None:
                kept.append(chunk)
    # The line end's other byte counts neither way.
    return (None if kept is None else b"".join(kept)), max(longest - 1, running)


def _folder(row: tuple[Any, ...]) -> Folder:
    path, role, messages = row
    return Folder(tuple(json.loads(path)), Role(role) if role else None, _EPOCH, messages=messages)


def _entry(row: tuple[Any, ...]) -> Entry:
    key, size, received, flags = row
    return Entry(str(key), size, datetime.fromtimestamp(received, UTC), frozenset(str(flags).split()))


def _joined(flags: Collection[str]) -> str:
    return " ".join(sorted(flags))


def _opened(store: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(store, timeout=30, check_same_thread=False)
    # A killed process loses nothing by this; only a power cut would, and then the rehearsal is begun again.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection

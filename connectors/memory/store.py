"""Mailboxes in memory: reading, writing as a session does, and what only an owner can do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from connectors.contract import Role
from connectors.errors import FolderMissing

if TYPE_CHECKING:
    from connectors.memory.world import MemoryWorld

FolderPath = tuple[str, ...]
Who = Literal["owner", "session"]


@dataclass(frozen=True, slots=True)
class Touch:
    """One change: made through a session of ours, or by the owner and everybody else."""

    by: Who
    user: str
    what: str
    folder: FolderPath
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """One message as it lies in a folder.  ``number`` grows in the order of arrival."""

    number: int
    data: bytes = field(repr=False)
    received: datetime
    flags: frozenset[str]
    object_id: str
    #: The folder's change number when this message last changed.
    change: int
    #: When it was stored, by the world's clock.
    arrived: datetime

    @property
    def key(self) -> str:
        return f"k{self.number}"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message on its way into a folder."""

    data: bytes = field(repr=False)
    received: datetime
    flags: frozenset[str] = frozenset()


@dataclass(slots=True)
class FolderData:
    """A folder as it lies there."""

    path: FolderPath
    role: Role | None
    epoch: str
    object_id: str
    next_number: int = 1
    #: Grows with every change in the folder.
    change: int = 1
    messages: dict[str, Stored] = field(default_factory=dict)
    #: Keys that went, with the change number of their going.
    gone: list[tuple[int, str]] = field(default_factory=list)

    def put(self, message: Incoming, object_id: str, now: datetime) -> Stored:
        self.change += 1
        received = message.received.replace(microsecond=0)
        stored = Stored(self.next_number, message.data, received, message.flags, object_id, self.change, now)
        self.next_number += 1
        self.messages[stored.key] = stored
        return stored

    def take(self, key: str) -> Stored:
        self.change += 1
        self.gone.append((self.change, key))
        return self.messages.pop(key)

    def flag(self, key: str, flags: frozenset[str]) -> None:
        self.change += 1
        self.messages[key] = replace(self.messages[key], flags=flags, change=self.change)


@dataclass(slots=True)
class MailboxData:
    user: str
    folders: dict[FolderPath, FolderData] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FolderState:
    """A folder at one moment."""

    path: FolderPath
    role: Role | None
    epoch: str
    object_id: str
    next_number: int
    change: int
    messages: Sequence[Stored]
    gone: Sequence[tuple[int, str]]


def canonical(path: FolderPath) -> FolderPath:
    """INBOX is INBOX in any letter case (RFC 9051 5.1)."""
    return ("INBOX", *path[1:]) if path[0].upper() == "INBOX" else path


class Reader:
    """Reads one mailbox.  All a source session ever holds: it has no way to change anything."""

    def __init__(self, world: MemoryWorld, data: MailboxData) -> None:
        self._world = world
        self._data = data

    @property
    def user(self) -> str:
        return self._data.user

    def now(self) -> datetime:
        return self._world.clock()

    def folders(self) -> list[FolderState]:
        with self._world.lock:
            self._world.catch_up()
            return [_state(folder) for folder in self._data.folders.values()]

    def folder(self, path: FolderPath, epoch: str | None = None) -> FolderState:
        """Raises FolderMissing when it is not there, or no longer of this epoch."""
        with self._world.lock:
            self._world.catch_up()
            return _state(self._folder(path, epoch))

    def message(self, path: FolderPath, key: str, epoch: str | None = None) -> Stored | None:
        with self._world.lock:
            self._world.catch_up()
            return self._folder(path, epoch).messages.get(key)

    def messages(self, path: FolderPath) -> Sequence[Stored]:
        return self.folder(path).messages

    def _folder(self, path: FolderPath, epoch: str | None = None) -> FolderData:
        folder = self._data.folders.get(canonical(path))
        if folder is None:
            raise FolderMissing("the folder is gone", system="memory")
        if epoch is not None and folder.epoch != epoch:
            raise FolderMissing("the folder's epoch changed", system="memory")
        return folder


class Writer(Reader):
    """Reads and changes one mailbox; every change is logged in ``world.touched``."""

    def __init__(self, world: MemoryWorld, data: MailboxData, by: Who) -> None:
        super().__init__(world, data)
        self._by = by

    def create(self, path: FolderPath, role: Role | None = None) -> FolderState:
        """A new empty folder, or the one that is there."""
        with self._world.lock:
            path = canonical(path)
            if path == ("INBOX",):
                role = Role.INBOX
            if path not in self._data.folders:
                epoch, object_id = f"e{self._world.number()}", f"f{self._world.number()}"
                self._data.folders[path] = FolderData(path, role, epoch, object_id)
                self._touch("create", path)
            return self.folder(path)

    def store(self, path: FolderPath, messages: Iterable[Incoming], epoch: str | None = None) -> list[Stored]:
        """All of them at once, side by side."""
        with self._world.lock:
            self._world.catch_up()
            folder = self._folder(path, epoch)
            now = self._world.clock()
            stored = [folder.put(message, f"m{self._world.number()}", now) for message in messages]
            for message in stored:
                self._touch("store", folder.path, message.key)
            return stored

    def store_later(self, after: timedelta, path: FolderPath, messages: Sequence[Incoming], epoch: str) -> None:
        """As ``store`` once that much time has passed, unless the folder is gone by then."""
        when = self.now() + after

        def arrive() -> None:
            folder = self._data.folders.get(canonical(path))
            if folder is not None and folder.epoch == epoch:
                for message in messages:
                    stored = folder.put(message, f"m{self._world.number()}", when)
                    self._touch("store", folder.path, stored.key)

        self._world.later(when, arrive)

    def change_flags(
        self, path: FolderPath, key: str, add: Collection[str], remove: Collection[str], epoch: str | None = None
    ) -> tuple[frozenset[str], frozenset[str]] | None:
        """What was added and removed in fact; None when the message is gone."""
        with self._world.lock:
            self._world.catch_up()
            folder = self._folder(path, epoch)
            message = folder.messages.get(key)
            if message is None:
                return None
            added, removed = frozenset(add) - message.flags, frozenset(remove) & message.flags
            if added or removed:
                folder.flag(key, (message.flags | added) - removed)
                self._touch("flags", folder.path, key)
            return added, removed

    def move(
        self, path: FolderPath, to: FolderPath, key: str, epoch: str | None = None, to_epoch: str | None = None
    ) -> Stored | None:
        """The message in its new place, with its object id; None when it was gone."""
        with self._world.lock:
            self._world.catch_up()
            folder, target = self._folder(path, epoch), self._folder(to, to_epoch)
            if key not in folder.messages:
                return None
            old = folder.take(key)
            self._touch("move", folder.path, key)
            return target.put(Incoming(old.data, old.received, old.flags), old.object_id, self._world.clock())

    def _touch(self, what: str, path: FolderPath, key: str | None = None) -> None:
        self._world.touched.append(Touch(self._by, self._data.user, what, path, key))


def _state(folder: FolderData) -> FolderState:
    return FolderState(
        path=folder.path,
        role=folder.role,
        epoch=folder.epoch,
        object_id=folder.object_id,
        next_number=folder.next_number,
        change=folder.change,
        messages=tuple(folder.messages.values()),
        gone=tuple(folder.gone),
    )

"""An archive in memory, whose owner is the test: every reader's behaviour in a hundred lines."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import BinaryIO, ClassVar

from connectors.archives.contract import ArchiveFolder, Damaged, Item, Nature, Problem
from connectors.values import Role

INBOX = ("INBOX",)


@dataclass
class Kept:
    """One item of the shelf."""

    data: bytes
    item: Item


@dataclass
class Shelf:
    """What lies on the disk: several archives may be opened on it."""

    identity: str = "shelf"
    rebuilt: bool = False
    folders: dict[tuple[str, ...], list[Kept]] = field(default_factory=lambda: {INBOX: []})
    roles: dict[tuple[str, ...], Role] = field(default_factory=lambda: {INBOX: Role.INBOX})
    #: Calendars, contacts and their kin.
    not_for_mail: set[tuple[str, ...]] = field(default_factory=set)
    #: Keys that cannot be read.
    damaged: set[str] = field(default_factory=set)
    #: Keys of what comes out of it with a part missing.
    cut: set[str] = field(default_factory=set)
    #: Raised by whatever asks for a body, or for anything.
    bad_sector: OSError | None = None
    away: bool = False
    #: The drive is pulled out when so many bodies were read.
    away_after: int | None = None
    changes: Iterator[int] = field(default_factory=lambda: count(1))
    changed: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    #: Bodies that were written out.
    read: int = 0
    listed: int = 0

    def put(
        self,
        data: bytes,
        path: tuple[str, ...] = INBOX,
        *,
        received: datetime | None = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC),
        flags: frozenset[str] | None = frozenset(),
        nature: Nature = Nature.MAIL,
        key: str = "",
    ) -> str:
        key = key or f"n{next(self.numbers)}"
        item = Item(key, len(data), received, flags, nature)
        self.folders.setdefault(path, []).append(Kept(data, item))
        self.changed = next(self.changes)
        return key

    def flag(self, path: tuple[str, ...], index: int, flags: frozenset[str]) -> None:
        kept = self.folders[path][index]
        kept.item = replace(kept.item, flags=flags)
        self.changed = next(self.changes)

    def drop(self, path: tuple[str, ...], index: int) -> None:
        del self.folders[path][index]
        self.changed = next(self.changes)


class ShelfArchive:
    """See :class:`connectors.archives.contract.Archive`."""

    kind: ClassVar[str] = "shelf"
    epoch = "1"

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.closed = False

    @property
    def identity(self) -> str:
        return self.shelf.identity

    @property
    def rebuilt(self) -> bool:
        return self.shelf.rebuilt

    def token(self) -> str:
        self._there()
        return str(self.shelf.changed)

    def folders(self) -> Iterator[ArchiveFolder]:
        self._there()
        for path, kept in self.shelf.folders.items():
            for_mail = path not in self.shelf.not_for_mail
            yield ArchiveFolder(path, self.shelf.roles.get(path), "/".join(path), len(kept), for_mail)

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        self._there()
        if folder.path not in self.shelf.folders:
            raise FileNotFoundError(errno.ENOENT, "gone")
        for kept in list(self.shelf.folders[folder.path]):
            self.shelf.listed += 1
            yield kept.item

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        self.shelf.away = self.shelf.away or self.shelf.read == self.shelf.away_after
        data = self._kept(folder, key).data
        self.shelf.read += 1
        out.writelines(memoryview(data)[start : start + (1 << 16)] for start in range(0, len(data), 1 << 16))

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        data = self._kept(folder, key).data
        return data.partition(b"\r\n\r\n")[0] + b"\r\n" if b"\r\n\r\n" in data else data

    def is_whole(self, folder: ArchiveFolder, key: str) -> bool:
        return key not in self.shelf.cut

    def problems(self) -> Sequence[Problem]:
        return [Problem("damaged", "it is damaged", key=key) for key in sorted(self.shelf.damaged)]

    def close(self) -> None:
        self.closed = True

    def _kept(self, folder: ArchiveFolder, key: str) -> Kept:
        self._there()
        if self.shelf.bad_sector is not None:
            raise self.shelf.bad_sector
        for kept in self.shelf.folders.get(folder.path, ()):
            if kept.item.key == key:
                if key in self.shelf.damaged:
                    raise Damaged("damaged", "it is damaged")
                return kept
        raise KeyError(key)

    def _there(self) -> None:
        if self.shelf.away:
            raise FileNotFoundError(errno.ENOENT, "away")

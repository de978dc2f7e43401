"""What is in an archive: told folder by folder, what costs nothing first.

Messages are never read; at the most their headers are, for the addresses that nobody can write to.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any, Literal

from connectors.archives.contract import (
    Addressed,
    Archive,
    ArchiveFolder,
    Damaged,
    Item,
    Nature,
    NotAnArchive,
    Problem,
    Reading,
)
from connectors.contract import Role

Open = Callable[[Path, Reading], Archive]
ReadState = Literal["known", "unknown", "partly"]

#: Archives of up to so many bytes are gone through to their end unasked: that takes seconds.
GONE_THROUGH = 500_000_000


@dataclass(slots=True)
class FolderFigures:
    """One folder.  Counts, sizes and dates are of the items that were listed: of all, or of none."""

    path: tuple[str, ...]
    role: Role | None
    #: As the archive tells it, without a listing; None when it does not.
    told: int | None
    listed: bool = False
    natures: Counter[Nature] = field(default_factory=Counter)
    size: int = 0
    #: Items whose size is not known before they are read.
    unsized: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    unread: int = 0
    #: Mail of which the archive does not say whether it was read.
    unstated: int = 0
    salvaged: int = 0

    @property
    def items(self) -> int | None:
        """None when not known."""
        return self.natures.total() if self.listed else self.told

    def take(self, item: Item) -> None:
        self.natures[item.nature] += 1
        self.salvaged += item.salvaged
        if item.size is None:
            self.unsized += 1
        else:
            self.size += item.size
        if item.nature is Nature.MAIL:
            self.unstated += item.flags is None
            self.unread += item.flags is not None and "\\Seen" not in item.flags
            if item.received is not None:
                self.oldest = min(self.oldest or item.received, item.received)
                self.newest = max(self.newest or item.received, item.received)


@dataclass(slots=True)
class Inspected:
    """One archive, or why it is none."""

    path: Path
    #: Bytes on the disk.
    size: int
    kind: str = ""
    identity: str = ""
    folders: list[FolderFigures] = field(default_factory=list)
    #: Every folder was listed.
    complete: bool = False
    problems: Sequence[Problem] = ()
    #: X.500 addresses without a mail address, and how often; None when headers were not looked at.
    unknown_addresses: Mapping[str, int] | None = None
    #: Its mail may name people by such addresses, and was not looked at for them because there is so much of it.
    addresses_unread: bool = False
    #: Items whose header cannot be read.
    damaged: int = 0
    error: NotAnArchive | OSError | None = None

    @property
    def salvageable(self) -> bool:
        """Whether a search of the whole file may find more than was told."""
        return isinstance(self.error, NotAnArchive) and self.error.salvageable

    @property
    def natures(self) -> Counter[Nature]:
        total: Counter[Nature] = Counter()
        for folder in self.folders:
            total += folder.natures
        return total

    @property
    def items(self) -> int | None:
        """None when some folder's count is not known."""
        counts = [folder.items for folder in self.folders]
        return None if None in counts else sum(count or 0 for count in counts)

    @property
    def read_state(self) -> ReadState | None:
        """None when nothing was listed that could have one."""
        mail, unstated = self.natures[Nature.MAIL], sum(folder.unstated for folder in self.folders)
        if not mail:
            return None
        return "known" if not unstated else "unknown" if unstated == mail else "partly"

    @property
    def good(self) -> bool:
        return self.error is None and not self.problems and not self.damaged


@dataclass(frozen=True)
class Inspector:
    """Looks into archives.  ``thorough``: also goes through those that are large."""

    open: Open
    reading: Reading
    stop: Event
    thorough: bool = False
    #: Hears each archive as soon as its folders are known, before any is listed.
    begun: Callable[[Inspected], None] = lambda _found: None
    #: Hears the items listed so far.
    listed: Callable[[int], None] = lambda _items: None

    def inspect(self, path: Path) -> Inspected:
        """Never raises for what is wrong with the archive."""
        found = Inspected(path, size_on_disk(path))
        archive: Archive | None = None
        try:
            archive = self.open(path, self.reading)
            self._look(archive, found)
        except (NotAnArchive, OSError) as error:
            found.error = error
        finally:
            if archive is not None:
                found.problems = tuple(archive.problems())
                archive.close()
        return found

    def _look(self, archive: Archive, found: Inspected) -> None:
        found.kind, found.identity = archive.kind, archive.identity
        folders = list(archive.folders())
        found.folders = [FolderFigures(one.path, one.role, one.items) for one in folders]
        self.begun(found)
        through = self.thorough or found.size <= GONE_THROUGH
        listed = 0
        for folder, figures in zip(folders, found.folders, strict=True):
            # A folder whose count is not known can only be listed by reading all of it.
            if folder.items is None and not through:
                continue
            for item in archive.items(folder):
                figures.take(item)
                listed += 1
                self.listed(listed)
                if through and isinstance(archive, Addressed) and item.nature is Nature.MAIL:
                    found.damaged += not _met(archive, folder, item)
                if self.stop.is_set():
                    return
            figures.listed = True
        found.complete = all(figures.listed for figures in found.folders)
        if isinstance(archive, Addressed):
            found.addresses_unread = not through
            found.unknown_addresses = dict(archive.unknown_addresses()) if through else None


def _met(archive: Archive, folder: ArchiveFolder, item: Item) -> bool:
    """Have the archive meet the addresses of a message; False when they cannot be read."""
    try:
        archive.header(folder, item.key)
    except Damaged:
        return False
    except KeyError:
        return True  # gone meanwhile
    return True


def size_on_disk(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; what cannot be looked at counts as nothing."""
    try:
        if not path.is_dir():
            return path.stat().st_size
        return sum((Path(above) / name).lstat().st_size for above, _folders, names in os.walk(path) for name in names)
    except OSError:
        return 0


def as_json(found: Inspected) -> dict[str, Any]:
    """The published shape."""
    return {
        "path": str(found.path),
        "kind": found.kind or None,
        "identity": found.identity or None,
        "size": found.size,
        "complete": found.complete,
        "items": found.items,
        "natures": _natures(found.natures),
        "read_state": found.read_state,
        "folders": [_folder(one) for one in found.folders],
        "problems": [
            {"code": one.code, "message": str(one.message), "folder": one.folder and list(one.folder), "key": one.key}
            for one in found.problems
        ],
        "damaged": found.damaged,
        "unknown_addresses": None if found.unknown_addresses is None else dict(sorted(found.unknown_addresses.items())),
        "error": None if found.error is None else str(found.error),
        "salvageable": found.salvageable,
    }


def _folder(one: FolderFigures) -> dict[str, Any]:
    return {
        "folder": list(one.path),
        "role": one.role and one.role.value,
        "items": one.items,
        "listed": one.listed,
        "natures": _natures(one.natures),
        "size": one.size if one.listed else None,
        "unsized": one.unsized,
        "oldest": one.oldest and one.oldest.isoformat(),
        "newest": one.newest and one.newest.isoformat(),
        "unread": one.unread,
        "read_state_unknown": one.unstated,
        "salvaged": one.salvaged,
    }


def _natures(counts: Counter[Nature]) -> dict[str, int]:
    return {nature.value: counts[nature] for nature in Nature if counts[nature]}

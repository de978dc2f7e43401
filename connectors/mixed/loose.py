"""Files of one message each that lie in one directory of a container: together a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from connectors.archives.contract import (
    Addressed,
    Archive,
    ArchiveFolder,
    Damaged,
    Item,
    NotAnArchive,
    Personal,
    PersonalItem,
    Problem,
    Reading,
)  # fmt: skip
from connectors.archives.ordinals import Ordinals
from connectors.archives.stores import CONTENT_EPOCH
from connectors.language import _
from connectors.mapi.marks import Marked, Marks
from connectors.mixed.shelf import folder_of
from connectors.mixed.spool import Unpacking
from connectors.mixed.survey import Inner


class LooseFolder:
    """Methods as those of ``Archive``.  Readers of single messages call them by what they hold, so names may change."""

    def __init__(self, name: tuple[str, ...], files: Sequence[Inner], reading: Reading, unpacking: Unpacking) -> None:
        self.name = name
        self.size = 0
        self._files = files
        self._reading = reading
        self._unpacking = unpacking
        self._places: dict[str, Inner] = {}
        self._problems: dict[str, list[Problem]] = {}
        self._unknown: dict[str, Mapping[str, int]] = {}

    def identity(self) -> str:
        return f"messages:{'/'.join(self.name)}"

    def epoch(self) -> str:
        return CONTENT_EPOCH

    def folders(self) -> list[ArchiveFolder]:
        return [ArchiveFolder(self.name, None, "loose", len(self._files))]

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        ordinals = Ordinals()
        for inner in self._files:
            item = self._item(inner, ordinals)
            if item is not None:
                self._places[item.key] = inner
                yield item

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        with self._message(key) as (archive, inside, item):
            archive.write_message(inside, item.key, out)

    def is_whole(self, folder: ArchiveFolder, key: str) -> bool:
        return "/".join(self._places[key].place.name) not in self._problems

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        with self._message(key) as (archive, inside, item):
            return archive.header(inside, item.key)

    def personal_item(self, folder: ArchiveFolder, key: str) -> PersonalItem:
        with self._message(key) as (archive, inside, item):
            if not isinstance(archive, Personal):
                raise Damaged("no-form", _("there is no file that calendars or address books would take it from"))
            return archive.personal_item(inside, item.key)

    def marks(self, folder: ArchiveFolder, key: str) -> Marks | None:
        with self._message(key) as (archive, inside, item):
            return archive.marks(inside, item.key) if isinstance(archive, Marked) else None

    def unknown_addresses(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for told in self._unknown.values():
            for address, count in told.items():
                found[address] = found.get(address, 0) + count
        return found

    def problems(self) -> list[Problem]:
        return [problem for some in self._problems.values() for problem in some]

    def digest(self) -> bytes:
        """No other folder has this one's name."""
        return self.identity().encode("utf-8", "surrogateescape")

    def close(self) -> None:
        """Nothing stays open."""

    def _item(self, inner: Inner, ordinals: Ordinals) -> Item | None:
        """None when there is none in the file, which is a problem then."""
        try:
            with self._opened(inner) as archive:
                found = _only(archive)
                if found is None:
                    self._tell(inner, "empty", _("there is no message in it"))
                    return None
                key = ordinals.key(found[1].key)
        except (NotAnArchive, Damaged):
            self._tell(inner, "not-readable", _("a file in it begins like a message, and cannot be read as one"))
            return None
        item = found[1]
        return Item(key, item.size, item.received, item.flags, item.nature, item.labels, item.salvaged)

    @contextmanager
    def _message(self, key: str) -> Iterator[tuple[Archive, ArchiveFolder, Item]]:
        if key not in self._places:
            for _one in self.items(self.folders()[0]):
                pass
        try:
            with self._opened(self._places[key]) as archive:
                found = _only(archive)
                if found is None or Ordinals.digest(key) != found[1].key:
                    raise KeyError(key)  # another one than was listed
                yield archive, *found
        except NotAnArchive:
            raise KeyError(key) from None  # it was one when it was listed

    @contextmanager
    def _opened(self, inner: Inner) -> Iterator[Archive]:
        with self._unpacking.fetched(inner.place) as path:
            archive = inner.kind.opener(path, self._reading)
            try:
                yield archive
                self._learn(inner, archive)
            finally:
                archive.close()

    def _learn(self, inner: Inner, archive: Archive) -> None:
        name = "/".join(inner.place.name)
        if told := archive.problems():
            self._problems[name] = [Problem(one.code, one.message, folder_of(self.name)) for one in told]
        if isinstance(archive, Addressed) and (unknown := archive.unknown_addresses()):
            self._unknown[name] = unknown

    def _tell(self, inner: Inner, code: str, why: str) -> None:
        # Without its name, which programs make of the subject.
        self._problems["/".join(inner.place.name)] = [Problem(code, why, folder_of(self.name))]


def _only(archive: Archive) -> tuple[ArchiveFolder, Item] | None:
    for folder in archive.folders():
        for item in archive.items(folder):
            return folder, item
    return None

"""One archive of a container: opened when something of it is wanted, and closed for the next one."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import BinaryIO

from connectors.archives import names
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
    Rebuilding,
)  # fmt: skip
from connectors.language import _, labelled
from connectors.mapi.marks import Marked, Marks
from connectors.mixed.sources import Opened, Source
from connectors.mixed.spool import Unpacking
from connectors.quiet import open_quietly
from connectors.zips import NotAZip

#: Ends of names that say what a file is; what is left of the name is what people call it.
_ENDS = re.compile(r"(.+)\.(pst|ost|mbox|mbx|dbx|olm|zip)", re.IGNORECASE)
_PIECE = 1 << 18


def folder_of(name: tuple[str, ...]) -> tuple[str, ...]:
    """The folder that stands for a file or directory of the container."""
    return tuple(_called(names.shown(part, "utf-8")) for part in name)


def _called(name: str) -> str:
    known = _ENDS.fullmatch(name)
    return known[1] if known else name


class Shelf:
    """What it tells outlives the archive's being closed.  Methods as those of ``Archive``."""

    def __init__(self, source: Source, reading: Reading, unpacking: Unpacking) -> None:
        self.name = source.name
        #: A directory whose messages lie in itself as well: their folder is called as it is.
        self.is_tree = source.kind.asks == "folder"
        self.size = source.place.size if source.place is not None else 0
        #: Who reads it at the moment.
        self.uses = 0
        self._source = source
        self._reading = reading
        self._unpacking = unpacking
        self._open: Opened | None = None
        self._problems: Sequence[Problem] = ()
        self._unreadable: Problem | None = None
        self._unknown: Mapping[str, int] = {}

    def identity(self) -> str | None:
        """What names the archive within its container; None when it cannot be opened, which is a problem then."""
        try:
            own = self._opened().identity
        except (NotAnArchive, NotAZip, Damaged) as error:
            called = names.shown("/".join(self.name), "utf-8")
            self._unreadable = Problem("not-readable", labelled(called, str(error)), key=called)
            return None
        return f"{self._source.kind.name}={own}" if own else f"{self._source.kind.name}:{'/'.join(self.name)}"

    def digest(self) -> bytes:
        """What the archive's file holds; for several files, that they are these."""
        place = self._source.place
        if place is None:
            return "/".join(self.name).encode("utf-8", "surrogateescape")
        content = sha256()
        with self._unpacking.fetched(place) as path, open_quietly(path) as reader:
            while piece := reader.read(_PIECE):
                content.update(piece)
        return content.digest()

    def epoch(self) -> str:
        return self._archive().epoch

    def folders(self) -> list[ArchiveFolder]:
        return list(self._archive().folders())

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        return self._archive().items(folder)

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        self._archive().write_message(folder, key, out)

    def is_whole(self, folder: ArchiveFolder, key: str) -> bool:
        archive = self._archive()
        return not isinstance(archive, Rebuilding) or archive.is_whole(folder, key)

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        return self._archive().header(folder, key)

    def personal_item(self, folder: ArchiveFolder, key: str) -> PersonalItem:
        archive = self._archive()
        if not isinstance(archive, Personal):
            raise Damaged("no-form", _("there is no file that calendars or address books would take it from"))
        return archive.personal_item(folder, key)

    def marks(self, folder: ArchiveFolder, key: str) -> Marks | None:
        archive = self._archive()
        return archive.marks(folder, key) if isinstance(archive, Marked) else None

    def unknown_addresses(self) -> Mapping[str, int]:
        self._learn()
        return self._unknown

    def problems(self) -> list[Problem]:
        self._learn()
        above = folder_of(self.name)
        own = [Problem(one.code, one.message, (*above, *(one.folder or ())), one.key) for one in self._problems]
        return [self._unreadable, *own] if self._unreadable is not None else own

    def rest(self) -> None:
        """Close the archive and give the room back that it was unpacked into, unless it is being read."""
        if not self.uses:
            self.close()

    def close(self) -> None:
        if self._open is not None:
            self._learn()
            archive, release = self._open
            self._open = None
            archive.close()
            release()

    def _learn(self) -> None:
        if self._open is not None:
            self._problems = self._open[0].problems()
            if isinstance(self._open[0], Addressed):
                self._unknown = self._open[0].unknown_addresses()

    def _archive(self) -> Archive:
        """Raises OSError when it is not what it was when it was listed."""
        try:
            return self._opened()
        except (NotAnArchive, NotAZip, Damaged) as error:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), "/".join(self.name)) from error

    def _opened(self) -> Archive:
        """Raises NotAnArchive, NotAZip, Damaged, OSError, SpoolError."""
        if self._open is None:
            self._open = self._source.open(self._reading, self._unpacking)
        return self._open[0]

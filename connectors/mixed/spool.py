"""Files out of zips, one at a time in the spool folder, under names that nobody but we chose."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from connectors.errors import SpoolError
from connectors.language import _
from connectors.zips import Member, Zip

#: What must stay free beside a file that is unpacked.
_ROOM = 64 << 20
#: Zips that are open at the same time, those within others counted.
_OPEN = 4
_UNUSUAL = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|]')
#: In bytes; file systems take 255.
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file of a container lies: on the disk, or in a zip there, or in a zip within that."""

    #: Below the container; the names of zips that it lies in are parts of it.
    name: tuple[str, ...]
    #: On the disk.
    file: Path
    size: int
    #: Which member of each zip, the outermost first; empty when it lies on the disk itself.
    members: tuple[int, ...] = ()
    #: For a member: the directory on the disk in which the outermost zip lies, below the container.
    above: tuple[str, ...] = ()


class Unpacking:
    """Opens zips and zips within zips, and unpacks their members."""

    def __init__(self, spool: Path, *, salvage: bool = False) -> None:
        self._spool = spool
        self.salvage = salvage
        #: Zips whose members were found by a search.
        self.salvaged: set[tuple[Path, tuple[int, ...]]] = set()
        self._folder: Path | None = None
        self._numbers = count()
        self._zips: OrderedDict[tuple[Path, tuple[int, ...]], tuple[Zip, Path | None]] = OrderedDict()

    def zip_at(self, file: Path, members: tuple[int, ...] = ()) -> Zip:
        """Raises NotAZip, Damaged, OSError, SpoolError."""
        key = (file, members)
        if key in self._zips:
            self._zips.move_to_end(key)
            return self._zips[key][0]
        unpacked: Path | None = None
        if members:
            outer = self.zip_at(file, members[:-1])
            unpacked = self._unpack(outer, outer.members[members[-1]])
        try:
            opened = Zip(unpacked or file, salvage=self.salvage)
        except BaseException:
            _remove(unpacked)
            raise
        self._zips[key] = (opened, unpacked)
        if opened.salvaged:
            self.salvaged.add(key)
        while len(self._zips) > _OPEN:
            self._close(next(iter(self._zips)))
        return opened

    @contextmanager
    def fetched(self, place: Place) -> Iterator[Path]:
        """The file as one on the disk while the block runs, under a name with the same end.  Raises as ``zip_at``."""
        if not place.members:
            yield place.file
            return
        inside = self.zip_at(place.file, place.members[:-1])
        path = self._shared() / f"{next(self._numbers)}-{safe_name(place.name[-1])}"
        try:
            self._write(inside, inside.members[place.members[-1]], path)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def fetch(self, place: Place) -> tuple[Path, Callable[[], None]]:
        """The file as one on the disk, and what gives the room back.  Raises as ``zip_at``."""
        if not place.members:
            return place.file, lambda: None
        inside = self.zip_at(place.file, place.members[:-1])
        path = self._unpack(inside, inside.members[place.members[-1]])
        return path, lambda: _remove(path)

    def bring(self, place: Place, path: Path) -> None:
        """The file under a name of ours: a link to what lies on the disk, or unpacked.  Raises as ``zip_at``."""
        if not place.members:
            with _spooling(self._spool):
                path.symlink_to(place.file.absolute())
            return
        inside = self.zip_at(place.file, place.members[:-1])
        self._write(inside, inside.members[place.members[-1]], path)

    def close(self) -> None:
        for key in list(self._zips):
            self._close(key)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _shared(self) -> Path:
        """One folder for many small files: some file systems are slow in taking folders away."""
        if self._folder is None:
            with _spooling(self._spool):
                self._folder = Path(tempfile.mkdtemp(prefix="unpacked-", dir=self._spool))
        return self._folder

    def _close(self, key: tuple[Path, tuple[int, ...]]) -> None:
        opened, unpacked = self._zips.pop(key)
        opened.close()
        _remove(unpacked)

    def _unpack(self, inside: Zip, member: Member) -> Path:
        with _spooling(self._spool):
            folder = Path(tempfile.mkdtemp(prefix="unpacked-", dir=self._spool))
        path = folder / safe_name(member.name)
        try:
            self._write(inside, member, path)
        except BaseException:
            _remove(path)
            raise
        return path

    def _write(self, inside: Zip, member: Member, path: Path) -> None:
        with _spooling(self._spool):
            if shutil.disk_usage(self._spool).free < member.size + _ROOM:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            out = path.open("xb", buffering=0)
        with out:
            for piece in inside.pieces(member):
                with _spooling(self._spool):
                    out.write(piece)


def safe_name(name: str) -> str:
    """The last part of a name as that of a file, whatever it is: readers call folders by it."""
    last = _UNUSUAL.sub("_", re.split(r"[/\\]", name)[-1])
    while len(last.encode("utf-8", "surrogateescape")) > _LONGEST_NAME:
        last = last[1:]
    return last if last.strip(". ") else "_"


def _remove(path: Path | None) -> None:
    """A file of ours with the folder that was made for it."""
    if path is not None:
        shutil.rmtree(path.parent, ignore_errors=True)


@contextmanager
def _spooling(spool: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = _(
            "this machine's disk has no room to unpack a file of a zip; more room, or the zip unpacked elsewhere, helps"
        )
        raise SpoolError(what, system=str(spool), detail=errno.errorcode.get(error.errno or 0, "")) from error

"""What lies in a directory or a zip: archives of the kinds that are known, and everything else by its name."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.archives.contract import Damaged, Problem
from connectors.archives.foreign import foreign
from connectors.archives.kinds import HEAD, ZIP, Kind, kind_by_traces, kind_of_file, kind_of_folder
from connectors.language import _, labelled, plural
from connectors.mixed.spool import Place, Unpacking
from connectors.os_errors import os_error_text
from connectors.quiet import names_in, open_regular
from connectors.zips import NotAZip
from connectors.zips.names import shown

#: Directories in directories, and zips in zips, that people make.
_DEEPEST, _ZIPS = 40, 3
#: Problems that are told one by one; the rest is counted.
MOST_TOLD = 50
#: Errors that are one file's or directory's own: no right to read it, a bad place on the disk.
_OF_ONE_FILE = frozenset({errno.EACCES, errno.EPERM, errno.EIO})
#: What Windows and macOS put beside everybody's files.
_OF_THE_SYSTEM = re.compile(r"\.DS_Store|desktop\.ini|Thumbs\.db|\._.*", re.IGNORECASE)
_FORKS = "__MACOSX"
_SINGLE = frozenset({"eml", "emlx", "msg"})


@dataclass(frozen=True, slots=True)
class Inner:
    """An archive in the container."""

    place: Place
    kind: Kind


class Survey:
    """What lies in a container, as one goes through it.

    Without ``unpacking`` zips are told as what they are, and not looked into.
    """

    def __init__(self, root: Path, unpacking: Unpacking | None) -> None:
        self._root = root
        self._unpacking = unpacking
        self._told: list[Problem] = []
        self._more = 0

    def __iter__(self) -> Iterator[Inner]:
        """Raises OSError, SpoolError; NotAZip when the container is a zip and is none."""
        if self._root.is_dir():
            yield from self._directory(self._root, (), 0)
        elif self._unpacking is not None:
            yield from self._zip(Place((), self._root, self._root.stat().st_size), self._unpacking)

    def problems(self) -> list[Problem]:
        """What is no archive, or is not read: one by one, and the rest as a count."""
        if not self._more:
            return list(self._told)
        rest = plural("{n} more file was not read.", "{n} more files were not read.", self._more)
        return [*self._told, Problem("not-read", rest)]

    def _directory(self, path: Path, name: tuple[str, ...], depth: int) -> Iterator[Inner]:
        for one in sorted(names_in(path)):
            inside, below = path / one, (*name, one)
            if one == _FORKS or _OF_THE_SYSTEM.fullmatch(one):
                continue
            try:
                mode = inside.lstat().st_mode
                if stat.S_ISDIR(mode):
                    if depth >= _DEEPEST:
                        self._tell("too-deep", below, _("directories lie in it deeper than is looked"))
                        continue
                    yield from self._folder(inside, below, depth)
                elif stat.S_ISREG(mode):
                    yield from self._file(inside, below)
                else:
                    self._tell("link", below, _("it is no file but a link, a pipe or a device"))
            except OSError as error:
                if error.errno not in _OF_ONE_FILE:
                    raise
                self._tell("not-readable", below, os_error_text(error))

    def _folder(self, path: Path, name: tuple[str, ...], depth: int) -> Iterator[Inner]:
        kind = kind_of_folder(path)
        if kind is None:
            yield from self._directory(path, name, depth + 1)
        else:
            yield Inner(Place(name, path, 0), kind)

    def _file(self, path: Path, name: tuple[str, ...]) -> Iterator[Inner]:
        with open_regular(path) as reader:
            head = reader.read(HEAD)
            size = os.fstat(reader.fileno()).st_size
        kind = kind_of_file(head, lambda: path, path.name)
        if kind is None and head and self._unpacking is not None and self._unpacking.salvage:
            kind = kind_by_traces(path)
        yield from self._kind(Place(name, path, size), head, kind)

    def _kind(self, place: Place, head: bytes, kind: Kind | None) -> Iterator[Inner]:
        if kind is None:
            empty = _("it is empty")
            self._tell("not-an-archive", place.name, (foreign(head) or "") if head else empty)
        elif kind.name != ZIP or self._unpacking is None:
            yield Inner(place, kind)
        elif len(place.members) >= _ZIPS:
            self._tell("too-deep", place.name, _("it is a zip in a zip in a zip, and is not looked into"))
        else:
            try:
                yield from self._zip(place, self._unpacking)
            except NotAZip as error:
                self._tell("not-an-archive", place.name, str(error))

    def _zip(self, place: Place, unpacking: Unpacking) -> Iterator[Inner]:
        opened = unpacking.zip_at(place.file, place.members)
        for refusal in opened.refused:
            self._tell(refusal.code, (*place.name, *refusal.name.split("/")), refusal.why)
        seen: dict[str, tuple[int, int]] = {}
        for index, member in enumerate(opened.members):
            parts = tuple(part for part in member.name.split("/") if part not in ("", "."))
            if not parts or parts[0] == _FORKS or _OF_THE_SYSTEM.fullmatch(parts[-1]):
                continue
            content = (member.crc, member.size)
            if (before := seen.setdefault(member.name, content)) is not content:
                if before == content:
                    self._tell("duplicate", (*place.name, *parts), _("it is in the zip twice, and is read once"))
                    continue
                self._tell("duplicate", (*place.name, *parts), _("two files of the zip have this name; both are read"))
                parts = (*parts[:-1], f"{parts[-1]} ({index})")
            above = place.above if place.members else place.name[:-1]
            inside = Place((*place.name, *parts), place.file, member.size, (*place.members, index), above)
            try:
                yield from self._member(inside, unpacking)
            except Damaged as error:
                self._tell(error.code, inside.name, str(error))

    def _member(self, place: Place, unpacking: Unpacking) -> Iterator[Inner]:
        # Asked for again: others may have been opened since, and this one closed for them.
        opened = unpacking.zip_at(place.file, place.members[:-1])
        head = opened.head(opened.members[place.members[-1]], HEAD)
        with _Fetched(unpacking, place) as fetched:
            kind = kind_of_file(head, fetched.path, place.name[-1])
        yield from self._kind(place, head, kind)

    def _tell(self, code: str, name: tuple[str, ...], why: str) -> None:
        if len(self._told) >= MOST_TOLD:
            self._more += 1
            return
        called = shown("/".join(nameless(name)))
        message = (
            labelled(called, why)
            if why
            else _("{file} is no mail archive of a kind that is known.").format(file=called)
        )
        self._told.append(Problem(code, message, key=called))


class _Fetched:
    """A member as a file, unpacked only if somebody asks for it."""

    def __init__(self, unpacking: Unpacking, place: Place) -> None:
        self._unpacking = unpacking
        self._place = place
        self._kept: tuple[Path, Callable[[], None]] | None = None

    def path(self) -> Path:
        if self._kept is None:
            self._kept = self._unpacking.fetch(self._place)
        return self._kept[0]

    def __enter__(self) -> _Fetched:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._kept is not None:
            self._kept[1]()


def nameless(name: tuple[str, ...]) -> tuple[str, ...]:
    """A name for people, without that of a single message: programs make it of the subject."""
    stem, dot, end = name[-1].rpartition(".") if name else ("", "", "")
    return (*name[:-1], f"*.{end}") if stem and dot and end.lower() in _SINGLE else name

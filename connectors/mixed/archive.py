"""A container of archives as one archive: the folders of each below a folder that is called as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, ClassVar

from connectors.archives import names
from connectors.archives.contract import ArchiveFolder, Item, NotAnArchive, PersonalItem, Problem, Reading
from connectors.archives.stores import CONTENT_EPOCH
from connectors.language import _, labelled
from connectors.mixed.loose import LooseFolder
from connectors.mixed.shelf import Shelf, folder_of
from connectors.mixed.spool import Unpacking
from connectors.mixed.survey import Inner, Survey
from connectors.quiet import names_in
from connectors.zips import NotAZip

#: Messages that lie in the container itself, and in no directory of it.
_LOOSE = "Messages"


def is_mixed(path: Path) -> bool:
    """Any directory may be one."""
    return path.is_dir()


def open_mixed(path: Path, reading: Reading) -> MixedArchive:
    """A directory or a zip.  Raises NotAnArchive when there is no archive in it, OSError, SpoolError."""
    unpacking = Unpacking(reading.spool)
    with ExitStack() as undoing:
        undoing.callback(unpacking.close)
        try:
            survey = Survey(path, unpacking)
        except NotAZip as error:
            what = _("{path} cannot be read: {why}").format(path=path, why=error)
            raise NotAnArchive(path, what) from None
        if not survey.found:
            why = "".join(f"\n{problem.message}" for problem in survey.problems()[:5])
            raise NotAnArchive(path, _("There is no mail archive in {path}.").format(path=path) + why)
        archive = MixedArchive(path, reading, unpacking, survey)
        undoing.pop_all()
    return archive


@dataclass(frozen=True, slots=True)
class _Stands:
    """What a folder of ours stands for."""

    shelf: Shelf | LooseFolder
    folder: ArchiveFolder
    #: Before the keys of its items.
    prefix: str
    #: The archive calls itself by a name that its copies have as well: a date behind each key tells apart what two
    #: copies that lived on apart call the same.
    dated: bool


class MixedArchive:
    """See ``Archive``.

    An inner archive is known by what it calls itself, else by its name in the container: keys stay when the container
    is moved, or gets another archive.
    """

    kind: ClassVar[str] = "mixed"

    def __init__(self, path: Path, reading: Reading, unpacking: Unpacking, survey: Survey) -> None:
        self._path = path
        self._unpacking = unpacking
        self._told = survey.problems()
        self._rebuilt = any(inner.kind.rebuilt for inner in survey.found)
        self._shelves: list[Shelf | LooseFolder] = []
        loose: dict[tuple[str, ...], list[Inner]] = {}
        for inner in survey.found:
            if inner.kind.single:
                loose.setdefault(inner.place.name[:-1], []).append(inner)
            else:
                self._shelves.append(Shelf(inner, reading, unpacking))
        self._shelves += [LooseFolder(place, some, reading, unpacking) for place, some in loose.items()]
        self._folders: dict[str, _Stands] | None = None
        self._last: Shelf | None = None

    @property
    def rebuilt(self) -> bool:
        return self._rebuilt

    @property
    def identity(self) -> str:
        return ""

    @property
    def epoch(self) -> str:
        return CONTENT_EPOCH

    def token(self) -> str:
        seen = sha256()
        for name, size, changed in _states(self._path, "") if self._path.is_dir() else [_state(self._path, "")]:
            seen.update(f"{name}\0{size}\0{changed}\n".encode("utf-8", "surrogateescape"))
        return seen.hexdigest()[:32]

    def folders(self) -> Iterator[ArchiveFolder]:
        stands: dict[str, _Stands] = {}
        found: list[ArchiveFolder] = []
        known: dict[str, Shelf | LooseFolder] = {}
        for shelf in self._shelves:
            with self._using(shelf):
                own = shelf.identity()
                if own is None:
                    continue
                if (first := known.setdefault(own, shelf)) is not shelf:
                    if self._is_copy(shelf, first):
                        continue
                    own = f"{own}@{'/'.join(shelf.name)}"
                prefix = sha256(f"{own}\0{shelf.epoch()}".encode("utf-8", "surrogateescape")).hexdigest()[:12]
                inside = shelf.folders()
            for folder in inside:
                key = f"{prefix}:{folder.key}"
                stands[key] = _Stands(shelf, folder, prefix, shelf.is_named)
                found.append(replace(folder, path=_path(shelf, folder, len(inside)), key=key))
        self._folders = stands
        roles = Counter(folder.role for folder in found)
        # A role that several have is none of theirs: each would take the others' mail into its folder.
        yield from (folder if roles[folder.role] == 1 else replace(folder, role=None) for folder in found)

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        stands = self._stands(folder)
        with self._using(stands.shelf):
            for item in stands.shelf.items(stands.folder):
                yield replace(item, key=_key(stands, item))

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        stands = self._stands(folder)
        with self._using(stands.shelf):
            stands.shelf.write_message(stands.folder, _own(stands, key), out)

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        stands = self._stands(folder)
        with self._using(stands.shelf):
            return stands.shelf.header(stands.folder, _own(stands, key))

    def personal_item(self, folder: ArchiveFolder, key: str) -> PersonalItem:
        stands = self._stands(folder)
        with self._using(stands.shelf):
            return stands.shelf.personal_item(stands.folder, _own(stands, key))

    def unknown_addresses(self) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for shelf in self._shelves:
            found.update(shelf.unknown_addresses())
        return found

    def problems(self) -> Sequence[Problem]:
        return [*self._told, *(problem for shelf in self._shelves for problem in shelf.problems())]

    def close(self) -> None:
        for shelf in self._shelves:
            shelf.close()
        self._unpacking.close()

    def _is_copy(self, shelf: Shelf | LooseFolder, first: Shelf | LooseFolder) -> bool:
        """Whether an archive that calls itself as another one does has nothing that the other has not."""
        if shelf.digest() == first.digest():
            self._tell_of(shelf, "copy", _("it is a copy of another archive beside it, and is not read"))
            return True
        why = _("it is another state of an archive beside it: messages that are in both come twice")
        self._tell_of(shelf, "another-state", why)
        return False

    def _tell_of(self, shelf: Shelf | LooseFolder, code: str, why: str) -> None:
        called = names.shown("/".join(shelf.name), "utf-8")
        problem = Problem(code, labelled(called, why), key=called)
        if problem not in self._told:
            self._told.append(problem)

    def _stands(self, folder: ArchiveFolder) -> _Stands:
        if self._folders is None:
            for _folder in self.folders():
                pass
        assert self._folders is not None
        return self._folders[folder.key]

    @contextmanager
    def _using(self, shelf: Shelf | LooseFolder) -> Iterator[None]:
        """Keeps the shelf's archive open, and that of the last one that was used; no others."""
        if isinstance(shelf, LooseFolder):
            yield
            return
        last, self._last = self._last, shelf
        if last is not None and last is not shelf:
            last.rest()
        shelf.uses += 1
        try:
            yield
        finally:
            shelf.uses -= 1
            if shelf is not self._last:
                shelf.rest()


def _key(stands: _Stands, item: Item) -> str:
    key = f"{stands.prefix}:{item.key}"
    if not stands.dated:
        return key
    return f"{key}@{int(item.received.timestamp()):x}" if item.received is not None else f"{key}@"


def _own(stands: _Stands, key: str) -> str:
    prefix, _colon, own = key.partition(":")
    if prefix != stands.prefix:
        raise KeyError(key)
    return own.rpartition("@")[0] if stands.dated else own


def _path(shelf: Shelf | LooseFolder, folder: ArchiveFolder, count: int) -> tuple[str, ...]:
    """Where a folder is shown: below directories, the archive's name, and the folders of the archive above it.

    A file that is one folder and is called as that folder (an mbox, mostly) is shown as one.
    """
    above = folder_of(shelf.name)
    if isinstance(shelf, LooseFolder):
        return above or (_LOOSE,)
    if count == 1 and len(folder.path) == 1 and above and folder.path[0].casefold() in (
        above[-1].casefold(), shelf.name[-1].casefold(),
    ):  # fmt: skip
        return above
    return (*above, *folder.path)


def _state(path: Path, name: str) -> tuple[str, int, int]:
    state = path.lstat()
    return name, state.st_size, state.st_mtime_ns


def _states(directory: Path, name: str, depth: int = 0) -> Iterator[tuple[str, int, int]]:
    for one in sorted(names_in(directory)):
        path, below = directory / one, f"{name}/{one}"
        if path.is_dir() and not path.is_symlink():
            if depth < 40:
                yield from _states(path, below, depth + 1)
        else:
            yield _state(path, below)

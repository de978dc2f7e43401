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
from connectors.mapi.marks import Marks
from connectors.mixed.loose import LooseFolder
from connectors.mixed.shelf import Shelf, folder_of
from connectors.mixed.sources import arranged
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
    unpacking = Unpacking(reading.spool, salvage=reading.salvage)
    with ExitStack() as undoing:
        undoing.callback(unpacking.close)
        token = _token(path)
        try:
            survey = Survey(path, unpacking)
            found = list(survey)
        except NotAZip as error:
            what = _("{path} cannot be read: {why}").format(path=path, why=error)
            raise NotAnArchive(path, what, salvageable=not reading.salvage) from None
        if not found:
            why = "".join(f"\n{problem.message}" for problem in survey.problems()[:5])
            raise NotAnArchive(path, _("There is no mail archive in {path}.").format(path=path) + why)
        archive = MixedArchive(token, reading, unpacking, found, survey.problems())
        undoing.pop_all()
    return archive


@dataclass(frozen=True, slots=True)
class _Stands:
    """What a folder of ours stands for."""

    shelf: Shelf | LooseFolder
    folder: ArchiveFolder
    #: Before the keys of its items.
    prefix: str
    #: Other states of the archive, which tell what they hold first.
    others: tuple[Shelf | LooseFolder, ...]


class MixedArchive:
    """See ``Archive``.

    An inner archive is known by what it calls itself, else by its name in the container: keys stay when the container
    is moved, or gets another archive.  Several states of one archive are read as one.
    """

    kind: ClassVar[str] = "mixed"
    identity: ClassVar[str] = ""
    epoch: ClassVar[str] = CONTENT_EPOCH

    def __init__(
        self, token: str, reading: Reading, unpacking: Unpacking, found: Sequence[Inner], told: list[Problem]
    ) -> None:
        self._token = token
        self._unpacking = unpacking
        self._told = told
        self.rebuilt = any(inner.kind.rebuilt for inner in found)
        arrangement = arranged(found)
        # Of two states of an archive the later one is the larger one, mostly: it is read whole.
        sources = sorted(arrangement.sources, key=lambda one: -(one.place.size if one.place else 0))
        self._shelves: list[Shelf | LooseFolder] = [Shelf(source, reading, unpacking) for source in sources]
        for name, some in arrangement.loose.items():
            self._shelves.append(LooseFolder(name, some, reading, unpacking))
        self._folders: dict[str, _Stands] | None = None
        self._last: Shelf | None = None
        self._known: dict[Shelf | LooseFolder, frozenset[str]] = {}

    def token(self) -> str:
        """Of what was there before it was looked at: what comes later moves the token of who opens it next."""
        return self._token

    def folders(self) -> Iterator[ArchiveFolder]:
        stands: dict[str, _Stands] = {}
        found: list[ArchiveFolder] = []
        known: dict[str, list[Shelf | LooseFolder]] = {}
        for shelf in self._shelves:
            with self._using(shelf):
                own = shelf.identity()
                if own is None:
                    continue
                states = known.setdefault(own, [])
                if states and self._is_copy(shelf, states):
                    continue
                prefix = sha256(f"{own}\0{shelf.epoch()}".encode("utf-8", "surrogateescape")).hexdigest()[:12]
                inside = shelf.folders()
            for folder in inside:
                key = f"{prefix}:{folder.key}" + (f"@{'/'.join(shelf.name)}" if states else "")
                stands[key] = _Stands(shelf, folder, prefix, tuple(states))
                items = None if states else folder.items
                found.append(replace(folder, path=_path(shelf, folder, len(inside)), key=key, items=items))
            states.append(shelf)
        self._folders = stands
        roles = Counter(folder.role for folder in found)
        # A role that several have is none of theirs: each would take the others' mail into its folder.
        yield from (folder if roles[folder.role] == 1 else replace(folder, role=None) for folder in found)

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        stands = self._stands(folder)
        with self._using(stands.shelf):
            told = [self._keys(shelf) for shelf in stands.others]
            for item in stands.shelf.items(stands.folder):
                if not any(item.key in keys for keys in told):
                    # Whatever came out of a zip whose list was lost was found by a search.
                    salvaged = item.salvaged or bool(self._unpacking.salvaged)
                    yield replace(item, key=f"{stands.prefix}:{item.key}", salvaged=salvaged)

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        stands = self._stands(folder)
        with self._using(stands.shelf):
            stands.shelf.write_message(stands.folder, _own(stands, key), out)

    def is_whole(self, folder: ArchiveFolder, key: str) -> bool:
        stands = self._stands(folder)
        with self._using(stands.shelf):
            return stands.shelf.is_whole(stands.folder, _own(stands, key))

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        stands = self._stands(folder)
        with self._using(stands.shelf):
            return stands.shelf.header(stands.folder, _own(stands, key))

    def personal_item(self, folder: ArchiveFolder, key: str) -> PersonalItem:
        stands = self._stands(folder)
        with self._using(stands.shelf):
            return stands.shelf.personal_item(stands.folder, _own(stands, key))

    def marks(self, folder: ArchiveFolder, key: str) -> Marks | None:
        stands = self._stands(folder)
        with self._using(stands.shelf):
            return stands.shelf.marks(stands.folder, _own(stands, key))

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

    def _is_copy(self, shelf: Shelf | LooseFolder, states: Sequence[Shelf | LooseFolder]) -> bool:
        """Whether an archive that calls itself as others do is one of them to the byte."""
        if any(shelf.size == other.size and shelf.digest() == other.digest() for other in states):
            self._tell_of(shelf, "copy", _("it is a copy of another archive beside it, and is not read"))
            return True
        why = _("it is another state of an archive beside it; what is in both is read once")
        self._tell_of(shelf, "another-state", why)
        return False

    def _keys(self, shelf: Shelf | LooseFolder) -> frozenset[str]:
        """The keys of everything in an archive: a state of it that calls an item the same has the same item."""
        if shelf not in self._known:
            with self._using(shelf):
                self._known[shelf] = frozenset(item.key for folder in shelf.folders() for item in shelf.items(folder))
        return self._known[shelf]

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


def _own(stands: _Stands, key: str) -> str:
    prefix, _colon, own = key.partition(":")
    if prefix != stands.prefix:
        raise KeyError(key)
    return own


def _path(shelf: Shelf | LooseFolder, folder: ArchiveFolder, count: int) -> tuple[str, ...]:
    """Where a folder is shown: below directories, the archive's name, and the folders of the archive above it.

    What is one folder and is called as that folder (an mbox, mostly) is shown as one.
    """
    above = folder_of(shelf.name)
    if isinstance(shelf, LooseFolder):
        return above or (_LOOSE,)
    called = {name.casefold() for name in (*above[-1:], *shelf.name[-1:])}
    same = len(folder.path) == 1 and folder.path[0].casefold() in called
    if same and (count == 1 or shelf.is_tree):
        return above
    return (*above, *folder.path)


def _token(path: Path) -> str:
    seen = sha256()
    for name, size, changed in _states(path, "") if path.is_dir() else [_state(path, "")]:
        seen.update(f"{name}\0{size}\0{changed}\n".encode("utf-8", "surrogateescape"))
    return seen.hexdigest()[:32]


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

"""How the archives of a container are opened: by themselves, as whole directories, or several files together."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from connectors.archives.contract import Archive, Reading
from connectors.archives.kinds import Kind
from connectors.mixed.spool import Place, Unpacking, safe_name
from connectors.mixed.survey import Inner
from connectors.mixed.trees import whole_directories

#: The directory that every export of Google's begins with.
_TAKEOUT = "Takeout"

#: An archive, and what gives the room back that it was unpacked into.
Opened = tuple[Archive, Callable[[], None]]


class Source(Protocol):
    """One archive of a container, closed."""

    @property
    def name(self) -> tuple[str, ...]: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def place(self) -> Place | None:
        """The one file that it is; None when it is several."""

    def open(self, reading: Reading, unpacking: Unpacking) -> Opened:
        """Raises NotAnArchive, NotAZip, Damaged, OSError, SpoolError."""


@dataclass(frozen=True, slots=True)
class Single:
    """A file, or a directory that is an archive by itself."""

    inner: Inner

    @property
    def name(self) -> tuple[str, ...]:
        return self.inner.place.name

    @property
    def kind(self) -> Kind:
        return self.inner.kind

    @property
    def place(self) -> Place | None:
        return None if self.inner.place.file.is_dir() else self.inner.place

    def open(self, reading: Reading, unpacking: Unpacking) -> Opened:
        path, release = unpacking.fetch(self.inner.place)
        try:
            return self.kind.opener(path, reading), release
        except BaseException:
            release()
            raise


@dataclass(frozen=True, slots=True)
class Joined:
    """Files of one mailbox, wherever in the container they lie."""

    name: tuple[str, ...]
    kind: Kind
    places: Sequence[Place]
    #: Their names tell which of them is which.
    called: bool = False
    place: None = None

    def open(self, reading: Reading, unpacking: Unpacking) -> Opened:
        folder = Path(tempfile.mkdtemp(prefix="joined-", dir=reading.spool))

        def release() -> None:
            shutil.rmtree(folder, ignore_errors=True)

        try:
            for number, place in enumerate(self.places):
                name = safe_name(place.name[-1]) if self.called else f"{number:05d}{self.kind.ends}"
                unpacking.bring(place, folder / name)
            return self.kind.opener(folder, reading), release
        except BaseException:
            release()
            raise


@dataclass
class Arrangement:
    """All that was found in a container: archives, and files of one message each by the directories they lie in."""

    sources: list[Source]
    loose: dict[tuple[str, ...], list[Inner]]


def arranged(found: Sequence[Inner]) -> Arrangement:
    wholes = whole_directories(found)
    stores = {_beside(inner): inner for inner in found if inner.kind.gathers}
    made = Arrangement([], {})
    together: dict[tuple[str, tuple[str, ...]], list[Inner]] = {}
    for inner in found:
        name = inner.place.name
        if any(name[:length] in wholes for length in range(1, len(name))):
            continue
        store = stores.get(_beside(inner))
        if store is not None and inner.kind.name == store.kind.name and not inner.place.file.is_dir():
            together.setdefault(("", name[:-1]), []).append(inner)
        elif inner.kind.joined:
            together.setdefault((inner.kind.name, _mailbox(inner.place)), []).append(inner)
        elif inner.kind.single and not inner.place.file.is_dir():
            made.loose.setdefault(name[:-1], []).append(inner)
        else:
            made.sources.append(Single(inner))
    made.sources += [_whole(name, kind, found) for name, kind in wholes.items()]
    made.sources += [_joined(name, some) for (_kind, name), some in together.items()]
    return made


def _whole(name: tuple[str, ...], kind: Kind, found: Sequence[Inner]) -> Single:
    example = next(inner.place for inner in found if inner.place.name[: len(name)] == name)
    directory = example.file.parents[len(example.name) - len(name) - 1]
    return Single(Inner(Place(name, directory, 0), replace(kind, asks="folder", open_it=kind.tree)))


def _joined(name: tuple[str, ...], some: Sequence[Inner]) -> Source:
    places = [inner.place for inner in some]
    gathering = next((inner for inner in some if inner.kind.gathers), None)
    if gathering is None:
        return Joined(name, some[0].kind, places)
    kind = replace(gathering.kind, asks="folder", open_it=gathering.kind.gathers)
    if gathering.place.members:
        return Joined(name, kind, places, called=True)
    return Single(Inner(Place(name, gathering.place.file.parent, 0), kind))


def _beside(inner: Inner) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The same for files that lie in one directory, of the disk or of a zip."""
    return inner.place.name[:-1], inner.place.members[:-1]


def _mailbox(place: Place) -> tuple[str, ...]:
    """The directory that holds an export, or the zips that it was cut into."""
    if place.members:
        # The zip itself, and what lies in it, are no part of the way to the export.
        return place.name[: len(place.above)]
    if _TAKEOUT in place.name:
        return place.name[: place.name.index(_TAKEOUT)]
    return place.name[:-1]

"""A folder of .eml files, with folders in it, as an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from connectors.archives import names
from connectors.archives.contract import ArchiveFolder, NotAnArchive, Problem, Reading
from connectors.archives.stores import Found, Shelf, StoredArchive
from connectors.archives.walking import Directory, Walk
from connectors.eml.files import Files
from connectors.eml.forms import EmlForm
from connectors.language import _, plural
from connectors.quiet import names_in, open_regular

_SUFFIX = ".eml"
#: What macOS writes beside files on disks of other systems.
_COMPANION = "._"
#: What Windows writes into any folder.
_WINDOWS = frozenset({"desktop.ini", "thumbs.db"})


class EmlArchive(StoredArchive):
    kind: ClassVar[str] = "eml"


def is_eml(name: str) -> bool:
    """Whether a file is one message, by its name: no bytes at its beginning say so."""
    return name.lower().endswith(_SUFFIX) and not name.startswith(_COMPANION)


def is_eml_folder(path: Path) -> bool:
    """Whether the path is an .eml file, or a folder in which, or in whose folders, .eml files lie."""
    try:
        if path.is_file():
            return is_eml(path.name)
        return path.is_dir() and any(map(is_eml, _all_names(path)))
    except OSError:
        return False


def open_eml_folder(path: Path, reading: Reading) -> EmlArchive:
    """Raises NotAnArchive, OSError."""
    path.stat()
    if path.is_file():
        with open_regular(path):
            pass
        return EmlArchive(_one(path, reading))
    if not is_eml_folder(path):
        raise NotAnArchive(path, _("there is no .eml file in {path}").format(path=path))
    return EmlArchive(_Tree(path, reading))


def _one(path: Path, reading: Reading) -> Callable[[], Found]:
    name = names.shown(path.stem, reading.encoding)
    found = Found([Shelf(ArchiveFolder((name,), None, "eml"), Files(lambda: [path], EmlForm()))])
    return lambda: found


class _Tree:
    """Finds the folders; files of one folder stay the same store."""

    def __init__(self, root: Path, reading: Reading) -> None:
        self._root, self._reading = root, reading
        self._stores: dict[tuple[str, ...], Files] = {}

    def __call__(self) -> Found:
        walk, shelves, others = Walk(), list[Shelf](), 0
        paths = dict[tuple[str, ...], Directory]()
        for directory in walk.walk(self._root):
            own = sum(map(is_eml, directory.files))
            others += sum(not name.startswith(".") and name.lower() not in _WINDOWS for name in directory.files) - own
            if own or (directory.relative and not directory.files):
                paths[self._path(directory, paths)] = directory
        roles = names.roles(paths)
        for path, directory in paths.items():
            key = "/".join(("eml", *directory.relative))
            store = self._stores.setdefault(directory.relative, Files(partial(_files, directory.path), EmlForm()))
            has_mail = any(map(is_eml, directory.files))
            shelves.append(Shelf(ArchiveFolder(path, roles.get(path), key), store if has_mail else None))
        told = [Problem(code, message) for code, message in walk.problems()]
        if others:
            text = plural(
                "{n} file beside the .eml files was left out; it is no message of this kind",
                "{n} files beside the .eml files were left out; they are no messages of this kind",
                others,
            )
            told.append(Problem("other-files", text))
        return Found(shelves, told)

    def _path(self, directory: Directory, taken: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
        """Below the folder that was named; what lies in that itself gets its name."""
        encoding = self._reading.encoding
        written = directory.relative or (self._root.resolve().name or "mail",)
        path = tuple(names.shown(name, encoding) for name in written)
        while path in taken:
            path = (*path[:-1], f"{path[-1]}_")
        return path


def _files(folder: Path) -> list[Path]:
    return [folder / name for name in sorted(names_in(folder)) if is_eml(name)]


def _all_names(root: Path) -> Iterable[str]:
    for directory in Walk().walk(root):
        yield from directory.files

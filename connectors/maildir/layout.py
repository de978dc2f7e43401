"""Where the folders of a Maildir lie, and how their names are spelt.

``maildir++``: the inbox is the Maildir itself, every other folder a directory ``.Name.Below`` in it.  ``directories``:
folders lie in folders, the inbox is the Maildir itself or its folder INBOX.  Names are in modified UTF-7 (RFC 9051 5.1)
or in UTF-8; a name with bytes above 127 shows which.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from connectors.folder_names import NameRules, harmless
from connectors.imap.names import decode, encode
from connectors.maildir.settings import Layout, Names
from connectors.quiet import names_in

INBOX = ("INBOX",)
FolderPath = tuple[str, ...]

_PARTS = ("cur", "new", "tmp")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Folders in folders: deeper is a loop of links, or the name of an attacker; nothing deeper is listed or made.
DEEPEST = 40
#: Bytes of a file's name, with something left for what programs add to it.
_FILE_NAME = 250


def is_folder(directory: Path) -> bool:
    """Whether mail can lie in it."""
    return (directory / "cur").is_dir() or (directory / "new").is_dir()


@dataclass(frozen=True, slots=True)
class Shape:
    """How one Maildir is laid out."""

    layout: Literal["maildir++", "directories"]
    names: Literal["utf-7", "utf-8"]


def shape_of(root: Path, layout: Layout, names: Names) -> Shape:
    """As the plan says, else as is found.  Raises OSError other than for a Maildir that is not there."""
    found = list(_found(root)) if "auto" in (layout, names) else []
    if layout == "auto":
        nested = any(not name.startswith(".") for name in found) and not any(name.startswith(".") for name in found)
        layout = "directories" if nested else "maildir++"
    if names == "auto":
        names = "utf-8" if any(not name.isascii() for name in found) else "utf-7"
    return Shape(layout, names)


def _found(root: Path) -> Iterator[str]:
    """Names of all folders, as spelt; one without a dot at its beginning lies in a directory of its own."""
    if not root.is_dir():
        return
    for name in names_in(root):
        directory = root / name
        if name.startswith("."):
            if is_folder(directory):
                yield name
        elif name not in _PARTS and directory.is_dir():
            for path in _nested(directory, (name,)):
                yield "/".join(path)


def _nested(directory: Path, path: FolderPath) -> Iterator[FolderPath]:
    """Raw paths of the folders in this one, itself included."""
    if is_folder(directory):
        yield path
    if len(path) > DEEPEST:
        return
    for name in sorted(names_in(directory)):
        below = directory / name
        if name not in _PARTS and not name.startswith(".") and below.is_dir():
            yield from _nested(below, (*path, name))


def names_of(shape: Shape) -> NameRules:
    """Which names this layout holds, on the disks of this system."""
    folds = sys.platform in ("win32", "darwin")
    common = NameRules(
        longest_name=_FILE_NAME,
        measure=(lambda name: len(encode(name))) if shape.names == "utf-7" else (lambda name: len(name.encode())),
        folds_case=folds,
        normal_form="NFC" if folds else None,
    )
    if shape.layout == "maildir++":
        return replace(common, forbidden="./", longest_path=_FILE_NAME)
    return replace(common, forbidden="/", forbidden_start=".", reserved_anywhere=frozenset(_PARTS), deepest=DEEPEST)


class Folders:
    """The folders of one Maildir by path."""

    def __init__(self, root: Path, shape: Shape) -> None:
        self.root = root
        self.shape = shape

    def there(self) -> dict[FolderPath, Path]:
        """Directories by path, the inbox first.  Two spellings of one path: the one that is not ours keeps its own."""
        found: dict[FolderPath, Path] = {}
        doubles: list[tuple[FolderPath, Path]] = []
        for path, directory in self._listed():
            if path not in found:
                found[path] = directory
            elif directory == self.directory(path):
                doubles.append((path, found[path]))
                found[path] = directory
            else:
                doubles.append((path, directory))
        for path, directory in doubles:
            name = _shown(directory.name).lstrip(".")
            while (*path[:-1], name) in found:
                name += "_"
            found[(*path[:-1], name)] = directory
        return dict(sorted(found.items(), key=lambda item: (item[0] != INBOX, item[0])))

    def _listed(self) -> Iterator[tuple[FolderPath, Path]]:
        if not self.root.is_dir():
            return
        if is_folder(self.root):
            yield INBOX, self.root
        if self.shape.layout == "maildir++":
            for name in sorted(names_in(self.root)):
                if name.startswith(".") and name not in (".", "..") and is_folder(self.root / name):
                    yield self._path(name[1:].split(".")), self.root / name
            return
        for name in sorted(names_in(self.root)):
            below = self.root / name
            if name not in _PARTS and not name.startswith(".") and below.is_dir():
                for raw in _nested(below, (name,)):
                    yield self._path(raw), self.root.joinpath(*raw)

    def directory(self, path: FolderPath) -> Path:
        """Where a folder of this path is made: what the layout cannot hold in a name becomes ``_``."""
        if len(path) == 1 and path[0].upper() == "INBOX":
            return self._inbox()
        if self.shape.layout == "maildir++":
            return self.root / ("." + ".".join(self._spelt(part.replace(".", "_")) for part in path))
        return self.root.joinpath(*(self._spelt(_nestable(part)) for part in path))

    def path_of(self, directory: Path) -> FolderPath:
        """The path that a folder's directory stands for."""
        if directory == self._inbox():
            return INBOX
        if self.shape.layout == "maildir++":
            return self._path(directory.name[1:].split("."))
        return self._path(directory.relative_to(self.root).parts)

    def _inbox(self) -> Path:
        if self.shape.layout == "directories" and not is_folder(self.root) and self.root.is_dir():
            for name in names_in(self.root):
                if name.upper() == "INBOX" and is_folder(self.root / name):
                    return self.root / name
        return self.root

    def _path(self, raw: Iterable[str]) -> FolderPath:
        path = tuple(_shown(part) if self.shape.names == "utf-8" else decode(os.fsencode(part)) for part in raw)
        return INBOX if len(path) == 1 and path[0].upper() == "INBOX" else path

    def _spelt(self, part: str) -> str:
        part = _CONTROL.sub("_", part).replace("/", "_") or "_"
        if self.shape.names == "utf-8":
            return part.encode("utf-8", "replace").decode()
        # The modified base64 of IMAP has a comma where the ordinary has a slash, so that it can be a file's name.
        return encode(part).decode("ascii")


def _nestable(part: str) -> str:
    """A name that cannot be taken for a folder's own parts, nor be hidden."""
    return f"{part}_" if part in _PARTS else re.sub(r"^\.", "_", part)


def _shown(name: str) -> str:
    return harmless(os.fsencode(name).decode("utf-8", "backslashreplace"))

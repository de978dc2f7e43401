"""Apple Mail: folders of .emlx files in its own directories, and the ``.mbox`` bundles that it exports.

Mail has kept its messages in several ways: ``X.mbox/Messages/1.emlx``, ``X.mbox/<UUID>/Data/1/2/Messages/21.emlx``,
with folders in folders as ``X.mbox/Y.mbox`` or ``X/Y.mbox``; an exported bundle is ``X.mbox/mbox``.  Whatever lies
between a ``.mbox`` and its messages is Mail's own business, and the names of ``.mbox`` directories are the folders.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from connectors.archives import names
from connectors.archives.contract import ArchiveFolder, NotAnArchive, Problem, Reading
from connectors.archives.stores import Found, Shelf, Store, StoredArchive
from connectors.archives.walking import Directory, Walk
from connectors.eml.emlx import EmlxForm, begins_emlx
from connectors.eml.files import Files
from connectors.language import _, plural
from connectors.mbox.archive import is_mbox
from connectors.mbox.file import MboxFile
from connectors.quiet import names_in, open_regular

FolderPath = tuple[str, ...]

#: Settings, indexes and caches.
_MAILS_OWN = (
    ".plist",
    ".xml",
    ".ini",
    ".index",
    ".sqlite",
    ".db",
    ".db-shm",
    ".db-wal",
    ".lock",
    ".imapsync",
    ".skindex",
)
_SUFFIX, _BUNDLE, _EXPORTED, _ATTACHMENTS, _MESSAGES = ".emlx", ".mbox", "mbox", "Attachments", "Messages"


class EmlxArchive(StoredArchive):
    kind: ClassVar[str] = "emlx"


def is_emlx(path: Path) -> bool:
    """Whether the path is an .emlx file by its content, or a directory with such files or exported bundles in it."""
    try:
        if path.is_dir():
            return any(_holds(directory) for directory in Walk().walk(path))
        with open_regular(path) as reader:
            return begins_emlx(reader.read(4096))
    except OSError:
        return False


def open_emlx(path: Path, reading: Reading) -> EmlxArchive:
    """One file, or a directory with all below it.  Raises NotAnArchive, OSError."""
    path.stat()
    if not is_emlx(path):
        raise NotAnArchive(path, _("{path} holds no messages of Apple Mail").format(path=path))
    if path.is_dir():
        return EmlxArchive(_Tree(path, reading))
    name = names.shown(path.name.partition(".")[0] or path.name, reading.encoding)
    found = Found([Shelf(ArchiveFolder((name,), None, "emlx"), Files(lambda: [path], EmlxForm()))])
    return EmlxArchive(lambda: found)


class _Tree:
    def __init__(self, root: Path, reading: Reading) -> None:
        self._root, self._reading = root, reading
        self._stores: dict[str, Store] = {}

    def __call__(self) -> Found:
        walk, others = Walk(), 0
        messages, exports = dict[FolderPath, list[Path]](), list[tuple[FolderPath, Path]]()
        for directory in walk.walk(self._root):
            path = self._path(directory)
            if path is None:
                continue
            if any(map(_is_message, directory.files)):
                messages.setdefault(path, []).append(directory.path)
            others += sum(map(_is_strange, directory.files))
            if directory.path.name.endswith(_BUNDLE):
                if _EXPORTED in directory.files:
                    exports.append((path, directory.path / _EXPORTED))
                else:
                    messages.setdefault(path, [])
        placed = {path: self._files("/".join(("emlx", *path)), folders) for path, folders in messages.items()}
        for path, file in exports:
            while placed.get(path) is not None:
                path = (*path[:-1], f"{path[-1]}_")
            placed[path] = self._stores.setdefault("/".join(("mbox", *path)), MboxFile(file))
        told = [Problem(code, message) for code, message in walk.problems()]
        if others:
            text = plural(
                "{n} file beside the messages was left out; it is no file of Apple Mail",
                "{n} files beside the messages were left out; they are no files of Apple Mail",
                others,
            )
            told.append(Problem("other-files", text))
        return Found(self._shelves(placed), told)

    def _shelves(self, placed: dict[FolderPath, Store | None]) -> list[Shelf]:
        """Without the account's name where there is but one."""
        short = placed
        while short and all(len(path) > 1 for path in short) and len({path[0] for path in short}) == 1:
            short = {path[1:]: store for path, store in short.items()}
        roles = names.roles(short)
        return [
            Shelf(ArchiveFolder(path, roles.get(path), "/".join(key)), store)
            for (path, store), key in zip(short.items(), placed, strict=True)
        ]

    def _files(self, key: str, folders: list[Path]) -> Store | None:
        """The store of a folder: its messages may lie in several directories, which change as mail comes."""
        if not folders:
            return None
        store = self._stores.get(key)
        if not isinstance(store, _Spread):
            store = self._stores[key] = _Spread()
        store.folders = folders
        return store

    def _path(self, directory: Directory) -> FolderPath | None:
        """The folder that a directory belongs to; None for where attachments lie."""
        told, inside = list[str](), False
        for name in (self._root.resolve().name, *directory.relative):
            if name.endswith(_BUNDLE):
                told.append(names.shown(name[: -len(_BUNDLE)] or name, self._reading.encoding))
                inside = True
            elif inside and name == _ATTACHMENTS:
                return None
            elif not inside and name != _MESSAGES:
                told.append(names.shown(name, self._reading.encoding))
        root_is_folder = self._root.resolve().name.endswith(_BUNDLE)
        return tuple(told if root_is_folder or len(told) < 2 else told[1:]) or (self._root.name or "mail",)


class _Spread(Files):
    """Message files of one folder in several directories."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        super().__init__(partial(_files, self), EmlxForm())


def _files(spread: _Spread) -> Iterable[Path]:
    paths = [folder / name for folder in spread.folders for name in names_in(folder) if _is_message(name)]
    return sorted(paths, key=lambda path: (_order(path.name), path))


def _order(name: str) -> tuple[int, str]:
    number = name.partition(".")[0]
    return (int(number) if number.isdecimal() and len(number) < 19 else 0, name)


def _is_message(name: str) -> bool:
    return name.lower().endswith(_SUFFIX) and not name.startswith(".")


def _is_strange(name: str) -> bool:
    """Whether a file is neither a message nor what Mail keeps beside its messages."""
    known = _is_message(name) or name in (_EXPORTED, "table_of_contents") or name.startswith((".", "Envelope Index"))
    return not known and not name.lower().endswith(_MAILS_OWN)


def _holds(directory: Directory) -> bool:
    if any(map(_is_message, directory.files)):
        return True
    bundle = directory.path / _EXPORTED
    return directory.path.name.endswith(_BUNDLE) and _EXPORTED in directory.files and is_mbox(bundle)

"""Thunderbird's profiles: accounts below ``Mail`` and ``ImapMail``, folders in folders by ``.sbd``.

A folder is an mbox file, or a directory of message files where the account keeps Maildirs; beside it lies an index
(``.msf``), which is read for nothing but the name of a folder whose file name Thunderbird had to shorten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from connectors.archives import names
from connectors.archives.contract import ArchiveFolder, NotAnArchive, Problem, Reading
from connectors.archives.stores import Found, Shelf, Store, StoredArchive
from connectors.archives.walking import Directory, Walk
from connectors.eml.files import Files
from connectors.eml.forms import ThunderbirdForm
from connectors.imap.names import decode
from connectors.language import _, plural
from connectors.maildir.listing import list_folder
from connectors.mbox.archive import is_mbox
from connectors.mbox.file import MboxFile
from connectors.mbox.mork import HASHED, folder_name

_INDEX, _BELOW = ".msf", ".sbd"
_LOCAL, _IMAP = "Mail", "ImapMail"
#: What else lies in an account: filters, logs, search indexes.
_NO_FOLDERS = (
    ".msf", ".dat", ".html", ".json", ".js", ".rc", ".txt", ".log", ".lock", ".ini", ".sqlite", ".bak", ".tmp", ".snm",
    ".mozeml", ".wdseml", ".mab",
)  # fmt: skip
_NO_MAILDIRS = (_BELOW, ".mozmsgs")
_TEMPORARY = ("nstmp", "tempmbox")


class ThunderbirdArchive(StoredArchive):
    kind: ClassVar[str] = "thunderbird"


@dataclass(frozen=True, slots=True)
class _Account:
    path: Path
    #: The name of its directory in the profile, nothing where it was named itself.
    name: tuple[str, ...]
    key: str
    imap: bool


def is_thunderbird(path: Path) -> bool:
    """Whether the path is a profile, its ``Mail`` or ``ImapMail``, or one account in them."""
    try:
        return path.is_dir() and any(_is_account(account.path) for account in _accounts(path, Walk()))
    except OSError:
        return False


def open_thunderbird(path: Path, reading: Reading) -> ThunderbirdArchive:
    """Folders of a profile have the name of their account before them; those of one account do not.

    Raises NotAnArchive, OSError.
    """
    path.stat()
    if not is_thunderbird(path):
        raise NotAnArchive(path, _("{path} holds no folders of Thunderbird").format(path=path))
    return ThunderbirdArchive(_Profile(path, reading))


class _Profile:
    def __init__(self, root: Path, reading: Reading) -> None:
        self._root, self._reading = root, reading
        self._stores: dict[str, Store] = {}
        self._unknown = 0

    def __call__(self) -> Found:
        walk, shelves, told = Walk(), list[Shelf](), list[Problem]()
        self._unknown = 0
        for account in _accounts(self._root, walk):
            name = tuple(names.shown(part, self._reading.encoding) for part in account.name)
            placed = self._distinct(self._folders(account, walk, account.path, (), account.key))
            if account.imap and placed:
                text = _(
                    "this is the copy that Thunderbird keeps of an IMAP account: it may lack messages, still hold"
                    " deleted ones, and know flags as they were; where the server still has them, copy from the server"
                )
                told.append(Problem("offline-copy", text, name or None))
            roles = names.roles(placed)
            for path, (key, store) in placed.items():
                shelves.append(Shelf(ArchiveFolder((*name, *path), roles.get(path), key), store))
        told += [Problem(code, message) for code, message in walk.problems()]
        if self._unknown:
            text = plural(
                "{n} entry among the folders is neither an mbox file nor a Maildir and was left out",
                "{n} entries among the folders are neither mbox files nor Maildirs and were left out",
                self._unknown,
            )
            told.append(Problem("other-files", text))
        return Found(shelves, told)

    def _folders(
        self, account: _Account, walk: Walk, place: Path, above: tuple[str, ...], key: str
    ) -> Iterator[tuple[tuple[str, ...], str, Store | None]]:
        """Paths, keys and stores of the folders in one directory and below it."""
        directory = walk.look(place)
        below = {name[: -len(_BELOW)] for name in directory.folders if name.endswith(_BELOW)}
        stores = dict(self._stored(directory, key))
        for name in sorted(below | set(stores)):
            path = (*above, self._shown(account, place, name))
            yield path, f"{key}/{name}", stores.get(name)
            if name in below and len(path) < 60:
                yield from self._folders(account, walk, place / f"{name}{_BELOW}", path, f"{key}/{name}")

    def _stored(self, directory: Directory, key: str) -> Iterator[tuple[str, Store]]:
        indexed = {name[: -len(_INDEX)] for name in directory.files if name.endswith(_INDEX)}
        for name in directory.files:
            if name in indexed and not name.startswith(_TEMPORARY):
                yield name, self._store(f"{key}/{name}", directory.path / name)
            elif name.startswith((".", *_TEMPORARY)) or name.lower().endswith(_NO_FOLDERS):
                continue
            elif is_mbox(directory.path / name):
                yield name, self._store(f"{key}/{name}", directory.path / name)
            else:
                self._unknown += _holds(directory.path / name)
        for name in directory.folders:
            if (directory.path / name / "cur").is_dir():
                yield name, self._store(f"{key}/{name}", directory.path / name)
            elif not name.startswith(".") and not name.endswith(_NO_MAILDIRS):
                self._unknown += 1

    def _store(self, key: str, path: Path) -> Store:
        known = self._stores.get(key)
        if known is None or isinstance(known, MboxFile) == path.is_dir():
            known = Files(partial(_files, path), ThunderbirdForm()) if path.is_dir() else MboxFile(path)
            self._stores[key] = known
        return known

    def _shown(self, account: _Account, place: Path, name: str) -> str:
        told = folder_name(place / f"{name}{_INDEX}") if HASHED.fullmatch(name) else None
        if told is not None:
            return names.shown(told, self._reading.encoding)
        written = names.shown(name, self._reading.encoding)
        return decode(written.encode()) if account.imap and written.isascii() else written

    @staticmethod
    def _distinct(
        found: Iterator[tuple[tuple[str, ...], str, Store | None]],
    ) -> dict[tuple[str, ...], tuple[str, Store | None]]:
        """By path; no two folders share one."""
        placed: dict[tuple[str, ...], tuple[str, Store | None]] = {}
        for path, key, store in found:
            while path in placed:
                path = (*path[:-1], f"{path[-1]}_")
            placed[path] = (key, store)
        return placed


def _accounts(root: Path, walk: Walk) -> list[_Account]:
    kinds = [name for name in (_LOCAL, _IMAP) if (root / name).is_dir()]
    if kinds:
        return [account for kind in kinds for account in _in_kind(root / kind, kind, walk)]
    if root.name in (_LOCAL, _IMAP) and not _is_account(root):
        return _in_kind(root, root.name, walk)
    return [_Account(root, (), "account", root.parent.name == _IMAP)]


def _in_kind(place: Path, kind: str, walk: Walk) -> list[_Account]:
    return [
        _Account(place / name, (name,), f"{kind}/{name}", kind == _IMAP)
        for name in walk.look(place).folders
        if _is_account(place / name, walk)
    ]


def _is_account(path: Path, walk: Walk | None = None) -> bool:
    """Whether Thunderbird keeps folders there: their indexes show it, or folders in folders.

    ``walk`` is told when that cannot be seen; of all else it hears once the account is gone through.
    """
    asking = Walk()
    directory = asking.look(path)
    if walk is not None:
        walk.unreadable += asking.unreadable
    return any(name.endswith(_INDEX) for name in directory.files) or any(
        name.endswith(_BELOW) for name in directory.folders
    )


def _holds(path: Path) -> bool:
    """Whether a file is there and not empty."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _files(folder: Path) -> list[Path]:
    return [item.path(folder) for item in list_folder(folder).values()]

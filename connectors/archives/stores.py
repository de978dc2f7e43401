"""Archives of several folders, each with a store of its own: an mbox file, or a directory of messages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Protocol

from connectors.archives.contract import ArchiveFolder, Item, Problem

#: The keys of items are digests of what they hold, and mean the same for ever.
CONTENT_EPOCH = "content"


class Store(Protocol):
    """The messages of one folder.  Methods as those of :class:`connectors.archives.contract.Archive`."""

    def token(self) -> str: ...
    def count(self) -> int | None:
        """Messages in it; None when that is not known without reading all."""

    def items(self) -> Iterator[Item]: ...
    def write_message(self, key: str, out: BinaryIO) -> None: ...
    def header(self, key: str) -> bytes: ...
    def problems(self) -> Sequence[tuple[str, str, str | None]]:
        """Code, message and the key of the item that it is about, if it is about one."""

    def release(self) -> None:
        """Close files; what was learnt stays.  May be called at any time."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder and where its messages are; folders without a store hold none."""

    folder: ArchiveFolder
    store: Store | None


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in an archive at this moment."""

    shelves: Sequence[Shelf]
    problems: Sequence[Problem] = ()


class StoredArchive:
    """Implements the archive contract on shelves.  A subclass names its kind."""

    kind: ClassVar[str]
    rebuilt: ClassVar[bool] = False
    identity: ClassVar[str] = ""
    epoch: ClassVar[str] = CONTENT_EPOCH

    def __init__(self, look: Callable[[], Found]) -> None:
        """``look`` finds the folders as they are now, and gives a folder the store again that it had before."""
        self._look = look
        self._found: Found | None = None
        self._open: Store | None = None

    def token(self) -> str:
        digest = hashlib.sha256()
        for shelf in self._fresh().shelves:
            try:
                told = shelf.store.token() if shelf.store else ""
            except FileNotFoundError:  # a moment ago: looking again finds it gone
                told = "gone"
            digest.update(f"{shelf.folder.key}\0{told}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()[:32]

    def folders(self) -> Iterator[ArchiveFolder]:
        for shelf in self._fresh().shelves:
            folder = shelf.folder
            yield ArchiveFolder(folder.path, folder.role, folder.key, shelf.store.count() if shelf.store else 0)

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        store = self._store(folder)
        return store.items() if store else iter(())

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        self._store_of(folder, key).write_message(key, out)

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        return self._store_of(folder, key).header(key)

    def problems(self) -> Sequence[Problem]:
        found = self._known()
        return [
            *found.problems,
            *(
                Problem(code, message, shelf.folder.path, key)
                for shelf in found.shelves
                if shelf.store
                for code, message, key in shelf.store.problems()
            ),
        ]

    def close(self) -> None:
        if self._open is not None:
            self._open.release()

    def _fresh(self) -> Found:
        self._found = self._look()
        return self._found

    def _known(self) -> Found:
        return self._found or self._fresh()

    def _store_of(self, folder: ArchiveFolder, key: str) -> Store:
        store = self._store(folder)
        if store is None:
            raise KeyError(key)
        return store

    def _store(self, folder: ArchiveFolder) -> Store | None:
        """The folder's store; no other one keeps files open beside it."""
        store = next((shelf.store for shelf in self._known().shelves if shelf.folder.key == folder.key), None)
        if self._open is not None and self._open is not store:
            self._open.release()
        self._open = store
        return store

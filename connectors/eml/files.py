"""A folder whose messages are files of their own, as a store.

Programs that export messages name the files as they like, and name them anew at the next export.  So a message is
called by its content here as well, and a listing reads every file that has changed since the one before it.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from connectors.archives import headers
from connectors.archives.contract import Damaged, Item
from connectors.archives.headers import HEADER_LIMIT, StoreFields
from connectors.language import _, plural
from connectors.mbox.digest import ContentDigest
from connectors.mbox.index import MAIL, Index
from connectors.quiet import open_regular

_CHUNK = 1 << 20
#: What a file that holds nothing begins with.
_NOTHING = b"\0 \t\r\n"
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Content:
    """Where the message lies in its file, and what the file tells of it."""

    start: int
    end: int
    received: datetime | None
    flags: frozenset[str] | None
    #: About how many bytes the message has more than there are between start and end.
    further: int = 0
    #: Code and message when something of it is missing.
    missing: tuple[str, str] | None = None


class Form(Protocol):
    """One kind of file."""

    def fields(self) -> StoreFields:
        """What is left out of the header."""

    def content(self, reader: BinaryIO, path: Path) -> Content:
        """Raises OSError."""

    def write(self, reader: BinaryIO, path: Path, content: Content, out: BinaryIO) -> None:
        """The message as it was sent.  Raises Damaged, OSError."""


class Files:
    """A store (:class:`connectors.archives.stores.Store`) of files of one form."""

    def __init__(self, look: Callable[[], Iterable[Path]], form: Form) -> None:
        """``look``: the files as they are now, in a stable order."""
        self._look, self._form = look, form
        self._paths: list[Path] = []
        #: What each file was like when it was read, in 64 bits.
        self._states = array("Q")
        self._index = Index()
        self._unreadable = self._empty = 0
        self._problems: list[tuple[str, str, str | None]] = []

    def token(self) -> str:
        digest = hashlib.sha256()
        for path in self._look():
            digest.update(os.fsencode(path.name) + b"\0%d\n" % _state(path))
        return digest.hexdigest()[:32]

    def count(self) -> int | None:
        """Files of nothing are counted as well; without a listing nobody knows."""
        return sum(1 for _path in self._look())

    def items(self) -> Iterator[Item]:
        self._read()
        self._problems = []
        index, paths = self._index, self._paths
        for number in range(len(index)):
            path, key = paths[number], index.key(number)
            try:
                with open_regular(path) as reader:
                    content = self._form.content(reader, path)
            except OSError:  # gone since it was read: the next listing tells
                continue
            if content.missing is not None:
                self._problems.append((*content.missing, key))
            yield Item(key, content.end - content.start + content.further, content.received, content.flags)

    def write_message(self, key: str, out: BinaryIO) -> None:
        for _attempt in range(_TRIES):
            path = self._find(key)
            try:
                with open_regular(path) as reader:
                    content = self._form.content(reader, path)
                    if self._digest(reader, content) == bytes.fromhex(key.partition(".")[0]):
                        self._form.write(reader, path, content, out)
                        return
            except FileNotFoundError:
                pass
            self._read()
        if self._index.find(key) is None:
            raise KeyError(key)
        raise Damaged("changing", _("the file changes faster than it can be read; close the program that writes it"))

    def header(self, key: str) -> bytes:
        path = self._find(key)
        with open_regular(path) as reader:
            content = self._form.content(reader, path)
            reader.seek(content.start)
            data = reader.read(min(HEADER_LIMIT, content.end - content.start))
        return self._form.fields().without(headers.split(data)[0])

    def problems(self) -> Sequence[tuple[str, str, str | None]]:
        told = list(self._problems)
        if self._unreadable:
            text = plural(
                "{n} file cannot be read; look at the rights of whoever runs this command",
                "{n} files cannot be read; look at the rights of whoever runs this command",
                self._unreadable,
            )
            told.append(("unreadable", text, None))
        if self._empty:
            text = plural(
                "{n} file holds nothing and was left out",
                "{n} files hold nothing and were left out",
                self._empty,
            )
            told.append(("no-message", text, None))
        return told

    def release(self) -> None:
        """No file stays open."""

    def _find(self, key: str) -> Path:
        number = self._index.find(key)
        if number is None:
            self._read()
            number = self._index.find(key)
        if number is None:
            raise KeyError(key)
        return self._paths[number]

    def _read(self) -> None:
        """Name every file by its content; what has not changed is not read again."""
        known = {path: number for number, path in enumerate(self._paths)}
        before, states = self._index, self._states
        index, paths, after = Index(), list[Path](), array("Q")
        self._unreadable = self._empty = 0
        for path in self._look():
            try:
                state, number = _state(path), known.get(path)
                if number is not None and states[number] == state:
                    digest: bytes | None = before.digest(number)
                else:
                    with open_regular(path) as reader:
                        digest = self._named(reader, path)
            except OSError:
                self._unreadable += 1
                continue
            if digest is None:
                self._empty += 1
                continue
            index.add(len(paths), digest, MAIL)
            paths.append(path)
            after.append(state)
        index.settle()
        self._index, self._paths, self._states = index, paths, after

    def _named(self, reader: BinaryIO, path: Path) -> bytes | None:
        content = self._form.content(reader, path)
        reader.seek(content.start)
        left = content.end - content.start
        while left > 0 and (piece := reader.read(min(_CHUNK, left))):
            if piece.strip(_NOTHING):
                return self._digest(reader, content)
            left -= len(piece)
        return None

    def _digest(self, reader: BinaryIO, content: Content) -> bytes:
        reader.seek(content.start)
        head = reader.read(min(HEADER_LIMIT, content.end - content.start))
        header, rest = headers.split(head)
        digest = ContentDigest()
        digest.update(self._form.fields().without(header))
        digest.update(rest)
        left = content.end - content.start - len(head)
        while left > 0 and (piece := reader.read(min(_CHUNK, left))):
            digest.update(piece)
            left -= len(piece)
        return digest.digest()


def copy_range(reader: BinaryIO, start: int, end: int, out: BinaryIO) -> None:
    """Bytes of a file in pieces.  Raises OSError."""
    reader.seek(start)
    left = end - start
    while left > 0 and (piece := reader.read(min(_CHUNK, left))):
        out.write(piece)
        left -= len(piece)


def copy_without(reader: BinaryIO, content: Content, fields: StoreFields, out: BinaryIO) -> None:
    """The message without fields of its header.  Raises OSError."""
    reader.seek(content.start)
    head = reader.read(min(HEADER_LIMIT, content.end - content.start))
    header, rest = headers.split(head)
    out.write(fields.without(header))
    out.write(rest)
    copy_range(reader, content.start + len(head), content.end, out)


def head_of(reader: BinaryIO, start: int = 0) -> bytes:
    """The header of the message at ``start``.  Raises OSError."""
    reader.seek(start)
    data = reader.read(1 << 13)
    if not headers.ends(data) and len(data) == 1 << 13:
        data += reader.read(HEADER_LIMIT - len(data))
    return headers.split(data)[0]


def _state(path: Path) -> int:
    """Sixty-four bits that differ when the file is another one or has changed.  Raises OSError."""
    status = path.stat()
    told = f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}".encode()
    return int.from_bytes(hashlib.sha256(told).digest()[:8], "big")

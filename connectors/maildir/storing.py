"""Putting messages into a folder: written and synced in ``tmp``, then renamed into ``cur``.  The rename is the commit
point: before it no reader of the Maildir sees the message, after it everyone does.

Files hold LF line ends, as every program that reads Maildirs expects.  A message with a CR before a CRLF would lose it
that way, so it is stored with the CRLF line ends it came with, which are read as they stand: what is read back in wire
form is what was written, always.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connectors.body import CHUNK
from connectors.contract import Body, Outgoing
from connectors.maildir.filename import FileName, new_base, temporary_name
from connectors.maildir.owner import Owner

_LOST_BY_LF = b"\r\r\n"


@dataclass(frozen=True, slots=True)
class Ready:
    """A message whose bytes are on the disk, and that nobody sees yet."""

    temporary: Path
    name: FileName
    flags: str
    #: Bytes on disk.
    size: int

    def commit(self, folder: Path) -> str:
        """Let it appear; its base name."""
        self.temporary.rename(folder / "cur" / self.name.with_letters(self.flags))
        return self.name.base

    def discard(self) -> None:
        with suppress(OSError):
            self.temporary.unlink(missing_ok=True)


def prepare(message: Outgoing, letters: str, folder: Path, owner: Owner) -> Ready:
    """Write a message to ``tmp`` and sync it.  Raises OSError, with nothing left behind."""
    temporary = folder / "tmp" / temporary_name()
    # O_EXCL: the name is ours alone; 0600 whatever the umask says.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in _stored(message.body):
                file.write(piece)
            file.flush()
            size = file.tell()
            when = int(message.received.timestamp())
            os.utime(file.fileno() if os.utime in os.supports_fd else temporary, (when, when))
            os.fsync(file.fileno())
        owner.take(temporary)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Ready(temporary, FileName(new_base(size, message.body.size)), letters, size)


def sync_folder(directory: Path) -> None:
    """Have the names in a directory on the disk; where the system has no such call, it does so by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stored(body: Body) -> Iterator[bytes]:
    exact = _loses_by_lf(body)
    held = b""
    with body.open() as reader:
        while chunk := reader.read(CHUNK):
            if exact:
                yield chunk
                continue
            chunk = held + chunk
            held = b"\r" if chunk.endswith(b"\r") else b""
            yield chunk[: len(chunk) - len(held)].replace(b"\r\n", b"\n")
    yield held


def _loses_by_lf(body: Body) -> bool:
    with body.open() as reader:
        return any(_LOST_BY_LF in piece for piece in _overlapping(reader))


def _overlapping(reader: BinaryIO) -> Iterator[bytes]:
    """Pieces that begin with the end of the one before, so that nothing is missed between two."""
    end = b""
    while chunk := reader.read(CHUNK):
        yield end + chunk
        end = (end + chunk)[-(len(_LOST_BY_LF) - 1) :]


def commit_all(ready: list[Ready], folder: Path, may_commit: Callable[[], None]) -> list[str]:
    """Let messages appear one by one, each when it may; their base names, once the disk has them.

    What ``may_commit`` raises passes, with those before it stored and the others gone.
    """
    stored: list[str] = []
    try:
        for one in ready:
            may_commit()
            stored.append(one.commit(folder))
    finally:
        for one in ready[len(stored) :]:
            one.discard()
        if stored:
            sync_folder(folder / "cur")
    return stored


def count_for_quota(root: Path, stored: list[Ready]) -> None:
    """Add messages to the sum of Maildir++ quota, where a server keeps one; it counts anew when in doubt."""
    file = root / "maildirsize"
    with suppress(OSError):
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND)
        with os.fdopen(descriptor, "ab") as out:
            out.write(f"{sum(one.size for one in stored)} {len(stored)}\n".encode())

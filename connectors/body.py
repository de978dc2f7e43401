"""Message bytes: in memory under one budget a process, or spooled to disk when they are large."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from threading import Condition, Event
from typing import TYPE_CHECKING, BinaryIO

from connectors.errors import SpoolError, Stopped
from connectors.language import _

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: Messages longer than this (bytes) never sit in memory whole.
SPOOL_OVER = 8 << 20
#: Pieces in which spooled bytes are read and sent.
CHUNK = 1 << 18


class ByteBudget:
    """Bounds the message bytes that one process holds in memory.

    A reservation covers a whole batch and is granted at once or not at all: whoever holds one can finish its batch
    without asking for more, so threads never wait for each other in a ring.  Where sizes were understated, it takes
    what there is, and those who come next wait for it.
    """

    def __init__(self, limit: int = 64 << 20) -> None:
        self.limit = limit
        self._used = 0
        self._freed = Condition()

    @property
    def used(self) -> int:
        return self._used

    def reserve(self, size: int, stop: Event) -> None:
        """Wait until ``size`` bytes are free (a larger size waits for an empty budget).

        Raises :class:`Stopped` once ``stop`` is set.
        """
        with self._freed:
            while self._used and self._used + size > self.limit:
                if stop.is_set():
                    raise Stopped(_("interrupted while waiting for memory"))
                self._freed.wait(timeout=0.2)
            self._used += size

    def exceed(self, size: int) -> None:
        """Count ``size`` bytes that are held beyond a reservation."""
        with self._freed:
            self._used += size

    def release(self, size: int) -> None:
        with self._freed:
            self._used -= size
            self._freed.notify_all()


class MemoryBody:
    """Bytes in memory.  The budget is accounted by the batch that holds it."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        return len(self.data)

    def open(self) -> BinaryIO:
        return BytesIO(self.data)

    def release(self) -> None:
        self.data = b""


class SpooledBody:
    """Bytes in a private file (mode 0600) of the spool folder, removed on release.

    Fill it with ``write`` first, then ``open`` it as often as needed.  Each raises SpoolError when the disk does not do
    its part: it is full, say.
    """

    def __init__(self, spool: Path) -> None:
        with _spooling(spool):
            handle, name = tempfile.mkstemp(prefix="body-", dir=spool)
        self._path = Path(name)
        self._out: BinaryIO | None = os.fdopen(handle, "wb", buffering=CHUNK)
        self._size = 0

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes) -> None:
        assert self._out is not None, "a spooled body is filled before it is opened"
        with _spooling(self._path.parent):
            self._out.write(data)
        self._size += len(data)

    def open(self) -> BinaryIO:
        with _spooling(self._path.parent):
            if self._out is not None:
                out, self._out = self._out, None
                out.close()
            return self._path.open("rb")

    def release(self) -> None:
        if self._out is not None:
            out, self._out = self._out, None
            with suppress(OSError):  # what could not be written is not wanted any more
                out.close()
        self._path.unlink(missing_ok=True)


class Gathering(io.RawIOBase):
    """A file to write one message into: in memory while it is small, spooled once it is not."""

    def __init__(self, spool: Path) -> None:
        super().__init__()
        self._spool = spool
        self._held = bytearray()
        self._spooled: SpooledBody | None = None
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        piece = bytes(data)
        self.size += len(piece)
        if self._spooled is None and self.size > SPOOL_OVER:
            self._spooled = SpooledBody(self._spool)
            self._spooled.write(bytes(self._held))
            self._held.clear()
        if self._spooled is None:
            self._held += piece
        else:
            self._spooled.write(piece)
        return len(piece)

    def body(self) -> MemoryBody | SpooledBody:
        """All that was written.  Whoever takes it releases it."""
        if self._spooled is not None:
            return self._spooled
        data = bytes(self._held)
        self._held.clear()
        return MemoryBody(data)

    @contextmanager
    def discarded_on_error(self) -> Iterator[None]:
        """What was written is given back when the block does not end in order."""
        try:
            yield
        except BaseException:
            self._held.clear()
            if self._spooled is not None:
                self._spooled.release()
            raise


@contextmanager
def _spooling(spool: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        detail = errno.errorcode.get(error.errno or 0, "")
        what = _("this machine's disk does not take a large message on its way")
        raise SpoolError(what, system=str(spool), detail=detail) from error

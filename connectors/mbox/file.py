"""One mbox file as the messages of a folder, while its mail program may be writing to it.

A file that was replaced or has grown is read anew before it is listed.  Before a message is given away, what lies at
its place is compared with the digest that it was listed by, and looked for again when it is not that.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from connectors.archives import dates, headers
from connectors.archives.contract import Damaged, Item
from connectors.archives.headers import HEADER_LIMIT, STORE_FIELDS, StoreFields
from connectors.language import _, plural
from connectors.mbox import index as marks
from connectors.mbox.boundary import separator
from connectors.mbox.digest import ContentDigest
from connectors.mbox.index import Index
from connectors.mbox.scanner import Judge, scan
from connectors.mbox.unescaping import Unescaping
from connectors.quiet import open_regular, read_at

#: Seconds without a change after which nobody is writing the end of the file any more.
_AT_REST = 60.0
_CHUNK = 1 << 20
#: Messages up to this size are read once; larger ones twice, so that none is given away before it was compared.
_IN_MEMORY = 8 << 20
_FIRST_LOOK = 1 << 13
_FROM_LINE = 1000
#: Times that a message is looked for again in a file that changes under our hands.
_TRIES = 3
_FIELDS = StoreFields()
_INTERNAL_SUBJECT = b"folder internal data"


class MboxFile:
    """A store (:class:`connectors.archives.stores.Store`) in one file."""

    def __init__(self, path: Path, fields: StoreFields | None = None, judge: Judge | None = None) -> None:
        self._path = path
        self._fields = fields or StoreFields(STORE_FIELDS)
        self._judge = judge or judge_store
        self._reader: BinaryIO | None = None
        self._index: Index | None = None
        #: What the file was like when it was read: it is another one, or has changed, when this is different.
        self._seen: tuple[int, ...] = ()
        self._unescaping: Unescaping | None = None

    def token(self) -> str:
        return "-".join(map(str, _state(self._path.stat())))

    def count(self) -> int | None:
        return self._index.count(marks.MAIL) if self._index else None

    def index(self) -> Index:
        """Where what lies, as the file is now.  Raises OSError."""
        if self._index is None or _state(self._path.stat()) != self._seen:
            self._read_anew()
        assert self._index is not None, "read a moment ago"
        return self._index

    def items(self) -> Iterator[Item]:
        index = self.index()
        return (self.item(index, number) for number in index.mail())

    def item(self, index: Index, number: int) -> Item:
        """One message of an index that was told.  Raises OSError when the file was rewritten under our hands."""
        if index is not self._index:
            raise self._stale()
        start, end = index.starts[number], index.end(number)
        from_line, header = self._head(start, end)
        found = headers.fields(header)
        size = end - start - len(from_line) - len(header) + len(self._fields.without(header))
        size -= separator(self._bytes(max(start, end - 3), end), min(3, end - start))
        return Item(index.key(number), max(size, 0), dates.received(from_line, found), headers.flags(found))

    def header(self, key: str) -> bytes:
        start, end = self._find(key)
        _from_line, header = self._head(start, end)
        return self._fields.without(header)

    def write_message(self, key: str, out: BinaryIO) -> None:
        for _attempt in range(_TRIES):
            start, end = self._find(key)
            if self._write(start, end, key, out):
                return
            self._read_anew()
        raise Damaged("changing", _("the file changes faster than it can be read; close the program that writes it"))

    def problems(self) -> Sequence[tuple[str, str, str | None]]:
        index = self._index
        if index is None:
            return []
        found: list[tuple[str, str, str | None]] = []
        if expunged := index.count(marks.EXPUNGED):
            told = plural(
                "{n} message that its mail program has deleted and not yet removed was left out",
                "{n} messages that their mail program has deleted and not yet removed were left out",
                expunged,
            )
            found.append(("expunged", told, None))
        if index.count(marks.INTERNAL):
            told = _("a message that a mail server keeps for itself was left out; it is no mail")
            found.append(("internal-data", told, None))
        if index.count(marks.UNFINISHED):
            told = _("the last message is being written at this moment, and was left for the next time")
            found.append(("being-written", told, None))
        if index.prologue:
            told = plural(
                "{n} byte before the first message belongs to no message and was left out",
                "{n} bytes before the first message belong to no message and were left out",
                index.prologue,
            )
            found.append(("no-message", told, None))
        return found

    def release(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    # -- the file -------------------------------------------------------------------------------------------------

    def _read_anew(self) -> None:
        self.release()
        self._reader = open_regular(self._path)
        before = os.fstat(self._reader.fileno())
        index = scan(self._reader.fileno(), before.st_size, self._fields, self._judge)
        if len(index) and self._is_unfinished(index, before):
            index.leave_last(marks.UNFINISHED)
        self._index, self._seen = index, _state(before)
        self._unescaping = Unescaping(self._descriptor, index)

    def _is_unfinished(self, index: Index, before: os.stat_result) -> bool:
        """Whether the last message may be a part of one.

        It may when somebody is writing (the file changed while it was read, or a moment ago) and its last line has no
        end; or when the file changed while it was read, and no empty line follows, which writers put there last.
        """
        after = os.fstat(self._descriptor())
        tail = self._bytes(max(0, index.size - 3), index.size)
        changed = _state(after) != _state(before)
        if not tail.endswith(b"\n"):
            return changed or abs(time.time() - after.st_mtime) < _AT_REST
        return changed and not separator(tail, len(tail))

    def _descriptor(self) -> int:
        if self._reader is None:
            self._reader = open_regular(self._path)
            if _state(os.fstat(self._reader.fileno())) != self._seen:
                self.release()
                raise self._stale()
        return self._reader.fileno()

    def _stale(self) -> OSError:
        return OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(self._path))

    def _bytes(self, start: int, end: int) -> bytes:
        """Fewer where the file has become shorter."""
        return read_at(self._descriptor(), end - start, start) if end > start else b""

    def _known(self) -> Index:
        if self._index is None:
            self._read_anew()
        assert self._index is not None, "read a moment ago"
        return self._index

    def _head(self, start: int, end: int) -> tuple[bytes, bytes]:
        """The From_ line and the header of a message.  Raises OSError when there is no message."""
        size = _FIRST_LOOK
        while True:
            data = self._bytes(start, min(end, start + size))
            from_line, rest = _after_from_line(data)
            if not from_line:
                raise self._stale()
            if headers.ends(rest) or len(data) < size or size > HEADER_LIMIT:
                return from_line, headers.split(rest)[0]
            size *= 8

    # -- one message ----------------------------------------------------------------------------------------------

    def _find(self, key: str) -> tuple[int, int]:
        """Where a message lies.  Raises KeyError when it is gone, OSError."""
        if self._reader is None and self._index is not None and _state(self._path.stat()) != self._seen:
            self._read_anew()
        for fresh in (False, True):
            if fresh:
                if _state(self._path.stat()) == self._seen:
                    break
                self._read_anew()
            index = self._known()
            number = index.find(key)
            if number is not None and self._is_there(index.starts[number]):
                return index.starts[number], index.end(number)
        raise KeyError(key)

    def _is_there(self, start: int) -> bool:
        return bool(_after_from_line(self._bytes(start, start + _FROM_LINE))[0])

    def _write(self, start: int, end: int, key: str, out: BinaryIO) -> bool:
        """Give the message to ``out``, unless it is not the one of that key."""
        wanted = bytes.fromhex(key.partition(".")[0])
        from_line, header = self._head(start, end)
        kept = self._fields.without(header)
        tail = self._bytes(max(start, end - 3), end)
        body, stop = start + len(from_line) + len(header), end - separator(tail, len(tail))
        assert self._unescaping is not None, "made when the file was read"
        if stop - start <= _IN_MEMORY:
            data = self._bytes(body, stop)
            if len(data) < stop - body or _digest(kept, [data]) != wanted:
                return False
            out.write(kept)
            out.write(self._unescaping.whole(kept, data))
            return True
        if _digest(kept, self._pieces(body, stop)) != wanted:
            return False
        out.write(kept)
        for piece in self._unescaping.pieces(self._pieces(body, stop)):  # noqa: FURB122  # only write is asked of it
            out.write(piece)
        return True

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        while start < end and (piece := self._bytes(start, min(end, start + _CHUNK))):
            yield piece
            start += len(piece)


def judge_store(from_line: bytes, header: bytes) -> int:
    """Whether a folder shows the message, by what its store wrote into the header."""
    low = header.lower()
    if b"x-mozilla-status" in low and headers.is_expunged(header) and _is_thunderbirds(from_line, header):
        return marks.EXPUNGED
    if b"x-imap" in low and _INTERNAL_SUBJECT in headers.fields(header).get(b"subject", b"").lower():
        return marks.INTERNAL
    return marks.MAIL


def _is_thunderbirds(from_line: bytes, header: bytes) -> bool:
    """A sender's own field, deep in the header of a message that another program stored, must not hide it."""
    return from_line.startswith(b"From - ") or _FIELDS.leads(header, b"x-mozilla-status")


def _after_from_line(data: bytes) -> tuple[bytes, bytes]:
    """The From_ line with its line end and what follows it; nothing at all when there is none."""
    line_end = data.find(b"\n", 0, _FROM_LINE) + 1
    return (data[:line_end], data[line_end:]) if data.startswith(b"From ") and line_end else (b"", b"")


def _digest(header: bytes, body: Iterator[bytes] | list[bytes]) -> bytes:
    digest = ContentDigest()
    digest.update(header)
    for piece in body:
        digest.update(piece)
    return digest.digest()


def _state(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_size, status.st_mtime_ns

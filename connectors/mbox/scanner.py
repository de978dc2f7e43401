"""One reading of an mbox from its beginning to its end: what lies where, and what it is called."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.archives.headers import HEADER_LIMIT, StoreFields, split
from connectors.mbox.boundary import LOOK, MARK, is_boundary, separator
from connectors.mbox.digest import ContentDigest
from connectors.mbox.index import Index
from connectors.quiet import read_at

#: What becomes of a message by its From_ line and its header: a mark of :mod:`connectors.mbox.index`.
Judge = Callable[[bytes, bytes], int]

#: Small enough to stay in the processor's cache while it is searched and digested: a fifth faster than a megabyte.
_CHUNK = 1 << 17
#: Bytes before a From_ line that tell how the message before it ends.
_TAIL = 8
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,15})\b", re.IGNORECASE | re.MULTILINE)
_SEEK_DATA = getattr(os, "SEEK_DATA", None)


def scan(descriptor: int, size: int, fields: StoreFields, judge: Judge) -> Index:
    """The messages in the first ``size`` bytes of a file.  Raises OSError.

    Holds little more than one piece of the file; a file that has become shorter ends where it ends.
    """
    return _Scan(descriptor, size, fields, judge).run()


@dataclass(slots=True)
class _Message:
    """The message that is being read."""

    start: int
    from_line: bytes
    #: Where its header begins in the file.
    begins: int
    digest: ContentDigest = field(default_factory=ContentDigest)
    #: The header as far as it was read.
    header: bytes = b""
    complete: bool = False
    mark: int = 0
    #: Where it ends by its own word, 0 when that is not to be believed, None before it was asked.
    stated: int | None = None


class _Scan:
    def __init__(self, descriptor: int, size: int, fields: StoreFields, judge: Judge) -> None:
        self._descriptor, self._size, self._fields, self._judge = descriptor, size, fields, judge
        self._index = Index()
        self._message: _Message | None = None
        #: The bytes in hand, where they begin in the file, and how many of them the message has taken.
        self._data, self._base, self._taken = b"", 0, 0
        #: Whether there is no NUL in hand.
        self._plain = True

    def run(self) -> Index:
        position = searched = 0
        while True:
            position = self._skip_hole(position)
            searched = min(searched, len(self._data))
            piece = read_at(self._descriptor, min(_CHUNK, self._size - position), position)
            position += len(piece)
            self._data += piece
            self._plain = b"\0" not in self._data
            needed = self._search(searched, last=not piece)
            if not piece:
                break
            searched = needed - self._drop(max(0, needed - _TAIL))
        self._index.size = position
        self._close(len(self._data) - separator(self._data, len(self._data)))
        self._index.settle()
        return self._index

    def _search(self, at: int, *, last: bool) -> int:
        """Find the messages that begin in hand; the place from where on bytes are looked at again."""
        data = self._data
        if self._message is None and not self._base:
            if not last and len(data) < LOOK:
                return 0
            if is_boundary(data, 0, first=True):
                self._open(0)
        while (found := data.find(MARK, at)) >= 0:
            start = found + 1
            if not last and len(data) - start < LOOK:
                return found
            if is_boundary(data, start) and not self._spans(start):
                self._close(start - separator(data, start))
                self._open(start)
            at = start
        return max(at, len(data) - len(MARK))

    def _drop(self, count: int) -> int:
        self._take(count)
        self._data, self._base, self._taken = self._data[count:], self._base + count, self._taken - count
        return count

    def _skip_hole(self, position: int) -> int:
        """Where the file has bytes again, when what is in hand is nothing but NULs."""
        if _SEEK_DATA is None or not self._data or self._data.strip(b"\0"):
            return position
        try:
            beyond = min(os.lseek(self._descriptor, position, _SEEK_DATA), self._size)
        except OSError as error:
            beyond = self._size if error.errno == errno.ENXIO and position < self._size else position
        if beyond - position < _CHUNK:
            return position
        self._take(len(self._data))
        if self._message is not None:
            self._message.digest.update_nuls(beyond - position)
        self._data, self._base, self._taken = b"", beyond, 0
        return beyond

    # -- one message ----------------------------------------------------------------------------------------------

    def _open(self, start: int) -> None:
        line_end = self._data.index(b"\n", start) + 1
        self._message = _Message(self._base + start, self._data[start:line_end], self._base + line_end)
        self._taken = line_end

    def _close(self, end: int) -> None:
        """The message ends at ``end``, what lies between it and the next one is no part of either."""
        self._take(end)
        message, self._message = self._message, None
        if message is not None:
            if not message.complete:
                self._judge_header(message)
            self._index.add(message.start, message.digest.digest(), message.mark)

    def _take(self, end: int) -> None:
        """Give the message its bytes before ``end``."""
        start, message = self._taken, self._message
        if end <= start:
            return
        self._taken = end
        if message is None:
            self._index.prologue += len(self._data[start:end].strip(b"\r\n"))
            return
        if not message.complete:
            start = self._take_header(message, start, end)
        if start < end:
            message.digest.update(memoryview(self._data)[start:end], plain=self._plain)

    def _take_header(self, message: _Message, start: int, end: int) -> int:
        """The same for its header; where the rest begins.  Cut as :func:`connectors.archives.headers.split` does."""
        known = len(message.header)
        text = message.header + self._data[start : min(end, start + HEADER_LIMIT - known)]
        if text.startswith((b"\n", b"\r\n")):  # no header at all
            cut = 0
        elif found := _EMPTY_LINE.search(text, max(0, known - 2)):
            cut = found.start() + 1
        elif len(text) < HEADER_LIMIT:
            message.header = text
            return end
        else:
            cut = HEADER_LIMIT
        message.header = text[:cut]
        self._judge_header(message)
        if cut < known:  # the empty line began in what was taken for the header
            message.digest.update(text[cut:known])
        return start + max(0, cut - known)

    def _judge_header(self, message: _Message) -> None:
        message.complete = True
        message.digest.update(self._fields.without(message.header))
        message.mark = self._judge(message.from_line, message.header)

    def _spans(self, start: int) -> bool:
        """Whether the message says how long it is, and ends behind ``start`` where a message really ends.

        Content-Length alone proves nothing: it is often wrong.  That a message ends just there does.
        """
        self._take(start - separator(self._data, start))
        message = self._message
        if message is None:
            return False
        if message.stated is not None:
            return message.stated > self._base + start
        header = message.header
        if not message.complete:
            header, rest = split(header + self._data[self._taken : start])
            if not rest:
                return False
        message.stated = self._stated_end(message.begins, header)
        return message.stated > self._base + start

    def _stated_end(self, begins: int, header: bytes) -> int:
        """Where a message with this header ends by its Content-Length, if one ends there; else 0."""
        if b"ontent-length" not in header.lower() or (found := _LENGTH.search(header)) is None:
            return 0
        stated = begins + len(header) + (2 if header.endswith(b"\r\n") else 1) + int(found[1])
        return stated if self._ends_at(stated) else 0

    def _ends_at(self, end: int) -> bool:
        """Whether a message ends at ``end``: the next one begins there, or behind an empty line, or the file ends."""
        if end > self._size:
            return False
        data = read_at(self._descriptor, LOOK, end - 1)
        behind = data[1:]
        empty = 2 if behind.startswith(b"\r\n") else int(behind.startswith(b"\n"))
        if end + empty >= self._size:
            return True
        return data[empty : empty + 1] == b"\n" and is_boundary(data, 1 + empty)

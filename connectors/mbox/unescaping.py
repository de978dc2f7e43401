"""Lines that were escaped on their way into an mbox, and when they may be given their first form back.

Writers put ``>`` before a line that begins with ``From ``: mboxrd before one that has ``>`` before it, too, so that it
can be undone; mboxo before the bare one alone, so that nobody can know.  A file does not say which it is.  What does
is a signature: the body hash of DKIM (RFC 6376 3.7) was made of the lines as they were sent.

* A message is un-escaped when its own body hash holds for the un-escaped lines and not for those in the file.
* Every message of a file is, when that holds for one whose lines have ``>>`` before ``From ``: only mboxrd does that.
* In every other case the bytes stay as they are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from connectors.archives.headers import split
from connectors.mbox.index import MAIL, Index
from connectors.quiet import read_at

_ESCAPED = re.compile(rb"(?<=\n)>(>*From )")
_TWICE = b">>From "
_FOLD = re.compile(rb"\r?\n[ \t]+")
_SIGNATURE = re.compile(rb"^dkim-signature[ \t]*:([^\n]*)", re.IGNORECASE | re.MULTILINE)
_LINE_END = re.compile(rb"\r?\n")
_BLANKS = re.compile(rb"[ \t]+")
_CHUNK = 1 << 20
#: A line this long without an end begins with no ``>From ``.
_LONGEST_START = 1 << 16
#: Messages that are asked for the file's sake: how many, and how large at most.
_WITNESSES, _LARGEST = 50, 4 << 20


class Unescaping:
    """What is known of one file's escaping."""

    def __init__(self, descriptor: Callable[[], int], index: Index) -> None:
        self._descriptor, self._index = descriptor, index
        self._file: bool | None = None

    def whole(self, header: bytes, body: bytes) -> bytes:
        """A body (from the empty line on) as it was sent, if that is proven; else as it is."""
        if _ESCAPED.search(body) is None:
            return body
        undone = _ESCAPED.sub(rb"\1", body)
        told = signed_as(header, body, undone)
        return undone if told is True or (told is None and self._is_mboxrd()) else body

    def pieces(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """The same for a body that is too large to ask its signature."""
        held, begun = b"", False
        for piece in body:
            data = held + piece
            cut = data.rfind(b"\n") + 1
            if len(data) - cut > _LONGEST_START:
                cut = len(data)
            yield self._undone(data[:cut], begun=begun)
            begun, held = data[:cut].endswith(b"\n") if cut else begun, data[cut:]
        yield self._undone(held, begun=begun)

    def _undone(self, data: bytes, *, begun: bool) -> bytes:
        """``begun``: the bytes begin a line."""
        text = b"\n" + data if begun else data
        if _ESCAPED.search(text) is None or not self._is_mboxrd():
            return data
        undone = _ESCAPED.sub(rb"\1", text)
        return undone[1:] if begun else undone

    def _is_mboxrd(self) -> bool:
        if self._file is None:
            self._file = any(told for told in self._witnesses() if told is not None)
        return self._file

    def _witnesses(self) -> Iterator[bool | None]:
        """What the signatures say of messages with lines that are escaped twice."""
        asked = 0
        for number in self._escaped_twice():
            start, end = self._index.starts[number], self._index.end(number)
            if end - start > _LARGEST or asked == _WITNESSES:
                continue
            asked += 1
            data = read_at(self._descriptor(), end - start, start)
            header, body = split(data[data.find(b"\n") + 1 :])
            yield signed_as(header, body, _ESCAPED.sub(rb"\1", body))

    def _escaped_twice(self) -> Iterator[int]:
        """Numbers of messages, each once."""
        position, data, before = 0, b"", -1
        while position < self._index.size:
            piece = read_at(self._descriptor(), min(_CHUNK, self._index.size - position), position)
            if not piece:
                return
            base, data = position - len(data), data + piece
            position += len(piece)
            at = -1
            while (at := data.find(_TWICE, at + 1)) >= 0:
                number = bisect_right(self._index.starts, base + at) - 1
                if number > before and self._index.marks[number] & 3 == MAIL:
                    before = number
                    yield number
            data = data[-len(_TWICE) :]


def signed_as(header: bytes, body: bytes, undone: bytes) -> bool | None:
    """Whether a signature holds for ``undone`` (True) or for ``body`` (False); None when no signature tells.

    Both begin with the empty line behind the header.
    """
    for field in _SIGNATURE.findall(_FOLD.sub(b" ", header).replace(b"\r", b"")):
        tags = {
            name.strip(): _BLANKS.sub(b"", value)
            for name, _equals, value in (tag.partition(b"=") for tag in field.split(b";"))
        }
        try:
            wanted = base64.b64decode(tags.get(b"bh", b""), validate=True)
        except binascii.Error:
            continue
        if not wanted:
            continue
        for text, verdict in ((undone, True), (body, False)):
            if _body_hash(text, tags) == wanted:
                return verdict
    return None


def _body_hash(body: bytes, tags: dict[bytes, bytes]) -> bytes:
    """RFC 6376 3.4.3, 3.4.4 and 3.5."""
    lines = _LINE_END.split(body)[1:]
    relaxed = tags.get(b"c", b"").lower().endswith(b"/relaxed")
    if relaxed:
        lines = [_BLANKS.sub(b" ", line).rstrip(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    text = b"".join(line + b"\r\n" for line in lines)
    if not text and not relaxed:
        text = b"\r\n"
    length = tags.get(b"l", b"")
    if length.isdigit():
        text = text[: int(length[:12])]
    if tags.get(b"a", b"").lower().endswith(b"sha1"):
        return hashlib.sha1(text, usedforsecurity=False).digest()
    return hashlib.sha256(text).digest()

"""Traits: what in a message some servers refuse or change without a word.  Pure, and quick: every message is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from connectors.body import CHUNK, MemoryBody
from connectors.contract import Body
from connectors.repairs.head import LINE_LIMIT

#: Named as the rule that takes them away, in the order of the rules.
TRAITS = ("nul", "raw-8bit-header", "long-line")

#: Header bytes that are looked at: no real header is longer.
_HEAD_LIMIT = 1 << 20
_NONE: frozenset[str] = frozenset()


def traits_of(body: Body) -> frozenset[str]:
    """The traits of a message in wire form."""
    if isinstance(body, MemoryBody):
        data = body.data
        end = 0 if data.startswith(b"\r\n") else data.find(b"\r\n\r\n")
        head_is_ascii = (data if end < 0 else data[:end]).isascii()
        found = _found(b"\0" in data, not head_is_ascii, _has_long_line(data))
        return found or _NONE
    nul = long = False
    held = b""
    with body.open() as reader:
        raw = not _head(reader).isascii()
    with body.open() as reader:
        while chunk := reader.read(CHUNK):
            nul = nul or b"\0" in chunk
            chunk = held + chunk
            cut = chunk.rfind(b"\n") + 1
            long = long or _has_long_line(chunk[:cut]) or len(chunk) - cut > LINE_LIMIT + 1
            held = b"" if long else chunk[cut:]
    return _found(nul, raw, long or _has_long_line(held))


def marks_of(body: Body) -> dict[str, bytes]:
    """A digest of each trait as a message in wire form shows it: another one where a server changed just that."""
    nuls, longs = 0, hashlib.sha256()
    length = 0
    with body.open() as reader:
        raw = bytes(byte for byte in _head(reader) if byte > 0x7F)
    with body.open() as reader:
        for line in chain(iter(lambda: reader.readline(CHUNK), b""), [b"\n"]):
            nuls += line.count(b"\0")
            length += len(line)
            if line.endswith(b"\n"):
                if length - 2 > LINE_LIMIT:
                    longs.update(b"%d " % length)
                length = 0
    return {"nul": b"%d" % nuls, "raw-8bit-header": hashlib.sha256(raw).digest(), "long-line": longs.digest()}


def _found(nul: bool, raw: bool, long: bool) -> frozenset[str]:
    return frozenset(name for name, there in zip(TRAITS, (nul, raw, long), strict=True) if there)


def _has_long_line(data: bytes) -> bool:
    """Whether a line is longer than a server must take: steps from line end to line end, a thousand bytes at a time."""
    place, size = 0, len(data)
    while size - place > LINE_LIMIT:
        # A line and its end fit in what is looked at, or the line is too long.
        end = data.rfind(b"\n", place, place + LINE_LIMIT + 2)
        if end < 0:
            return True
        place = end + 1
    return False


def _head(reader: BinaryIO) -> bytes:
    return b"".join(_head_lines(reader))


def _head_lines(reader: BinaryIO) -> Iterator[bytes]:
    read = 0
    while read < _HEAD_LIMIT and (line := reader.readline(CHUNK)) and line != b"\r\n":
        read += len(line)
        yield line

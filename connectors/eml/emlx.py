"""Apple Mail's files of one message: its length in the first line, the message, and a property list about it.

The property list (XML or binary) holds the time of receipt and the flags as bits of one number.  A message whose
attachments Mail keeps as files of their own ends in ``.partial.emlx``; see :mod:`connectors.eml.partial`.
"""

from __future__ import annotations

import os
import plistlib
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO
from xml.parsers.expat import ExpatError

from connectors.archives import dates, headers
from connectors.archives.headers import StoreFields
from connectors.eml import partial
from connectors.eml.files import Content, copy_range, head_of

_LENGTH = re.compile(rb"[ \t]*(\d{1,12})[ \t]*\r?\n")
_LIST_BEGINS = (b"<?xml", b"bplist00", b"<!DOCTYPE plist", b"<plist")
#: Property lists are of this size at most; real ones have a thousand bytes.
_LIST_LIMIT = 1 << 20
#: How far before the end a property list is looked for where the length in the first line is wrong.
_TAIL = 1 << 16
_FLAGS = {
    0: "\\Seen", 1: "\\Deleted", 2: "\\Answered", 4: "\\Flagged", 6: "\\Draft", 8: "$Forwarded",
    24: "$Junk", 25: "$NotJunk",
}  # fmt: skip


class EmlxForm:
    """Received when the property list says so, else when the header does, else when the file was written."""

    _fields = StoreFields(())

    def fields(self) -> StoreFields:
        return self._fields

    def content(self, reader: BinaryIO, path: Path) -> Content:
        status = os.fstat(reader.fileno())
        start, end, told = _extent(reader, status.st_size)
        received = dates.of_seconds(_number(told, "date-received") or 0)
        received = received or dates.of_header(headers.fields(head_of(reader, start)))
        bits = _number(told, "flags")
        flags = None if bits is None else frozenset(flag for bit, flag in _FLAGS.items() if int(bits) >> bit & 1)
        further, missing = partial.further(reader, path, start, end)
        return Content(start, end, received or dates.of_seconds(status.st_mtime), flags, further, missing)

    def write(self, reader: BinaryIO, path: Path, content: Content, out: BinaryIO) -> None:
        if not partial.write_whole(reader, path, content.start, content.end, out):
            copy_range(reader, content.start, content.end, out)


def begins_emlx(head: bytes) -> bool:
    """Whether a file with this beginning is one: a length, and a header behind it."""
    found = _LENGTH.match(head)
    return found is not None and re.match(rb"[!-9;-~]+[ \t]*:", head[found.end() :]) is not None


def _extent(reader: BinaryIO, size: int) -> tuple[int, int, Mapping[str, object]]:
    """Where the message begins and ends, and the property list behind it."""
    reader.seek(0)
    found = _LENGTH.match(reader.read(100))
    start = found.end() if found else 0
    if found:
        end = start + int(found[1])
        if end <= size:
            reader.seek(end)
            rest = reader.read(_LIST_LIMIT).lstrip(b"\r\n")
            if not rest or rest.startswith(_LIST_BEGINS):
                return start, end, _list(rest)
    # The length is wrong, as after a change of line ends: the property list is found by how it begins.
    begin = max(start, size - _TAIL)
    reader.seek(begin)
    tail = reader.read(_TAIL)
    at = max(tail.rfind(b"<?xml"), tail.rfind(b"bplist00"))
    told = _list(tail[at:]) if at >= 0 else {}
    return start, (begin + at if told else max(size, start)), told


def _list(data: bytes) -> Mapping[str, object]:
    """Empty where it cannot be read."""
    try:
        told = plistlib.loads(data)
    except (
        ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, ExpatError,
        struct.error,
    ):  # fmt: skip
        return {}
    return told if isinstance(told, dict) else {}


def _number(told: Mapping[str, object], name: str) -> float | None:
    value = told.get(name)
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1 << 64 else None

"""Transfer encodings, line by line: what a body says stays the same, only how it travels changes."""

from __future__ import annotations

import binascii
import re
from typing import Protocol

#: Characters of a line of base64, and of quoted-printable before its soft line break (RFC 2045 6.7, 6.8).
_COLUMNS = 76
_BASE64_BYTES = 57
_CUT_ESCAPE = re.compile(rb"=[0-9A-Fa-f]?$")


class Recoder(Protocol):
    """Takes the pieces of one body, in order."""

    def take(self, data: bytes, *, starts: bool, ends: bool) -> bytes:
        """What to write for a line, or a piece of one."""

    def close(self, *, at_boundary: bool) -> bytes:
        """What is left.  Before a boundary the last line end belongs to the boundary (RFC 2046 5.1.1)."""


class QuotedPrintable:
    """Bytes that stood for themselves as quoted-printable; line ends stay line ends."""

    encoding = b"quoted-printable"

    def take(self, data: bytes, *, starts: bool, ends: bool) -> bytes:
        text = data[:-2] if data.endswith(b"\r\n") else data
        end = data[len(text) :]
        # A bare carriage return is data here; b2a_qp takes a soft line break for a line of its own kind.
        encoded = b"=0D".join(binascii.b2a_qp(part, istext=False) for part in text.split(b"\r"))
        encoded = _within(encoded.replace(b"=\n", b""))
        return encoded + (end if ends else b"=\r\n")

    def close(self, *, at_boundary: bool) -> bytes:
        return b""


class Base64:
    """Bytes that stood for themselves as base64."""

    encoding = b"base64"

    def __init__(self) -> None:
        self._held = bytearray()

    def take(self, data: bytes, *, starts: bool, ends: bool) -> bytes:
        self._held += data
        # The last line end may be a boundary's.
        whole = max(len(self._held) - 2, 0) // _BASE64_BYTES * _BASE64_BYTES
        written = _base64(bytes(self._held[:whole]))
        del self._held[:whole]
        return written

    def close(self, *, at_boundary: bool) -> bytes:
        data = bytes(self._held)
        if at_boundary and data.endswith(b"\r\n"):
            data = data[:-2]
        return _base64(data)


class LineBreaks:
    """Line breaks into the too long lines of a body that is encoded already; they mean nothing there."""

    def __init__(self, *, soft: bool, limit: int) -> None:
        self._soft = soft
        self._limit = limit
        self._long = False
        self._left = b""

    def take(self, data: bytes, *, starts: bool, ends: bool) -> bytes:
        if starts:
            self._long, self._left = len(data.rstrip(b"\r\n")) > self._limit, b""
        if not self._long:
            return data
        text = data[:-2] if data.endswith(b"\r\n") else data
        end = data[len(text) :]
        text, self._left = self._left + text, b""
        columns = _COLUMNS - 1 if self._soft else _COLUMNS
        lines = _cut(text, columns, columns, soft=self._soft)
        if not ends:
            self._left = lines.pop()
            return b"".join(line + self._break for line in lines)
        return self._break.join(lines) + end

    @property
    def _break(self) -> bytes:
        return b"=\r\n" if self._soft else b"\r\n"

    def close(self, *, at_boundary: bool) -> bytes:
        left, self._left = self._left, b""
        return left


class Without:
    """NUL bytes taken out, or written as quoted-printable where that is how the body travels."""

    def __init__(self, instead: bytes = b"") -> None:
        self._instead = instead

    def take(self, data: bytes, *, starts: bool, ends: bool) -> bytes:
        return data.replace(b"\0", self._instead)

    def close(self, *, at_boundary: bool) -> bytes:
        return b""


def _base64(data: bytes) -> bytes:
    pieces = (data[start : start + _BASE64_BYTES] for start in range(0, len(data), _BASE64_BYTES))
    return b"".join(binascii.b2a_base64(piece, newline=False) + b"\r\n" for piece in pieces)


def _within(encoded: bytes) -> bytes:
    """Soft line breaks, so that no line is longer than it may be and no escape is cut."""
    lines = _cut(encoded, _COLUMNS, _COLUMNS - 1, soft=True)
    return b"=\r\n".join(lines)


def _cut(text: bytes, most: int, columns: int, *, soft: bool) -> list[bytes]:
    """Lines of ``columns`` characters as long as more than ``most`` are left, and the rest as the last one.

    ``soft``: an escape of quoted-printable is never cut.
    """
    lines, place = [], 0
    while len(text) - place > most:
        line = text[place : place + columns]
        if soft and (found := _CUT_ESCAPE.search(line)):
            line = line[: -len(found[0])]
        lines.append(line)
        place += len(line)
    lines.append(text[place:])
    return lines

"""The tree of MIME parts that a message is written as (RFC 2046): each tells its header, and writes its body once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

from connectors.mapi.encodings import transfer
from connectors.mapi.words import old_parameter, parameter


class Part(Protocol):
    """One part.  ``head``: its Content fields, each with its line end."""

    head: bytes

    def write(self, out: BinaryIO) -> None:
        """The body, which ends with a line end or is empty."""


class Text:
    """A text that is held in memory."""

    __slots__ = ("_written", "head")

    def __init__(self, kind: bytes, data: bytes, name: str | None = None) -> None:
        """``kind``: the content type with its parameters.  ``data``: the text in its charset, line ends as they are.

        With a ``name`` it is an attachment.
        """
        encoding, self._written = transfer(data)
        head = b"Content-Type: " + kind + b"\r\n" if name is None else disposition(kind, name)
        self.head = head + b"Content-Transfer-Encoding: " + encoding + b"\r\n"

    def write(self, out: BinaryIO) -> None:
        out.write(self._written)


class Written:
    """Anything whose body is written, encoded, by a function of its own."""

    __slots__ = ("_write", "head")

    def __init__(self, head: bytes, write: Callable[[BinaryIO], None]) -> None:
        self.head = head
        self._write = write

    def write(self, out: BinaryIO) -> None:
        self._write(out)


class Multipart:
    """Parts behind each other; no delimiter occurs in what they write (see :mod:`connectors.mapi.encodings`)."""

    __slots__ = ("_boundary", "_parts", "head")

    def __init__(self, subtype: bytes, boundary: bytes, parts: Sequence[Part]) -> None:
        """``subtype`` with the parameters that it needs besides its boundary."""
        self._parts = parts
        self._boundary = boundary
        self.head = b"Content-Type: multipart/" + subtype + b';\r\n boundary="' + boundary + b'"\r\n'

    def write(self, out: BinaryIO) -> None:
        line = b"\r\n--" + self._boundary
        for part in self._parts:
            out.write(line + b"\r\n" + part.head + b"\r\n")
            part.write(out)
        out.write(line + b"--\r\n")


def disposition(kind: bytes, name: str, *, inline: bool = False) -> bytes:
    """Content-Type and -Disposition; the name in the first as old programs read it, in the second as RFC 2231 says."""
    place = b"\r\nContent-Disposition: inline" if inline else b"\r\nContent-Disposition: attachment"
    if not name:
        return b"Content-Type: " + kind + place + b"\r\n"
    old, new = old_parameter("name", name).encode("ascii"), parameter("filename", name).encode("ascii")
    return b"Content-Type: " + kind + old + place + new + b"\r\n"

"""Transfer encodings, in pieces of bounded size (RFC 2045 6).

Delimiters of multiparts begin with ``=_``, which no encoded text can hold: quoted-printable writes = as =3D, base64
knows no underscore, and text that stays as it is must not hold it at the beginning of a line.
"""

from __future__ import annotations

import binascii
import codecs
import re
from struct import Struct
from typing import BinaryIO, Protocol

#: Bytes of 76 characters of base64 (RFC 2045 6.8).
_LINE = 57
#: Lines encoded at a time: 57 kB at most in memory, and a single call for what is shorter.
_BLOCK = _LINE * 1024
#: Characters of a line, and how many lines one call cuts: a call for each takes three times as long in all.
_ENCODED = 76
_CUTS = tuple((Struct(f"{_ENCODED}s" * count), count) for count in (1024, 64, 8, 1))
#: The longest line there may be, with its end but for the LF (RFC 5322 2.1.1).
_LONGEST = 999
_FROM = re.compile(rb"^From ", re.MULTILINE)
_AWAY = bytes(range(0x20, 0x7F)) + b"\t\r\n"


def transfer(text: bytes) -> tuple[bytes, bytes]:
    """The encoding that suits a text, and the text in it; its line ends become CRLF, and it ends with one."""
    ends = text.count(b"\r\n")
    if text.count(b"\n") != ends or text.count(b"\r") != ends:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if not text.endswith(b"\n"):
        text += b"\r\n"
    others = len(text.translate(None, _AWAY))
    if others * 6 > len(text):
        return b"base64", base64(text)
    if not others and not _is_mistaken(text) and max(map(len, text.split(b"\n"))) <= _LONGEST:
        return b"7bit", text
    # istext keeps CRLF as they are; the length of lines and blanks at their ends are the library's own care.
    written = binascii.b2a_qp(text, istext=True)
    if b"From " in written:
        written = _FROM.sub(b"=46rom ", written)
    return b"quoted-printable", written


def _is_mistaken(text: bytes) -> bool:
    """Whether a line would be taken for a delimiter, or for the beginning of another message in an mbox."""
    return b"\n--=_" in text or b"\nFrom " in text or text.startswith((b"--=_", b"From "))


def base64(data: bytes) -> bytes:
    """Lines of 76 characters, each with its end."""
    encoded = binascii.b2a_base64(data, newline=False)
    lines: list[bytes] = []
    at, left = 0, len(encoded) // _ENCODED
    for cut, count in _CUTS:
        while left >= count:
            lines += cut.unpack_from(encoded, at)
            at += count * _ENCODED
            left -= count
    if at < len(encoded):
        lines.append(encoded[at:])
    return b"\r\n".join([*lines, b""])


class Readable(Protocol):
    """What can be copied."""

    def read(self, size: int, /) -> bytes: ...


class Recoded:
    """Text in UTF-8, read in pieces from bytes in another encoding."""

    def __init__(self, source: BinaryIO, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int, /) -> bytes:
        """Some bytes, about ``size`` of the source; none at the end."""
        while piece := self._source.read(size):
            if text := self._decoder.decode(piece):
                return text.encode("utf-8", "replace")
        return self._decoder.decode(b"", final=True).encode("utf-8", "replace")


def copy_base64(source: Readable, out: BinaryIO) -> None:
    """All that ``source`` still holds, as :func:`base64`.  Raises what its reads raise, with whole lines written."""
    left = b""
    while piece := source.read(_BLOCK):
        piece = left + piece if left else piece
        whole = len(piece) - len(piece) % _LINE
        left = piece[whole:]
        out.write(base64(piece[:whole]))
    out.write(base64(left))

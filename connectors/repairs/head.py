"""A header block as its fields, each with its own bytes: what is not changed stays byte for byte.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from connectors.repairs.content_type import ContentType, content_type

#: The longest line that every server must take, without its line end (RFC 5322 2.1.1).
LINE_LIMIT = 998

_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_BLANKS = re.compile(rb"[ \t]+")
#: Messages within a message: their bodies begin with a header block.
_MESSAGES = frozenset({b"message/rfc822", b"message/global", b"message/news"})
#: Fields and nothing else: no part of them can be signed.
_NOTICES = frozenset({b"message/delivery-status", b"message/disposition-notification", b"message/feedback-report"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in lower case (empty where the line is none), and all its bytes with line ends."""

    name: bytes
    raw: bytes

    @property
    def value(self) -> bytes:
        """Unfolded, without blanks around it."""
        return b" ".join(self.raw.partition(b":")[2].split())


@dataclass(frozen=True)
class Head:
    """A header block.  ``end``: the empty line behind it, or nothing where the message ends before one."""

    fields: Sequence[Field]
    end: bytes
    #: What it is where no field says it: within ``multipart/digest`` a message (RFC 2046 5.1.5).
    default_type: bytes = b""

    @classmethod
    def of(cls, block: bytes, default_type: bytes = b"") -> Head:
        end = b"\r\n" if block == b"\r\n" or block.endswith(b"\r\n\r\n") else b""
        return cls(tuple(_fields(block[: len(block) - len(end)])), end, default_type)

    def block(self) -> bytes:
        return b"".join(field.raw for field in self.fields) + self.end

    @property
    def is_sound(self) -> bool:
        """Whether every line belongs to a field, so that all readers agree where the body begins."""
        return bool(self.end) and all(field.name for field in self.fields)

    @cached_property
    def content_type(self) -> ContentType:
        return content_type([field.raw.partition(b":")[2] for field in self.fields if field.name == b"content-type"])

    @property
    def media_type(self) -> bytes:
        """In lower case; empty where there is none."""
        return self.content_type.media_type or self.default_type

    @property
    def is_message(self) -> bool:
        """A message follows, as it is: a header block comes next."""
        return self.media_type in _MESSAGES and not self.encoding

    @property
    def is_sealed(self) -> bool:
        """What follows is signed or encrypted, or may hold what is in a place that nobody can be sure of."""
        if self.content_type.is_sealed:
            return True
        kind = self.media_type
        return kind.startswith(b"message/") and not self.is_message and kind not in _NOTICES

    @property
    def encoding(self) -> bytes:
        """The transfer encoding in lower case; empty where the bytes stand for themselves."""
        found = self.first(b"content-transfer-encoding").lower()
        return b"" if found in (b"7bit", b"8bit", b"binary") else found

    def has(self, name: bytes) -> bool:
        return any(field.name == name for field in self.fields)

    def first(self, name: bytes) -> bytes:
        return next((field.value for field in self.fields if field.name == name), b"")

    def with_encoding(self, encoding: bytes, *, of_message: bool) -> Head:
        """The same with another transfer encoding; that of a message says that it is MIME, too."""
        fields = [field for field in self.fields if field.name != b"content-transfer-encoding"]
        place = next((i for i, f in enumerate(self.fields) if f.name == b"content-transfer-encoding"), len(fields))
        fields.insert(place, new_field(b"Content-Transfer-Encoding", encoding))
        if of_message and not self.has(b"mime-version"):
            fields.append(new_field(b"MIME-Version", b"1.0"))
        return replace(self, fields=tuple(fields))

    def with_field(self, name: bytes, value: bytes) -> Head:
        """With one field more: the last one, or the first where the block is not sound."""
        field = new_field(name, value)
        return replace(self, fields=(*self.fields, field) if self.is_sound else (field, *self.fields))


def new_field(name: bytes, value: bytes) -> Field:
    return Field(name.lower(), name + b": " + value + b"\r\n")


def folded(raw: bytes) -> bytes:
    """The field with its too long lines folded at blanks: unfolded, it says the same (RFC 5322 2.2.3)."""
    lines = raw.split(b"\r\n")
    return b"\r\n".join(piece for line in lines for piece in _pieces(line))


def _pieces(line: bytes) -> Iterator[bytes]:
    """Broken before blanks, never so that a line holds nothing but blanks."""
    while len(line) > LINE_LIMIT:
        cut = 0
        for blanks in _BLANKS.finditer(line):
            if not line[: blanks.start()].strip() or blanks.end() == len(line):
                continue
            if cut and blanks.start() > LINE_LIMIT:
                break
            cut = blanks.start()
        if not cut:
            break
        yield line[:cut]
        line = line[cut:]
    yield line


def _fields(block: bytes) -> Iterator[Field]:
    name, lines = b"", bytearray()
    for line in _lines(block):
        if lines and line[:1] in (b" ", b"\t"):
            lines += line
            continue
        if lines:
            yield Field(name, bytes(lines))
        found = _NAME.match(line)
        name, lines = (found[1].lower() if found else b""), bytearray(line)
    if lines:
        yield Field(name, bytes(lines))


def _lines(block: bytes) -> Iterator[bytes]:
    """Lines as they travel: a bare carriage return ends none."""
    pieces = block.split(b"\r\n")
    yield from (piece + b"\r\n" for piece in pieces[:-1])
    if pieces[-1]:
        yield pieces[-1]

"""A header block as its fields, each with its own bytes: what is not changed stays byte for byte.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: The longest line that every server must take, without its line end (RFC 5322 2.1.1).
LINE_LIMIT = 998

_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_PARAMETER = re.compile(rb';[ \t\r\n]*boundary[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', re.IGNORECASE)
_BLANKS = re.compile(rb"[ \t]+")
#: Bytes matter in these, whoever may read them: they are signed, or encrypted.
_SEALED = frozenset(
    {
        b"multipart/signed",
        b"multipart/encrypted",
        b"application/pkcs7-mime",
        b"application/x-pkcs7-mime",
        b"application/pgp-encrypted",
    }
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in lower case (empty where the line is none), and all its bytes with line ends."""

    name: bytes
    raw: bytes

    @property
    def value(self) -> bytes:
        """Unfolded, without blanks around it."""
        return b" ".join(self.raw.partition(b":")[2].split())


@dataclass(frozen=True, slots=True)
class Head:
    """A header block.  ``end``: the empty line behind it, or nothing where the message ends before one."""

    fields: Sequence[Field]
    end: bytes

    @classmethod
    def of(cls, block: bytes) -> Head:
        end = b"\r\n" if block == b"\r\n" or block.endswith(b"\r\n\r\n") else b""
        return cls(tuple(_fields(block[: len(block) - len(end)])), end)

    def block(self) -> bytes:
        return b"".join(field.raw for field in self.fields) + self.end

    @property
    def is_sound(self) -> bool:
        """Whether every line belongs to a field, so that all readers agree where the body begins."""
        return bool(self.end) and all(field.name for field in self.fields)

    @property
    def media_type(self) -> bytes:
        """In lower case; empty where there is none."""
        return self.first(b"content-type").partition(b";")[0].strip().lower()

    @property
    def is_sealed(self) -> bool:
        return self.media_type in _SEALED

    @property
    def boundary(self) -> bytes | None:
        found = _PARAMETER.search(next((f.raw for f in self.fields if f.name == b"content-type"), b""))
        if found is None:
            return None
        quoted, plain = found.groups()
        return plain if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted)

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
        return Head(tuple(fields), self.end)

    def with_field(self, name: bytes, value: bytes) -> Head:
        """With one field more: the last one, or the first where the block is not sound."""
        field = new_field(name, value)
        return Head((*self.fields, field) if self.is_sound else (field, *self.fields), self.end)


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

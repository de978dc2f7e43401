"""Wire form and digests: what a message's bytes are, and how two of them are known to be the same.

Wire form is what travels: an mbox From_ line at the very start is taken off, bare line feeds become CRLF (RFC 5322
2.1), and nothing else is touched; bare carriage returns stay.

Three digests (sha256) of one message:

* *source*: the bytes as read; *wire*: the bytes as sent (the same when nothing had to change);
* *core*: the header fields that make a message what it is, unfolded, and the body.  It survives added Received lines;
* *header*: Message-ID, Date, From and Subject.  It survives a rewritten body and raw bytes that a server replaces one
  by one, and needs no body to be read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

from connectors.body import CHUNK, MemoryBody, SpooledBody
from connectors.contract import Body

_CORE_FIELDS = (
    b"from", b"sender", b"reply-to", b"to", b"cc", b"date", b"subject", b"message-id", b"in-reply-to", b"references",
    b"mime-version",
)  # fmt: skip
_HEADER_FIELDS = (b"message-id", b"date", b"from", b"subject")
_NAMES = frozenset(_CORE_FIELDS) | frozenset(_HEADER_FIELDS)
_CONTENT = b"content-"
#: The line feed comes first, so that the search looks for one byte: half the time of counting both kinds of line ends.
_BARE_LF = re.compile(rb"\n(?<!\r\n)")
#: Servers that take no raw 8-bit byte or NUL in a header write something else for it, X (Cyrus) or 0x80 (Dovecot):
#: a message that was in flight to one of them must still be known.
_MASKED = bytes(byte if 0 < byte < 0x80 else ord("X") for byte in range(256))
#: A field at the start of a line, with its folded continuation lines (RFC 5322 2.2.3).
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE)
#: A header longer than this is cut for digests: no real one is, and memory stays bounded for spooled bodies.
_HEADER_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of one message in wire form.  ``message_id`` with its angle brackets, None when there is none."""

    source: bytes
    wire: bytes
    core: bytes
    header: bytes
    message_id: str | None
    #: What the sender wrote as the date.
    date_field: bytes

    @property
    def date(self) -> datetime | None:
        """The sender's date, None when there is none that can be read."""
        try:
            date = parsedate_to_datetime(self.date_field.decode("ascii", "replace"))
        except (ValueError, TypeError, OverflowError):
            return None
        return date if date.tzinfo else date.replace(tzinfo=UTC)


def to_wire(body: Body, spool: Path) -> tuple[Body, Digests]:
    """The body in wire form with its digests; the given body is released when another takes its place."""
    if isinstance(body, MemoryBody):
        return _memory_to_wire(body)
    return _spooled_to_wire(body, spool)


def wire_bytes(data: bytes) -> bytes:
    """Wire form of a message that is in memory."""
    if data.startswith(b"From "):
        data = data[data.find(b"\n") + 1 :] if b"\n" in data else b""
    return _crlf(data)


def digest_bytes(data: bytes) -> Digests:
    """Digests of a message in wire form; ``source`` equals ``wire``."""
    wire = hashlib.sha256(data).digest()
    end = data.find(b"\r\n\r\n")
    found = _read_head(data if end < 0 else data[: end + 2])
    if end >= 0:
        found.core.update(memoryview(data)[end + 4 :])
    return Digests(wire, wire, found.core.digest(), found.header, found.message_id, found.date_field)


def header_digest(fields: bytes) -> bytes:
    """The header digest, from a header block or just the four fields that it needs."""
    return _header_digest(_fields(fields))


def _memory_to_wire(body: MemoryBody) -> tuple[Body, Digests]:
    data = body.data
    wire = wire_bytes(data)
    digests = digest_bytes(wire)
    if wire is data:
        return body, digests
    body.release()
    source = hashlib.sha256(data).digest()
    return MemoryBody(wire), Digests(
        source, digests.wire, digests.core, digests.header, digests.message_id, digests.date_field
    )


def _spooled_to_wire(body: Body, spool: Path) -> tuple[Body, Digests]:
    """One reading for the digests; a second file is written only when bytes have to change.

    As long as nothing has, source and wire are one digest.
    """
    wire = hashlib.sha256()
    source: hashlib._Hash | None = None
    buffer, head = bytearray(), None
    with body.open() as reader:
        for raw, piece in _wire_pieces(reader):
            if source is None and raw != piece:
                source = wire.copy()
            if source is not None:
                source.update(raw)
            wire.update(piece)
            if head is not None:
                head.core.update(piece)
                continue
            buffer += piece
            end = buffer.find(b"\r\n\r\n")
            if end >= 0:
                head = _read_head(bytes(buffer[: end + 2]))
                head.core.update(buffer[end + 4 :])
            elif len(buffer) > _HEADER_LIMIT:
                head = _read_head(bytes(buffer))
    if head is None:
        head = _read_head(bytes(buffer))
    as_sent = wire.digest()
    as_read = as_sent if source is None else source.digest()
    digests = Digests(as_read, as_sent, head.core.digest(), head.header, head.message_id, head.date_field)
    if source is None:
        return body, digests
    rewritten = SpooledBody(spool)
    try:
        with body.open() as reader:
            for _, piece in _wire_pieces(reader):
                rewritten.write(piece)
    except BaseException:
        rewritten.release()
        raise
    body.release()
    return rewritten, digests


def _wire_pieces(reader: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Pairs of (bytes as read, the same in wire form); pieces never split a CRLF."""
    first, held = True, b""
    while chunk := reader.read(CHUNK):
        chunk = held + chunk
        held = b""
        if chunk.endswith(b"\r"):
            chunk, held = chunk[:-1], b"\r"
        piece = wire_bytes(chunk) if first else _crlf(chunk)
        first = False
        yield chunk, piece
    if held:
        yield held, held


def _crlf(data: bytes) -> bytes:
    return _BARE_LF.sub(b"\r\n", data) if _BARE_LF.search(data) else data


def _fields(head: bytes) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for written, value in _FIELD.findall(head):
        name = written.lower()
        if name in _NAMES or name.startswith(_CONTENT):
            found.setdefault(name, []).append(b" ".join(value.split()))
    return found


def identifying(head: bytes) -> bytes:
    """The fields of a header block that the header digest needs, as they stand, with CRLF line ends."""
    fields = bytearray()
    wanted = False
    for line in wire_bytes(head).splitlines(keepends=True):
        if not line.startswith((b" ", b"\t")):
            wanted = line.partition(b":")[0].rstrip().lower() in _HEADER_FIELDS
        if wanted:
            fields += line
    return bytes(fields)


def _header_digest(fields: dict[bytes, list[bytes]]) -> bytes:
    lines = (name + b":" + fields[name][0].translate(_MASKED) if name in fields else name for name in _HEADER_FIELDS)
    return hashlib.sha256(b"\n".join(lines)).digest()


@dataclass(frozen=True, slots=True)
class _Head:
    #: The core digest, ready to take the body.
    core: hashlib._Hash
    header: bytes
    message_id: str | None
    date_field: bytes


def _read_head(head: bytes) -> _Head:
    fields = _fields(head)
    core = hashlib.sha256()
    content = sorted(name for name in fields if name.startswith(_CONTENT))
    for name in (*_CORE_FIELDS, *content):
        for value in fields.get(name, ()):
            core.update(name + b":" + value + b"\n")
    core.update(b"\n")
    message_id = fields.get(b"message-id", [b""])[0].decode("ascii", "replace") or None
    return _Head(core, _header_digest(fields), message_id, fields.get(b"date", [b""])[0])

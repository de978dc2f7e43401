"""One message as a server shows it now: where it lies, its date, size and flags, and digests of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from connectors.attachments import likeness
from connectors.body import CHUNK
from connectors.contract import Body, Entry, Reason
from connectors.wire import Digests, to_wire

FolderPath = tuple[str, ...]

#: Bytes kept of each digest: 128 bits tell any two messages of a mailbox apart, in half the memory.
_KEPT = 16


@dataclass(frozen=True, slots=True)
class Content:
    """Digests of one message in wire form, from strict to lenient."""

    wire: bytes
    #: The same but for line ends (bare or doubled at the end) and NUL bytes, which servers are known to change.
    even: bytes
    #: Identifying header fields and the body: survives header fields that a server adds.
    core: bytes
    #: Message-ID, Date, From and Subject: survives another body.
    header: bytes
    #: None when the message has no Message-ID.
    message_id: bytes | None
    #: Of a message of the source that was repaired on its way: the wire and the core of what was sent instead.
    sent: tuple[bytes, bytes] | None = None
    #: What rebuilt mail has in common with the same mail elsewhere; None where nobody asked for it.
    like: bytes | None = None
    #: What the sender wrote as the date, in whole seconds since 1970; None when that cannot be read.
    sent_at: int | None = None

    def is_of(self, wire: bytes) -> bool:
        """Whether these are the bytes of a whole wire digest."""
        return self.wire == wire[:_KEPT]

    def repaired(self, original: bytes, wire: bytes, core: bytes) -> Content:
        """With what was sent instead, if this is the original that was repaired.  Takes whole digests."""
        return replace(self, sent=(wire[:_KEPT], core[:_KEPT])) if self.is_of(original) else self


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on one side."""

    folder: FolderPath
    key: str
    #: When it was received, in whole seconds since 1970; None when the server does not say.
    second: int | None
    #: In bytes, as listed.
    size: int | None
    #: As the server writes them; None when it does not say.
    flags: frozenset[str] | None
    #: None when it was not read, or could not be.
    content: Content | None = None
    #: Why it could not be read.
    unread: Reason | None = None

    @property
    def folded(self) -> frozenset[str] | None:
        """Flags as servers compare them: the case does not count."""
        return None if self.flags is None else frozenset(flag.casefold() for flag in self.flags)


def as_listed(folder: FolderPath, entry: Entry) -> Shown:
    """A message of a listing, not read."""
    second = None if entry.received is None else int(entry.received.timestamp())
    return Shown(folder, entry.key, second, entry.size, entry.flags)


def digest(body: Body, spool: Path, *, like: bool = False) -> Content:
    """Digests of a message as read, with its likeness or without; its bytes are released."""
    try:
        body, digests = to_wire(body, spool)
        found = likeness(body, digests) if like else None
        return replace(_content(digests, _even(body)), like=found and found[:_KEPT])
    finally:
        body.release()


def _content(digests: Digests, even: bytes) -> Content:
    name = digests.message_id
    return Content(
        digests.wire[:_KEPT],
        even[:_KEPT],
        digests.core[:_KEPT],
        digests.header[:_KEPT],
        None if name is None else hashlib.sha256(name.encode("utf-8", "replace")).digest()[:_KEPT],
        sent_at=_second(digests.date),
    )


def _second(date: datetime | None) -> int | None:
    try:
        return None if date is None else int(date.timestamp())
    except (OverflowError, ValueError, OSError):
        return None


def _even(body: Body) -> bytes:
    """A digest that line ends, a line end more or less at the very end, and NUL bytes leave as it is.

    Courier adds a line end where the last line has none; Dovecot writes 0x80 for NUL.
    """
    found = hashlib.sha256()
    with body.open() as reader:
        for piece in _without_last_line_ends(reader):
            found.update(piece.replace(b"\r\n", b"\n").replace(b"\0", b"\x80"))
    return found.digest()


def _without_last_line_ends(reader: BinaryIO) -> Iterator[bytes]:
    held = b""
    while chunk := reader.read(CHUNK):
        chunk = held + chunk
        piece = chunk.rstrip(b"\r\n")
        held = chunk[len(piece) :]
        if piece:
            yield piece

"""What is attached to a message, by content: a digest that holds whoever puts the same message together anew.

A mail program that keeps a message in pieces (Outlook) hands it out with other bytes than the server's: other
boundaries, another encoding, the body's parts in another order.  What it does not touch is what is attached.  Told
apart (RFC 2045, 2046, 2183): a *body* is plain text, HTML or a calendar without a name and without the word
``attachment``; every other part is attached.  Of an attached message count its identifying fields and what is attached
to it.  The order does not count, the number does.

The message is gone through in pieces; none of it is kept.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from connectors.body import CHUNK
from connectors.contract import Body
from connectors.wire import Digests, header_digest

#: How the Message-ID ends that rebuilt mail is given which has none (connectors/mapi/made.py).
MADE_ID = "@bascule.invalid>"
#: A header, or a line of boundaries, longer than this is cut: no real one is.
_HEADER_LIMIT = 1 << 20
_LINE_LIMIT = 1 << 10
#: What lies deeper is taken for one thing.
_DEPTH = 40
_BODIES = frozenset({b"text/plain", b"text/html", b"text/enriched", b"text/calendar"})
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE)
_PARAMETER = re.compile(rb';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))')
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


def attachments_digest(reader: BinaryIO) -> bytes:
    """sha256 over the digests of all that is attached to a message in wire form, from its first byte on."""
    leaves = _entity(_Scanner(reader), (), 0).leaves
    return hashlib.sha256(b"".join(sorted(leaves))).digest()


def likeness(body: Body, digests: Digests) -> bytes | None:
    """What a message in wire form has in common with its like in an archive whose mail is rebuilt.

    sha256 over the header digest and what is attached; None for a message without a Message-ID, or with one that was
    made when the message was rebuilt: nobody else has it.
    """
    if digests.message_id is None or digests.message_id.endswith(MADE_ID):
        return None
    with body.open() as reader:
        return hashlib.sha256(digests.header + attachments_digest(reader)).digest()


@dataclass(frozen=True, slots=True)
class _Entity:
    leaves: list[bytes]
    #: Which of the boundaries around it ended it, None for the end of the message; whether it was the last of its kind.
    ended_by: int | None
    closing: bool = False


@dataclass(frozen=True, slots=True)
class _Head:
    kind: bytes
    boundary: bytes
    encoding: bytes
    named: bool
    #: The whole, for who needs its identifying fields.
    fields: bytes

    @property
    def is_body(self) -> bool:
        return self.kind in _BODIES and not self.named


def _entity(scanner: _Scanner, around: tuple[bytes, ...], depth: int) -> _Entity:
    raw, ended = scanner.head(around)
    if ended is not None:
        return _Entity([], *ended)
    head = _read_head(raw)
    if head.kind.startswith(b"multipart/") and head.boundary and depth < _DEPTH:
        return _multipart(scanner, head, around, depth)
    if head.kind in (b"message/rfc822", b"message/global") and head.encoding not in _ENCODED and depth < _DEPTH:
        inner_head, ended = scanner.head(around, take=False)
        inner = _Entity([], *ended) if ended is not None else _entity(scanner, around, depth + 1)
        whole = hashlib.sha256(header_digest(inner_head) + b"".join(sorted(inner.leaves))).digest()
        return _Entity([whole], inner.ended_by, inner.closing)
    return _leaf(scanner, head, around)


def _multipart(scanner: _Scanner, head: _Head, around: tuple[bytes, ...], depth: int) -> _Entity:
    inside = (*around, head.boundary)
    mine = len(around)
    leaves: list[bytes] = []
    ended_by, closing = scanner.skip(inside)
    while ended_by == mine and not closing:
        part = _entity(scanner, inside, depth + 1)
        leaves += part.leaves
        ended_by, closing = part.ended_by, part.closing
    if ended_by == mine:
        ended_by, closing = scanner.skip(around)
    return _Entity(leaves, ended_by, closing)


def _leaf(scanner: _Scanner, head: _Head, around: tuple[bytes, ...]) -> _Entity:
    if head.is_body:
        return _Entity([], *scanner.skip(around))
    decoder = _ENCODED.get(head.encoding, _Plain)()
    content = _Even() if head.kind.startswith(b"text/") else _Exact()
    pieces = scanner.content(around)
    for piece in pieces:
        content.update(decoder.decode(piece))
    content.update(decoder.rest())
    return _Entity([content.digest()], *scanner.ended)


class _Scanner:
    """A message's bytes, cut at header ends and boundaries."""

    def __init__(self, reader: BinaryIO) -> None:
        self._reader = reader
        self._held = b""
        self._over = False
        #: What ended the last content: which boundary, and whether it closes its multipart.
        self.ended: tuple[int | None, bool] = (None, False)

    def head(self, around: tuple[bytes, ...], *, take: bool = True) -> tuple[bytes, tuple[int | None, bool] | None]:
        """A header block without the empty line behind it, and what ended it early.  ``take`` False leaves it there."""
        place = 0
        while True:
            end = self._held.find(b"\n", place)
            while end < 0 and not self._over and len(self._held) < _HEADER_LIMIT:
                self._fill()
                end = self._held.find(b"\n", place)
            if end < 0 or end > _HEADER_LIMIT:
                return self._given(len(self._held) if end < 0 else place, take), None
            line = self._held[place : end + 1]
            if not line.strip(b"\r\n"):
                head = self._held[:place]
                if take:
                    self._held = self._held[end + 1 :]
                return head, None
            hit = _boundary(line, around)
            if hit is not None:
                head = self._held[:place]
                if take:
                    self._held = self._held[end + 1 :]
                return head, hit
            place = end + 1

    def skip(self, around: tuple[bytes, ...]) -> tuple[int | None, bool]:
        """Go on to the next of these boundaries, or to the end."""
        for _piece in self.content(around):
            pass
        return self.ended

    def content(self, around: tuple[bytes, ...]) -> Iterator[bytes]:
        """The bytes up to the next of these boundaries, without the line end that belongs to it (RFC 2046 5.1.1)."""
        self.ended = (None, False)
        if not around:
            yield self._held
            self._held = b""
            while piece := self._reader.read(CHUNK):
                yield piece
            return
        # An empty content: the boundary's line comes at once.
        place = 0 if self._look(2).startswith(b"--") else self._next(0)
        while True:
            if place < 0:
                yield from self._all_but(3)
                if self._over:
                    yield self._held
                    self._held = b""
                    return
                self._fill()
                place = self._next(0)
                continue
            end = self._held.find(b"\n", place)
            if end < 0 and not self._over and len(self._held) - place < _LINE_LIMIT:
                self._fill()
                continue
            line = self._held[place : end + 1 if end >= 0 else place + _LINE_LIMIT]
            hit = _boundary(line[:_LINE_LIMIT], around)
            if hit is None:
                place = self._next(place)
                continue
            before = self._held[: max(0, place - 1)]
            yield before[:-1] if before.endswith(b"\r") else before
            self._held = self._held[place + len(line) :]
            self.ended = hit
            return

    def _next(self, after: int) -> int:
        """Where the next line begins that may be a boundary; negative when none is held."""
        found = self._held.find(b"\n--", after)
        return found if found < 0 else found + 1

    def _look(self, count: int) -> bytes:
        while len(self._held) < count and not self._over:
            self._fill()
        return self._held

    def _all_but(self, count: int) -> Iterator[bytes]:
        if len(self._held) > count:
            yield self._held[:-count]
            self._held = self._held[-count:]

    def _given(self, count: int, take: bool) -> bytes:
        head = self._held[:count]
        if take:
            self._held = self._held[count:]
        return head

    def _fill(self) -> None:
        piece = self._reader.read(CHUNK)
        self._over = not piece
        self._held += piece


def _boundary(line: bytes, around: tuple[bytes, ...]) -> tuple[int, bool] | None:
    """Which boundary a line is, the innermost first, and whether it closes."""
    if not line.startswith(b"--"):
        return None
    said = line[2:].rstrip(b" \t\r\n")
    for number in range(len(around) - 1, -1, -1):
        if said == around[number]:
            return number, False
        if said == around[number] + b"--":
            return number, True
    return None


def _read_head(raw: bytes) -> _Head:
    fields: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(raw):
        fields.setdefault(name.lower(), b" ".join(value.split()))
    written = fields.get(b"content-type", b"text/plain")
    kind = written.partition(b";")[0].strip().lower()
    parameters = _parameters(written)
    disposition = fields.get(b"content-disposition", b"")
    named = disposition.lower().startswith(b"attachment") or any(
        name.partition(b"*")[0] in (b"name", b"filename") for name in (*parameters, *_parameters(disposition))
    )
    encoding = fields.get(b"content-transfer-encoding", b"").strip().lower()
    return _Head(kind, parameters.get(b"boundary", b""), encoding, named, raw)


def _parameters(value: bytes) -> dict[bytes, bytes]:
    return {
        name.lower(): re.sub(rb"\\(.)", rb"\1", quoted) if quoted else plain
        for name, quoted, plain in _PARAMETER.findall(value)
    }


class _Decoder(Protocol):
    def decode(self, piece: bytes) -> bytes: ...
    def rest(self) -> bytes:
        """What was held back for what might follow."""


class _Plain:
    def decode(self, piece: bytes) -> bytes:
        return piece

    def rest(self) -> bytes:
        return b""


class _Base64:
    """Four signs at a time; whatever is no sign of the alphabet is passed over (RFC 2045 6.8)."""

    def __init__(self) -> None:
        self._held = b""

    def decode(self, piece: bytes) -> bytes:
        signs = self._held + piece.translate(None, _NOT_BASE64)
        whole = len(signs) - len(signs) % 4
        self._held = signs[whole:]
        return _from_base64(signs[:whole])

    def rest(self) -> bytes:
        return _from_base64(self._held + b"=" * (-len(self._held) % 4))


def _from_base64(signs: bytes) -> bytes:
    try:
        return binascii.a2b_base64(signs)
    except binascii.Error:
        return signs  # broken the same way wherever it is


class _QuotedPrintable:
    """Line by line; an escape is never cut."""

    def __init__(self) -> None:
        self._held = b""

    def decode(self, piece: bytes) -> bytes:
        data = self._held + piece
        end = data.rfind(b"\n") + 1
        if not end and len(data) > CHUNK:
            end = len(data) - 3 if b"=" in data[-3:] else len(data)
        self._held = data[end:]
        return binascii.a2b_qp(data[:end])

    def rest(self) -> bytes:
        return binascii.a2b_qp(self._held)


_ENCODED: dict[bytes, type[_Base64] | type[_QuotedPrintable]] = {
    b"base64": _Base64,
    b"quoted-printable": _QuotedPrintable,
}


class _Exact:
    """A digest of bytes as they are."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def update(self, data: bytes) -> None:
        self._digest.update(data)

    def digest(self) -> bytes:
        return self._digest.digest()


class _Even(_Exact):
    """A digest of text that its line ends, and the number of them at the very end, leave as it is."""

    def __init__(self) -> None:
        super().__init__()
        self._held = b""

    def update(self, data: bytes) -> None:
        text = self._held + data.replace(b"\r", b"")
        kept = text.rstrip(b"\n")
        self._held = text[len(kept) :]
        super().update(kept)

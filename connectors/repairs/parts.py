"""Walking a message in wire form: header blocks, bodies of single parts, and what lies between.  Memory is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from connectors.repairs.head import Head

#: A line longer than this comes in pieces.
_PIECE = 1 << 16
#: A header block longer than this, or more parts than these, are no mail that anybody wrote.
_HEAD_LIMIT = 1 << 20
_PARTS_LIMIT = 10_000


class Unwalkable(Exception):
    """The message is no mail that could be repaired: its header has no end, or its parts are too many."""


@dataclass(frozen=True, slots=True)
class Block:
    """A header block.  ``number`` counts parts from 0, the message itself; ``body`` pieces carry the same number."""

    number: int
    head: Head
    #: Of a message, not of a part: the outermost, or one that is attached.
    of_message: bool
    #: It lies inside what is signed or encrypted.
    inside_sealed: bool

    @property
    def is_sealed(self) -> bool:
        """Its body must not be touched."""
        return self.inside_sealed or self.head.is_sealed


@dataclass(frozen=True, slots=True)
class Piece:
    """A line with its line end, or a piece of one that is very long."""

    #: The part whose body it belongs to; None for boundaries and what stands around parts.
    number: int | None
    data: bytes
    starts: bool
    ends: bool
    sealed: bool


@dataclass(frozen=True, slots=True)
class _Open:
    """A multipart whose end has not come."""

    boundary: bytes
    sealed: bool
    #: What its parts are that do not say it.
    default_type: bytes


class _Walk:
    """Where in the structure a walk is."""

    def __init__(self) -> None:
        self.open: list[_Open] = []
        self.count = 0
        self.head: bytearray | None = bytearray()
        self.of_message = True
        self.default_type = b""
        #: The part whose body follows, and whether what follows is sealed.
        self.number: int | None = None
        self.sealed = False

    def begin(self, *, of_message: bool, sealed: bool, default_type: bytes = b"") -> None:
        self.head, self.of_message, self.sealed, self.number = bytearray(), of_message, sealed, None
        self.default_type = default_type

    def close_head(self) -> Block:
        """The header block is complete: what follows depends on what it says."""
        assert self.head is not None
        head = Head.of(bytes(self.head), self.default_type)
        block = Block(self.count, head, self.of_message, self.sealed)
        self.count += 1
        if self.count > _PARTS_LIMIT:
            raise Unwalkable
        self.head, self.sealed = None, block.is_sealed
        boundary = head.content_type.boundary
        if boundary:
            default_type = b"message/rfc822" if head.media_type == b"multipart/digest" else b""
            self.open.append(_Open(boundary, block.is_sealed, default_type))
            self.number = None
        elif head.is_message:
            self.begin(of_message=True, sealed=block.is_sealed)
        else:
            self.number = block.number
        return block

    def boundary(self, line: bytes) -> tuple[int, bool] | None:
        """Which open multipart the line is a boundary of, and whether it is its last."""
        if not line.startswith(b"--"):
            return None
        text = line.rstrip(b" \t\r\n")[2:]
        for depth in range(len(self.open) - 1, -1, -1):
            name = self.open[depth].boundary
            if text in (name, name + b"--"):
                return depth, text != name
        return None

    def pass_boundary(self, depth: int, *, last: bool) -> None:
        if last:
            del self.open[depth:]
            self.head, self.number = None, None
            self.sealed = self.open[-1].sealed if self.open else False
        else:
            del self.open[depth + 1 :]
            multipart = self.open[depth]
            self.begin(of_message=False, sealed=multipart.sealed, default_type=multipart.default_type)


def walk(reader: BinaryIO) -> Iterator[Block | Piece]:
    """The message in order; the bytes of all blocks and pieces are its bytes.  Raises Unwalkable."""
    at = _Walk()
    starts = True
    for data in _lines(reader):
        ends = data.endswith(b"\n")
        boundary = at.boundary(data) if starts and at.open else None
        if boundary is not None:
            depth, last = boundary
            sealed = at.open[depth].sealed
            if at.head:
                yield at.close_head()  # a header that has no end
            at.pass_boundary(depth, last=last)
            yield Piece(None, data, starts, ends, sealed)
        elif at.head is None:
            yield Piece(at.number, data, starts, ends, at.sealed)
        else:
            at.head += data
            if len(at.head) > _HEAD_LIMIT:
                raise Unwalkable
            if starts and data == b"\r\n":
                yield at.close_head()
        starts = ends
    if at.head:
        yield at.close_head()


def _lines(reader: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends; a line end is never cut in two."""
    while line := reader.readline(_PIECE):
        if line.endswith(b"\r"):
            line += reader.readline(1)
        yield line

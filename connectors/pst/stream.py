"""A long value as a file that is read in pieces."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.pst.blocks import Blocks

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class DataStream(io.RawIOBase):
    """Reads one data block after the other, never more than what is asked for and one block.

    A block that cannot be read raises Damaged when the reading comes to it, after all that lies before it was given;
    so does a list of blocks that ends too early.
    """

    def __init__(self, blocks: Blocks, identifier: int) -> None:
        self._pieces: Iterator[bytes] = blocks.pieces(identifier)
        self._identifier = identifier
        self._left = blocks.size(identifier)
        self._rest = b""
        self._damage: Damaged | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """``size`` bytes, fewer only at the end and before damage."""
        pieces = []
        wanted = -1 if size is None else size
        held = 0
        rest = self._rest
        while wanted < 0 or held < wanted:
            if not rest:
                try:
                    rest = self._next()
                except Damaged:
                    if wanted < 0 or not held:
                        raise
                if not rest:
                    break
            pieces.append(rest)
            held += len(rest)
            rest = b""
        if 0 <= wanted < held:
            last = pieces[-1]
            keep = len(last) - (held - wanted)
            rest = last[keep:]
            pieces[-1] = last[:keep]
        self._rest = rest
        return b"".join(pieces)

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _next(self) -> bytes:
        """The next block, nothing at the end.  Raises Damaged, and the same again whenever it is asked."""
        if self._damage is not None:
            raise self._damage
        try:
            piece = next(filter(None, self._pieces), b"")
        except Damaged as damaged:
            self._damage = damaged
            raise
        # A list that leads to more than it says would go on for ever; with less, something is missing.
        if len(piece) > self._left or (not piece and self._left):
            what = _("The list of blocks {block:x} is damaged.")
            self._damage = Damaged("block", what.format(block=self._identifier))
            raise self._damage
        self._left -= len(piece)
        return piece

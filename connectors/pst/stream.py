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

    A block that cannot be read raises Damaged when the reading comes to it.
    """

    def __init__(self, blocks: Blocks, identifier: int) -> None:
        self._pieces: Iterator[bytes] = blocks.pieces(identifier)
        self._identifier = identifier
        self._left = blocks.size(identifier)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """``size`` bytes, fewer only at the end."""
        pieces = []
        wanted = -1 if size is None else size
        held = 0
        rest = self._rest
        while wanted < 0 or held < wanted:
            if not rest:
                rest = self._next()
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
        for piece in self._pieces:
            if not piece:
                continue
            # A list that leads to more than it says would go on for ever.
            if len(piece) > self._left:
                raise Damaged("block", _("The list of blocks {block:x} is damaged.").format(block=self._identifier))
            self._left -= len(piece)
            return piece
        return b""

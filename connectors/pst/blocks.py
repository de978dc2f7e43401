"""Blocks and what is put together of them: long data and lists of subnodes ([MS-PST] 2.2.2.8)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from struct import unpack_from

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.pst.disk import Disk
from connectors.pst.encoding import checksum, decode
from connectors.pst.layout import Layout
from connectors.pst.problems import Problems

#: Finds a block: an entry of ``Layout.block_entry``, or None.
Locate = Callable[[int], tuple[int, ...] | None]

#: Set in the identifiers of blocks that hold no data but the identifiers of others.
INTERNAL = 0x02
#: Bytes of neighbouring blocks that are read together.
_AHEAD = 128 << 10
_DATA_LIST, _SUBNODE_LIST = 0x01, 0x02


class Blocks:
    """Reads blocks by their identifiers."""

    def __init__(self, disk: Disk, layout: Layout, method: int, locate: Locate, problems: Problems) -> None:
        self._disk = disk
        self.layout = layout
        self._method = method
        self._locate = locate
        self._problems = problems
        self._trailer = layout.block_trailer
        self._tail = layout.block_trailer.size
        #: What one value can hold at most: no block belongs to it twice.  Compression gains up to 1:1032.
        self._most = disk.size * (1040 if layout.compresses else 1)

    def read(self, identifier: int) -> bytes:
        """The plain bytes of one block.

        A block whose checksum does not fit is told and read all the same: as a rule a few of its bytes are wrong.
        Raises Damaged when it is not there or another one took its place.
        """
        identifier &= ~1
        entry, whole = self._place(identifier)
        return self._plain(identifier, entry, self._disk.read(entry[1], whole), 0, whole)

    def _place(self, identifier: int) -> tuple[tuple[int, ...], int]:
        """Where a block is, and its bytes with trailer and padding.  Raises Damaged."""
        entry = self._locate(identifier)
        if entry is None:
            raise Damaged("block", _("Block {block:x} is not in the file.").format(block=identifier))
        align = self.layout.align
        return entry, (entry[2] + self._tail + align - 1) // align * align

    def _plain(self, identifier: int, entry: tuple[int, ...], data: bytes, at: int, whole: int) -> bytes:
        """The plain bytes of a block that begins ``at`` a place in ``data``."""
        offset, size = entry[1], entry[2]
        if len(data) < at + whole:
            message = _("The file ends before block {block:x} at byte {offset}.")
            raise Damaged("truncated", message.format(block=identifier, offset=offset))
        trailer = self._trailer.unpack_from(data, at + whole - self._tail)
        told, own = (trailer[2], trailer[3]) if self.layout.crc_first else (trailer[3], trailer[2])
        body = data[at : at + size]
        if own & ~1 != identifier:
            message = _("Block {block:x} at byte {offset} is overwritten.").format(block=identifier, offset=offset)
            raise Damaged("block", message)
        if checksum(body) != told:
            message = _("The checksum of block {block:x} at byte {offset} does not fit: some bytes of it are wrong.")
            self._problems.add("checksum", message.format(block=identifier, offset=offset))
        if self.layout.compresses:
            plain = max(trailer[5], entry[3] if len(entry) > 3 else 0)
            body = self._inflated(body, plain, identifier) if plain > size else body
        if identifier & INTERNAL or not self._method:
            return body
        return decode(body, self._method, identifier & 0xFFFFFFFF)

    def pieces(self, identifier: int) -> Iterator[bytes]:
        """What is stored under an identifier, block by block.  Raises Damaged when it comes to what is missing.

        Blocks that lie behind each other, as those of an attachment mostly do, are read from the disk together.
        """
        waiting: list[tuple[int, tuple[int, ...], int]] = []
        held = 0
        for part in self.parts(identifier):
            try:
                entry, whole = self._place(part & ~1)
            except Damaged:
                yield from self._together(waiting, held)
                raise
            if waiting and (held + whole > _AHEAD or entry[1] != waiting[0][1][1] + held):
                yield from self._together(waiting, held)
                waiting, held = [], 0
            waiting.append((part & ~1, entry, whole))
            held += whole
        yield from self._together(waiting, held)

    def _together(self, blocks: list[tuple[int, tuple[int, ...], int]], size: int) -> Iterator[bytes]:
        data = self._disk.read(blocks[0][1][1], size) if blocks else b""
        at = 0
        for identifier, entry, whole in blocks:
            yield self._plain(identifier, entry, data, at, whole)
            at += whole

    def begins(self, entry: tuple[int, ...], size: int) -> bytes:
        """The first plain bytes of a data block; its checksum is not looked at.  Raises Damaged."""
        if self.layout.compresses:
            return self.read(entry[0])[:size]
        return decode(self._disk.read(entry[1], size), self._method, entry[0] & 0xFFFFFFFF)

    def _inflated(self, body: bytes, size: int, identifier: int) -> bytes:
        try:
            plain = zlib.decompressobj().decompress(body, self.layout.largest)
        except zlib.error:
            plain = b""
        if len(plain) != size:
            raise Damaged("block", _("Block {block:x} cannot be decompressed.").format(block=identifier))
        return plain

    def data(self, identifier: int) -> bytes:
        """All of what is stored under an identifier.  Raises Damaged when a part of it is missing."""
        if not identifier & INTERNAL:
            return self.read(identifier) if identifier > 1 else b""
        found = []
        total = 0
        for piece in self.pieces(identifier):
            total += len(piece)
            if total > self._most:
                raise self._circular(identifier)
            found.append(piece)
        return b"".join(found)

    def size(self, identifier: int) -> int:
        """How many bytes are stored under an identifier, without reading them."""
        if identifier & INTERNAL:
            data = self.read(identifier)
            return int(unpack_from("<I", data, 4)[0]) if len(data) >= 8 else 0
        if identifier <= 1:
            return 0
        entry = self._locate(identifier & ~1)
        if entry is None:
            return 0
        # What was compressed tells its size in the block alone.
        return len(self.read(identifier)) if self.layout.compresses else entry[2]

    def parts(self, identifier: int) -> Iterator[int]:
        """Identifiers of the data blocks that make up what is stored under one, in their order (2.2.2.8.3.2)."""
        if not identifier & INTERNAL:
            if identifier > 1:
                yield identifier
            return
        budget = self._disk.size // self.layout.align + 1
        level, below = self._list(identifier)
        for one in below:
            if level == 1:
                yield one
                continue
            lower, parts = self._list(one)
            budget -= len(parts)
            if lower != 1 or budget < 0:
                raise self._circular(identifier)
            yield from parts

    def _list(self, identifier: int) -> tuple[int, tuple[int, ...]]:
        """Level and contents of a list of data blocks.  Raises Damaged."""
        data = self.read(identifier)
        if len(data) >= 8 and data[0] == _DATA_LIST and identifier & INTERNAL:
            count: int = unpack_from("<H", data, 2)[0]
            level = data[1]
            if level in (1, 2) and 8 + count * (8 if self.layout.identifier == "Q" else 4) <= len(data):
                found: tuple[int, ...] = unpack_from(f"<{count}{self.layout.identifier}", data, 8)
                inner = INTERNAL if level == 2 else 0
                if len(set(found)) == count and all(one & INTERNAL == inner for one in found):
                    return level, found
        raise self._circular(identifier)

    def _circular(self, identifier: int) -> Damaged:
        return Damaged("block", _("The list of blocks {block:x} is damaged.").format(block=identifier))

    def subnodes(self, identifier: int) -> tuple[int, dict[int, tuple[int, ...]]]:
        """Level and entries of a subnode block by their node: (node, data, subnodes) in a leaf, (node, block) above."""
        data = self.read(identifier)
        layout = self.layout
        if len(data) >= layout.subnodes_at and data[0] == _SUBNODE_LIST and data[1] <= 1 and identifier & INTERNAL:
            count: int = unpack_from("<H", data, 2)[0]
            entry = layout.subnode_branch if data[1] else layout.subnode
            end = layout.subnodes_at + count * entry.size
            if end <= len(data):
                rows = entry.iter_unpack(memoryview(data)[layout.subnodes_at : end])
                return data[1], {row[0] & 0xFFFFFFFF: row for row in rows}
        raise Damaged("block", _("The list of subnodes {block:x} is damaged.").format(block=identifier))

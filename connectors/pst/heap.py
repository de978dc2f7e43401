"""Heaps within nodes, and the small B-trees that lie in them ([MS-PST] 2.3.1 and 2.3.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from struct import unpack_from

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.pst.blocks import INTERNAL, Blocks

_SIGNATURE = 0xEC
#: What a heap holds ([MS-PST] 2.3.1.2): a table, or properties.
TABLE, PROPERTIES = 0x7C, 0xBC
_BTREE = 0xB5
#: Pages of a heap of many blocks that are kept at hand.
_KEPT = 32
_HIGHEST = 8


class Heap:
    """The heap in the data of a node.  Everything raises Damaged when the heap cannot be read."""

    __slots__ = ("_blocks", "_pages", "_parts", "_shift", "holds", "root")

    def __init__(self, blocks: Blocks, identifier: int) -> None:
        self._blocks = blocks
        self._shift = blocks.layout.heap_shift
        self._parts = [identifier] if not identifier & INTERNAL else list(blocks.parts(identifier))
        self._pages: dict[int, tuple[bytes, tuple[int, ...]]] = {}
        data = self._page(0)[0]
        if len(data) < 12 or data[2] != _SIGNATURE:
            raise Damaged("heap", _("The properties in block {block:x} are damaged.").format(block=identifier))
        #: :data:`TABLE`, :data:`PROPERTIES`, or what is none of ours.
        self.holds: int = data[3]
        self.root: int = unpack_from("<I", data, 4)[0]

    def get(self, place: int) -> bytes:
        """The bytes that lie there; none for 0, which stands for nothing."""
        if not place:
            return b""
        shift = self._shift
        page = self._pages.get(place >> shift) or self._page(place >> shift)
        index = (place & ((1 << shift) - 1)) >> 5
        offsets = page[1]
        if not 0 < index < len(offsets):
            raise self._missing()
        return page[0][offsets[index - 1] : offsets[index]]

    def _page(self, number: int) -> tuple[bytes, tuple[int, ...]]:
        if number >= len(self._parts):
            raise self._missing()
        data = self._blocks.read(self._parts[number])
        try:
            at: int = unpack_from("<H", data)[0]
            count: int = unpack_from("<H", data, at)[0]
            page = data, unpack_from(f"<{count + 1}H", data, at + 4)
        except struct.error:
            raise self._missing() from None
        if len(self._pages) >= _KEPT:
            del self._pages[next(iter(self._pages))]
        self._pages[number] = page
        return page

    def _missing(self) -> Damaged:
        block = self._parts[0] if self._parts else 0
        return Damaged("heap", _("A part of the properties in block {block:x} is missing.").format(block=block))

    def leaves(self, place: int, key: int, data: int) -> Iterator[bytes]:
        """The leaves of the B-tree whose header lies there; its keys and data must be that long."""
        header = self.get(place)
        if len(header) < 8 or header[0] != _BTREE or header[1] != key or header[2] != data:
            raise self._missing()
        level = header[3]
        root: int = unpack_from("<I", header, 4)[0]
        if level > _HIGHEST:
            raise self._missing()
        if not level:
            leaf = self.get(root)
            yield leaf if len(leaf) % (key + data) == 0 else leaf[: -(len(leaf) % (key + data))]
            return
        # Every record lies in the heap, so more of them than its bytes hold means a tree that leads in circles.
        budget = len(self._parts) * self._blocks.layout.largest
        stack = [(root, level)]
        while stack:
            where, height = stack.pop()
            page = self.get(where)
            budget -= max(len(page), 1)
            if budget < 0:
                raise self._missing()
            if height:
                size = key + 4
                below = [unpack_from("<I", page, at + key)[0] for at in range(0, len(page) - size + 1, size)]
                stack.extend((one, height - 1) for one in reversed(below))
                continue
            yield page if len(page) % (key + data) == 0 else page[: -(len(page) % (key + data))]

"""Indexes of a damaged file, from what a search of all of it finds.

Every page of a B-tree and every block ends with a trailer that names it and holds a checksum, and both begin at known
multiples ([MS-PST] 2.2.2.7.1 and 2.2.2.8.1).  Leaves of the node tree tell which blocks an item has; blocks are found
by themselves, so no page of the block tree is needed.  Where something is told twice, the newest page counts whose
blocks are still there: Outlook writes pages and blocks anew at other places and leaves the old ones until it needs
room.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from struct import Struct, unpack_from

from connectors.archives.contract import Damaged
from connectors.language import plural
from connectors.pst.blocks import INTERNAL, Blocks
from connectors.pst.btree import Entry, page_entries, parse_page
from connectors.pst.disk import Disk
from connectors.pst.encoding import CYCLIC, NONE, PERMUTE, checksum, decode
from connectors.pst.header import MAGIC
from connectors.pst.layout import BLOCK_PAGE, LAYOUTS, NODE_PAGE, Layout, layout_of, signature
from connectors.pst.problems import Problems

#: Bytes looked at in one go; a block may begin in the one before.
_PIECE = 4 << 20
#: Bytes by which the shape of a file with a wrecked header is told.
_SAMPLE = 32 << 20
#: Blocks by which the disguise of a file with a wrecked header is told.
_TASTED = 500
_SHORTEST_HEAP = 12
_HEAP_MARKS = (b"\xec\x7c", b"\xec\xbc")


class BlockIndex:
    """Blocks found by their trailers, and those that only a page of the block tree tells of."""

    def __init__(self) -> None:
        self.identifiers = array("Q")
        self._offsets = array("Q")
        self._sizes = array("H")
        self._told: dict[int, Entry] = {}

    def add(self, identifier: int, offset: int, size: int) -> None:
        self.identifiers.append(identifier)
        self._offsets.append(offset)
        self._sizes.append(size)

    def settle(self, told: Iterator[Entry]) -> None:
        """Put what was added in order, then take from pages what was not found: its checksum may not fit."""
        order = sorted(range(len(self.identifiers)), key=self.identifiers.__getitem__)
        self._offsets = array("Q", (self._offsets[at] for at in order))
        self._sizes = array("H", (self._sizes[at] for at in order))
        self.identifiers = array("Q", (self.identifiers[at] for at in order))
        for entry in told:
            if self.find(entry[0] & ~1) is None:
                self._told[entry[0] & ~1] = entry

    def find(self, key: int) -> Entry | None:
        at = bisect_left(self.identifiers, key)
        if at < len(self.identifiers) and self.identifiers[at] == key:
            return key, self._offsets[at], self._sizes[at]
        return self._told.get(key)

    def walk(self) -> Iterator[Entry]:
        yield from zip(self.identifiers, self._offsets, self._sizes, strict=True)


class NodeIndex:
    """Nodes found in pages of the node tree, old and new."""

    def __init__(self) -> None:
        self._columns = (array("I"), array("Q"), array("Q"), array("I"), array("Q"))

    def add(self, entry: Entry, age: int) -> None:
        values = (entry[0] & 0xFFFFFFFF, entry[1], entry[2], entry[3] & 0xFFFFFFFF, age)
        for column, value in zip(self._columns, values, strict=True):
            column.append(value)

    def led_to(self) -> set[int]:
        """Blocks that any of the nodes names, before the old ones are let go."""
        return {identifier & ~1 for column in self._columns[1:3] for identifier in column}

    def settle(self, blocks: BlockIndex) -> int:
        """Keep one entry a node: the newest one whose data is there.  How many nodes have none."""
        nodes, data, _subnodes, _parents, ages = self._columns
        there = [identifier > 1 and blocks.find(identifier & ~1) is not None for identifier in data]
        order = sorted(range(len(nodes)), key=lambda at: (nodes[at], there[at], ages[at]))
        last = {nodes[at]: at for at in order}
        kept = [at for at in last.values() if there[at]]
        first, *others = self._columns
        self._columns = (
            array("I", (first[at] for at in kept)),
            *(array(column.typecode, (column[at] for at in kept)) for column in others),
        )  # type: ignore[assignment]  # as many as before
        # Outlook keeps numbers without contents for what it has not filled yet.
        return sum(1 for at in last.values() if data[at] > 1) - len(kept)

    def find(self, key: int) -> Entry | None:
        nodes, data, subnodes, parents, _ages = self._columns
        at = bisect_left(nodes, key)
        if at < len(nodes) and nodes[at] == key:
            return key, data[at], subnodes[at], parents[at]
        return None

    def walk(self) -> Iterator[Entry]:
        yield from zip(*self._columns[:4], strict=True)


@dataclass(slots=True)
class Salvaged:
    """What a search found."""

    layout: Layout
    method: int = NONE
    nodes: NodeIndex = field(default_factory=NodeIndex)
    #: Blocks that any node leads to, old or new.
    led_to: set[int] = field(default_factory=set)
    blocks: BlockIndex = field(default_factory=BlockIndex)


def search(disk: Disk, problems: Problems) -> Salvaged | None:
    """Look through the whole file; None when nothing of a PST is in it.  Raises OSError."""
    head = disk.read(0, 564)
    layout = layout_of(unpack_from("<H", head, 10)[0]) if head[:4] == MAGIC and len(head) >= 12 else None
    if layout is None or next(_trailers(disk, layout, _SAMPLE), None) is None:
        counts = {one.name: sum(1 for _found in _trailers(disk, one, _SAMPLE)) for one in LAYOUTS}
        layout = max(LAYOUTS, key=lambda one: counts[one.name])
    found = Salvaged(layout)
    told: list[Entry] = []
    for kind, offset, size, identifier in _trailers(disk, layout, disk.size):
        if kind == 0:
            found.blocks.add(identifier & ~1, offset, size)
            continue
        parsed = parse_page(layout, disk.read(offset, layout.page), offset, None, kind)
        if parsed is None or parsed[0]:
            continue
        entries = page_entries(layout, kind, parsed)
        if kind == NODE_PAGE:
            for entry in entries:
                found.nodes.add(entry, identifier)
        else:
            told.extend(entry for entry in entries if entry[1] + entry[2] <= disk.size)
    if not found.blocks.identifiers and not told:
        return None
    found.blocks.settle(iter(told))
    found.led_to = found.nodes.led_to()
    lost = found.nodes.settle(found.blocks)
    if lost:
        message = plural(
            "Of one item or folder only the place in an index is left; it may have been deleted.",
            "Of {n} items or folders only the place in an index is left; some may have been deleted.",
            lost,
        )
        problems.add("lost", message)
    found.method = _method(disk, head, found)
    return found


def _trailers(disk: Disk, layout: Layout, limit: int) -> Iterator[tuple[int, int, int, int]]:
    """Kind of page, or 0 for a block; offset; size of a block's data; identifier: of all whose trailers fit them."""
    align, tail = layout.align, layout.block_trailer.size
    slot = f"<{align - tail}x{layout.block_trailer.format[1:]}"
    most = layout.largest - tail
    pages = (0x0101 * NODE_PAGE, 0x0101 * BLOCK_PAGE)
    crc_at, own_at = (2, 3) if layout.crc_first else (3, 2)
    shape = Struct(slot)
    start = 0
    while start < min(disk.size, limit):
        before = min(start, layout.largest)
        data = disk.read(start - before, before + _PIECE)
        view = memoryview(data)
        whole = (len(data) - before) // align * align
        end = before
        for told in shape.iter_unpack(view[before : before + whole]):
            end += align
            size = told[0]
            own = told[own_at]
            if size in pages and not (start - before + end) % layout.page:
                offset = start - before + end - layout.page
                if offset >= 0:
                    yield size & 0xFF, offset, 0, own
            elif own and 0 < size <= most:
                begin = end - (size + tail + align - 1) // align * align
                if begin < 0:
                    continue
                offset = start - before + begin
                if told[1] == signature(offset, own) and told[crc_at] == checksum(view[begin : begin + size]):
                    yield 0, offset, size, own
        start += _PIECE


def _method(disk: Disk, head: bytes, found: Salvaged) -> int:
    """How data is disguised: as the header says, if blocks agree, else as most blocks do."""
    layout = found.layout
    plain = Blocks(disk, layout, NONE, found.blocks.find, Problems())
    hits = {NONE: 0, PERMUTE: 0, CYCLIC: 0}
    data_blocks = (entry for entry in found.blocks.walk() if not entry[0] & INTERNAL and entry[2] >= _SHORTEST_HEAP)
    for entry in islice(data_blocks, _TASTED):
        try:
            start = plain.begins(entry, 4)
        except Damaged:
            continue
        for method in hits:
            hits[method] += decode(start, method, entry[0] & 0xFFFFFFFF)[2:4] in _HEAP_MARKS
    best = max(hits, key=lambda method: hits[method])
    told = head[layout.method_at] if len(head) > layout.method_at else NONE
    return best if hits[best] else (told if told <= CYCLIC else NONE)

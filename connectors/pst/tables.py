"""Tables: the recipients of a message, its attachments ([MS-PST] 2.3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from struct import Struct, unpack_from

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.pst.bag import Bag, Cell
from connectors.pst.core import Core
from connectors.pst.heap import TABLE, Heap
from connectors.pst.subnodes import Subnodes
from connectors.pst.values import Decoder

_NODE_TYPE = 0x1F
_COLUMN = Struct("<IHBB")
#: Rows of one table; no list of recipients is longer.
_MOST = 1_000_000


def rows(core: Core, data: int, subnodes: Subnodes, text: Decoder | None) -> Iterator[tuple[int, Bag]]:
    """Number and cells of each row in the order of the table.  Raises Damaged when it cannot be read."""
    heap = Heap(core.blocks, data)
    info = heap.get(heap.root)
    if heap.holds != TABLE or len(info) < 22 or info[0] != TABLE or len(info) < 22 + 8 * info[1]:
        raise Damaged("heap", _("The table in block {block:x} is damaged.").format(block=data))
    end, bitmap_at, index, place = _places(info)
    if not place:
        return
    columns = _columns(bytes(info[22:]), info[1], end, bitmap_at)
    wanted = _numbers(heap, index, core.blocks.layout.row_number)
    cut = Struct("<I")
    at = 0
    for matrix in _matrices(core, heap, place, subnodes):
        for start in range(0, len(matrix) - end + 1, end):
            number = wanted.get(at)
            at += 1
            if number is None or cut.unpack_from(matrix, start)[0] != number:
                continue  # rows that were deleted stay where they lay
            row = matrix[start : start + end]
            yield number, Bag(core, heap, subnodes, _cells(columns, row), text)


def _places(info: bytes) -> tuple[int, int, int, int]:
    """Size of a row, where its bitmap begins, the index of the rows, the rows."""
    _four, _two, bitmap, end = unpack_from("<4H", info, 2)
    index, place = unpack_from("<II", info, 10)
    if not 4 <= bitmap <= end:
        raise Damaged("heap", _("A table is damaged."))
    return end, bitmap, index, place


_Columns = tuple[tuple[int, int, Struct, int, int, int], ...]


@lru_cache(maxsize=64)
def _columns(told: bytes, count: int, end: int, bitmap_at: int) -> _Columns:
    """Identifier, type, how the cell is read, where it lies, and its bit in the bitmap."""
    found = []
    for at in range(count):
        tag, offset, size, bit = _COLUMN.unpack_from(told, 8 * at)
        shape = _SHAPES.get(size)
        if shape is not None and offset + size <= end and bitmap_at + bit // 8 < end:
            found.append((tag >> 16, tag & 0xFFFF, shape, offset, bitmap_at + bit // 8, 0x80 >> (bit % 8)))
    return tuple(found)


_SHAPES = {1: Struct("<B"), 2: Struct("<H"), 4: Struct("<I"), 8: Struct("8s")}


def _cells(columns: _Columns, row: bytes) -> dict[int, Cell]:
    return {
        identifier: (kind, shape.unpack_from(row, offset)[0])
        for identifier, kind, shape, offset, bitmap, bit in columns
        if row[bitmap] & bit
    }


def _numbers(heap: Heap, index: int, row_number: str) -> dict[int, int]:
    """The numbers of rows by their places."""
    record = Struct(f"<I{row_number}")
    found: dict[int, int] = {}
    for leaf in heap.leaves(index, 4, record.size - 4):
        found.update((at, number) for number, at in record.iter_unpack(leaf))
        if len(found) > _MOST:
            raise Damaged("heap", _("A table is damaged."))
    return found


def _matrices(core: Core, heap: Heap, place: int, subnodes: Subnodes) -> Iterator[bytes]:
    """The rows, block by block: no row lies in two."""
    if not place & _NODE_TYPE:
        yield heap.get(place)
        return
    found = subnodes.find(place)
    if found is None:
        raise Damaged("subnode", _("The rows of a table are not in the file."))
    for part in core.blocks.parts(found[0]):
        yield core.blocks.read(part)

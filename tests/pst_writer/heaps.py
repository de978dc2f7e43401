"""Heaps, bags of properties and tables ([MS-PST] 2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from struct import pack
from uuid import UUID

from connectors.pst.heap import PROPERTIES, TABLE
from tests.pst_writer.blocks import BlockFile

#: The longest piece of a heap; what is longer becomes a subnode.
_LONGEST = 3580
_LONG_VALUE = 0x1F
_INLINE = {0x02: "<hxx", 0x03: "<i", 0x04: "<f", 0x0A: "<I", 0x0B: "<?xxx"}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def filetime(when: datetime) -> int:
    delta = when - _EPOCH
    return (delta.days * 86400 + delta.seconds) * 10**7 + delta.microseconds * 10


def stored(kind: int, value: object, encoding: str) -> bytes:
    """The bytes of a value of more than four bytes."""
    if isinstance(value, bytes):
        return value
    if kind == 0x1F:
        return str(value).encode("utf-16-le", "surrogatepass")
    if kind == 0x1E:
        return str(value).encode(encoding, "replace")
    if kind == 0x40:
        assert isinstance(value, datetime)
        return pack("<Q", filetime(value))
    if kind == 0x14:
        return pack("<q", value)
    if kind == 0x05:
        return pack("<d", value)
    if kind == 0x48:
        assert isinstance(value, UUID)
        return value.bytes_le
    assert kind & 0x1000, f"no way to store type {kind:x}"
    assert isinstance(value, (list, tuple))
    one = kind & ~0x1000
    if one in (0x02, 0x03):
        return b"".join(pack(_INLINE[one][:2], number) for number in value)
    pieces = [stored(one, part, encoding) for part in value]
    if one not in (0x1E, 0x1F, 0x102):
        return b"".join(pieces)
    at = 4 + 4 * len(pieces)
    offsets = []
    for piece in pieces:
        offsets.append(at)
        at += len(piece)
    return pack(f"<{len(pieces) + 1}I", len(pieces), *offsets) + b"".join(pieces)


class Heap:
    """Pieces of bytes, packed into as many blocks as they need."""

    def __init__(self, file: BlockFile, holds: int) -> None:
        self._file = file
        self._holds = holds
        self._pages: list[list[bytes]] = [[]]
        self._used = 12
        self._shift = file.layout.heap_shift
        self._most = file.most
        self.subnodes: dict[int, tuple[int, int]] = {}
        self._next_value = 0x400

    def put(self, data: bytes) -> int:
        """Where the piece lies."""
        assert len(data) <= _LONGEST
        if not data:
            return 0
        page = self._pages[-1]
        # The map of the page: two counts, and an offset for each piece and for the end; one more when it is odd.
        if self._used + len(data) + 4 + 2 * (len(page) + 2) + 1 > self._most:
            self._pages.append([])
            page = self._pages[-1]
            number = len(self._pages) - 1
            self._used = 66 if number % 128 == 8 else 2
        page.append(data)
        self._used += len(data)
        return (len(self._pages) - 1) << self._shift | len(page) << 5

    def replace(self, place: int, data: bytes) -> None:
        page = self._pages[place >> self._shift]
        at = ((place & ((1 << self._shift) - 1)) >> 5) - 1
        assert len(page[at]) == len(data)
        page[at] = data

    def value(self, data: bytes | Iterable[bytes]) -> int:
        """Where a value lies: in the heap, or in a subnode of its own."""
        if isinstance(data, bytes) and len(data) <= _LONGEST:
            return self.put(data)
        node = self._next_value << 5 | _LONG_VALUE
        self._next_value += 1
        self.subnodes[node] = (self._file.data([data] if isinstance(data, bytes) else data), 0)
        return node

    def tree(self, key: int, size: int, records: Sequence[bytes]) -> int:
        """A B-tree of records in ascending order; where its header lies."""
        place = self.put(b"\xb5" + bytes((key, size, 0)) + bytes(4))
        level = 0
        width = key + size
        below = list(records)
        while len(below) * width > _LONGEST:
            room = _LONGEST // width
            pages = [below[at : at + room] for at in range(0, len(below), room)]
            below = [page[0][:key] + pack("<I", self.put(b"".join(page))) for page in pages]
            width = key + 4
            level += 1
        self.replace(place, pack("<BBBBI", 0xB5, key, size, level, self.put(b"".join(below))))
        return place

    def write(self, root: int) -> int:
        """The identifier of its data."""
        blocks = []
        for number, page in enumerate(self._pages):
            head = 12 if number == 0 else 66 if number % 128 == 8 else 2
            offsets = [head]
            for piece in page:
                offsets.append(offsets[-1] + len(piece))
            end = offsets[-1] + offsets[-1] % 2
            begin = pack("<HBBI4x", end, 0xEC, self._holds, root) if number == 0 else pack("<H", end).ljust(head, b"\0")
            body = (begin + b"".join(page)).ljust(end, b"\0")
            body += pack(f"<HH{len(offsets)}H", len(page), 0, *offsets)
            # Every block but the last is full, so that a reader may compute where each begins.
            blocks.append(body if number == len(self._pages) - 1 else body.ljust(self._most, b"\0"))
        return self._file.data(blocks)


Tags = Mapping[int, object]


def narrowed(tags: Tags, file: BlockFile) -> dict[int, object]:
    """ANSI files hold 8-bit text alone."""
    if file.layout.name != "ansi":
        return dict(tags)
    return {tag & ~1 if tag & 0xFFF == 0x1F else tag: value for tag, value in tags.items()}


def bag(file: BlockFile, tags: Tags, subnodes: Mapping[int, tuple[int, int]], encoding: str) -> tuple[int, int]:
    """Write properties; identifiers of their data and of all subnodes.

    Values may be bytes, or for long ones iterables of bytes; ``(node,)`` stands for an object in a subnode.
    """
    heap = Heap(file, PROPERTIES)
    records = []
    for tag, value in sorted(narrowed(tags, file).items()):
        kind = tag & 0xFFFF
        if kind in _INLINE:
            told = pack(_INLINE[kind], value)
        elif kind == 0x0D:
            assert isinstance(value, tuple)
            told = pack("<I", heap.put(pack("<II", value[0], 0)))
        elif isinstance(value, (str, bytes, datetime, int, float, UUID, tuple, list)):
            told = pack("<I", heap.value(stored(kind, value, encoding)))
        else:
            assert isinstance(value, Iterable)
            told = pack("<I", heap.value(value))
        records.append(pack("<HH", tag >> 16, kind) + told)
    # The root comes first in files of Outlook; where it lies is free.
    root = heap.tree(2, 6, records)
    data = heap.write(root)
    return data, file.subnodes({**subnodes, **heap.subnodes})


_CELL = {0x02: 2, 0x03: 4, 0x0A: 4, 0x0B: 1, 0x14: 8, 0x40: 8, 0x05: 8}
_ROW, _VERSION = 0x67F20003, 0x67F30003


def table(file: BlockFile, columns: Sequence[int], rows: Sequence[tuple[int, Tags]], encoding: str) -> tuple[int, int]:
    """Write a table; identifiers of its data and subnodes.  Rows: number, and cells by tag."""
    heap = Heap(file, TABLE)
    tags = sorted(narrowed(dict.fromkeys([*columns, _ROW, _VERSION]), file))
    # Number and version of a row come first in it, whatever their tags ([MS-PST] 2.3.4.4.1).
    bits = {tag: bit for bit, tag in enumerate([_ROW, _VERSION, *(tag for tag in tags if tag not in (_ROW, _VERSION))])}
    by_size = [_ROW, _VERSION, *(tag for tag in tags if tag not in (_ROW, _VERSION))]
    offsets: dict[int, int] = {}
    at = 0
    ends = {}
    for low, sizes in ((4, (4, 8)), (2, (2,)), (1, (1,))):
        for tag in by_size:
            size = _CELL.get(tag & 0xFFFF, 4)
            if size in sizes:
                offsets[tag] = at
                at += size
        ends[low] = at
    end = at + (len(tags) + 7) // 8
    matrix = []
    for number, cells in rows:
        row = bytearray(end)
        for tag, value in {**narrowed(cells, file), _ROW: number, _VERSION: 1}.items():
            kind = tag & 0xFFFF
            size = _CELL.get(kind, 4)
            if kind in _INLINE:
                told = pack(_INLINE[kind], value)[:size]
            elif size == 8:
                told = stored(kind, value, encoding)
            else:
                told = pack("<I", heap.value(stored(kind, value, encoding)))
            row[offsets[tag] : offsets[tag] + size] = told
            bit = bits[tag]
            row[at + bit // 8] |= 0x80 >> bit % 8
        matrix.append(bytes(row))
    wide = "I" if file.layout.row_number == "I" else "H"
    order = sorted((number, place) for place, (number, _cells) in enumerate(rows))
    index = heap.tree(4, 4 if wide == "I" else 2, [pack(f"<I{wide}", *pair) for pair in order])
    place = _rows(file, heap, matrix, end)
    described = b"".join(pack("<IHBB", tag, offsets[tag], _CELL.get(tag & 0xFFFF, 4), bits[tag]) for tag in tags)
    info = pack("<BB4HIII", TABLE, len(tags), ends[4], ends[2], ends[1], end, index, place, 0) + described
    data = heap.write(heap.put(info))
    return data, file.subnodes(heap.subnodes)


def _rows(file: BlockFile, heap: Heap, matrix: list[bytes], size: int) -> int:
    if len(matrix) * size <= _LONGEST:
        return heap.put(b"".join(matrix))
    room = file.most // size
    blocks = [b"".join(matrix[at : at + room]) for at in range(0, len(matrix), room)]
    padded = [block.ljust(file.most, b"\0") for block in blocks[:-1]] + blocks[-1:]
    node = 0x40 << 5 | _LONG_VALUE
    heap.subnodes[node] = (file.data(padded), 0)
    return node

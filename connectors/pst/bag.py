"""Bags of properties as they lie in PST files: property contexts and rows of tables ([MS-PST] 2.3.3 and 2.3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from struct import Struct, unpack_from
from typing import BinaryIO, cast
from uuid import UUID

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.pst.core import Core
from connectors.pst.eight_bit import text_codecs
from connectors.pst.heap import PROPERTIES, Heap
from connectors.pst.stream import DataStream
from connectors.pst.subnodes import Subnodes
from connectors.pst.values import (
    INLINE,
    MULTIPLE,
    OBJECT,
    STRING8,
    UNICODE,
    Decoder,
    decoded,
    decoder,
    inline,
    inline_size,
)

_SUBJECT = 0x0037
_MESSAGE_CODE_PAGE, _LOCALE, _INTERNET_CODE_PAGE = 0x3FFD, 0x3FF1, 0x3FDE
_PROPERTY = Struct("<HHI")
#: A node's type within its identifier; 0 says that it is a place in the heap ([MS-PST] 2.3.3.2).
_NODE_TYPE = 0x1F

#: Type, and the value itself (bytes), or where it lies, or it in four bytes (int).
Cell = tuple[int, int | bytes]


class Bag:
    """Properties of one item, recipient, attachment or folder, each read when it is asked for.

    Fulfils :class:`connectors.mapi.properties.Properties`.
    """

    __slots__ = ("_cells", "_core", "_heap", "_subnodes", "_text")

    def __init__(
        self, core: Core, heap: Heap, subnodes: Subnodes, cells: dict[int, Cell], text: Decoder | None = None
    ) -> None:
        self._core = core
        self._heap = heap
        self._subnodes = subnodes
        self._cells = cells
        self._text = text

    def get(self, identifier: int) -> object | None:
        cell = self._cells.get(identifier)
        if cell is None:
            return None
        kind, value = cell
        if kind in INLINE:
            return inline(kind, value) if isinstance(value, int) else None
        if kind == OBJECT:
            return None  # no value: see below() and open()
        try:
            data = value if isinstance(value, bytes) else self._stored(value)
        except Damaged as damaged:
            self._core.problems.add("property", _lost(identifier, damaged))
            return None
        found = decoded(kind, data, self.text if kind & ~MULTIPLE == STRING8 else None)
        # [MS-PST] 2.5.3.1.1.1: a mark and the length of "RE: " and the like may stand before the subject.
        if identifier == _SUBJECT and isinstance(found, str) and found[:1] == "\x01":
            return found[2:]
        return found

    def named(self, group: UUID, name: int | str) -> object | None:
        identifier = self._core.names.identifier(group, name)
        return None if identifier is None else self.get(identifier)

    def size(self, identifier: int) -> int | None:
        cell = self._cells.get(identifier)
        if cell is None:
            return None
        kind, value = cell
        if isinstance(value, bytes):
            return len(value)
        if kind in INLINE:
            return inline_size(kind)
        try:
            if kind != OBJECT and not value & _NODE_TYPE:
                return len(self._heap.get(value))
            return self._core.blocks.size(self.below(identifier)[0])
        except Damaged as damaged:
            self._core.problems.add("property", _lost(identifier, damaged))
            return None

    def open(self, identifier: int) -> BinaryIO | None:
        cell = self._cells.get(identifier)
        if cell is None:
            return None
        kind, value = cell
        try:
            if isinstance(value, bytes):
                return BytesIO(value)
            if kind in INLINE:
                return BytesIO(value.to_bytes(4, "little")[: inline_size(kind)])
            if kind != OBJECT and not value & _NODE_TYPE:
                return BytesIO(self._heap.get(value))
            # read() of this raw file gives all that is asked for, so it needs no buffer before it.
            return cast("BinaryIO", DataStream(self._core.blocks, self.below(identifier)[0]))
        except Damaged as damaged:
            self._core.problems.add("property", _lost(identifier, damaged))
            return None

    def is_unicode(self, identifier: int) -> bool:
        cell = self._cells.get(identifier)
        return cell is not None and cell[0] == UNICODE

    def identifiers(self) -> Iterator[int]:
        return iter(sorted(self._cells))

    def kind(self, identifier: int) -> int | None:
        """The type of a property, None when it has none."""
        cell = self._cells.get(identifier)
        return None if cell is None else cell[0]

    def below(self, identifier: int) -> tuple[int, int]:
        """Data and subnodes of the subnode that a property names.  Raises Damaged when there is none."""
        kind, value = self._cells[identifier]
        if kind == OBJECT and isinstance(value, int) and not value & _NODE_TYPE:
            told = self._heap.get(value)
            value = int(unpack_from("<I", told)[0]) if len(told) >= 4 else 0
        found = self._subnodes.find(value) if isinstance(value, int) and value else None
        if found is None:
            raise Damaged("subnode", _("A part of it is not in the file."))
        return found

    def subnodes_named(self) -> frozenset[int]:
        """Subnodes that hold long values of it."""
        values = (value for kind, value in self._cells.values() if kind not in INLINE and kind != OBJECT)
        return frozenset(value for value in values if isinstance(value, int) and value & _NODE_TYPE)

    def _stored(self, value: int) -> bytes:
        if not value & _NODE_TYPE:
            return self._heap.get(value)
        found = self._subnodes.find(value)
        if found is None:
            raise Damaged("subnode", _("A part of it is not in the file."))
        return self._core.blocks.data(found[0])

    @property
    def text(self) -> Decoder:
        """Decodes the 8-bit text of the item, and of the recipients and attachments that belong to it."""
        if self._text is None:
            told = (self.get(one) for one in (_MESSAGE_CODE_PAGE, _LOCALE, _INTERNET_CODE_PAGE))
            self._text = decoder([*text_codecs(*told), self._core.encoding])
        return self._text


def _lost(identifier: int, damaged: Damaged) -> str:
    return _("Property {property:04x} cannot be read: {why}").format(property=identifier, why=damaged)


def bag_of(core: Core, data: int, subnodes: Subnodes, text: Decoder | None = None) -> Bag:
    """The properties in the data of a node ([MS-PST] 2.3.3).  Raises Damaged when there are none to be read."""
    heap = Heap(core.blocks, data)
    if heap.holds != PROPERTIES:
        raise Damaged("heap", _("The properties in block {block:x} are damaged.").format(block=data))
    cells: dict[int, Cell] = {
        identifier: (kind, value)
        for leaf in heap.leaves(heap.root, 2, 6)
        for identifier, kind, value in _PROPERTY.iter_unpack(leaf)
    }
    return Bag(core, heap, subnodes, cells, text)

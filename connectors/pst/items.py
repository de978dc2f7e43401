"""Messages, their recipients and attachments ([MS-PST] 2.4.5 and 2.4.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.pst.bag import Bag, bag_of
from connectors.pst.core import Core
from connectors.pst.subnodes import Subnodes
from connectors.pst.tables import rows
from connectors.pst.values import Decoder

_RECIPIENTS, _ATTACHMENTS = 0x692, 0x671
_ATTACHMENT_TYPE = 0x05
_METHOD, _DATA = 0x3705, 0x3701
_EMBEDDED, _OLE = 5, 6


class PstItem:
    """A message or any other item.  Fulfils :class:`connectors.mapi.properties.MapiItem`.

    Making one raises Damaged when its properties cannot be read; recipients and attachments that cannot are told by
    the file's problems and left out.
    """

    __slots__ = ("_above", "_core", "_subnodes", "properties")

    def __init__(self, core: Core, data: int, subnodes: int, above: frozenset[int] = frozenset()) -> None:
        if data in above:
            raise Damaged("loop", _("An attached item contains itself."))
        self._core = core
        self._above = above | {data}
        self._subnodes = Subnodes(core.blocks, subnodes)
        self.properties: Bag = bag_of(core, data, self._subnodes)

    def recipients(self) -> Iterator[Bag]:
        try:
            table = self._subnodes.find(_RECIPIENTS)
            if table is not None:
                below = Subnodes(self._core.blocks, table[1]) if table[1] else self._subnodes
                yield from (bag for _number, bag in rows(self._core, table[0], below, self.properties.text))
        except Damaged as damaged:
            what = _("Recipients cannot be read: {why}").format(why=damaged)
            self._core.problems.add("recipients", what)

    def attachments(self) -> Iterator[PstAttachment]:
        for node in self._attachment_nodes():
            try:
                attachment = self._attachment(node)
            except Damaged as damaged:
                what = _("Attachment {number} cannot be read: {why}").format(number=f"{node:x}", why=damaged)
                self._core.problems.add("attachment", what)
                continue
            yield attachment

    def _attachment(self, node: int) -> PstAttachment:
        found = self._subnodes.find(node)
        if found is None:
            raise Damaged("subnode", _("A part of it is not in the file."))
        return PstAttachment(self._core, found[0], found[1], self._above, self.properties.text)

    def _attachment_nodes(self) -> list[int]:
        """In the order of the table; those that no table tells of come last."""
        try:
            there = list(self._subnodes.of_type(_ATTACHMENT_TYPE))
            table = self._subnodes.find(_ATTACHMENTS)
        except Damaged as damaged:
            self._core.problems.add("attachment", _("Attachments cannot be read: {why}").format(why=damaged))
            return []
        told: list[int] = []
        if table is not None:
            below = Subnodes(self._core.blocks, table[1]) if table[1] else self._subnodes
            try:
                told.extend(number for number, _row in rows(self._core, table[0], below, None))
            except Damaged as damaged:
                what = _("The list of attachments cannot be read: {why}").format(why=damaged)
                self._core.problems.add("attachment", what)
        return list(dict.fromkeys([*told, *there]))


class PstAttachment:
    """An attachment.  Fulfils :class:`connectors.mapi.properties.MapiAttachment`."""

    __slots__ = ("_above", "_core", "properties")

    def __init__(self, core: Core, data: int, subnodes: int, above: frozenset[int], text: Decoder) -> None:
        self._core = core
        self._above = above
        self.properties: Bag = bag_of(core, data, Subnodes(core.blocks, subnodes), text)

    def embedded(self) -> PstItem | None:
        """Raises Damaged when there is one and it cannot be read."""
        if self.properties.get(_METHOD) != _EMBEDDED or self.properties.kind(_DATA) is None:
            return None
        return PstItem(self._core, *self.properties.below(_DATA), self._above)

    def storage(self) -> BinaryIO | None:
        return self.properties.open(_DATA) if self.properties.get(_METHOD) == _OLE else None

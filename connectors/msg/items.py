"""Messages, recipients and attachments of .msg files ([MS-OXMSG] 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from connectors.mapi import tags
from connectors.msg.compound import Storage
from connectors.msg.properties import MsgProperties, Names, Report
from connectors.msg.writing import compound_file

#: Bytes before the list of properties: of the file's own message, of one within it, of recipients and attachments.
_TOP, _INNER, _PART = 32, 24, 8
_OBJECT = "__substg1.0_3701000D"
_EMBEDDED, _OLE = 5, 6


class MsgItem:
    """Fulfils :class:`connectors.mapi.properties.MapiItem`."""

    __slots__ = ("_names", "_report", "_spool", "_storage", "properties")

    def __init__(
        self, storage: Storage, names: Names, report: Report, spool: Path, encoding: str, *, is_top: bool = True
    ) -> None:
        self._storage = storage
        self._names = names
        self._report = report
        self._spool = spool
        self.properties = MsgProperties(storage, _TOP if is_top else _INNER, names, report, encoding)

    def recipients(self) -> Iterator[MsgProperties]:
        for part in self._parts("__recip_version1.0_#"):
            yield self._properties(part)

    def attachments(self) -> Iterator[MsgAttachment]:
        for part in self._parts("__attach_version1.0_#"):
            yield MsgAttachment(part, self._properties(part), self)

    def inner(self, storage: Storage) -> MsgItem:
        """An item within this one."""
        encoding = self.properties.encoding
        return MsgItem(storage, self._names, self._report, self._spool, encoding, is_top=False)

    @property
    def spool(self) -> Path:
        return self._spool

    def _parts(self, prefix: str) -> Iterator[Storage]:
        """In the order of their numbers."""
        names = [name for name, is_storage in self._storage.names() if is_storage and name.lower().startswith(prefix)]
        for name in sorted(names, key=str.lower):
            if (part := self._storage.storage(name)) is not None:
                yield part

    def _properties(self, part: Storage) -> MsgProperties:
        return MsgProperties(part, _PART, self._names, self._report, self.properties.encoding, own_pages=False)


class MsgAttachment:
    """Fulfils :class:`connectors.mapi.properties.MapiAttachment`."""

    __slots__ = ("_item", "_storage", "properties")

    def __init__(self, storage: Storage, properties: MsgProperties, item: MsgItem) -> None:
        self._storage = storage
        self._item = item
        self.properties = properties

    def embedded(self) -> MsgItem | None:
        found = self._storage.storage(_OBJECT) if self.properties.get(tags.ATTACH_METHOD) == _EMBEDDED else None
        return None if found is None else self._item.inner(found)

    def storage(self) -> BinaryIO | None:
        """A storage within the file becomes a compound file of its own; some writers put the object's bytes there."""
        if self.properties.get(tags.ATTACH_METHOD) != _OLE:
            return None
        found = self._storage.storage(_OBJECT)
        if found is not None:
            return compound_file(found, self._item.spool)
        return self.properties.open(tags.ATTACH_DATA)

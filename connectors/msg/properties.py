"""Bags of properties as they lie in .msg files ([MS-OXMSG] 2.1 and 2.4)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import BinaryIO
from uuid import UUID

from connectors.archives.contract import Damaged
from connectors.mapi import tags
from connectors.mapi.codepages import codec_of_page
from connectors.msg.compound import Storage
from connectors.pst.values import BINARY, MULTIPLE, OBJECT, STRING8, UNICODE, decoded, decoder

#: Reports what is damaged, by a code and a sentence.
Report = Callable[[str, str], None]
Names = Mapping[tuple[UUID, int | str], int]

_MAPI = UUID("00020328-0000-0000-c000-000000000046")
_ENTRY = struct.Struct("<HHI8s")
_STREAM = "__properties_version1.0"
_VALUE = "__substg1.0_{:04X}{:04X}"
_NAMED = "__nameid_version1.0"
#: Sizes of values that stand in the list of properties itself ([MS-OXMSG] 2.4.2.1).
_FIXED = {2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 2, 0x14: 8, 0x40: 8}
_ELEMENT = {2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x14: 8, 0x40: 8, 0x48: 16}
#: More than any property's list or names take.
_LIST = 4 << 20
#: Values of one property that are read.
_VALUES = 10_000


class MsgProperties:
    """Fulfils :class:`connectors.mapi.properties.Properties`."""

    __slots__ = ("_fixed", "_kinds", "_names", "_report", "_storage", "_text", "encoding")

    def __init__(
        self, storage: Storage, header: int, names: Names, report: Report, encoding: str, *, own_pages: bool = True
    ) -> None:
        """``header``: bytes before the list of properties (2.4.1).  ``encoding``: that of 8-bit text.

        With ``own_pages`` the properties themselves may name another one.  Damage is reported.
        """
        self._storage = storage
        self._names = names
        self._report = report
        self._kinds: dict[int, int] = {}
        self._fixed: dict[int, bytes] = {}
        try:
            told = storage.read(_STREAM, _LIST) or b""
        except Damaged as damaged:
            report(damaged.code, str(damaged))
            told = b""
        for kind, identifier, _flags, value in _ENTRY.iter_unpack(told[header : len(told) - (len(told) - header) % 16]):
            self._kinds[identifier] = kind
            if (size := _FIXED.get(kind)) is not None:
                self._fixed[identifier] = value[:size]
        self.encoding = encoding
        self._text = decoder([encoding])
        if own_pages:
            pages = (self.get(tags.MESSAGE_CODEPAGE), self.get(tags.INTERNET_CODEPAGE))
            own = [name for page in pages if isinstance(page, int) and (name := codec_of_page(page)) is not None]
            self.encoding = own[0] if own else encoding
            self._text = decoder([*own, encoding])

    def get(self, identifier: int) -> object | None:
        kind = self._kinds.get(identifier)
        if kind is None:
            return None
        if (fixed := self._fixed.get(identifier)) is not None:
            return bool(fixed[0]) if kind == 0x0B else decoded(kind, fixed, self._text)
        try:
            if kind & MULTIPLE:
                return self._several(identifier, kind)
            stream = self._storage.open(_VALUE.format(identifier, kind))
            if stream is None or kind == OBJECT:
                return None
            with stream:
                return decoded(kind, stream.read(), self._text)
        except Damaged as damaged:
            self._report(damaged.code, str(damaged))
            return None

    def named(self, group: UUID, name: int | str) -> object | None:
        identifier = self._names.get((group, name.lower() if isinstance(name, str) else name))
        return None if identifier is None else self.get(identifier)

    def size(self, identifier: int) -> int | None:
        kind = self._kinds.get(identifier)
        if kind is None:
            return None
        fixed = self._fixed.get(identifier)
        return len(fixed) if fixed is not None else self._storage.size(_VALUE.format(identifier, kind))

    def open(self, identifier: int) -> BinaryIO | None:
        kind = self._kinds.get(identifier)
        if kind is None:
            return None
        fixed = self._fixed.get(identifier)
        try:
            return BytesIO(fixed) if fixed is not None else self._storage.open(_VALUE.format(identifier, kind))
        except Damaged as damaged:
            self._report(damaged.code, str(damaged))
            return None

    def is_unicode(self, identifier: int) -> bool:
        return self._kinds.get(identifier) == UNICODE

    def identifiers(self) -> Iterator[int]:
        return iter(sorted(self._kinds))

    def _several(self, identifier: int, kind: int) -> tuple[object, ...] | None:
        """Values of a property of several ([MS-OXMSG] 2.1.4)."""
        one, name = kind & ~MULTIPLE, _VALUE.format(identifier, kind)
        told = self._storage.read(name, _LIST)
        if told is None:
            return None
        if (size := _ELEMENT.get(one)) is not None:
            pieces = [told[at : at + size] for at in range(0, len(told) - size + 1, size)]
        elif one in (STRING8, UNICODE, BINARY):
            count = min(len(told) // (8 if one == BINARY else 4), _VALUES)
            pieces = [self._storage.read(f"{name}-{place:08X}", _LIST) or b"" for place in range(count)]
        else:
            return None
        values = (decoded(one, piece, self._text) for piece in pieces)
        return tuple(value for value in values if value is not None)


def names_of(root: Storage, report: Report) -> Names:
    """Identifiers of named properties ([MS-OXMSG] 2.2.3), names in lower case.  Damage is reported."""
    storage = root.storage(_NAMED)
    if storage is None:
        return {}
    try:
        groups, entries, texts = (storage.read(_VALUE.format(stream, BINARY), _LIST) or b"" for stream in (2, 3, 4))
    except Damaged as damaged:
        report(damaged.code, str(damaged))
        return {}
    names: dict[tuple[UUID, int | str], int] = {}
    for number, told, index in struct.iter_unpack("<IHH", entries[: len(entries) & ~7]):
        group = _group(groups, told >> 1)
        name: int | str | None = _name(texts, number) if told & 1 else number
        if group is not None and name is not None:
            names[group, name] = 0x8000 + index
    return names


def _group(groups: bytes, place: int) -> UUID | None:
    if place in (1, 2):
        return _MAPI if place == 1 else tags.PUBLIC_STRINGS
    data = groups[(place - 3) * 16 : (place - 2) * 16] if place >= 3 else b""
    return UUID(bytes_le=data) if len(data) == 16 else None


def _name(texts: bytes, place: int) -> str | None:
    length = int.from_bytes(texts[place : place + 4], "little")
    data = texts[place + 4 : place + 4 + length]
    return data.decode("utf-16-le", "replace").lower() if len(data) == length and length else None

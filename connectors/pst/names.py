"""Named properties: which identifiers they have in this file ([MS-PST] 2.4.7)."""

from __future__ import annotations

from struct import Struct, unpack_from
from uuid import UUID

_GUIDS, _ENTRIES, _STRINGS = 0x0002, 0x0003, 0x0004
_FIRST = 0x8000
_MAPI = UUID("00020328-0000-0000-C000-000000000046")
_PUBLIC_STRINGS = UUID("00020329-0000-0000-C000-000000000046")
_ENTRY = Struct("<IHH")


class NameMap:
    """The file's map from names to identifiers, filled from its properties."""

    def __init__(self) -> None:
        self._identifiers: dict[tuple[UUID, int | str], int] = {}

    def identifier(self, group: UUID, name: int | str) -> int | None:
        return self._identifiers.get((group, name))

    def fill(self, guids: bytes, entries: bytes, strings: bytes) -> None:
        """From the three streams of the map; entries that are damaged are left out."""
        told_groups = (UUID(bytes_le=guids[at : at + 16]) for at in range(0, len(guids) - 15, 16))
        groups = [None, _MAPI, _PUBLIC_STRINGS, *told_groups]
        for told, place, number in _ENTRY.iter_unpack(entries[: len(entries) // 8 * 8]):
            at = place >> 1
            group = groups[at] if at < len(groups) else None
            if group is None:
                continue
            name = _string(strings, told) if place & 1 else told
            if name is not None:
                self._identifiers.setdefault((group, name), _FIRST + number)


def _string(strings: bytes, at: int) -> str | None:
    if at + 4 > len(strings):
        return None
    size: int = unpack_from("<I", strings, at)[0]
    text = strings[at + 4 : at + 4 + size]
    return text.decode("utf-16-le", "replace") if len(text) == size else None


STREAMS = (_GUIDS, _ENTRIES, _STRINGS)

"""An *indexed info*: what Outlook Express keeps of a message or a folder, as values under numbers."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

#: The structure of a message's parts is among the values, so they grow with it.
LONGEST_INFO = 1 << 20

# Messages.
FLAGS, SENT, FIRST_BLOCK, SAVED, MESSAGE_ID, SUBJECT, SENDER, RECEIVED = 0x01, 0x02, 0x04, 0x06, 0x07, 0x08, 0x0E, 0x12
# Folders, in Folders.dbx.
NUMBER, PARENT, NAME, FILE, ACCOUNT, COUNT, SPECIAL = 0x00, 0x01, 0x02, 0x03, 0x05, 0x07, 0x09

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class IndexedInfo:
    """The values of one object, by number.  A value that is not there, or is cut off, is None."""

    def __init__(self, body: bytes, count: int) -> None:
        self._data = body[4 * count :]
        #: Where each value lies; or the value itself, where it fits into three bytes.
        self._places: dict[int, int] = {}
        self._direct: dict[int, int] = {}
        for (word,) in struct.iter_unpack("<I", body[: 4 * count]):
            kind = self._direct if word & 0x80 else self._places
            kind[word & 0x7F] = word >> 8

    def number(self, index: int) -> int | None:
        if index in self._direct:
            return self._direct[index]
        raw = self._raw(index, 4)
        return int.from_bytes(raw, "little") if raw is not None else None

    def text(self, index: int) -> bytes:
        """Text in the code page of its Windows; empty when there is none."""
        place = self._places.get(index)
        return b"" if place is None else self._data[place:].partition(b"\0")[0]

    def time(self, index: int) -> datetime | None:
        """A FILETIME ([MS-DTYP] 2.3.3); None when there is none, or one that no mail can have."""
        raw = self._raw(index, 8)
        ticks = int.from_bytes(raw, "little") if raw is not None else 0
        if not ticks:
            return None
        try:
            found = _EPOCH + timedelta(microseconds=ticks // 10)
        except OverflowError:
            return None
        return found if found.year >= 1970 else None

    def raw(self, index: int) -> bytes:
        """What tells this object from another by this value, whatever it means."""
        if index in self._direct:
            return self._direct[index].to_bytes(3, "little")
        return self.text(index) if index in (MESSAGE_ID, SUBJECT, SENDER) else self._raw(index, 8) or b""

    def _raw(self, index: int, size: int) -> bytes | None:
        place = self._places.get(index)
        if place is None or place + size > len(self._data):
            return None
        return self._data[place : place + size]

"""Recurrences and time zones as Outlook packs them ([MS-OXOCAL] 2.2.1.44, 2.2.1.39, 2.2.1.41)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

WEEK, DAY, NTH, END = 1, 2, 3, 4
ON, AFTER, NEVER = 0x2021, 0x2022, 0x2023


def minutes(moment: date) -> int:
    whole = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
    return int((whole - datetime(1601, 1, 1)).total_seconds()) // 60  # noqa: DTZ001


@dataclass
class Occurrence:
    original: datetime
    start: datetime
    end: datetime
    subject: str | None = None
    location: str | None = None
    all_day: bool | None = None

    @property
    def flags(self) -> int:
        told = ((self.subject, 1), (self.location, 0x10), (self.all_day, 0x80))
        return sum(flag for value, flag in told if value is not None)


def recurrence(
    frequency: int,
    pattern: int,
    period: int,
    specific: Sequence[int],
    start: datetime,
    hours: tuple[int, int] = (9, 10),
    end: tuple[int, int, date] = (NEVER, 10, date(4500, 8, 31)),
    deleted: Sequence[date] = (),
    exceptions: Sequence[Occurrence] = (),
) -> bytes:
    """The whole blob of an appointment."""
    kind, count, last = end
    gone = sorted([*deleted, *(one.original.date() for one in exceptions)])
    told = struct.pack("<5H3I", 0x3004, 0x3004, frequency, pattern, 0, 0, period, 0)
    told += struct.pack(f"<{len(specific)}I", *specific)
    told += struct.pack("<4I", kind, count, 1, len(gone)) + b"".join(struct.pack("<I", minutes(day)) for day in gone)
    told += struct.pack("<I", len(exceptions))
    told += b"".join(struct.pack("<I", minutes(one.start.date())) for one in exceptions)
    told += struct.pack("<2I", minutes(start.date()), minutes(last))
    told += struct.pack("<4I", 0x3006, 0x3009, hours[0] * 60, hours[1] * 60) + struct.pack("<H", len(exceptions))
    for one in exceptions:
        told += struct.pack("<3IH", minutes(one.start), minutes(one.end), minutes(one.original), one.flags)
        for text in (one.subject, one.location):
            if text is not None:
                data = text.encode("cp1252", "replace")
                told += struct.pack("<HH", len(data) + 1, len(data)) + data
        if one.all_day is not None:
            told += struct.pack("<I", one.all_day)
    told += struct.pack("<I", 0)
    for one in exceptions:
        told += struct.pack("<II", 4, 0) + struct.pack("<I", 0)
        if one.flags & 0x11:
            told += struct.pack("<3I", minutes(one.start), minutes(one.end), minutes(one.original))
            for text in (one.subject, one.location):
                if text is not None:
                    told += struct.pack("<H", len(text)) + text.encode("utf-16-le")
            told += struct.pack("<I", 0)
    return told + struct.pack("<I", 0)


def moment(month: int, weekday: int, place: int, hour: int) -> bytes:
    return struct.pack("<8H", 0, month, weekday, place, hour, 0, 0, 0)


#: Central Europe: an hour before UTC, two from the last Sunday of March to that of October.
STANDARD, DAYLIGHT = moment(10, 0, 5, 3), moment(3, 0, 5, 2)
ZONE = struct.pack("<3iH", -60, 0, -60, 0) + STANDARD + b"\0\0" + DAYLIGHT


def definition(name: str = "W. Europe Standard Time") -> bytes:
    rule = struct.pack("<BBHHH14x3i", 2, 1, 0x3E, 2, 2000, -60, 0, -60) + STANDARD + DAYLIGHT
    old = struct.pack("<BBHHH14x3i", 2, 1, 0x3E, 0, 1990, 0, 0, 0) + bytes(32)
    header = struct.pack("<BBHHH", 2, 1, 6 + 2 * len(name), 2, len(name)) + name.encode("utf-16-le")
    return header + struct.pack("<H", 2) + old + rule

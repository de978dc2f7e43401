"""How an appointment comes again: PidLidAppointmentRecur and PidLidTaskRecur ([MS-OXOCAL] 2.2.1.44).

Times in it are local ones of the appointment's time zone, in minutes since 1601.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from connectors.archives.contract import Damaged
from connectors.language import _

_DAILY, _WEEKLY, _MONTHLY, _YEARLY = 0x200A, 0x200B, 0x200C, 0x200D
_BY_WEEK, _BY_DAY, _BY_NTH, _BY_END = 1, (2, 0xA), (3, 0xB), (4, 0xC)
_ENDS_ON, _ENDS_AFTER = 0x2021, 0x2022
_LAST = 5
_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_MINUTES = datetime(1601, 1, 1)  # noqa: DTZ001  # local time of the appointment's own zone
_HIGHLIGHTS = 0x3009
#: Dates and exceptions that are read: one a day for a hundred years, and a thousand times less.
_MOST_DATES, _MOST_EXCEPTIONS = 36_525, 2_000
_SUBJECT, _MEETING, _DELTA, _REMINDER, _LOCATION, _BUSY, _ATTACHMENT, _SUBTYPE, _COLOUR = (1 << bit for bit in range(9))


@dataclass(frozen=True, slots=True)
class Changed:
    """An occurrence that is not as the others; what is None is."""

    original: datetime
    start: datetime
    end: datetime
    subject: str | None = None
    location: str | None = None
    busy: int | None = None
    all_day: bool | None = None
    #: Minutes before it that its reminder comes; None for as the others.
    reminder: int | None = None


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The rule as parts of RFC 5545 3.3.10, without its end; first occurrence and end, local; what differs from it."""

    rule: dict[str, list[str] | list[int] | str | int]
    start: datetime
    end: datetime
    #: The day of the last occurrence, where the rule ends on one.
    until: date | None
    count: int | None
    deleted: tuple[date, ...]
    changed: tuple[Changed, ...]
    #: Where exceptions could not be read; the rule could.
    is_whole: bool = True


class _Bytes:
    """Reads on; Damaged at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def numbers(self, layout: str) -> tuple[int, ...]:
        size = struct.calcsize("<" + layout)
        return struct.unpack("<" + layout, self.take(size))

    def number(self) -> int:
        return self.numbers("I")[0]

    def short(self) -> int:
        return self.numbers("H")[0]

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) < size:
            raise _damaged()
        self._at += size
        return piece

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._data)


def recurrence(data: bytes) -> Recurrence:
    """Reads either blob; a task's has no times of day and no exceptions.  Raises Damaged."""
    try:
        return _recurrence(_Bytes(data))
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise _damaged() from error


def _recurrence(told: _Bytes) -> Recurrence:
    _reader, _writer, frequency, pattern, _calendar = told.numbers("5H")
    _first, period, _sliding = told.numbers("3I")
    specific = told.numbers("2I" if pattern in _BY_NTH else "I") if pattern else ()
    end_type, count, first_day, deleted_count = told.numbers("4I")
    deleted = _dates(told, deleted_count)
    _dates(told, told.number())
    start_day, end_day = (_moment(minutes) for minutes in told.numbers("2I"))
    rule = _rule(frequency, pattern, period, specific, start_day)
    if 0 <= first_day < len(_DAYS) and frequency == _WEEKLY:
        rule["WKST"] = _DAYS[first_day]
    start, end, changed, is_whole = start_day, start_day, list[Changed](), True
    if not told.is_over:
        _reader2, version, begins, ends = told.numbers("4I")
        start, end = start_day + timedelta(minutes=begins), start_day + timedelta(minutes=ends)
        try:
            changed = _exceptions(told, version)
        except Damaged:
            is_whole = False
    originals = {one.original.date() for one in changed}
    return Recurrence(
        rule,
        start,
        end,
        end_day.date() if end_type == _ENDS_ON else None,
        count if end_type == _ENDS_AFTER and 0 < count < 100_000 else None,
        tuple(day for day in deleted if day not in originals),
        tuple(changed),
        is_whole,
    )


def _dates(told: _Bytes, count: int) -> list[date]:
    if count > _MOST_DATES:
        raise _damaged()
    return [_moment(minutes).date() for minutes in told.numbers(f"{count}I")]


def _moment(minutes: int) -> datetime:
    return _MINUTES + timedelta(minutes=minutes)


def _rule(
    frequency: int, pattern: int, period: int, specific: tuple[int, ...], start: datetime
) -> dict[str, list[str] | list[int] | str | int]:
    """Parts of RFC 5545 3.3.10."""
    rule: dict[str, list[str] | list[int] | str | int] = {}
    if pattern == 0:
        rule |= {"FREQ": "DAILY", "INTERVAL": max(period // 1440, 1)}
    elif pattern == _BY_WEEK:
        rule |= {
            "FREQ": "WEEKLY",
            "INTERVAL": max(period, 1) if frequency == _WEEKLY else 1,
            "BYDAY": _days(specific[0]),
        }
    elif pattern in _BY_DAY or pattern in _BY_NTH or pattern in _BY_END:
        if frequency == _YEARLY or (period and period % 12 == 0):
            rule |= {"FREQ": "YEARLY", "INTERVAL": max(period // 12, 1), "BYMONTH": start.month}
        else:
            rule |= {"FREQ": "MONTHLY", "INTERVAL": max(period, 1)}
        rule |= _by_nth(*specific) if pattern in _BY_NTH else _by_day(specific[0], is_last=pattern in _BY_END)
    else:
        raise _damaged()
    return rule


def _days(mask: int) -> list[str]:
    days = [name for bit, name in enumerate(_DAYS) if mask >> bit & 1]
    if not days:
        raise _damaged()
    return days


def _by_nth(mask: int, place: int) -> dict[str, list[str] | list[int] | str | int]:
    days = _days(mask)
    if not 1 <= place <= _LAST:
        raise _damaged()
    number = -1 if place == _LAST else place
    return {"BYDAY": f"{number}{days[0]}"} if len(days) == 1 else {"BYDAY": days, "BYSETPOS": number}


def _by_day(day: int, *, is_last: bool) -> dict[str, list[str] | list[int] | str | int]:
    """A day that some months have not is their last one in Outlook."""
    if is_last or day >= 31:
        return {"BYMONTHDAY": -1}
    if not day >= 1:
        raise _damaged()
    return {"BYMONTHDAY": list(range(28, day + 1)), "BYSETPOS": -1} if day > 28 else {"BYMONTHDAY": day}


def _exceptions(told: _Bytes, version: int) -> list[Changed]:
    count = told.short()
    if count > _MOST_EXCEPTIONS:
        raise _damaged()
    basic = [_basic(told) for _number in range(count)]
    changed = [one for one, _flags in basic]
    try:
        told.take(told.number())
        for place, (one, flags) in enumerate(basic):
            subject, location = _extended(told, flags, version)
            changed[place] = _with_texts(one, subject, location)
    except Damaged:
        # The texts of the first list, in 8 bits, are what is left.
        return changed
    return changed


def _basic(told: _Bytes) -> tuple[Changed, int]:
    start, end, original = (_moment(minutes) for minutes in told.numbers("3I"))
    flags = told.short()
    subject = _text8(told) if flags & _SUBJECT else None
    if flags & _MEETING:
        told.number()
    delta = told.number() if flags & _DELTA else None
    if flags & _REMINDER:
        told.number()
    location = _text8(told) if flags & _LOCATION else None
    busy = told.number() if flags & _BUSY else None
    if flags & _ATTACHMENT:
        told.number()
    all_day = bool(told.number()) if flags & _SUBTYPE else None
    if flags & _COLOUR:
        told.number()
    return Changed(original, start, end, subject, location, busy, all_day, delta), flags


def _text8(told: _Bytes) -> str:
    told.short()
    return told.take(told.short()).decode("windows-1252", "replace")


def _extended(told: _Bytes, flags: int, version: int) -> tuple[str | None, str | None]:
    """The texts once more, in UTF-16 (2.2.1.44.4)."""
    if version >= _HIGHLIGHTS:
        told.take(told.number())
    told.take(told.number())
    if not flags & (_SUBJECT | _LOCATION):
        return None, None
    told.numbers("3I")
    texts = [
        told.take(told.short() * 2).decode("utf-16-le", "replace") if flags & flag else None
        for flag in (_SUBJECT, _LOCATION)
    ]
    told.take(told.number())
    return texts[0], texts[1]


def _with_texts(one: Changed, subject: str | None, location: str | None) -> Changed:
    return Changed(
        one.original, one.start, one.end, one.subject if subject is None else subject,
        one.location if location is None else location, one.busy, one.all_day, one.reminder,
    )  # fmt: skip


def _damaged() -> Damaged:
    return Damaged("recurrence-unreadable", _("How an appointment comes again is damaged and cannot be told."))

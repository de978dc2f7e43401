"""Sizes, speeds, days and times as people write them in a plan."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from connectors.language import _
from connectors.read_state import days_of
from plans.problems import Worded

_NUMBER = r"(?P<number>\d+(?:[.,]\d+)?)\s*"
_SIZE = re.compile(_NUMBER + r"(?P<prefix>[kKmMgG]?)(?P<binary>i?)(?P<unit>[Bo])")
_SPEED = re.compile(_NUMBER + r"(?P<prefix>[kKmMgG]?)(?P<unit>bit|B|o)/s")
_DURATION = re.compile(r"(?P<hours>\d{1,4})\s*h\s*((?P<more>\d{1,2})\s*(min|mn|m)?)?|(?P<minutes>\d{1,4})\s*(min|mn|m)")
_WINDOW = re.compile(r"(?P<h1>\d{1,2})(?:[:h](?P<m1>\d\d)?)?\s*-\s*(?P<h2>\d{1,2})(?:[:h](?P<m2>\d\d)?)?")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def parse_size(value: object) -> int:
    """Bytes, from ``25 MB``, ``25Mo`` (both 25,000,000) or ``25 MiB`` (26,214,400).  Raises :class:`Worded`."""
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise Worded(
            _("{value} is not a size.").format(value=_shown(value)), _("Write a number and its unit, such as 25 MB.")
        )
    return _scaled(found, 1024 if found["binary"] else 1000)


def parse_speed(value: object) -> int:
    """Bytes a second, from ``2Mbit/s``, ``500 kB/s`` or ``1,5 Mo/s``.  Raises :class:`Worded`.

    ``Mb/s`` is refused: some mean bits by it and some bytes.
    """
    found = _SPEED.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        message = _("{value} is not a speed.").format(value=_shown(value))
        raise Worded(message, _("Write 2Mbit/s (bits) or 250kB/s (bytes)."))
    speed = _scaled(found, 1000) // (8 if found["unit"] == "bit" else 1)
    if speed == 0:
        message = _("{value} would let nothing through.").format(value=_shown(value))
        raise Worded(message, _("Take the line away to set no limit."))
    return speed


def parse_date(value: object) -> date:
    """A day, written ``2027-02-09``.  Raises :class:`Worded`."""
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip()):
            return date.fromisoformat(value.strip())
    except ValueError:
        pass
    message = _("{value} is not a date.").format(value=_shown(value))
    raise Worded(message, _("Write year-month-day, such as 2027-02-09."))


#: The first day that a plan can mean: what lies before, or :data:`_YEARS_AHEAD` from now, is a slip of the keyboard.
_FIRST_DAY = date(2020, 1, 1)
_YEARS_AHEAD = 10


def parse_planned_date(value: object) -> date:
    """A day on which something of the move happens.  Raises :class:`Worded`, also for a year that cannot be meant."""
    day = parse_date(value)
    if not _FIRST_DAY <= day <= datetime.now(UTC).date() + timedelta(days=366 * _YEARS_AHEAD):
        message = _("{value} cannot be meant: the year is too far away.").format(value=_shown(value))
        raise Worded(message, _("Check the year."))
    return day


def parse_duration(value: object) -> timedelta:
    """A length of time, from ``30min``, ``2 h`` or ``1h30``.  Raises :class:`Worded`."""
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    parts = [int(found[part] or 0) for part in ("hours", "more", "minutes")] if found else [0, 0, 0]
    length = timedelta(hours=parts[0], minutes=parts[1] + parts[2])
    if not length:
        message = _("{value} is not a length of time.").format(value=_shown(value))
        raise Worded(message, _("Write it as 30min, 2h or 1h30."))
    return length


def parse_days(value: object) -> timedelta:
    """Whole days, from ``30 days`` or ``30 jours``.  Raises :class:`Worded`."""
    found = days_of(value) if isinstance(value, str) else None
    if found is None:
        message = _("{value} is not a number of days.").format(value=_shown(value))
        raise Worded(message, _("Write it as 30 days."))
    return found


@dataclass(frozen=True, slots=True)
class HoursOfDay:
    """From ``start`` until just before ``end``, every day, on the site's clocks; over midnight when it ends earlier."""

    start: time
    end: time

    def hold(self, moment: time) -> bool:
        """Whether ``moment`` lies between them."""
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


def parse_window(value: object) -> HoursOfDay:
    """Hours of the day, from ``19:00-07:00``.  Raises :class:`Worded`."""
    found = _WINDOW.fullmatch(value.strip()) if isinstance(value, str) else None
    hint = _('Write the first and the last hour, such as "19:00-07:00".')
    if found is None:
        raise Worded(_("{value} is not a window of hours.").format(value=_shown(value)), hint)
    try:
        start, end = (time(int(found[f"h{n}"]), int(found[f"m{n}"] or 0)) for n in (1, 2))
    except ValueError:
        raise Worded(_("{value} names an hour that no clock shows.").format(value=_shown(value)), hint) from None
    if start == end:
        message = _("{value} begins and ends at the same hour.").format(value=_shown(value))
        raise Worded(message, _("Take the line away to copy at any hour."))
    return HoursOfDay(start, end)


def _scaled(found: re.Match[str], base: int) -> int:
    return int(float(found["number"].replace(",", ".")) * base ** _POWERS[found["prefix"].lower()])


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str | int | float) else _("This value")


_A_DAY = WithJsonSchema({"type": "string", "format": "date", "examples": ["2027-02-09"]})

Size = Annotated[int, PlainValidator(parse_size), WithJsonSchema({"type": "string", "examples": ["50 MB"]})]
Speed = Annotated[int, PlainValidator(parse_speed), WithJsonSchema({"type": "string", "examples": ["2Mbit/s"]})]
Day = Annotated[date, PlainValidator(parse_date), _A_DAY]
PlannedDay = Annotated[date, PlainValidator(parse_planned_date), _A_DAY]
Duration = Annotated[
    timedelta, PlainValidator(parse_duration), WithJsonSchema({"type": "string", "examples": ["30min", "1h30"]})
]
Days = Annotated[timedelta, PlainValidator(parse_days), WithJsonSchema({"type": "string", "examples": ["30 days"]})]
Window = Annotated[
    HoursOfDay, PlainValidator(parse_window), WithJsonSchema({"type": "string", "examples": ["19:00-07:00"]})
]

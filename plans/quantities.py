"""Sizes, speeds and dates as people write them in a plan."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import PlainValidator

from plans.problems import Worded

_NUMBER = r"(?P<number>\d+(?:[.,]\d+)?)\s*"
_SIZE = re.compile(_NUMBER + r"(?P<prefix>[kKmMgG]?)(?P<binary>i?)(?P<unit>[Bo])")
_SPEED = re.compile(_NUMBER + r"(?P<prefix>[kKmMgG]?)(?P<unit>bit|B|o)/s")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def parse_size(value: object) -> int:
    """Bytes, from ``25 MB``, ``25Mo`` (both 25,000,000) or ``25 MiB`` (26,214,400).  Raises :class:`Worded`."""
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise Worded(f"{_shown(value)} is not a size.", "Write a number and its unit, such as 25 MB.")
    return _scaled(found, 1024 if found["binary"] else 1000)


def parse_speed(value: object) -> int:
    """Bytes a second, from ``2Mbit/s``, ``500 kB/s`` or ``1,5 Mo/s``.  Raises :class:`Worded`.

    ``Mb/s`` is refused: some mean bits by it and some bytes.
    """
    found = _SPEED.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise Worded(f"{_shown(value)} is not a speed.", "Write 2Mbit/s (bits) or 250kB/s (bytes).")
    speed = _scaled(found, 1000) // (8 if found["unit"] == "bit" else 1)
    if speed == 0:
        raise Worded(f"{_shown(value)} would let nothing through.", "Take the line away to set no limit.")
    return speed


def parse_date(value: object) -> date:
    """A day, written ``2027-02-09``.  Raises :class:`Worded`."""
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip()):
            return date.fromisoformat(value.strip())
    except ValueError:
        pass
    raise Worded(f"{_shown(value)} is not a date.", "Write year-month-day, such as 2027-02-09.")


def _scaled(found: re.Match[str], base: int) -> int:
    return int(float(found["number"].replace(",", ".")) * base ** _POWERS[found["prefix"].lower()])


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str | int | float) else "This value"


Size = Annotated[int, PlainValidator(parse_size)]
Speed = Annotated[int, PlainValidator(parse_speed)]
Day = Annotated[date, PlainValidator(parse_date)]

"""When a stored message was received, as its store and its header tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from connectors.received import believed, date_of_field, date_of_trace

_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
    )
}
#: asctime(3) and what programs make of it: without seconds, with a zone before or after the year.
_ASCTIME = re.compile(
    rb"\b([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{1,2}):(\d\d)(?::(\d\d))?"
    rb"(?:\s+(?:([+-]\d{4})|[A-Z]{1,5}))?\s+(\d{4}|\d\d)\b(?:\s+([+-]\d{4})\b)?",
    re.IGNORECASE,
)
#: The date of RFC 5322 in the place of asctime's.
_RFC = re.compile(
    rb"\b(\d{1,2})[ -]([A-Z][a-z]{2})[ -](\d{4}|\d\d)\s+(\d{1,2}):(\d\d)(?::(\d\d))?(?:\s+([+-]\d{4}))?", re.IGNORECASE
)
_ISO = re.compile(rb"\b(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*([+-]\d\d:?\d\d|Z)?")
#: git writes this date on every patch.
_GIT = datetime(2001, 9, 17, tzinfo=UTC)
#: Writers that put the moment of filing there, not that of receipt: Thunderbird, and Python's mailbox among others.
_FILING = (b"-", b"MAILER-DAEMON")
#: Two clocks that differ by less than this may show one moment in two zones.
_ZONES = timedelta(hours=15)
_LONGEST = 1000


def received(from_line: bytes, found: Mapping[bytes, bytes]) -> datetime | None:
    """When a message of an mbox was received.

    The date of its From_ line, unless nobody received it then (a writer's own time, git's constant, a date that
    cannot be); else that of the topmost Received field, else that of Date.  A From_ line without a zone is in UTC
    (RFC 4155) unless a Received field shows the same moment in its zone.
    """
    told, zoned = _from_line(from_line)
    hop = _received_field(found)
    sender = from_line[5:].split(None, 1)[:1]
    if told is not None and sender and sender[0] not in _FILING:
        return hop if not zoned and hop is not None and abs(hop - told) < _ZONES else told
    return hop or _date_field(found) or told


def of_header(found: Mapping[bytes, bytes]) -> datetime | None:
    """When a message was received by its header alone: the topmost Received field, else Date."""
    return _received_field(found) or _date_field(found)


def of_from_line(line: bytes) -> datetime | None:
    """The date of a From_ line in any of its forms; None where there is none, or one that cannot be."""
    return _from_line(line)[0]


def of_seconds(seconds: float) -> datetime | None:
    """A time in seconds since 1970; None where it cannot be."""
    try:
        return believed(datetime.fromtimestamp(seconds, UTC).replace(microsecond=0), _now())
    except (ValueError, OverflowError, OSError):
        return None


def _from_line(line: bytes) -> tuple[datetime | None, bool]:
    """The date, and whether it says its zone."""
    line = line[:_LONGEST]
    if found := _ASCTIME.search(line):
        month, day, hour, minute, second, before, year, after = found.groups()
        zone = before or after
        return _made(year, _MONTHS.get(month.lower()), day, hour, minute, second, zone), zone is not None
    if found := _RFC.search(line):
        day, month, year, hour, minute, second, zone = found.groups()
        return _made(year, _MONTHS.get(month.lower()), day, hour, minute, second, zone), zone is not None
    if found := _ISO.search(line):
        year, number, day, hour, minute, second, zone = found.groups()
        return _made(year, int(number), day, hour, minute, second, zone), zone is not None
    return None, False


def _made(
    year: bytes, month: int | None, day: bytes, hour: bytes, minute: bytes, second: bytes | None, zone: bytes | None
) -> datetime | None:
    number = int(year)
    if len(year) == 2:
        number += 1900 if number >= 70 else 2000
    offset = timedelta(0)
    if zone is not None and zone != b"Z":
        digits = zone[1:].replace(b":", b"")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if zone.startswith(b"-") else 1)
    try:
        made = datetime(number, month or 0, int(day), int(hour), int(minute), int(second or 0), tzinfo=timezone(offset))
    except ValueError:
        return None
    return None if made == _GIT else believed(made, _now())


def _received_field(found: Mapping[bytes, bytes]) -> datetime | None:
    return date_of_trace(found.get(b"received", b""), _now())


def _date_field(found: Mapping[bytes, bytes]) -> datetime | None:
    return date_of_field(found.get(b"date", b""), _now())


def _now() -> datetime:
    return datetime.now(UTC)

"""Time zones as appointments carry them ([MS-OXOCAL] 2.2.1.39 and 2.2.1.41), and as VTIMEZONE says them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

from connectors.mapi import tags
from connectors.mapi.properties import Properties

_STRUCT, _DESCRIPTION = 0x8233, 0x8234
_DEFINITIONS = (0x8260, 0x825E)
_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_RULE = 66
#: Minutes that no zone is from UTC.
_FAR = 24 * 60


@dataclass(frozen=True, slots=True)
class Change:
    """When clocks change each year: the ``place``-th (5: last) ``weekday`` (0: Sunday) of a month, at a local time."""

    month: int
    weekday: int
    place: int
    hour: int
    minute: int

    def in_year(self, year: int) -> datetime:
        first = datetime(year, self.month, 1, self.hour, self.minute)  # noqa: DTZ001  # local time
        day = first + timedelta(days=(self.weekday - (first.weekday() + 1)) % 7 + 7 * (self.place - 1))
        while day.month != self.month:
            day -= timedelta(days=7)
        return day


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of one rule, as Outlook had it when the appointment was made."""

    name: str
    standard: timedelta
    daylight: timedelta
    #: When standard time and daylight time begin; None where clocks stay.
    changes: tuple[Change, Change] | None

    def local(self, moment: datetime) -> datetime:
        """A time in UTC as the zone's clocks show it, without a zone."""
        plain = moment.astimezone(UTC).replace(tzinfo=None)
        if self.changes is None:
            return plain + self.standard
        to_standard = self.changes[0].in_year(plain.year) - self.daylight
        to_daylight = self.changes[1].in_year(plain.year) - self.standard
        if to_daylight < to_standard:
            is_daylight = to_daylight <= plain < to_standard
        else:
            is_daylight = plain >= to_daylight or plain < to_standard
        return plain + (self.daylight if is_daylight else self.standard)

    def utc(self, local: datetime) -> datetime:
        """The other way; of a time that clocks show twice, the first."""
        for offset in sorted((self.standard, self.daylight), reverse=True):
            moment = (local - offset).replace(tzinfo=UTC)
            if self.local(moment) == local:
                return moment
        return (local - self.standard).replace(tzinfo=UTC)

    def component(self) -> Timezone:
        zone = Timezone()
        zone.add("tzid", self.name)
        pieces = ((TimezoneStandard, self.daylight, self.standard), (TimezoneDaylight, self.standard, self.daylight))
        for place, (kind, before, after) in enumerate(pieces[: 2 if self.changes else 1]):
            piece = kind()
            piece.add("tzoffsetfrom", before if self.changes else after)
            piece.add("tzoffsetto", after)
            if self.changes is None:
                piece.add("dtstart", datetime(1601, 1, 1))  # noqa: DTZ001  # local time
            else:
                change = self.changes[place]
                piece.add("dtstart", change.in_year(1601))
                number = -1 if change.place == 5 else change.place
                piece.add(
                    "rrule", {"FREQ": "YEARLY", "BYDAY": f"{number}{_DAYS[change.weekday]}", "BYMONTH": change.month}
                )
            zone.add_component(piece)
        return zone


def zone_of(properties: Properties) -> Zone | None:
    """The zone that an appointment was made in, None when it tells none that can be read."""
    for identifier in _DEFINITIONS:
        data = properties.named(tags.APPOINTMENT, identifier)
        if isinstance(data, bytes) and (zone := _definition(data)) is not None:
            return zone
    data = properties.named(tags.APPOINTMENT, _STRUCT)
    if isinstance(data, bytes) and len(data) >= 48:
        name = properties.named(tags.APPOINTMENT, _DESCRIPTION)
        biases = struct.unpack_from("<3i", data)
        return _zone(name if isinstance(name, str) and name else "Outlook", biases, data[14:30], data[32:48])
    return None


def _definition(data: bytes) -> Zone | None:
    """The rule that is in force, else the last one."""
    if len(data) < 8:
        return None
    length = struct.unpack_from("<H", data, 6)[0] * 2
    at = 8 + length
    if len(data) < at + 2:
        return None
    name = data[8:at].decode("utf-16-le", "replace").strip("\0 ")
    count = struct.unpack_from("<H", data, at)[0]
    rules = [rule for place in range(count) if len(rule := data[at + 2 + _RULE * place :][:_RULE]) == _RULE]
    if not rules:
        return None
    rule = next((one for one in rules if struct.unpack_from("<H", one, 4)[0] & 2), rules[-1])
    return _zone(name or "Outlook", struct.unpack_from("<3i", rule, 22), rule[34:50], rule[50:66])


def _zone(name: str, biases: tuple[int, ...], standard: bytes, daylight: bytes) -> Zone | None:
    bias, more_standard, more_daylight = biases
    minutes = (-(bias + more_standard), -(bias + more_daylight))
    if any(abs(one) >= _FAR for one in minutes):
        return None
    to_standard, to_daylight = _change(standard), _change(daylight)
    changes = (to_standard, to_daylight) if to_standard is not None and to_daylight is not None else None
    return Zone(name, timedelta(minutes=minutes[0]), timedelta(minutes=minutes[1]), changes)


def _change(told: bytes) -> Change | None:
    """A SYSTEMTIME with a year of 0."""
    year, month, weekday, place, hour, minute = struct.unpack_from("<6H", told)
    if year or not 1 <= month <= 12 or weekday > 6 or not 1 <= place <= 5 or hour > 23 or minute > 59:
        return None
    return Change(month, weekday, place, hour, minute)

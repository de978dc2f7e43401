"""When work is done that may go on in some hours alone, more slowly in others, and so much a day.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from plans.quantities import HoursOfDay

_DAY = timedelta(days=1)
#: Nobody plans beyond.
HORIZON = timedelta(days=3650)


class Speed(Protocol):
    """How fast work goes."""

    @property
    def bytes_per_second(self) -> float: ...
    def seconds(self, messages: float, size: float) -> float: ...


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours for copying on a place's clocks, None for any hour; outside them at most so many bytes a second."""

    zone: ZoneInfo
    window: HoursOfDay | None = None
    #: None: nothing is copied outside the window.
    outside: int | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done, how fast, in which part of the time, and how many bytes in 24 hours, from the beginning."""

    messages: int
    size: int
    #: Seconds that are needed besides.
    besides: float
    rate: Speed
    uptime: float
    a_day: int | None = None

    def seconds(self, bytes_per_second: float | None) -> float:
        """Seconds that it takes in one go, where the line gives no more than this."""
        line = 0.0 if bytes_per_second is None else self.size / bytes_per_second
        return (self.besides + max(self.rate.seconds(self.messages, self.size), line)) / self.uptime


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of time in which work goes on, at a rate that the hours limit, or not."""

    begin: datetime
    end: datetime
    bytes_per_second: float | None


def finish(work: Work, hours: Hours, begin: datetime) -> datetime | None:
    """When the work is done that is begun at ``begin``, in UTC; None: not within ten years."""
    begin = begin.astimezone(UTC)
    if work.seconds(None) <= 0:
        return begin
    part_a_day = 1.0 if not work.a_day or not work.size else min(1.0, work.a_day / work.size)
    left, day_ends, left_today = 1.0, begin + _DAY, part_a_day
    for spell in spells(hours, begin):
        whole = work.seconds(spell.bytes_per_second)
        at = spell.begin
        while at < spell.end:
            while at >= day_ends:
                day_ends, left_today = day_ends + _DAY, part_a_day
            until = min(spell.end, day_ends)
            part = min((until - at).total_seconds() / whole, left, left_today)
            if left - part <= 1e-12:
                return at + timedelta(seconds=part * whole)
            left -= part
            left_today -= part
            at = until
    return None


def spells(hours: Hours, begin: datetime) -> Iterator[Spell]:
    """The stretches in which copying goes on, in order, from ``begin`` for ten years."""
    last = begin + HORIZON
    edges = _edges(hours, begin)
    at = begin
    while at < last:
        until = next(edges)
        if until > at:
            open_now = _open(hours, at)
            if open_now or hours.outside is not None:
                yield Spell(at, until, None if open_now else float(hours.outside or 0))
            at = until


def opens(hours: Hours, moment: datetime) -> datetime:
    """When copying may go on: ``moment`` itself, or when the hours begin next; on the clocks of the place."""
    return next(spells(hours, moment.astimezone(UTC))).begin.astimezone(hours.zone)


def _open(hours: Hours, at: datetime) -> bool:
    return hours.window is None or hours.window.hold(at.astimezone(hours.zone).time())


def _edges(hours: Hours, begin: datetime) -> Iterator[datetime]:
    """The moments, in UTC, at which the hours begin and end; every midnight where there are none."""
    day = begin.astimezone(hours.zone).date() - _DAY
    window = hours.window
    times = [time()] if window is None else sorted([window.start, window.end])
    while True:
        yield from (_utc(day, at, hours.zone) for at in times)
        day += _DAY


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)

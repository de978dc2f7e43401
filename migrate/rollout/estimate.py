"""How long a copy takes.  Pure: sizes, rates and limits in, times out.

A mailbox takes as long as its messages at so many a second, or its bytes at so many a second, or its bytes at so many a
day, whichever is longest.  A site takes as long as its largest mailbox, or as all of them together at the rates and
allowances that they share.  Each is told twice: as it goes in the middle of cases (P50), and as it goes in the worst
tenth of them (P90).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf, sqrt

from migrate.rollout.copying_time import Hours, Work, finish

#: The part of the time that a copy really copies: what is left goes to rests, reconnections and whoever looks.
_UPTIME, _UPTIME_SLOW = 0.95, 0.8


@dataclass(frozen=True, slots=True)
class Load:
    """What one mailbox brings: messages, their bytes, and the seconds that listing them took."""

    messages: int
    size: int
    listing: float = 0.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages and bytes a second, both of which hold."""

    messages_per_second: float = inf
    bytes_per_second: float = inf

    def seconds(self, messages: float, size: float) -> float:
        return max(messages / self.messages_per_second, size / self.bytes_per_second)

    def within(self, other: Rate) -> Rate:
        return Rate(
            min(self.messages_per_second, other.messages_per_second),
            min(self.bytes_per_second, other.bytes_per_second),
        )

    def times(self, factor: float) -> Rate:
        return Rate(self.messages_per_second * factor, self.bytes_per_second * factor)


@dataclass(frozen=True, slots=True)
class Pace:
    """What one mailbox reaches: in the middle of cases, and in the worst tenth."""

    typical: Rate
    slow: Rate
    #: Passes that it was measured on; 0: as documented.
    passes: int = 0

    def within(self, other: Pace) -> Pace:
        return Pace(self.typical.within(other.typical), self.slow.within(other.slow), self.passes)


@dataclass(frozen=True, slots=True)
class Measured:
    """One pass as it was: what it copied, in how many seconds."""

    messages: int
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds over all mailboxes together, and a day's allowance; None for no limit."""

    at_once: int = 1
    together: Rate = field(default_factory=Rate)
    each_a_day: int | None = None
    together_a_day: int | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """When all is copied, on the clocks that ``begin`` is told on; None: not within ten years."""

    begin: datetime
    typical: datetime | None
    slow: datetime | None


def fitted(measured: Sequence[Measured], documented: Pace) -> Pace:
    """The documented pace, made faster or slower as much as the passes were.

    Their median counts, long passes more than short ones; what the worst tenth came to makes the slow pace, and few
    passes say little about it, so that it is kept apart from the median the more the fewer they are.
    """
    ratios = sorted(
        (one.seconds / expected, one.seconds)
        for one in measured
        if one.seconds > 0 and (expected := documented.typical.seconds(one.messages, one.size)) > 0
    )
    if not ratios:
        return documented
    middle = _quantile(ratios, 0.5)
    worst = max(_quantile(ratios, 0.9), middle * (1 + 1 / sqrt(len(ratios))))
    return Pace(documented.typical.times(1 / middle), documented.typical.times(1 / worst), len(ratios))


def _quantile(weighted: Sequence[tuple[float, float]], part: float) -> float:
    """The value up to which this part of the whole weight lies; the values are in order."""
    wanted = part * sum(weight for _value, weight in weighted)
    reached = 0.0
    for value, weight in weighted:
        reached += weight
        if reached >= wanted:
            return value
    return weighted[-1][0]


def forecast(loads: Sequence[Load], pace: Pace, limits: Limits, hours: Hours, begin: datetime) -> Forecast:
    """When all the mailboxes are copied that are begun together at ``begin``."""
    typical = _end(loads, pace.typical, _UPTIME, limits, hours, begin)
    slow = _end(loads, pace.slow.within(pace.typical), _UPTIME_SLOW, limits, hours, begin)
    shown = [None if end is None else end.astimezone(begin.tzinfo) for end in (typical, slow)]
    return Forecast(begin, *shown)


def _end(
    loads: Sequence[Load], rate: Rate, uptime: float, limits: Limits, hours: Hours, begin: datetime
) -> datetime | None:
    works = [_alone(load, rate.within(limits.together), uptime, limits) for load in _largest(loads)]
    if loads:
        works.append(_together(loads, rate, uptime, limits))
    ends = [finish(work, hours, begin) for work in works]
    if any(end is None for end in ends):
        return None
    return max((end for end in ends if end is not None), default=begin)


def _alone(load: Load, rate: Rate, uptime: float, limits: Limits) -> Work:
    return Work(load.messages, load.size, load.listing, rate, uptime, limits.each_a_day)


def _together(loads: Sequence[Load], rate: Rate, uptime: float, limits: Limits) -> Work:
    at_once = max(1, min(limits.at_once, len(loads)))
    return Work(
        sum(load.messages for load in loads),
        sum(load.size for load in loads),
        sum(load.listing for load in loads) / at_once,
        rate.times(at_once).within(limits.together),
        uptime,
        limits.together_a_day,
    )


def _largest(loads: Iterable[Load]) -> list[Load]:
    """Those of which no other is at least as large in every way: the others end before one of them does."""
    kept: list[Load] = []
    for load in sorted(set(loads), key=lambda one: (one.messages, one.size, one.listing), reverse=True):
        if not any(one.size >= load.size and one.listing >= load.listing for one in kept):
            kept.append(load)
    return kept

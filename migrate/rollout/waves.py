"""The calendar of a rollout's copies: sites in the order of their waves, each when the one before is done.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from migrate.rollout.copying_time import Hours, opens
from migrate.rollout.estimate import Limits, Load, Pace, forecast
from plans.turns import turn


@dataclass(frozen=True, slots=True)
class SiteWork:
    """What is to be copied for a site, and what it can reach."""

    site: str
    wave: int | None
    #: Of those of the mailboxes whose size is known.
    loads: Sequence[Load]
    mailboxes: int
    pace: Pace
    limits: Limits
    hours: Hours
    switch: date | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A site in the calendar; times on its own clocks, None where they are more than ten years away or unknown."""

    work: SiteWork
    begin: datetime | None
    #: In the middle of cases, and in the worst tenth.
    typical: datetime | None
    slow: datetime | None

    @property
    def unknown(self) -> bool:
        """Whether nothing can be said, since the size of no mailbox is known."""
        return not self.work.loads and self.work.mailboxes > 0

    @property
    def late(self) -> bool:
        """Whether the copy may not be done on the day on which its people start in the new mailbox."""
        if self.work.switch is None or self.unknown:
            return False
        day = datetime.combine(self.work.switch, time(), self.work.hours.zone)
        return self.slow is None or self.slow > day


def calendar(works: Iterable[SiteWork], begin: datetime) -> list[Planned]:
    """Every site, when its turn comes.

    A site begins when the one before it is done even if it goes slowly, and then when its own hours come; one of which
    nothing is known takes no time from the others.
    """
    planned: list[Planned] = []
    free: datetime | None = begin
    for work in sorted(works, key=lambda one: turn(one.wave, one.switch, one.site)):
        nowhere = Planned(work, None, None, None)
        if free is None or nowhere.unknown:
            planned.append(nowhere)
            continue
        at = opens(work.hours, free)
        told = forecast(work.loads, work.pace, work.limits, work.hours, at)
        typical, slow = (None if end is None else end.astimezone(work.hours.zone) for end in (told.typical, told.slow))
        planned.append(Planned(work, at, typical, slow))
        free = slow
    return planned

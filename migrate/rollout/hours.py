"""Support hours: what was agreed on, what was used, in slices, and what is left.  Pure.

Each use is an event of the organisation, and so is taking one back: what was used is the fold of these events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from connectors.language import _, number
from plans.model import Support

#: Names of events.
USED, TAKEN_BACK = "hours", "hours-taken-back"


@dataclass(frozen=True, slots=True)
class Use:
    """Hours that were used once."""

    #: Counts the uses from 1, those that were taken back included.
    number: int
    day: date
    #: As they were worked, and as they count.
    minutes: int
    counted: int
    #: None: for the organisation as a whole.
    site: str | None
    what: str
    by: str
    #: Why it does not count after all; None where it does.
    taken_back: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """All uses against what was agreed on.  Minutes."""

    bought: int
    used: int
    until: date | None

    @property
    def left(self) -> int:
        """Below 0 when more was used than agreed on."""
        return self.bought - self.used


def counted(minutes: int, shortest: timedelta | None) -> int:
    """Every slice that was begun counts whole."""
    slice_ = 0 if shortest is None else int(shortest.total_seconds() // 60)
    return minutes if slice_ <= 0 else -(-minutes // slice_) * slice_


def use_of(number_: int, who: str, what: str, detail: Mapping[str, Any]) -> Use:
    """From an event, as :func:`detail_of` wrote it."""
    site = detail["site"]
    return Use(
        number_,
        date.fromisoformat(str(detail["day"])),
        int(detail["minutes"]),
        int(detail["counted"]),
        None if site is None else str(site),
        what,
        who,
    )


def detail_of(day: date, minutes: int, count: int, site: str | None) -> dict[str, Any]:
    return {"day": day.isoformat(), "minutes": minutes, "counted": count, "site": site}


def account(support: Support, uses: Iterable[Use]) -> Account:
    used = sum(one.counted for one in uses if one.taken_back is None)
    return Account(round(support.hours * 60), used, support.until)


def left_in_hours(support: Support | None, uses: Iterable[Use]) -> float | None:
    """None where none was agreed on."""
    return None if support is None else account(support, uses).left / 60


def hours_text(minutes: int) -> str:
    """``7 h 30``, as people say it; ``-30 min`` when more was used than there was."""
    sign = "-" if minutes < 0 else ""
    hours, rest = divmod(abs(minutes), 60)
    if not hours and rest:
        return sign + _("{n} min").format(n=rest)
    return sign + (_("{n} h {m:02}") if rest else _("{n} h")).format(n=number(hours), m=rest)

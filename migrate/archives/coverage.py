"""The POP hole: days whose mail may exist on one PC alone, because Outlook emptied the server after the archive was
copied.  Pure; :mod:`migrate.archives.days` counts.

docs/archives.md has the rules for people, and why they are so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

Way = Literal["received", "sent"]
WAYS: tuple[Way, ...] = ("received", "sent")
Mark = Literal["archive", "server", "both", "uncovered", "none"]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Days in a row, the first and the last included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + at * _DAY for at in range(len(self)))


@dataclass(frozen=True, slots=True)
class Holding:
    """Messages by day on both sides, of one mailbox and one way."""

    archive: Mapping[date, int] = field(default_factory=dict)
    server: Mapping[date, int] = field(default_factory=dict)

    def believed(self, collected: date | None, today: date) -> Holding:
        """Without days that cannot be: mail of tomorrow, or of a day after the archive was copied."""
        end = today if collected is None else min(collected, today)
        return Holding(
            {day: count for day, count in self.archive.items() if day <= end},
            {day: count for day, count in self.server.items() if day <= today},
        )


@dataclass(frozen=True, slots=True)
class Written:
    """One archive of a person's: the day of its newest mail, and that on which it was last written to before it was
    copied with nobody holding it; None when that is not known.
    """

    newest: date | None
    on: date | None


def complete_on(archives: Sequence[Written]) -> date | None:
    """The day on which the archive that Outlook writes to was last written to; None when that is not known.

    It is the one with the newest mail.  Another may have been written to since, when it was looked at or copied to a
    drive, and tells nothing of that one; but an archive of which no day is known may be it.
    """
    if not archives or any(one.on is None for one in archives):
        return None
    known = [(one.newest or date.min, one.on) for one in archives if one.on is not None]
    return max(known)[1]


def uncovered(way: Way, holding: Holding, collected: date | None, today: date) -> Gap | None:
    """The days whose mail neither side can be trusted to hold; None when there is none.

    ``collected``: the day on which the archive was last written to before it was copied with nobody holding it; None
    when that is not known.
    """
    if collected is not None and collected >= today:
        return None  # Outlook has been closed since: so people are told
    held = holding.believed(collected, today)
    end = _end(way, held, collected)
    if end is None:
        return None
    begin = min((day for day in held.server if day >= end), default=None)
    if way == "received" and begin is not None and collected is not None and collected > begin:
        # What was fetched before the server's oldest mail came was in the archive when it was copied later.
        return None
    first, last = end + _DAY, today if begin is None else begin - _DAY
    return Gap(first, last) if first <= last else None


def _end(way: Way, held: Holding, collected: date | None) -> date | None:
    """Until which day the archive is complete; None when nothing can be said.

    It holds what was sent up to the day of its copy.  Of what was received it may lack what still lay on the server
    that day, so its own last mail counts.
    """
    known = [max(held.archive)] if held.archive else []
    if way == "sent" and collected is not None:
        known.append(collected)
    return max(known, default=None)


def mark_of(day: date, holding: Holding, gap: Gap | None) -> Mark:
    """What is to be said of one day."""
    if gap is not None and day in gap:
        return "uncovered"
    archive, server = day in holding.archive, day in holding.server
    return "both" if archive and server else "archive" if archive else "server" if server else "none"


def weeks(holding: Holding, gap: Gap, today: date) -> list[tuple[date, list[Mark]]]:
    """From the week before the gap to today, the marks of each week that begins on a Monday."""
    monday = gap.first - timedelta(days=gap.first.weekday() + 7)
    found = []
    while monday <= today:
        days = (monday + at * _DAY for at in range(7))
        found.append((monday, [mark_of(day, holding, gap) for day in days if day <= today]))
        monday += timedelta(days=7)
    return found


def as_json(holding: Holding, gap: Gap | None) -> dict[str, Any]:
    """The published shape of one way."""
    days = sorted({*holding.archive, *holding.server, *(gap or ())})
    return {
        "archive": _side(holding.archive),
        "server": _side(holding.server),
        "uncovered": None
        if gap is None
        else {"first": gap.first.isoformat(), "last": gap.last.isoformat(), "days": len(gap)},
        "days": [
            {
                "day": day.isoformat(),
                "archive": holding.archive.get(day, 0),
                "server": holding.server.get(day, 0),
                "uncovered": gap is not None and day in gap,
            }
            for day in days
        ],
    }


def _side(days: Mapping[date, int]) -> dict[str, Any] | None:
    if not days:
        return None
    return {"first": min(days).isoformat(), "last": max(days).isoformat(), "messages": sum(days.values())}

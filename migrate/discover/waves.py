"""In which order sites move, and whose mailbox is begun early.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migrate.discover.inventory import Inventory

#: What a hosted target takes of one mailbox in a night of twelve hours, at the 750 MB an hour that is documented: a
#: larger mailbox is begun weeks before, or its site waits for it.
A_NIGHT = 9_000_000_000
#: Largest mailboxes that are named.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class SiteTotals:
    """What the people of a site have together.  ``wave``: as the plan says it, None where it says none."""

    site: str
    wave: int | None
    people: int
    looked_at: int
    messages: int
    size: int
    early: tuple[str, ...]
    largest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wave:
    """``week``: weeks after the pilot's, with a spare one after each of the first two waves."""

    number: int
    site: SiteTotals
    week: int


def totals(site: str, wave: int | None, people: int, found: Sequence[Inventory]) -> SiteTotals:
    good = [one for one in found if not one.error]
    by_size = sorted(good, key=lambda one: (-one.size, one.mailbox))
    return SiteTotals(
        site,
        wave,
        people,
        len(good),
        sum(one.messages for one in good),
        sum(one.size for one in good),
        tuple(one.mailbox for one in by_size if one.size > A_NIGHT),
        tuple(one.mailbox for one in by_size[:_NAMED] if one.size),
    )


def propose(sites: Mapping[str, SiteTotals]) -> list[Wave]:
    """One site a wave and a week.  The plan's first wave is the pilot; else the site with the fewest people.

    The others follow by their people and bytes, so that the largest comes when the most is known; an early mailbox is
    no reason to move its site first, but to begin copying it now.
    """
    order = sorted(sites.values(), key=lambda one: (one.people, one.size, one.site))
    pilot = next((one for one in sorted(order, key=lambda one: one.wave or 0) if one.wave is not None), None)
    if pilot is not None:
        order.remove(pilot)
        order.insert(0, pilot)
    weeks = [0, 2, *range(4, len(order) + 2)]
    return [Wave(number, one, weeks[number - 1]) for number, one in enumerate(order, 1)]

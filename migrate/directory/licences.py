"""Licences bought, assigned and needed: by site and wave, when they renew, and by when to order.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from migrate.directory.model import Found
from migrate.directory.skus import MICROSOFT, Sku, sku_named
from migrate.directory.wanted import licence_of, user_of
from plans.model import Ordering, Organisation, Person, Site
from plans.turns import turn


@dataclass(frozen=True, slots=True)
class Need:
    """How many of a licence one site's people are to have; ``missing``: who do not have it yet, where that is known."""

    site: str
    wave: int | None
    switch: date | None
    needed: int
    missing: int


@dataclass(frozen=True, slots=True)
class Stock:
    """One kind of licence at one target."""

    name: str
    sku: Sku
    system: str
    bought: int
    #: None where the target was not asked, or does not tell.
    assigned: int | None
    needs: tuple[Need, ...]
    renews: date | None
    #: Its term is a trial.
    trial: bool
    #: As the vendor says it where it is not in force.
    status: str
    #: The first day on which there are too few, less what an order takes; None where there are enough.
    order_by: date | None

    @property
    def needed(self) -> int:
        return sum(need.needed for need in self.needs)

    @property
    def after(self) -> int:
        """How many are assigned once all people of the plan have theirs, with those of accounts outside the plan."""
        if self.assigned is None:
            return self.needed
        return self.assigned + sum(need.missing for need in self.needs)

    @property
    def short(self) -> int:
        return max(self.after - self.bought, 0)

    def due(self, today: date, ordering: Ordering) -> bool:
        """Whether an order or a renewal has to be told about now."""
        days = [day for day in (self.order_by, self.renews) if day is not None]
        return any(day - ordering.warn <= today for day in days)


def stocks(organisation: Organisation, found: Mapping[str, Found]) -> list[Stock]:
    """Each licence of the plan at each target that people are to have it on; ``found``: by system, where it was asked.

    A licence that nobody is to have stands at the first target of its kind.
    """
    targets = list(dict.fromkeys(site.target for site in _in_turn(organisation)))
    made = []
    for name in organisation.licences:
        needs = {system: tuple(_needs(organisation, name, system, found.get(system))) for system in targets}
        wanting = [system for system in targets if needs[system]] or targets[:1]
        made += [_stock(organisation, name, system, needs[system], found.get(system)) for system in wanting]
    return made


def _stock(organisation: Organisation, name: str, system: str, needs: Sequence[Need], found: Found | None) -> Stock:
    licence = organisation.licences[name]
    sku = sku_named(licence.sku, organisation.systems[system].connector)
    seats = found.seats.get(sku.key) if found is not None else None
    bought = licence.bought if seats is None or seats.bought is None else seats.bought
    assigned = None if seats is None else seats.used
    return Stock(
        name=name,
        sku=sku,
        system=system,
        bought=bought,
        assigned=assigned,
        needs=tuple(needs),
        renews=(seats.renews if seats is not None else None) or licence.renews,
        trial=seats.trial if seats is not None else False,
        status=seats.status if seats is not None else "",
        order_by=_order_by(needs, bought, assigned, organisation.ordering),
    )


def _needs(organisation: Organisation, name: str, system: str, found: Found | None) -> list[Need]:
    needs = []
    for site in _in_turn(organisation):
        if site.target != system:
            continue
        people = [person for person in site.people if wants(organisation, site, person) == name]
        if not people:
            continue
        sku = sku_named(organisation.licences[name].sku, organisation.systems[system].connector)
        missing = [person for person in people if not _has(found, user_of(person), sku.key)]
        needs.append(Need(site.name, site.wave, site.switch, len(people), len(missing)))
    return needs


def wants(organisation: Organisation, site: Site, person: Person) -> str | None:
    """The plan's name of the licence that this person's mailbox needs."""
    if person.shared and organisation.systems[site.target].connector == MICROSOFT and not person.licence:
        # A shared mailbox needs none there, unless somebody says so.
        return None
    return licence_of(organisation, site, person)


def _has(found: Found | None, user: str, key: str) -> bool:
    account = found.accounts.get(user) if found is not None else None
    return account is not None and key in account.licences


def _order_by(needs: Sequence[Need], bought: int, assigned: int | None, ordering: Ordering) -> date | None:
    """The day of the first site for which there are too few, less what an order takes; None where it has no day."""
    count = assigned or 0
    for need in needs:
        count += need.missing
        if count > bought:
            return None if need.switch is None else need.switch - ordering.takes
    return None


def _in_turn(organisation: Organisation) -> list[Site]:
    """Sites by wave and day; those without one come last."""
    return sorted(organisation.sites.values(), key=lambda site: turn(site.wave, site.switch, site.name))

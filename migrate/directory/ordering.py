"""The order of a site's licences: for each person the cheapest that holds the mail.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migrate.directory.licences import wants
from migrate.directory.skus import Sku, sku_named
from migrate.directory.wanted import user_of
from plans.model import Licence, Organisation, Person, Site

#: What a mailbox has to hold beyond what was seen: mail keeps coming.
HEADROOM = 1.2


@dataclass(frozen=True, slots=True)
class Offer:
    """A licence of the plan, and what the vendor's table knows of it."""

    licence: Licence
    sku: Sku

    def holds(self, size: int | None) -> bool:
        """Whether a mailbox of so many bytes has room; what is not known is taken to fit."""
        return size is None or self.sku.mailbox is None or size * HEADROOM <= self.sku.mailbox


@dataclass(frozen=True, slots=True)
class Choice:
    """One person's: the licence to have, None where none holds the mail.  ``instead_of``: named, and too small."""

    address: str
    user: str
    size: int | None
    offer: Offer | None
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """``free``: of those bought, the ones that nobody has; ``number`` are to be ordered beyond them."""

    offer: Offer
    needed: int
    free: int
    number: int

    @property
    def cost(self) -> float | None:
        """A month, of what is ordered."""
        price = self.offer.licence.price
        return None if price is None else round(price * self.number, 2)


@dataclass(frozen=True, slots=True)
class Order:
    site: str
    system: str
    lines: tuple[Line, ...]
    choices: tuple[Choice, ...]

    @property
    def cost(self) -> float | None:
        costs = [line.cost for line in self.lines]
        known = [cost for cost in costs if cost is not None]
        return round(sum(known), 2) if known and len(known) == len(costs) else None


def order_of(
    organisation: Organisation, site: Site, sizes: Mapping[str, int], free: Mapping[str, int], has: Mapping[str, str]
) -> Order:
    """The order for a site.

    ``sizes``: bytes of mail by mailbox; ``free``: by the plan's name, licences that nobody has; ``has``: by account,
    the plan's name of the licence that it has already.
    """
    connector = organisation.systems[site.target].connector
    offers = [Offer(one, sku_named(one.sku, connector)) for one in organisation.licences.values()]
    found = (_choice(organisation, site, person, offers, sizes, has) for person in site.people)
    choices = tuple(choice for choice in found if choice is not None)
    wanted = Counter(choice.offer.licence.name for choice in choices if choice.offer)
    already = Counter(
        choice.offer.licence.name
        for choice in choices
        if choice.offer is not None and has.get(choice.user) == choice.offer.licence.name
    )
    lines = []
    for offer in offers:
        name = offer.licence.name
        if wanted[name]:
            missing, left = wanted[name] - already[name], max(free.get(name, 0), 0)
            lines.append(Line(offer, wanted[name], left, max(missing - left, 0)))
    return Order(site.name, site.target, tuple(lines), choices)


def _choice(
    organisation: Organisation,
    site: Site,
    person: Person,
    offers: Sequence[Offer],
    sizes: Mapping[str, int],
    has: Mapping[str, str],
) -> Choice | None:
    """What is named for a person, or there already, counts as long as it holds the mail; else the cheapest that does.

    What the plan names for all at the target is named too: it is what the accounts get.
    """
    named = wants(organisation, site, person)
    if named is None and person.shared:
        return None
    user, size = user_of(person), sizes.get(person.mailbox)
    by_name = {offer.licence.name: offer for offer in offers}
    own = by_name.get(named or has.get(user, ""))
    if own is not None and own.holds(size):
        return Choice(person.address, user, size, own)
    fitting = min((offer for offer in offers if offer.holds(size)), key=_price, default=None)
    return Choice(person.address, user, size, fitting, named if own is not None else None)


def _price(offer: Offer) -> tuple[bool, float, int]:
    """Cheapest first; without a price the smaller one, which costs less with every vendor."""
    return offer.licence.price is None, offer.licence.price or 0.0, offer.sku.mailbox or 0

"""Who works on the old side alone while colleagues of the same domain move.  Asks no server."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.rollout.world import World
from plans import Person, Site


@dataclass(frozen=True, slots=True)
class Stays:
    """Somebody who has not moved, and gets no copies on the new side.

    Once a system has an account for an address (``known``), mail from its own people stays there, whatever the MX says,
    unless a route leads back.
    """

    person: Person
    known: bool


def staying(world: World, site: Site, domain: str) -> list[Stays]:
    """People of other sites that share the domain, in the order of the plan."""
    others = [one for one in world.organisation.sites.values() if one.name != site.name]
    return [
        Stays(person, _has_account(world, other, person))
        for other in others
        for person in other.people
        if person.address.rpartition("@")[2].lower() == domain and not _is_on_the_new_side(world, person)
    ]


def _is_on_the_new_side(world: World, person: Person) -> bool:
    row = world.mailboxes.get(person.mailbox)
    return row is not None and (row.went_live is not None or row.dual_delivery_since is not None)


def _has_account(world: World, site: Site, person: Person) -> bool:
    account = world.observed("site", site.name, "accounts").get(person.mailbox)
    return account is not None and account.good

"""What a rollout's facts are gathered from: one state of the plan and the ledger.  Asks no server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from migrate.dns.providers import provider_at
from migrate.ledger import events, holder, observations
from migrate.ledger.observations import Observations, Observed
from migrate.ledger.standing import Standing, standings
from migrate.rollout.history import History, fold, moment
from plans import Organisation, Site
from plans.turns import turn
from runbooks.facts import Seen, Share, Unknown


@dataclass(frozen=True)
class World:
    """What there is to gather from, as of one moment."""

    organisation: Organisation
    history: History
    seen: Observations
    mailboxes: Mapping[str, Standing]
    now: float
    #: Who holds the organisation.
    holder: holder.Standing

    @classmethod
    def read(cls, organisation: Organisation, connection: Connection, now: float) -> World:
        """In one transaction, so that it is of one state of the ledger."""
        return cls(
            organisation,
            fold(events.every(connection)),
            observations.every(connection),
            standings(connection),
            now,
            holder.standing(connection),
        )

    def observed(self, kind: str, subject: str, name: str) -> Mapping[str, Observed]:
        return self.seen.get((kind, subject), {}).get(name, {})

    @cached_property
    def pilot(self) -> str | None:
        """The site that moves first."""
        sites = self.organisation.sites.values()
        return min(sites, key=lambda one: turn(one.wave, one.switch, one.name)).name if sites else None

    @cached_property
    def sites_of(self) -> Mapping[str, tuple[str, ...]]:
        return sites_of(self.organisation)

    def domain_of(self, site: Site) -> str | None:
        """The domain that the site's rollout depends on: the one its plan names, else the only one it has."""
        if site.domain is not None:
            return site.domain
        own = {_domain_of(one.address) for one in site.people} & set(self.organisation.domains)
        return own.pop() if len(own) == 1 else None

    def expect_of(self, system: str) -> str:
        return expect_of(self.organisation, system)


def sites_of(organisation: Organisation) -> Mapping[str, tuple[str, ...]]:
    """By domain, the sites that share it: those whose plan names it, or whose people have an address in it."""
    found: dict[str, set[str]] = {name: set() for name in organisation.domains}
    for site in organisation.sites.values():
        addresses = (address for one in site.people for address in (one.address, *one.aliases))
        for domain in {site.domain, *map(_domain_of, addresses)}:
            if domain in found:
                found[domain].add(site.name)
    return {name: tuple(sorted(sites)) for name, sites in found.items()}


def expect_of(organisation: Organisation, system: str) -> str:
    """What ``bascule dns --expect`` takes for a system."""
    return provider_at(organisation.systems[system].connector) or system


#: Walks the way back without writing.
TRY_BACK = "bascule copy --back --dry-run"

Fact = Seen[Any] | Unknown
SiteGatherer = Callable[[World, Site], Fact]
DomainGatherer = Callable[[World, str], Fact]


def share_of(world: World, items: Mapping[str, Observed], wanted: Iterable[str], how: str) -> Seen[Share] | Unknown:
    """How many of those that are wanted were seen to be good; unknown when none of them was looked at."""
    wanted = list(wanted)
    looked = [items[one] for one in wanted if one in items]
    if wanted and not looked:
        return Unknown(how=how)
    missing = tuple(one for one in wanted if one not in items or not items[one].good)
    share = Share(done=len(wanted) - len(missing), of=len(wanted), missing=missing)
    at = min((one.at for one in looked), default=world.now)
    return Seen(value=share, at=moment(at), source=looked[0].source if looked else "plan")


def of_mailboxes(name: str, command: str) -> SiteGatherer:
    """A fact about each mailbox of the site, as a command keeps it."""

    def gather(world: World, site: Site) -> Fact:
        wanted = [person.mailbox for person in site.people]
        return share_of(world, world.observed("site", site.name, name), wanted, f"{command} {site.name}")

    return gather


def of_parts(name: str, command: str) -> SiteGatherer:
    """A fact about parts that only its command knows, such as routes."""

    def gather(world: World, site: Site) -> Fact:
        items = world.observed("site", site.name, name)
        how = f"{command} {site.name}"
        return share_of(world, items, items, how) if items else Unknown(how=how)

    return gather


def targets_of(world: World, domain: str) -> Sequence[str]:
    """The targets of a domain's sites."""
    sites = world.organisation.sites
    return sorted({sites[name].target for name in world.sites_of.get(domain, ())})


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()

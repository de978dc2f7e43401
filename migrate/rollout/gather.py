"""Gathering the facts: once, from the plan, the ledger and what commands saw last.  Asks no server.

``SITE_FACTS`` and ``DOMAIN_FACTS`` are the registry: who brings a fact adds a gatherer, or lets its command keep what
it sees (:func:`migrate.ledger.observations.keep`), under the name that stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Connection

from connectors.language import _
from migrate.dns import kept_steps, snapshots
from migrate.dns.records import CannotWrite
from migrate.ledger import events, holder, observations
from migrate.ledger.observations import Observations, Observed
from migrate.ledger.schema import ON_TARGET, MailboxState, Outcome
from migrate.ledger.standing import Standing, standings
from migrate.rollout.cases import cases_of
from migrate.rollout.history import History, fold, moment
from plans import Organisation, Site
from runbooks.facts import Copied, Graded, Records, Seen, Share, TimeToLive, Unknown, Zeros

_OPEN = (Outcome.PENDING, Outcome.UNCERTAIN)
_GRADES = ("perfect", "good", "investigate", "poor")
_DAY = 86400


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
        ordered = sorted(sites, key=lambda one: (one.wave or 1, str(one.switch or "9999"), one.name))
        return ordered[0].name if ordered else None

    @cached_property
    def sites_of(self) -> Mapping[str, tuple[str, ...]]:
        """By domain, the sites that share it: those whose plan names it, or whose people have an address in it."""
        found: dict[str, set[str]] = {name: set() for name in self.organisation.domains}
        for site in self.organisation.sites.values():
            addresses = (address for one in site.people for address in (one.address, *one.aliases))
            for domain in {site.domain, *map(_domain_of, addresses)}:
                if domain in found:
                    found[domain].add(site.name)
        return {name: tuple(sorted(sites)) for name, sites in found.items()}

    def domain_of(self, site: Site) -> str | None:
        """The domain that the site's rollout depends on: the one its plan names, else the only one it has."""
        if site.domain is not None:
            return site.domain
        own = {_domain_of(one.address) for one in site.people} & set(self.organisation.domains)
        return own.pop() if len(own) == 1 else None

    def expect_of(self, system: str) -> str:
        """What ``bascule dns --expect`` takes for a system."""
        connector = self.organisation.systems[system].connector
        return {"google_workspace": "google", "microsoft365": "microsoft365"}.get(connector, system)


#: Walks the way back without writing.
_TRY_BACK = "bascule copy --back --dry-run"

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


def _licences(world: World, site: Site) -> Fact:
    if not world.organisation.licences:
        return share_of(world, {}, (), "")
    return of_parts("licences", "bascule licences order")(world, site)


def _cases(world: World, site: Site) -> Fact:
    wanted = dict(case for person in site.people for case in cases_of(person))
    missing = tuple(title for code, title in sorted(wanted.items()) if code not in world.history.tested)
    share = Share(done=len(wanted) - len(missing), of=len(wanted), missing=missing)
    return Seen(value=share, at=moment(world.now), source="ledger")


def _copied(world: World, site: Site) -> Fact:
    rows = {one.mailbox: world.mailboxes.get(one.mailbox) for one in site.people}
    begun = [row for row in rows.values() if row is not None and row.last_pass is not None]
    if not begun:
        return Unknown(how=f"bascule copy {site.name}")
    counts = dict.fromkeys(Outcome, 0)
    for row in begun:
        for outcome, count in row.outcomes.items():
            counts[outcome] += count
    missing = tuple(name for name, row in rows.items() if row is None or row.state is not MailboxState.COPIED)
    copied = Copied(
        seen=sum(counts.values()),
        there=sum(counts[one] for one in ON_TARGET),
        explained=counts[Outcome.LEFT_OUT] + counts[Outcome.REFUSED],
        left_out=counts[Outcome.LEFT_OUT],
        open=sum(counts[one] for one in _OPEN),
        mailboxes=Share(done=len(rows) - len(missing), of=len(rows), missing=missing),
    )
    return Seen(value=copied, at=moment(min(row.last_pass or 0 for row in begun)), source="ledger")


def _space(world: World, site: Site) -> Fact:
    wanted = [person.mailbox for person in site.people]
    how = f"bascule rollout confirm {site.name} space"
    return share_of(world, world.observed("site", site.name, "space"), wanted, how)


def _dual(world: World, site: Site) -> Fact:
    rows = {one.mailbox: world.mailboxes.get(one.mailbox) for one in site.people}
    on = [name for name, row in rows.items() if row is not None and row.dual_delivery_since is not None]
    if not on:
        return Unknown(how=f"bascule delivery on {site.name}")
    missing = tuple(name for name in rows if name not in on)
    return Seen(value=Share(done=len(on), of=len(rows), missing=missing), at=moment(world.now), source="ledger")


def _archives(world: World, site: Site) -> Fact:
    wanted = [person.mailbox for person in site.people if person.archives]
    how = f"bascule archive coverage {site.name}"
    return share_of(world, world.observed("site", site.name, "archives"), wanted, how)


def _site_senders(world: World, site: Site) -> Fact:
    domain = world.domain_of(site)
    if domain is None:
        how = _("write its domain under domains in organisation.yaml, and as domain in sites/{site}.yaml")
        return Unknown(how=how.format(site=site.name))
    return _senders(world, domain)


def _senders(world: World, domain: str) -> Fact:
    items = world.observed("domain", domain, "senders")
    targets = targets_of(world, domain)
    expect = world.expect_of(targets[0]) if targets else "TARGET"
    how = f"bascule dns check {domain} --expect {expect}"
    return share_of(world, items, items, how) if items else Unknown(how=how)


def _delta(world: World, site: Site) -> Fact:
    """Complete passes since the site switched."""
    rows = {one.mailbox: world.mailboxes.get(one.mailbox) for one in site.people}
    if not any(row is not None and row.last_pass is not None for row in rows.values()):
        return Unknown(how=f"bascule copy {site.name}")
    switched = world.history.course("site", site.name).entered.get("switch")
    missing = tuple(name for name, row in rows.items() if row is None or not _copied_since(row, switched))
    return Seen(
        value=Share(done=len(rows) - len(missing), of=len(rows), missing=missing),
        at=moment(world.now),
        source="ledger",
    )


def _copied_since(row: Standing, switched: float | None) -> bool:
    last = row.last_pass
    return switched is not None and last is not None and last > switched and row.state is MailboxState.COPIED


def _verified(world: World, site: Site) -> Fact:
    items = world.observed("site", site.name, "verified")
    wanted = [person.mailbox for person in site.people]
    looked = [items[one] for one in wanted if one in items]
    if not looked:
        return Unknown(how=f"bascule verify {site.name}")
    missing = tuple(one for one in wanted if one not in items)
    grade = max((str(one.detail["grade"]) for one in looked), key=_GRADES.index)
    return Seen(
        value=Graded(grade=cast("Any", grade), mailboxes=Share(done=len(looked), of=len(wanted), missing=missing)),
        at=moment(min(one.at for one in looked)),
        source=looked[0].source,
    )


#: Each fact of a site that is looked up; a gatherer whose part is not there says how to find out.
SITE_FACTS: Mapping[str, SiteGatherer] = {
    "sign_in": of_mailboxes("sign-in", "bascule check"),
    "accounts": of_mailboxes("accounts", "bascule check"),
    "licences": _licences,
    "backup": of_mailboxes("backup", "bascule backup"),
    "cases": _cases,
    "copied": _copied,
    "space": _space,
    "dual": _dual,
    "archives": _archives,
    "probes": of_parts("probes", "bascule delivery probe"),
    "routes": of_parts("routes", "bascule delivery probe"),
    "senders": _site_senders,
    "way_back": of_mailboxes("way-back", _TRY_BACK),
    "delta": _delta,
    "verified": _verified,
}


def targets_of(world: World, domain: str) -> Sequence[str]:
    """The targets of a domain's sites."""
    sites = world.organisation.sites
    return sorted({sites[name].target for name in world.sites_of.get(domain, ())})


def _ttl(world: World, domain: str) -> Fact:
    looks = snapshots.kept(world.organisation.folder, domain)
    found = snapshots.ttl_of(looks)
    if found is None:
        return Unknown(how=f"bascule dns check {domain}")
    ttl = TimeToLive(old=found.old, now=found.now, lowered_at=found.lowered_at)
    return Seen(value=ttl, at=found.at, source=f"bascule dns {looks[-1].command}")


def _records(world: World, domain: str) -> Fact:
    try:
        known = kept_steps.kept(world.organisation.folder, domain)
    except CannotWrite as error:
        return Unknown(how=str(error))
    if known is None:
        targets = targets_of(world, domain)
        expect = world.expect_of(targets[0]) if targets else "TARGET"
        return Unknown(how=f"bascule dns records {domain} --expect {expect}")
    back = (line.text() for step in known.steps if step.when == "back" for line in step.enter)
    return Seen(value=Records(lines=tuple(back)), at=known.made, source=f"bascule dns records {domain}")


def _arrived(world: World, domain: str) -> Fact:
    items = world.observed("domain", domain, "arrived")
    how = f"bascule dns wait {domain}"
    return share_of(world, items, items, how) if items else Unknown(how=how)


def _of_all_sites(name: str, command: str) -> DomainGatherer:
    """A fact of all sites of the domain together; unknown while it is for one of them."""

    def gather(world: World, domain: str) -> Fact:
        sites = world.sites_of.get(domain, ())
        items: dict[str, Observed] = {}
        for site in sites:
            own = world.observed("site", site, name)
            if not own:
                return Unknown(how=f"{command} {site}")
            items |= {f"{site} {item}": one for item, one in own.items()}
        return share_of(world, items, items, f"{command} SITE")

    return gather


def _zeros(world: World, domain: str) -> Fact:
    """Since when the passes over all mailboxes of the domain brought nothing."""
    sites = [world.organisation.sites[name] for name in world.sites_of.get(domain, ())]
    wanted = [(site.name, person.mailbox) for site in sites for person in site.people]
    found = {one: world.observed("site", one[0], "pass").get(one[1]) for one in wanted}
    looked = [one for one in found.values() if one is not None]
    if not looked:
        return Unknown(how=_("a copy of every site"))
    missing = tuple(mailbox for (_site, mailbox), one in found.items() if one is None or not one.good)
    spans = [one.at - one.detail["zero_since"] for one in looked if one.good]
    days = min(spans, default=0.0) / _DAY
    zeros = Zeros(days=days, mailboxes=Share(done=len(wanted) - len(missing), of=len(wanted), missing=missing))
    return Seen(value=zeros, at=moment(min(one.at for one in looked)), source="bascule copy")


#: Each fact of a domain that is looked up.
DOMAIN_FACTS: Mapping[str, DomainGatherer] = {
    "records": _records,
    "ttl": _ttl,
    "senders": _senders,
    "probes": _of_all_sites("probes", "bascule delivery probe"),
    "way_back": _of_all_sites("way-back", _TRY_BACK),
    "arrived": _arrived,
    "zeros": _zeros,
}


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()

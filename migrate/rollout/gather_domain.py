"""Gathering the facts of a domain, as :mod:`migrate.rollout.gather` does those of a site."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.language import _
from migrate.dns import kept_steps, snapshots
from migrate.dns.records import CannotWrite
from migrate.rollout.history import moment
from migrate.rollout.world import (
    TRY_BACK,
    DomainGatherer,
    Fact,
    SiteGatherer,
    World,
    of_mailboxes,
    of_parts,
    share_of,
    targets_of,
)
from runbooks.facts import Records, Seen, Share, TimeToLive, Unknown, Zeros

_DAY = 86400


def senders(world: World, domain: str) -> Fact:
    items = world.observed("domain", domain, "senders")
    targets = targets_of(world, domain)
    expect = world.expect_of(targets[0]) if targets else "TARGET"
    how = f"bascule dns check {domain} --expect {expect}"
    return share_of(world, items, items, how) if items else Unknown(how=how)


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


def _of_all_sites(gather_site: SiteGatherer) -> DomainGatherer:
    """A fact of all sites of the domain together: unknown while it is of one of them and no other speaks against it."""

    def gather(world: World, domain: str) -> Fact:
        sites = world.sites_of.get(domain, ())
        facts = {name: gather_site(world, world.organisation.sites[name]) for name in sites}
        unknown = [fact for fact in facts.values() if isinstance(fact, Unknown)]
        seen = {name: fact for name, fact in facts.items() if isinstance(fact, Seen)}
        missing = tuple(f"{name} {item}" for name, fact in seen.items() for item in fact.value.missing)
        if unknown and not missing:
            return unknown[0]
        share = Share(
            done=sum(fact.value.done for fact in seen.values()),
            of=sum(fact.value.of for fact in seen.values()),
            missing=missing,
        )
        at = min((fact.at for fact in seen.values()), default=moment(world.now))
        return Seen(value=share, at=at, source=next((fact.source for fact in seen.values()), "plan"))

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
    "senders": senders,
    "probes": _of_all_sites(of_parts("probes", "bascule delivery probe")),
    "way_back": _of_all_sites(of_mailboxes("way-back", TRY_BACK)),
    "arrived": _arrived,
    "zeros": _zeros,
}

"""The organisation as documents show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import cast

from migrate.documents.systems import system_facts
from migrate.rollout.world import World
from plans import Organisation, Site
from plans.model import Contact, Licence
from plans.turns import turn
from runbooks.catalogue import MILESTONES
from runbooks.facts import SitePhase
from runbooks.plan_facts import Company, LicenceFacts, Reachable, SiteLine, SupportFacts


def company(world: World, site: Site | None, support_left: float | None) -> Company:
    """``site``: whose licences are told apart.  ``support_left``: hours of support not used yet, None: all of them."""
    organisation = world.organisation
    licensed = {
        name: Counter(one.licence for one in found.people if one.licence) for name, found in organisation.sites.items()
    }
    return Company(
        name=organisation.name,
        language=organisation.language,
        time_zone=str(organisation.time_zone),
        contacts=tuple(reachable(role, one) for role, one in organisation.contacts.items()),
        systems=tuple(system_facts(organisation, name) for name in organisation.systems),
        targets=tuple(sorted({one.target for one in organisation.sites.values()})),
        sites=tuple(_line(world, one) for one in in_order(organisation)),
        domains=tuple(sorted(organisation.domains)),
        licences=tuple(_licence(organisation, one, licensed, site) for one in organisation.licences.values()),
        support=_support(organisation, support_left),
        people=sum(len(one.people) for one in organisation.sites.values()),
    )


def reachable(role: str, contact: Contact) -> Reachable:
    return Reachable(role=role, name=contact.name, phone=contact.phone, mail=contact.mail)


def in_order(organisation: Organisation) -> list[Site]:
    """The sites as they move."""
    return sorted(organisation.sites.values(), key=lambda one: turn(one.wave, one.switch, one.name))


def _line(world: World, site: Site) -> SiteLine:
    return SiteLine(
        name=site.name,
        wave=site.wave,
        people=len(site.people),
        phase=cast("SitePhase", world.history.course("site", site.name).phase),
        switch=site.switch,
        domain=world.domain_of(site),
        source=site.source,
        target=site.target,
        correspondent=None if site.correspondent is None else reachable("correspondent", site.correspondent),
    )


def _licence(
    organisation: Organisation, licence: Licence, licensed: Mapping[str, Counter[str]], here: Site | None
) -> LicenceFacts:
    """``licensed``: by site, how many people want each."""
    wanted = {name: counted[licence.name] for name, counted in licensed.items()}
    needed = sum(wanted.values())
    missing = max(0, needed - licence.bought)
    return LicenceFacts(
        name=licence.name,
        bought=licence.bought,
        renews=licence.renews,
        needed=needed,
        needed_here=0 if here is None else wanted[here.name],
        missing=missing,
        order_by=_order_by(organisation, licence, wanted) if missing else None,
    )


def _order_by(organisation: Organisation, licence: Licence, wanted: Mapping[str, int]) -> date | None:
    """Counted from the first switch for which those that were bought are too few."""
    taken = 0
    for site in in_order(organisation):
        taken += wanted[site.name]
        if taken > licence.bought and site.switch is not None:
            return site.switch + timedelta(days=MILESTONES["order-licences"])
    return None


def _support(organisation: Organisation, left: float | None) -> SupportFacts | None:
    support = organisation.support
    if support is None:
        return None
    return SupportFacts(
        bought=support.hours,
        left=support.hours if left is None else left,
        until=support.until,
        slice=None if support.slice is None else int(support.slice.total_seconds() // 60),
    )

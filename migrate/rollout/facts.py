"""All facts of an organisation, put together: what gates are judged by and what runbooks show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from migrate.rollout.gather import SITE_FACTS
from migrate.rollout.gather_domain import DOMAIN_FACTS
from migrate.rollout.history import Course, moment
from migrate.rollout.hours import left_in_hours
from migrate.rollout.world import World, targets_of
from plans import Site
from plans.model import Contact
from runbooks.facts import (
    Confirmation,
    DomainFacts,
    Forced,
    Incident,
    Lesson,
    People,
    RolloutFacts,
    SharingSite,
    SiteFacts,
    Whom,
)

_Dated = TypeVar("_Dated", Confirmation, Forced, Incident, Lesson)
#: The words under which a plan may name who answers for what (``contacts``).
_IT, _SUPPORT = ("it", "informatique", "admin"), ("support", "helpdesk")


def rollout_facts(world: World) -> RolloutFacts:
    """Of all sites and domains, as of ``world.now``."""
    organisation = world.organisation
    return RolloutFacts(
        organisation=organisation.name,
        at=moment(world.now),
        time_zone=str(organisation.time_zone),
        holder=world.holder.holder,
        on_its_way_to=world.holder.on_its_way_to,
        sites=tuple(site_facts(world, organisation.sites[name]) for name in sorted(organisation.sites)),
        domains=tuple(domain_facts(world, name) for name in sorted(organisation.domains)),
    )


def site_facts(world: World, site: Site) -> SiteFacts:
    organisation, course = world.organisation, world.history.course("site", site.name)
    at = moment(world.now).astimezone(site.time_zone)
    domain = world.domain_of(site)
    known = organisation.domains.get(domain or "")
    return SiteFacts(
        name=site.name,
        at=at,
        people=len(site.people),
        wave=site.wave,
        switch=site.switch,
        today=at.date(),
        target=site.target,
        expect=world.expect_of(site.target),
        domain=domain,
        mx_first=known.mx_first if known else None,
        domain_phase=cast("Any", world.history.course("domain", known.name).phase) if known else None,
        pilot=world.pilot == site.name,
        whom=_whom(world, site.correspondent),
        lessons=_told(world.history.lessons_for(site.name), site.time_zone),
        **_course(course, site.time_zone),
        **{name: gather(world, site) for name, gather in SITE_FACTS.items()},
    )


def domain_facts(world: World, name: str) -> DomainFacts:
    organisation, course = world.organisation, world.history.course("domain", name)
    domain, sites, targets = organisation.domains[name], world.sites_of[name], targets_of(world, name)
    told = _course(course, organisation.time_zone)
    # A domain is not cut over while one of its sites is in trouble.
    troubles = [one for site in sites for one in world.history.course("site", site).incidents.values()]
    return DomainFacts(
        name=name,
        at=moment(world.now).astimezone(organisation.time_zone),
        zone_at=domain.zone_at,
        mx_first=domain.mx_first,
        sites=tuple(
            SharingSite(name=site, phase=cast("Any", world.history.course("site", site).phase)) for site in sites
        ),
        targets=tuple(targets),
        expect=world.expect_of(targets[0]) if targets else "TARGET",
        whom=_whom(world, None),
        lessons=_told(world.history.lessons_for(None), organisation.time_zone),
        **told | {"incidents": (*told["incidents"], *_told(troubles, organisation.time_zone))},
        **{fact: gather(world, name) for fact, gather in DOMAIN_FACTS.items()},
    )


def _course(course: Course, zone: ZoneInfo) -> dict[str, Any]:
    words = _told([word for _phase, word in course.confirmed.values()], zone)
    return {
        "phase": course.phase,
        "since": None if course.since is None else moment(course.since).astimezone(zone),
        "confirmed": dict(zip(course.confirmed, words, strict=True)),
        "incidents": _told(course.incidents.values(), zone),
        "forced": _told(course.forced, zone),
    }


def _told(found: Iterable[_Dated], zone: ZoneInfo) -> tuple[_Dated, ...]:
    """On the clocks of the place: the day that people read is the one on which it was for them."""
    return tuple(one.model_copy(update={"at": one.at.astimezone(zone)}) for one in found)


def _whom(world: World, correspondent: Contact | None) -> People:
    contacts = world.organisation.contacts
    it = _named(contacts, _IT) or _one(next(iter(contacts.values()), None))
    return People(
        it=it,
        correspondent=_one(correspondent),
        support=_named(contacts, _SUPPORT),
        support_hours=left_in_hours(world.organisation.support, world.history.hours),
    )


def _named(contacts: Mapping[str, Contact], words: tuple[str, ...]) -> Whom | None:
    return next((_one(contact) for word, contact in contacts.items() if word.lower() in words), None)


def _one(contact: Contact | None) -> Whom | None:
    return None if contact is None else Whom(name=contact.name, phone=contact.phone)

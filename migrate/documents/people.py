"""A site as its plan wants it, and where each of its mailboxes stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Connection

from migrate.documents.company import reachable
from migrate.documents.systems import system_facts
from migrate.ledger import pace
from migrate.ledger.pace import MailboxSize
from migrate.ledger.schema import ON_TARGET, Outcome
from migrate.rollout.history import moment
from migrate.rollout.world import World
from plans import Person, Site
from runbooks.plan_facts import Archives, CopyRules, Group, PersonFacts, ProgramUse, SitePlan

_EXPLAINED = (Outcome.LEFT_OUT, Outcome.REFUSED)
_OPEN = (Outcome.PENDING, Outcome.UNCERTAIN)
#: By which words of a person's own a program is known, the first that fits: people write as they speak.
_PROGRAMS: Mapping[str, re.Pattern[str]] = {
    "outlook-new": re.compile(r"(?i)(nouvel|new)\W+outlook|outlook\W+\(?(new|nouveau)"),
    "ios": re.compile(r"(?i)\b(iphone|ipad|ios)\b"),
    "android": re.compile(r"(?i)android|samsung|gmail app|appli(cation)? gmail|pixel"),
    "webmail": re.compile(r"(?i)webmail|navigateur|browser|\bowa\b|outlook (web|on the web|sur le web)"),
    "outlook-classic": re.compile(r"(?i)outlook"),
    "thunderbird": re.compile(r"(?i)thunderbird"),
    "apple-mail": re.compile(r"(?i)apple mail|\bmac\b|macos|macbook|imac|mail\.app"),
}
#: Outlook of another making, which none of the guides is for.
_OUTLOOK_ON_MAC = re.compile(r"(?i)outlook.*\bi?mac")


def site_plan(world: World, site: Site, connection: Connection) -> SitePlan:
    """In one transaction with the rest."""
    archives = site.archives
    with_archives = [person for person in site.people if person.archives]
    return SitePlan(
        language=site.language,
        time_zone=str(site.time_zone),
        source=system_facts(world.organisation, site.source),
        target=system_facts(world.organisation, site.target),
        correspondent=None if site.correspondent is None else reachable("correspondent", site.correspondent),
        copy_rules=_rules(site),
        archives=None
        if archives is None and not with_archives
        else Archives(
            collected_in="" if archives is None else _below(world, archives.collected_in),
            put_under="" if archives is None else archives.put_under,
            files=sum(len(person.archives) for person in with_archives),
            people=len(with_archives),
        ),
        groups=_groups(site),
        programs=_programs(site),
        people=_people(world, site, pace.sizes(connection, site.name)),
    )


def _below(world: World, path: Any) -> str:
    """As the organisation's folder has it."""
    home = world.organisation.folder
    return str(path.relative_to(home) if path.is_relative_to(home) else path)


def _rules(site: Site) -> CopyRules:
    window, rules, gmail = site.copy_window, site.message_rules, site.personal_gmail
    return CopyRules(
        window=None if window is None else f"{window.start:%H:%M}-{window.end:%H:%M}",
        daytime_limit=site.daytime_limit,
        repair=site.repair,
        excluded=site.folder_rules.exclude,
        before=None if rules.before is None else rules.before.date(),
        # Kept as the first moment that travels no more.
        after=None if rules.after is None else (rules.after - timedelta(seconds=1)).date(),
        larger_than=rules.larger_than,
        private=site.private_folders.mode,
        personal_gmail=gmail.only if gmail is not None and any(person.gmail for person in site.people) else None,
        consent=gmail is not None and gmail.consent == "required",
    )


def _groups(site: Site) -> tuple[Group, ...]:
    members: dict[str, list[str]] = {}
    for person in site.people:
        for group in person.groups:
            members.setdefault(group, []).append(person.address)
    return tuple(Group(name=name, members=tuple(sorted(members[name]))) for name in sorted(members))


def _programs(site: Site) -> tuple[ProgramUse, ...]:
    words: dict[str | None, set[str]] = {}
    people: dict[str | None, set[str]] = {}
    for person in site.people:
        for use in person.uses:
            guide = guide_for(use)
            words.setdefault(guide, set()).add(use)
            people.setdefault(guide, set()).add(person.address)
    order = [*_PROGRAMS, None]
    return tuple(
        ProgramUse(guide=guide, words=tuple(sorted(words[guide])), people=tuple(sorted(people[guide])))
        for guide in order
        if guide in words
    )


def guide_for(use: str) -> str | None:
    """The quick guide for a program as its user calls it; None where there is none."""
    if _OUTLOOK_ON_MAC.search(use):
        return None
    return next((name for name, said in _PROGRAMS.items() if said.search(use)), None)


def _people(world: World, site: Site, sizes: Mapping[str, MailboxSize]) -> tuple[PersonFacts, ...]:
    graded = world.observed("site", site.name, "verified")
    return tuple(
        _person(world, person, sizes.get(person.mailbox), graded.get(person.mailbox)) for person in site.people
    )


def _person(world: World, person: Person, size: MailboxSize | None, graded: Any) -> PersonFacts:
    standing = world.mailboxes.get(person.mailbox)
    counts = {} if standing is None else standing.outcomes
    return PersonFacts(
        address=person.address,
        name=person.name,
        shared=person.shared,
        target_user=person.target_user,
        aliases=person.aliases,
        groups=person.groups,
        licence=person.licence,
        archives=tuple(str(one) for one in person.archives),
        gmail=person.gmail is not None,
        uses=person.uses,
        messages=None if size is None else size.messages,
        size=None if size is None else size.size,
        seen=sum(counts.values()),
        there=sum(counts.get(one, 0) for one in ON_TARGET),
        explained=sum(counts.get(one, 0) for one in _EXPLAINED),
        open=sum(counts.get(one, 0) for one in _OPEN),
        grade=None if graded is None else cast("Any", graded.detail.get("grade")),
        last_pass=None
        if standing is None or standing.last_pass is None
        else moment(standing.last_pass).astimezone(world.organisation.time_zone),
    )

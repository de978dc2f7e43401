"""What the facts say of each gate: pure functions, for :mod:`migrate.rollout.gates`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

from connectors.language import _, number
from migrate.rollout.phases import domain_reached, phase_text, site_reached
from migrate.rollout.verdicts import F, Verdict, all_of, fresh, met, named, share_figure, unknown, unmet
from runbooks.facts import Copied, DomainFacts, Seen, Share, SiteFacts, SitePhase, Unknown

#: The part of what was to be copied that has to be there.
COPIED: Final = 0.999
#: Days for which a probe and a look at archives tell how things are.
FRESH: Final = 7
#: Days that an old server has to be watched before it goes.
QUIET, UNUSED, ZEROS = 7, 14, 14


def people(site: SiteFacts) -> Verdict:
    return met(number(site.people)) if site.people else unmet(_("the people file names nobody"))


def switch_day(site: SiteFacts) -> Verdict:
    return met(site.switch.isoformat()) if site.switch else unmet(_("the plan names no day for the switch"))


def copied(site: SiteFacts) -> Verdict:
    fact = site.copied
    if isinstance(fact, Unknown):
        return unknown(fact)
    return _enough(fact)


def _enough(fact: Seen[Copied]) -> Verdict:
    copied = fact.value
    # 99.96 % must not be told as 100 %.
    figure = f"{number(int(copied.rate * 10000) / 100, 2)} %"
    if not copied.mailboxes.whole:
        return unmet(_("not copied to the end: {names}").format(names=named(copied.mailboxes.missing)), figure)
    if copied.open:
        return unmet(_("messages that nobody can account for yet: {n}").format(n=number(copied.open)), figure)
    if copied.rate < COPIED:
        return unmet(_("less than 99.9 % is there"), figure)
    return met(figure)


def domain_first(site: SiteFacts) -> Verdict:
    if site.mx_first != "new" or site.domain_phase is None or domain_reached(site.domain_phase, "cutover"):
        return met()
    told = _("{domain} is to be cut over first: the new side receives its mail (mx_first: new)")
    return Verdict("not met", "", told.format(domain=site.domain), waits_for=site.domain)


def no_open(severities: Sequence[str]) -> Callable[[F], Verdict]:
    def judge(facts: F) -> Verdict:
        found = [one for one in facts.incidents if one.severity in severities]
        if not found:
            return met("0")
        told = _("not solved: {incidents}")
        return unmet(
            told.format(incidents=named(tuple(f"{one.severity} {one.what}" for one in found))), str(len(found))
        )

    return judge


def day_has_come(site: SiteFacts) -> Verdict:
    if site.switch is None:
        return switch_day(site)
    if site.today >= site.switch:
        return met(site.switch.isoformat())
    told = _("the switch is on {day}").format(day=site.switch.isoformat())
    return Verdict("not met", "", told, until=_day_of_switch(site))


def _day_of_switch(site: SiteFacts) -> datetime | None:
    return None if site.switch is None else datetime.combine(site.switch, time(), site.at.tzinfo or UTC)


def near_the_switch(site: SiteFacts, verdict: Verdict, fact: Seen[Share] | Unknown) -> Verdict:
    """What is so now may not be so on the day: it is looked at again, but not before the last days."""
    found = fresh(verdict, fact, site.at, FRESH)
    day = _day_of_switch(site)
    if found.met or not verdict.met or day is None or day - site.at <= timedelta(days=FRESH):
        return found
    return replace(found, until=day - timedelta(days=FRESH))


def said_before_the_switch(code: str) -> Callable[[SiteFacts], Verdict]:
    """A named person's word, given on the day before the switch or later: an older one was about another day."""

    def judge(site: SiteFacts) -> Verdict:
        day = _day_of_switch(site)
        return _word(site, code, None if day is None else day - timedelta(days=1))

    return judge


def verified(site: SiteFacts) -> Verdict:
    fact = site.verified
    if isinstance(fact, Unknown):
        return unknown(fact)
    if site.since is not None and fact.at < site.since:
        return unmet(_("the last verification was before this phase"))
    if not fact.value.mailboxes.whole:
        return all_of(Seen(value=fact.value.mailboxes, at=fact.at, source=fact.source), _("not verified: {names}"))
    if (fact.value.but_for_removed or fact.value.grade) in ("perfect", "good"):
        return met(share_figure(fact.value.mailboxes))
    return unmet(_("the grade is not Good"))


def removed(site: SiteFacts) -> Verdict:
    """What was copied and is gone since its people work there was deleted by them, or lost: somebody has asked them.

    Their word is about what the last verification saw.
    """
    fact = site.verified
    if isinstance(fact, Unknown) or not fact.value.removed:
        return met()
    said = _word(site, "removed", fact.at)
    if said.met:
        return said
    told = _("messages that were copied and are gone since the switch: {n}")
    return unmet(told.format(n=number(fact.value.removed)), number(fact.value.removed))


def confirmed(code: str, *, wait: int = 0) -> Callable[[F], Verdict]:
    """A named person's word, given no sooner than ``wait`` days after the phase began."""

    def judge(facts: F) -> Verdict:
        return _word(facts, code, None if facts.since is None or not wait else facts.since + timedelta(days=wait))

    return judge


def _word(facts: SiteFacts | DomainFacts, code: str, earliest: datetime | None) -> Verdict:
    word = facts.confirmed.get(code)
    if word is not None and (earliest is None or word.at >= earliest):
        return met(word.by)
    if earliest is not None and facts.at < earliest:
        told = _("it can be said on {day} at the earliest").format(day=earliest.date().isoformat())
        return Verdict("not met", "", told, until=earliest)
    return unmet(_("nobody has confirmed it"))


def or_confirmed(code: str, judge: Callable[[F], Verdict]) -> Callable[[F], Verdict]:
    """Where the facts say nothing, a named person's word counts; it never counts against them."""

    def judged(facts: F) -> Verdict:
        found = judge(facts)
        word = facts.confirmed.get(code)
        return met(word.by) if found.state == "unknown" and word is not None else found

    return judged


def sites_near(domain: DomainFacts) -> Verdict:
    wanted: SitePhase = "dual-delivery" if domain.mx_first == "old" else "pre-copy"
    return sites_reached(domain, wanted)


def sites_reached(domain: DomainFacts, wanted: SitePhase) -> Verdict:
    if not domain.sites:
        # All of none would be ready, while its mail is somebody's.
        return unmet(_("no site of the plan has people in this domain"))
    late = [site for site in domain.sites if not site_reached(site.phase, wanted)]
    figure = f"{len(domain.sites) - len(late)}/{len(domain.sites)}"
    if not late:
        return met(figure)
    told = _("these sites of the domain are not in the phase {phase} yet: {names}").format(
        phase=phase_text(wanted), names=named(tuple(site.name for site in late))
    )
    return Verdict("not met", figure, told, waits_for=late[0].name)


def sites_switched(domain: DomainFacts) -> Verdict:
    """The MX is one for all sites of a domain: all have switched, or mail is split between the sides by a plan."""
    if domain.mx_first == "old":
        # Everybody works in the new mailbox: the phase after the switch.
        found = sites_reached(domain, "delta")
        word = domain.confirmed.get("split-delivery")
        return met(word.by) if word is not None and not found.met and domain.sites else found
    found = sites_reached(domain, "pre-copy")
    return found if not found.met else confirmed("split-delivery")(domain)


def after(
    first: Callable[[DomainFacts], Verdict], judge: Callable[[DomainFacts], Verdict]
) -> Callable[[DomainFacts], Verdict]:
    """What can be done, or said, only when ``first`` is met: until then it waits for the same site."""

    def judged(domain: DomainFacts) -> Verdict:
        found, before = judge(domain), first(domain)
        if found.met or before.met or before.waits_for is None:
            return found
        return replace(found, waits_for=before.waits_for)

    return judged


def ttl_short(domain: DomainFacts) -> Verdict:
    fact = domain.ttl
    if isinstance(fact, Unknown):
        return unknown(fact)
    figure = f"{number(fact.value.now)} s"
    if fact.value.lowered_at is not None:
        return met(figure)
    return unmet(
        _("name servers tell others to remember the MX for {n} seconds").format(n=number(fact.value.now)), figure
    )


def old_ttl(domain: DomainFacts) -> Verdict:
    fact = domain.ttl
    if isinstance(fact, Unknown):
        return unknown(fact)
    if fact.value.lowered_at is None:
        return unmet(_("the TTL is not lowered"))
    earliest = fact.value.lowered_at + timedelta(seconds=fact.value.old)
    if domain.at >= earliest:
        return met()
    told = _("others may remember the old TTL until {time}")
    return Verdict(
        "not met", "", told.format(time=f"{earliest.astimezone(domain.at.tzinfo):%Y-%m-%d %H:%M}"), until=earliest
    )


def records(domain: DomainFacts) -> Verdict:
    return unknown(domain.records) if isinstance(domain.records, Unknown) else met(str(len(domain.records.value.lines)))


def arrived(domain: DomainFacts) -> Verdict:
    """Everybody holds the new MX; who held it in an earlier cutover may have gone back with the domain."""
    fact = domain.arrived
    if isinstance(fact, Seen) and domain.since is not None and fact.at < domain.since:
        return unmet(_("the last look was before this phase"))
    return all_of(fact, _("these do not hold the new MX yet: {names}"))


def watched(code: str, days: int) -> Callable[[DomainFacts], Verdict]:
    """Logs of the old server, or, where its owner gives none: a person's word, and deltas that bring nothing."""

    def judge(domain: DomainFacts) -> Verdict:
        found = confirmed(code, wait=days)(domain)
        if found.met or "no-logs" not in domain.confirmed:
            return found
        zero = zeros(ZEROS)(domain)
        return met(domain.confirmed["no-logs"].by) if zero.met else zero

    return judge


def zeros(days: int) -> Callable[[DomainFacts], Verdict]:
    def judge(domain: DomainFacts) -> Verdict:
        fact = domain.zeros
        if isinstance(fact, Unknown):
            return unknown(fact)
        if not fact.value.mailboxes.whole:
            told = _("the last pass brought something, or was not complete: {names}")
            return unmet(told.format(names=named(fact.value.mailboxes.missing)), share_figure(fact.value.mailboxes))
        # What was before the domain had settled says nothing of who still sends there.
        settled = domain.since or fact.at
        if fact.at < settled:
            return unmet(_("not every mailbox was copied since the domain has settled"))
        nothing = min(fact.value.days, (fact.at - settled) / timedelta(days=1))
        if nothing < days:
            told = _("copies have brought nothing for {n} days; it takes {days}").format(
                n=number(int(nothing)), days=days
            )
            due = fact.at + timedelta(days=days - nothing)
            # When the time has passed, one more copy says so.
            return Verdict("not met", f"{int(nothing)}/{days}", told, until=due if domain.at < due else None)
        return met()

    return judge

"""The gates of a site and of a domain, phase by phase: functions of the facts, and of nothing else.

A phase's gates are what must be so before the next one is entered.  An automatic gate of which nothing is known is not
met.  docs/rollout.md has them for people; :mod:`migrate.rollout.steps` what to do about each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.language import _
from migrate.rollout import judges
from migrate.rollout.verdicts import Gate, Verdict, all_of, fresh, met
from runbooks.facts import DomainFacts, DomainPhase, SiteFacts, SitePhase

_P1 = Gate[SiteFacts]("incidents", "automatic", judges.no_open(("P1",)))
_COPIED = Gate[SiteFacts]("copied", "automatic", judges.copied)

#: What must be so before a site leaves a phase.
SITE_GATES: Mapping[SitePhase, Sequence[Gate[SiteFacts]]] = {
    "assess": (
        Gate("people", "automatic", judges.people),
        Gate("switch-day", "automatic", judges.switch_day),
        Gate("sign-in", "automatic", lambda s: all_of(s.sign_in, _("nobody can sign in for: {names}"))),
        Gate("scope", "person", judges.confirmed("scope")),
    ),
    "prepare": (
        Gate("licences", "automatic", lambda s: all_of(s.licences, _("licences are missing: {names}"))),
        Gate("accounts", "automatic", lambda s: all_of(s.accounts, _("no account on the new system: {names}"))),
        Gate("backup", "automatic", lambda s: all_of(s.backup, _("no verified backup: {names}"))),
        Gate("cases", "automatic", lambda s: met() if s.pilot else all_of(s.cases, _("not tested yet: {names}"))),
    ),
    "pre-copy": (
        _COPIED,
        Gate(
            "space", "either",
            judges.or_confirmed("space", lambda s: all_of(s.space, _("too little room until the switch: {names}"))),
        ),
        Gate("domain-first", "automatic", judges.domain_first),
    ),
    "dual-delivery": (
        Gate(
            "dual", "either",
            judges.or_confirmed("dual", lambda s: all_of(s.dual, _("dual delivery is not on: {names}"))),
        ),
        Gate("routes", "automatic", lambda s: all_of(s.routes, _("mail of colleagues would vanish for: {names}"))),
        Gate("senders", "automatic", lambda s: all_of(s.senders, _("not allowed to send for the domain: {names}"))),
        Gate(
            "probes", "automatic",
            lambda s: judges.near_the_switch(s, all_of(s.probes, _("routes that do not work: {names}")), s.probes),
        ),
        Gate(
            "archives", "automatic",
            lambda s: judges.near_the_switch(s, all_of(s.archives, _("days that only a PC has: {names}")), s.archives),
        ),
        _COPIED,
        Gate(
            "way-back", "either",
            judges.or_confirmed("way-back", lambda s: all_of(s.way_back, _("the way back did not work: {names}"))),
        ),
        _P1,
        Gate("announced", "person", judges.said_before_the_switch("announced")),
        Gate("day", "automatic", judges.day_has_come),
        Gate("go", "person", judges.said_before_the_switch("go")),
    ),
    "switch": (Gate("at-work", "person", judges.confirmed("at-work")),),
    "delta": (
        Gate("delta", "automatic", lambda s: all_of(s.delta, _("no complete copy since all are at work: {names}"))),
    ),
    "verify": (
        Gate("verified", "automatic", judges.verified),
        Gate("removed", "person", judges.removed),
        _COPIED,
    ),
    "acceptance": (
        Gate("cases-met", "automatic", lambda s: all_of(s.cases, _("not tested yet: {names}")) if s.pilot else met()),
        _P1,
        Gate("accepted", "person", judges.confirmed("accepted")),
    ),
    "hypercare": (
        Gate("all-solved", "automatic", judges.no_open(("P1", "P2", "P3"))),
        Gate("settled-in", "person", judges.confirmed("settled-in")),
    ),
    "done": (),
}  # fmt: skip

_DOMAIN_P1 = Gate[DomainFacts]("incidents", "automatic", judges.no_open(("P1",)))

#: What must be so before a domain leaves a phase.
DOMAIN_GATES: Mapping[DomainPhase, Sequence[Gate[DomainFacts]]] = {
    "untouched": (
        Gate("sites-near", "automatic", judges.sites_near),
        Gate("records", "automatic", judges.records),
        Gate("ttl", "automatic", judges.after(judges.sites_near, judges.ttl_short)),
    ),
    "ttl-lowered": (
        Gate("records", "automatic", judges.records),
        Gate("sites-switched", "automatic", judges.sites_switched),
        Gate("senders", "automatic", lambda d: all_of(d.senders, _("not allowed to send for the domain: {names}"))),
        Gate(
            "probes", "automatic",
            judges.after(
                judges.sites_switched,
                lambda d: fresh(all_of(d.probes, _("routes that do not work: {names}")), d.probes, d.at, judges.FRESH)
            ),
        ),
        Gate(
            "way-back", "either",
            judges.after(
                judges.sites_switched,
                judges.or_confirmed("way-back", lambda d: all_of(d.way_back, _("the way back did not work: {names}")))
            ),
        ),
        _DOMAIN_P1,
        Gate("ttl", "automatic", judges.ttl_short),
        Gate("old-ttl", "automatic", judges.old_ttl),
        Gate("go", "person", judges.after(judges.sites_switched, judges.confirmed("go"))),
    ),
    "cutover": (
        Gate("arrived", "automatic", judges.arrived),
        Gate("relays", "person", judges.confirmed("relays")),
        _DOMAIN_P1,
    ),
    "settled": (
        Gate("sites-done", "automatic", lambda d: judges.sites_reached(d, "done")),
        Gate("quiet-mx", "person", judges.watched("quiet-mx", judges.QUIET), proof=True),
        Gate("no-logins", "person", judges.watched("no-logins", judges.UNUSED), proof=True),
        Gate("dmarc", "person", judges.confirmed("dmarc"), proof=True),
        Gate("last-delta", "automatic", judges.zeros(0)),
        Gate("archive-restored", "person", judges.confirmed("archive-restored"), proof=True),
        Gate("signed-off", "person", judges.confirmed("signed-off")),
    ),
    "decommission": (),
}  # fmt: skip

#: What a person may confirm beside a gate, by phase: it stands for what the gate cannot know.  Mail can be split by a
#: plan after the cutover too, when one of the sites has to go back.
IN_THE_PLACE_OF: Mapping[tuple[str, str], Sequence[str]] = {
    ("domain", "ttl-lowered"): ("split-delivery",),
    ("domain", "cutover"): ("split-delivery",),
    ("domain", "settled"): ("split-delivery", "no-logs"),
}

#: Codes of all steps that exist, for whoever names one.
STEPS: Final = frozenset(
    {gate.code for gates in SITE_GATES.values() for gate in gates}
    | {gate.code for gates in DOMAIN_GATES.values() for gate in gates}
    | {"advance", "split-delivery", "no-logs"}
)


def judged_site(site: SiteFacts) -> list[tuple[Gate[SiteFacts], Verdict]]:
    """The gates of the phase that the site is in, each with what the facts say of it."""
    return [(gate, gate.judge(site)) for gate in SITE_GATES[site.phase]]


def judged_domain(domain: DomainFacts) -> list[tuple[Gate[DomainFacts], Verdict]]:
    return [(gate, gate.judge(domain)) for gate in DOMAIN_GATES[domain.phase]]

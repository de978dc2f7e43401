"""The course of a site or a domain: every phase with its gates and what to do about each, the days, what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from connectors.language import _, mark
from migrate.ledger.events import Event
from migrate.rollout.gate_words import gate_text
from migrate.rollout.gates import DOMAIN_GATES, SITE_GATES
from migrate.rollout.history import Course, moment
from migrate.rollout.phases import order_of, phase_text
from migrate.rollout.steps import step_of
from migrate.rollout.world import World
from plans import Site
from runbooks.catalogue import MILESTONES
from runbooks.document_facts import GateFacts, Happened, PhaseFacts
from runbooks.facts import DomainFacts, Seen, SiteFacts, Unknown
from runbooks.plan_facts import Milestone, Timeline

#: Days of a site's phases, counted from the switch: the first and the last.  Those of the timeline are its own.
_DAYS: Mapping[str, tuple[int, int]] = {
    "assess": (-30, -22),
    "prepare": (MILESTONES["scope-signed"], -22),
    "pre-copy": (MILESTONES["pre-copy"], -11),
    "dual-delivery": (MILESTONES["dual-delivery"], MILESTONES["j-1"]),
    "switch": (0, 0),
    "delta": (0, 1),
    "verify": (MILESTONES["verification"], 3),
    "acceptance": (4, MILESTONES["acceptance"]),
    "hypercare": (8, MILESTONES["hypercare-end"]),
}
_FRIDAY = 4
_EVENTS: Mapping[str, str] = {
    "advance": mark("went on"),
    "force": mark("went on by force"),
    "back": mark("went back"),
    "confirm": mark("confirmed"),
    "incident": mark("incident"),
    "solved": mark("solved"),
    "sign": mark("signed"),
}


def phases_of(facts: SiteFacts | DomainFacts, course: Course) -> tuple[PhaseFacts, ...]:
    """All of them, in the language that is spoken."""
    kind = "site" if isinstance(facts, SiteFacts) else "domain"
    order = order_of(kind)
    now = order.index(facts.phase)
    return tuple(_phase(facts, course, code, place, now) for place, code in enumerate(order))


def _phase(facts: SiteFacts | DomainFacts, course: Course, code: str, place: int, now: int) -> PhaseFacts:
    entered = course.entered.get(code)
    begins, ends = _planned(facts, code)
    return PhaseFacts(
        code=code,
        title=phase_text(code),
        state="past" if place < now else "now" if place == now else "ahead",
        entered=None if entered is None else moment(entered).astimezone(facts.at.tzinfo),
        begins=begins,
        ends=ends,
        gates=tuple(_gates(facts, code)),
    )


def _planned(facts: SiteFacts | DomainFacts, code: str) -> tuple[date | None, date | None]:
    if not isinstance(facts, SiteFacts) or facts.switch is None or code not in _DAYS:
        return None, None
    first, last = _DAYS[code]
    return _day_of_work(facts.switch, first), _day_of_work(facts.switch, last)


def _gates(facts: SiteFacts | DomainFacts, phase: str) -> Iterator[GateFacts]:
    gates: Sequence[Any] = SITE_GATES[phase] if isinstance(facts, SiteFacts) else DOMAIN_GATES[phase]  # type: ignore[index]
    for gate in gates:
        verdict = gate.judge(facts)
        yield GateFacts(
            code=gate.code,
            title=gate_text(gate.code),
            how=gate.how,
            proof=gate.proof,
            state=verdict.state,
            figure=verdict.figure,
            missing=verdict.missing,
            confirmed=facts.confirmed.get(gate.code),
            step=step_of(facts, gate, verdict),
        )


def timeline(facts: SiteFacts, site: Site) -> Seen[Timeline] | Unknown:
    """Unknown while no switch is planned."""
    switch = site.switch
    if switch is None:
        return Unknown(how=_("write switch: into sites/{site}.yaml").format(site=site.name))
    days = {code: _day_of_work(switch, offset) for code, offset in MILESTONES.items()}
    milestones = tuple(
        Milestone(code=code, offset=MILESTONES[code], day=day, past=day < facts.today) for code, day in days.items()
    )
    return Seen(value=Timeline(switch=switch, milestones=milestones, days=days), at=facts.at, source="plan")


def _day_of_work(switch: date, offset: int) -> date:
    """What would fall on a weekend is done on the Friday before the switch, or on the Monday after it."""
    day = switch + timedelta(days=offset)
    weekend = day.weekday() - _FRIDAY
    if not offset or weekend <= 0:
        return day
    return day - timedelta(days=weekend) if offset < 0 else day + timedelta(days=3 - weekend)


def happened(world: World, events: Sequence[Event], kind: str, name: str) -> tuple[Happened, ...]:
    """What was recorded of a site or a domain, the oldest first."""
    zone = world.organisation.time_zone
    return tuple(
        Happened(
            at=moment(one.at).astimezone(zone),
            event=one.event,
            title=_(_EVENTS[one.event]),
            by=one.who,
            from_phase=one.from_phase,
            to_phase=one.to_phase,
            note=one.note or "",
            evidence=one.evidence,
        )
        for one in events
        if one.kind == kind and one.subject == name and one.event in _EVENTS
    )

"""What may keep a move from its days.  Pure; in the language that is spoken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from connectors.language import _, plural
from migrate.rollout.phases import order_of, phase_text
from runbooks.facts import DomainFacts, RolloutFacts, Seen, SiteFacts
from runbooks.plan_facts import Company
from runbooks.report_facts import Risk

#: Days before a switch by which dual delivery is to be on.
_READY = timedelta(days=7)


def risks(rollout: RolloutFacts, company: Company, today: date) -> tuple[Risk, ...]:
    """The grave ones first."""
    found: list[Risk] = [*_of_company(rollout, company, today)]
    told: set[tuple[str, int]] = set()
    for one in rollout.subjects:
        found += _incidents(one, told)
        found += _forced(one)
        if isinstance(one, SiteFacts):
            found += _of_site(one, today)
    return tuple(sorted(found, key=lambda risk: not risk.grave))


def _incidents(one: SiteFacts | DomainFacts, told: set[tuple[str, int]]) -> Iterator[Risk]:
    """Each once: a domain shows those of its sites too."""
    for incident in one.incidents:
        if (incident.subject, incident.number) not in told:
            told.add((incident.subject, incident.number))
            text = _("{severity} is open: {what}").format(severity=incident.severity, what=incident.what)
            yield Risk(code="incident", grave=incident.severity != "P3", subject=incident.subject, text=text)


def _forced(one: SiteFacts | DomainFacts) -> Iterator[Risk]:
    for forced in one.forced:
        text = _("The phase {phase} was entered by force by {name}: {because}").format(
            phase=phase_text(forced.to_phase), name=forced.by, because=forced.because
        )
        yield Risk(code="forced", grave=False, subject=one.name, text=text)


def _of_site(one: SiteFacts, today: date) -> Iterator[Risk]:
    order = order_of("site")
    before_switch = order.index(one.phase) < order.index("switch")
    if isinstance(one.verified, Seen) and one.phase != "done":
        # What people deleted since the switch is asked about at its gate, and no risk of the move.
        grade = one.verified.value.but_for_removed or one.verified.value.grade
        if grade in ("investigate", "poor"):
            text = _("The verification found differences without an explanation.")
            yield Risk(code="grade", grave=grade == "poor", subject=one.name, text=text)
    if not before_switch:
        return
    if one.switch is None:
        yield Risk(code="no-day", grave=False, subject=one.name, text=_("No day is planned for its switch."))
    elif one.switch < today:
        text = _("Its switch was planned for a day that has gone by.")
        yield Risk(code="late", grave=True, subject=one.name, text=text)
    elif one.switch - today <= _READY and order.index(one.phase) < order.index("dual-delivery"):
        days = plural("{n} day", "{n} days", (one.switch - today).days)
        text = _("Its switch is {days} away, and it is still in the phase {phase}.")
        told = text.format(days=days, phase=phase_text(one.phase))
        yield Risk(code="late", grave=True, subject=one.name, text=told)


def _of_company(rollout: RolloutFacts, company: Company, today: date) -> Iterator[Risk]:
    for licence in company.licences:
        if licence.missing:
            grave = licence.order_by is not None and licence.order_by <= today
            missing = plural("{n} licence is missing", "{n} licences are missing", licence.missing)
            text = _("{missing}: {name}").format(missing=missing, name=licence.name)
            yield Risk(code="licences", grave=grave, subject=None, text=text)
    support, unfinished = company.support, any(one.phase != "done" for one in rollout.sites)
    if support is not None and unfinished:
        if support.left <= 0:
            yield Risk(code="hours", grave=False, subject=None, text=_("No support hours are left."))
        switches = [one.switch for one in rollout.sites if one.switch is not None]
        if support.until is not None and (support.until < today or (switches and support.until < max(switches))):
            text = _("The support ends before the last site has switched.")
            yield Risk(code="support-ends", grave=False, subject=None, text=text)
    if rollout.on_its_way_to is not None:
        text = _("The organisation was handed over to {name}, who has not accepted it yet.")
        yield Risk(code="handover", grave=True, subject=None, text=text.format(name=rollout.on_its_way_to))

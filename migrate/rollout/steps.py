"""The one next thing of a site or a domain: derived from the first gate that is not met.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.language import _
from migrate.rollout.domain_step_words import DOMAIN_WORDS
from migrate.rollout.gates import judged_domain, judged_site
from migrate.rollout.judges import no_open
from migrate.rollout.phases import after, phase_text
from migrate.rollout.step_words import SITE_WORDS, Role, StepWords
from migrate.rollout.verdicts import Gate, Verdict, named
from plans.turns import turn
from runbooks.facts import DomainFacts, Incident, People, SiteFacts, Step

Judged = Sequence[tuple[Gate[Any], Verdict]]


def judged(facts: SiteFacts | DomainFacts) -> Judged:
    """The gates of the phase, each with what the facts say of it."""
    return judged_site(facts) if isinstance(facts, SiteFacts) else judged_domain(facts)


def next_step(facts: SiteFacts | DomainFacts) -> Step | None:
    """The one thing to do; None when the last phase is reached.

    Of the gates that are not met, the first about which something can be done here and now; when all of them wait, the
    one that can be done soonest; when all are met, to go on.
    """
    kind = "site" if isinstance(facts, SiteFacts) else "domain"
    following = after(kind, facts.phase)
    if following is None:
        return None
    if isinstance(facts, SiteFacts) and _grave(facts):
        # People cannot work: whatever the phase asks for comes later.
        gate = Gate[SiteFacts]("incidents", "automatic", no_open(("P1",)))
        return _worded(facts, (gate, gate.judge(facts)), _("go on with what comes next"))
    open_ = [(gate, verdict) for gate, verdict in judged(facts) if not verdict.met]
    if not open_:
        return _advance(facts, following)
    chosen = _chosen(open_)
    # What can be done comes before what waits.
    rest = [gate.code for gate, _verdict in sorted(open_, key=lambda one: one[1].waits) if gate is not chosen[0]]
    then = _title(facts, rest[0]) if rest else _("go on to the phase {phase}").format(phase=phase_text(following))
    return _worded(facts, chosen, then)


def _grave(facts: SiteFacts | DomainFacts) -> list[Incident]:
    return [one for one in facts.incidents if one.severity == "P1"]


def _chosen(open_: Judged) -> tuple[Gate[Any], Verdict]:
    here = [one for one in open_ if not one[1].waits]
    if here:
        return here[0]
    timed = [one for one in open_ if one[1].until is not None]
    others = [one for one in open_ if one[1].until is None]
    # Who waits for somebody else is sent there; who only waits for a day, to the day.
    return others[0] if others else min(timed, key=lambda one: one[1].until)  # type: ignore[arg-type,return-value]


def words_of(facts: SiteFacts | DomainFacts, code: str) -> StepWords:
    return (SITE_WORDS if isinstance(facts, SiteFacts) else DOMAIN_WORDS)[code]


def _title(facts: SiteFacts | DomainFacts, code: str) -> str:
    return _(words_of(facts, code).title)


def who_does(role: Role, whom: People) -> str:
    """The name of whoever has the role; the role where the plan names nobody."""
    if role == "correspondent" and whom.correspondent is not None:
        return whom.correspondent.name
    if whom.it is not None:
        return whom.it.name
    return _("the IT manager")


def step_of(facts: SiteFacts | DomainFacts, gate: Gate[Any], verdict: Verdict) -> Step:
    """What to do about one gate, whether its turn has come or not."""
    return _worded(facts, (gate, verdict), "")


def _worded(facts: SiteFacts | DomainFacts, chosen: tuple[Gate[Any], Verdict], then: str) -> Step:
    gate, verdict = chosen
    words = words_of(facts, gate.code)
    values = _values(facts, gate.code, words.who, verdict)
    why = _(words.why).format_map(values)
    return Step(
        code=gate.code,
        title=_(words.title),
        who=who_does(words.who, facts.whom),
        minutes=None if verdict.until is not None else words.minutes,
        do=tuple(_line(line, one) for line in words.do for one in _of_each_site(facts, line, values)),
        see=_(words.see).format_map(values),
        otherwise=_(words.otherwise).format_map(values),
        why=why,
        then=then,
        until=verdict.until,
        waits_for=verdict.waits_for,
        lessons=tuple(one for one in facts.lessons if one.step == gate.code),
    )


def _of_each_site(facts: SiteFacts | DomainFacts, line: str, values: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    """What a line is filled in with: where it names a domain's site, once for each of them."""
    if isinstance(facts, SiteFacts) or "{site}" not in line:
        return (values,)
    return [{**values, "site": site.name} for site in facts.sites] or (values,)


def _line(line: str, values: Mapping[str, str]) -> str:
    """A command stays as it is typed, in every language."""
    return (line if line.startswith("bascule ") else _(line)).format_map(values)


def _values(facts: SiteFacts | DomainFacts, code: str, role: Role, verdict: Verdict) -> dict[str, str]:
    incident = next(iter(facts.incidents), None) if code in ("incidents", "all-solved") else None
    shared = {
        "subject": facts.name if incident is None else incident.subject,
        "number": "NUMBER" if incident is None else str(incident.number),
        "code": code,
        "names": _names(facts, code, verdict),
        "missing": _("not known yet") if verdict.state == "unknown" else verdict.missing,
        "by": who_does(role, facts.whom),
        "waits_for": verdict.waits_for or "SITE",
    }
    if isinstance(facts, SiteFacts):
        return shared | {
            "target": facts.target,
            "domain": facts.domain or "DOMAIN",
            "expect": facts.expect,
            "first": _("old") if facts.mx_first != "new" else _("new"),
        }
    return shared | {
        "target": next(iter(facts.targets), "TARGET"),
        "domain": facts.name,
        "expect": facts.expect,
        "site": facts.sites[0].name if facts.sites else "SITE",
        "zone_at": facts.zone_at or _("at your provider"),
    }


def _names(facts: SiteFacts | DomainFacts, code: str, verdict: Verdict) -> str:
    """Who or what is missing, without the sentence around it; the sentence where there is no list."""
    if verdict.state == "unknown":
        return _("not known yet")
    fact = getattr(facts, {"cases-met": "cases"}.get(code, code.replace("-", "_")), None)
    missing = getattr(getattr(fact, "value", None), "missing", ())
    return named(missing) if missing else verdict.missing


def _advance(facts: SiteFacts | DomainFacts, following: str) -> Step:
    kind = "site" if isinstance(facts, SiteFacts) else "domain"
    beyond = after(kind, following)
    return Step(
        code="advance",
        title=_("go on to the phase {phase}").format(phase=phase_text(following)),
        who=who_does("it", facts.whom),
        minutes=1,
        do=(f"bascule rollout advance {facts.name}",),
        see=_("{subject} is in the phase {phase}.").format(subject=facts.name, phase=phase_text(following)),
        otherwise=_("The message names the gate that is not met."),
        why=_("Every gate of this phase is met."),
        then=_("the phase {phase}").format(phase=phase_text(beyond))
        if beyond
        else _("nothing: that was the last phase"),
        lessons=tuple(one for one in facts.lessons if one.step == "advance"),
    )


def first_of_all(
    sites: Sequence[SiteFacts], domains: Sequence[DomainFacts]
) -> tuple[SiteFacts | DomainFacts, Step] | None:
    """What comes first in the whole organisation; None when everything is done.

    A site with an open P1 comes first.  A domain that need not wait is due, and comes before sites; these come by wave,
    by day of their switch, and by name.
    """
    ordered: list[SiteFacts | DomainFacts] = [
        *domains,
        *sorted(sites, key=lambda one: turn(one.wave, one.switch, one.name)),
    ]
    # A domain has the troubles of its sites: they are mended there.
    ordered.sort(key=lambda one: not (isinstance(one, SiteFacts) and _grave(one)))
    found = [(one, step) for one in ordered if (step := next_step(one)) is not None]
    here = [one for one in found if one[1].until is None and one[1].waits_for is None]
    if here:
        return here[0]
    timed = [one for one in found if one[1].until is not None]
    if timed:
        return min(timed, key=lambda one: one[1].until)  # type: ignore[arg-type,return-value]
    return next(iter(found), None)

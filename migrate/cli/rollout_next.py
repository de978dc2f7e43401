"""``bascule rollout next``: the one next thing to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date

import click
from babel.dates import format_date
from rich.console import Console

from connectors.language import _, number, plural, spoken
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place
from migrate.cli.rollout_whom import complete_subject, deciding, subject_of
from migrate.figures import moment_text
from migrate.rollout.facts import rollout_facts
from migrate.rollout.gate_words import gate_text
from migrate.rollout.hours import hours_text
from migrate.rollout.phases import phase_text
from migrate.rollout.steps import Judged, first_of_all, judged, next_step
from runbooks.facts import DomainFacts, RolloutFacts, SiteFacts, Step


def day_text(day: date) -> str:
    """``Tuesday 9 February``, as people say a day."""
    told = str(format_date(day, "EEEE d MMMM", spoken()))
    return told.replace(" 1 ", " 1er ") if spoken() == "fr" else told


@click.command("next")
@click.argument("subject", metavar="[SITE|DOMAIN]", required=False, shell_complete=complete_subject)
@json_option
@click.pass_obj
def next_(place: Place, subject: str | None, to_json: bool) -> None:
    """What is the one next thing to do?  Who, how long, the command, what one must see, and why now.

    Without SITE or DOMAIN, what comes first in the whole organisation. Asks no server: it goes by the plan, the ledger,
    and what commands saw last.

    \b
    Example:  bascule rollout next lyon
    """
    organisation = place.load()
    chosen = None if subject is None else subject_of(organisation, subject)
    with deciding(place, organisation) as rollout:
        facts = rollout_facts(rollout.world())
    found = _first(facts, None if chosen is None else chosen.name)
    if to_json:
        print_json(_as_json(found))
    else:
        _show(terminal(), found, None if chosen is None else chosen.name)


def _first(facts: RolloutFacts, name: str | None) -> tuple[SiteFacts | DomainFacts, Step | None] | None:
    if name is None:
        return first_of_all(facts.sites, facts.domains)
    one = next(one for one in facts.subjects if one.name == name)
    return one, next_step(one)


def step_as_json(step: Step | None) -> dict[str, object] | None:
    """The published shape of a step."""
    if step is None:
        return None
    told = step.model_dump(mode="json", exclude={"until", "lessons"})
    told["until"] = step.until and step.until.astimezone(UTC).isoformat(timespec="seconds")
    told["notes"] = [{"text": one.text, "by": one.by, "at": one.at.isoformat()} for one in step.lessons]
    return told


def _as_json(found: tuple[SiteFacts | DomainFacts, Step | None] | None) -> dict[str, object]:
    if found is None:
        return {"subject": None, "kind": None, "phase": None, "next": None}
    facts, step = found
    kind = "site" if isinstance(facts, SiteFacts) else "domain"
    return {"subject": facts.name, "kind": kind, "phase": facts.phase, "next": step_as_json(step)}


def _show(console: Console, found: tuple[SiteFacts | DomainFacts, Step | None] | None, name: str | None) -> None:
    if found is None:
        show_line(console, _("Everything is done: every site, and every domain."), "bold green")
        return
    facts, step = found
    show_line(console, heading(facts), "bold")
    if step is None:
        show_line(console, _("Done: nothing is left to do for {subject}.").format(subject=facts.name), "green")
        return
    for line, style in _lines(facts, step):
        show_line(console, line, style)
    if name is None and (step.until is not None or step.waits_for is not None):
        show_line(console, _("Nothing else can be done anywhere before."))


def heading(facts: SiteFacts | DomainFacts) -> str:
    """A site or a domain in one line."""
    parts = [facts.name]
    if isinstance(facts, SiteFacts):
        parts.append(plural("{n} person", "{n} people", facts.people))
        parts.append(phase_text(facts.phase))
        if facts.switch is not None:
            parts.append(_("switch {day}").format(day=day_text(facts.switch)))
    else:
        parts.append(plural("{n} site", "{n} sites", len(facts.sites)))
        parts.append(phase_text(facts.phase))
    return " · ".join(parts)


def _lines(facts: SiteFacts | DomainFacts, step: Step) -> Iterator[tuple[str, str | None]]:
    yield _todo(facts, step), "bold yellow" if step.until is None else "bold"
    for numbered, line in enumerate(step.do, 1):
        yield f"  {numbered}. {line}", "cyan" if line.startswith("bascule ") else None
    yield "  " + _("You must see: “{see}”").format(see=step.see), None
    yield "  " + _("If not: {otherwise}").format(otherwise=_otherwise(facts, step)), None
    for lesson in step.lessons:
        told = _("Noted by {name} on {day}: {text}")
        yield "  " + told.format(name=lesson.by, day=lesson.at.date().isoformat(), text=lesson.text), "magenta"
    yield _("WHY NOW: {why}").format(why=step.why), None
    if gates := gate_line(judged(facts)):
        yield gates, None
    yield _("THEN: {then}").format(then=step.then), None


def _todo(facts: SiteFacts | DomainFacts, step: Step) -> str:
    if step.until is not None:
        when = moment_text(step.until.astimezone(facts.at.tzinfo), facts.at)
        return _("WAIT, and go on {when}: {title}").format(when=when, title=step.title)
    if step.waits_for is not None:
        return _("FIRST {other}: {title}").format(other=step.waits_for, title=step.title)
    return _("TO DO ({who}, {n} min): {title}").format(who=step.who, n=number(step.minutes or 1), title=step.title)


def _otherwise(facts: SiteFacts | DomainFacts, step: Step) -> str:
    support, hours = facts.whom.support, facts.whom.support_hours
    if support is None:
        return step.otherwise
    named = support.name if support.phone is None else f"{support.name}, {support.phone}"
    told = _("{otherwise} Or ask {name}.") if hours is None else _("{otherwise} Or ask {name} ({hours} left).")
    return told.format(otherwise=step.otherwise, name=named, hours=hours_text(round((hours or 0) * 60)))


def gate_line(found: Judged) -> str:
    """All gates of the phase in one line: met, not met, or not known."""
    signs = {"met": "✓", "not met": "✗", "unknown": "?"}
    told = []
    for gate, verdict in found:
        figure = verdict.figure if verdict.figure != "?" else ""
        told.append(" ".join(part for part in (signs[verdict.state], gate_text(gate.code), figure) if part))
    return "  ".join(told)

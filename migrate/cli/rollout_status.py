"""``bascule rollout status``: all sites and domains at a glance, or one of them with its gates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _, labelled, number
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place
from migrate.cli.rollout_next import heading, step_as_json
from migrate.cli.rollout_whom import complete_subject, deciding, subject_of
from migrate.rollout.facts import rollout_facts
from migrate.rollout.gate_words import gate_text
from migrate.rollout.moves import gates_as_json
from migrate.rollout.phases import after, order_of, phase_text
from migrate.rollout.steps import judged, next_step
from migrate.rollout.verdicts import named
from plans.turns import turn
from runbooks.facts import DomainFacts, RolloutFacts, SiteFacts

_SIGNS = {"met": ("✓", "green"), "not met": ("✗", "red"), "unknown": ("?", "yellow")}


@click.command()
@click.argument("subject", metavar="[SITE|DOMAIN]", required=False, shell_complete=complete_subject)
@json_option
@click.pass_obj
def status(place: Place, subject: str | None, to_json: bool) -> None:
    """Where does each site and domain stand, and what is in its way?  Asks no server.

    With SITE or DOMAIN, its gates one by one. It goes by the plan, the ledger, and what commands saw last.

    \b
    Example:  bascule rollout status
              bascule rollout status lyon
    """
    organisation = place.load()
    chosen = None if subject is None else subject_of(organisation, subject)
    with deciding(place, organisation) as rollout:
        facts = rollout_facts(rollout.world())
    if chosen is not None:
        facts = facts.model_copy(
            update={
                "sites": tuple(one for one in facts.sites if (chosen.kind, one.name) == ("site", chosen.name)),
                "domains": tuple(one for one in facts.domains if (chosen.kind, one.name) == ("domain", chosen.name)),
            }
        )
    if to_json:
        print_json(_as_json(facts))
    elif chosen is not None:
        for one in facts.subjects:
            show_subject(terminal(), one)
    else:
        _show(terminal(), facts)


def _as_json(facts: RolloutFacts) -> dict[str, object]:
    return {
        "organisation": facts.organisation,
        "holder": facts.holder,
        "on_its_way_to": facts.on_its_way_to,
        "sites": [_subject_json(one) for one in facts.sites],
        "domains": [_subject_json(one) for one in facts.domains],
    }


def _subject_json(one: SiteFacts | DomainFacts) -> dict[str, object]:
    told: dict[str, object] = {"name": one.name}
    if isinstance(one, SiteFacts):
        told |= {
            "wave": one.wave,
            "people": one.people,
            "switch": one.switch and one.switch.isoformat(),
            "domain": one.domain,
            "pilot": one.pilot,
        }
    else:
        told |= {"mx_first": one.mx_first, "sites": [site.name for site in one.sites]}
    return told | {
        "phase": one.phase,
        "since": one.since and one.since.astimezone(UTC).isoformat(timespec="seconds"),
        "gates": gates_as_json(judged(one)),
        "next": step_as_json(next_step(one)),
        "incidents": [incident.model_dump(mode="json") for incident in one.incidents],
        "forced": [forced.model_dump(mode="json") for forced in one.forced],
    }


def _show(console: Console, facts: RolloutFacts) -> None:
    if facts.sites:
        sites = sorted(facts.sites, key=lambda one: turn(one.wave, one.switch, one.name))
        console.print(_table(sites, with_switch=True))
    if facts.domains:
        console.print()
        console.print(_table(facts.domains, with_switch=False))
    for one in facts.subjects:
        _show_forced(console, one)
    if facts.on_its_way_to is not None:
        show_line(console, _("On its way to {name}, who has not accepted it yet.").format(name=facts.on_its_way_to))
    elif facts.holder is not None:
        show_line(console, _("Held by {name}.").format(name=facts.holder))
    show_line(console, _("What to do first: bascule rollout next"), "bold")


def _table(found: Sequence[SiteFacts | DomainFacts], *, with_switch: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("site") if with_switch else _("domain"), overflow="fold")
    if with_switch:
        table.add_column(_("people"), justify="right")
        table.add_column(_("switch"), no_wrap=True)
    else:
        table.add_column(_("sites"), justify="right")
    table.add_column(_("phase"), no_wrap=True)
    table.add_column(_("gates"), justify="right")
    table.add_column(_("in the way"), overflow="fold")
    for one in found:
        gates = judged(one)
        open_ = [gate for gate, verdict in gates if not verdict.met]
        kind = "site" if isinstance(one, SiteFacts) else "domain"
        over = after(kind, one.phase) is None
        if isinstance(one, SiteFacts):
            cells = [number(one.people), "" if one.switch is None else one.switch.isoformat()]
        else:
            cells = [number(len(one.sites))]
        style = "green" if over or not open_ else ""
        place = order_of(kind).index(one.phase) + 1
        table.add_row(
            Text(one.name),
            *cells,
            Text(f"{phase_text(one.phase)} {place}/{len(order_of(kind))}", style=style),
            "" if over else f"{len(gates) - len(open_)}/{len(gates)}",
            Text(_blocking(one, [gate_text(gate.code) for gate in open_]), style=_urgency(one, open_)),
        )
    return table


def _blocking(one: SiteFacts | DomainFacts, open_: Sequence[str]) -> str:
    grave = [f"{incident.severity} {incident.what}" for incident in one.incidents if incident.severity == "P1"]
    told = named((*grave, *open_))
    return " ".join(part for part in (told, _("(forced)") if one.forced else "") if part)


def _urgency(one: SiteFacts | DomainFacts, open_: Sequence[object]) -> str:
    if any(incident.severity == "P1" for incident in one.incidents):
        return "red"
    return "yellow" if open_ else "green"


def show_subject(console: Console, one: SiteFacts | DomainFacts) -> None:
    """One site or domain: its gates, incidents, and what was forced."""
    show_line(console, heading(one), "bold")
    if one.since is not None:
        show_line(console, _("in this phase since {day}").format(day=one.since.date().isoformat()))
    for gate, verdict in judged(one):
        sign, style = _SIGNS[verdict.state]
        figure = f" {verdict.figure}" if verdict.figure and verdict.figure != "?" else ""
        told = f"  {sign} {gate_text(gate.code)} ({gate.code}){figure}"
        show_line(console, labelled(told, verdict.missing) if verdict.missing else told, style)
    for incident in one.incidents:
        text = f"  {incident.severity} {incident.number}"
        show_line(console, labelled(text, f"{incident.what} ({incident.by}, {incident.at.date().isoformat()})"), "red")
    _show_forced(console, one)
    show_line(console, _("What to do: bascule rollout next {subject}").format(subject=one.name), "bold")


def _show_forced(console: Console, one: SiteFacts | DomainFacts) -> None:
    for forced in one.forced:
        text = _("{subject} was forced into the phase {phase} on {day} by {name}: {because} (not met: {gates})")
        show_line(
            console,
            text.format(
                subject=one.name,
                phase=phase_text(forced.to_phase),
                day=forced.at.date().isoformat(),
                name=forced.by,
                because=forced.because,
                gates=", ".join(gate_text(code) for code in forced.unmet),
            ),
            "red",
        )

"""``bascule rollout``: phases of sites and domains, and the one next thing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import click

from connectors.language import _, labelled
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_next import next_
from migrate.cli.rollout_status import status
from migrate.cli.rollout_whom import Subject, by_option, deciding, name_of, subject_argument, subject_of
from migrate.ledger.events import Event
from migrate.rollout.gate_words import gate_text
from migrate.rollout.moves import GatesOpen, Rollout, gates_as_json
from migrate.rollout.phases import phase_text
from migrate.rollout.steps import Judged, judged, next_step
from migrate.rollout.way_back import lines_of, way_back_of
from runbooks.facts import Severity


@click.group()
def rollout() -> None:
    """Where does the move stand, and what comes next?  Phases of sites and domains, with the gates between them.

    A site goes assess, prepare, pre-copy, dual delivery, switch, delta, verify, acceptance, hypercare, done. A domain
    goes TTL lowered, cutover, settled, decommission. Who did what, when and why is on the record for good.
    """


rollout.add_command(status)
rollout.add_command(next_)


@rollout.command()
@subject_argument
@by_option
@json_option
@click.pass_obj
def advance(place: Place, subject: str, by: str | None, to_json: bool) -> None:
    """Is every gate met?  Then goes on to the next phase.

    The switch of a site is recorded for each of its mailboxes: from then on what people do there is left alone.
    Exit code 3 when a gate is not met: nothing is changed then.

    \b
    Example:  bascule rollout advance lyon --by "Karim B."
    """
    organisation = place.load()
    one, who = subject_of(organisation, subject), name_of(by)
    with deciding(place, organisation) as rolling:
        try:
            event = rolling.advance(one.kind, one.name, who)
        except GatesOpen as error:
            _show_open(error, one, to_json=to_json)
            sys.exit(Exit.PARTIAL)
        _show_moved(rolling, one, event, to_json=to_json)


@rollout.command()
@subject_argument
@click.option("--because", required=True, metavar="TEXT", help="Why: it is shown from then on, with the gates.")
@by_option
@json_option
@click.pass_obj
def force(place: Place, subject: str, because: str, by: str | None, to_json: bool) -> None:
    """Must it go on although gates are not met?  Does, and keeps who did, why, and which gates, on the record.

    It is shown from then on. An old server is not switched off by force.

    \b
    Example:  bascule rollout force lyon --because "the owner accepts two archives less" --by "Karim B."
    """
    organisation = place.load()
    one, who = subject_of(organisation, subject), name_of(by)
    reason = _reason(because)
    with deciding(place, organisation) as rolling:
        event = rolling.force(one.kind, one.name, who, reason)
        _show_moved(rolling, one, event, to_json=to_json)


@rollout.command()
@subject_argument
@click.option("--because", metavar="TEXT", help="Why: records that it was done. Without, only the plan is shown.")
@by_option
@json_option
@click.pass_obj
def back(place: Place, subject: str, because: str | None, by: str | None, to_json: bool) -> None:
    """What is the way back?  Shows it, with the old records to the letter; with --because, records that it was gone.

    What was confirmed for the phase that is left is to be confirmed afresh.

    \b
    Example:  bascule rollout back lyon
              bascule rollout back lyon --because "the telephones do not sign in"
    """
    organisation = place.load()
    one = subject_of(organisation, subject)
    with deciding(place, organisation) as rolling:
        plan = way_back_of(rolling.facts(rolling.world(), one.kind, one.name))
        event = None
        if because is not None:
            event = rolling.back(one.kind, one.name, name_of(by), _reason(because))
        if to_json:
            told = {
                "exit_code": 0,
                "subject": one.name,
                "way_back": plan.model_dump(mode="json"),
                "phase": None if event is None else event.to_phase,
            }
            print_json(told)
            return
        console = terminal()
        if event is not None:
            _show_moved(rolling, one, event, to_json=False)
        show_line(console, _("The way back of {subject}:").format(subject=one.name), "bold")
        for line in lines_of(plan):
            show_line(console, line)


@rollout.command()
@subject_argument
@click.argument("gate")
@by_option
@click.option("--note", default="", metavar="TEXT", help="What is to be known besides.")
@click.option(
    "--evidence",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file that proves it; a copy is kept.",
)
@json_option
@click.pass_obj
def confirm(
    place: Place, subject: str, gate: str, by: str | None, note: str, evidence: Path | None, to_json: bool
) -> None:
    """Who answers for what no program can see?  A named person confirms GATE of the present phase.

    \b
    Example:  bascule rollout confirm lyon go --by "Claire M."
    """
    organisation = place.load()
    one, who = subject_of(organisation, subject), name_of(by)
    with deciding(place, organisation) as rolling:
        event = rolling.confirm(one.kind, one.name, gate, who, note, evidence)
    if to_json:
        told = {"exit_code": 0, "subject": one.name, "gate": gate, "by": who, "evidence": event.evidence}
        print_json(told)
        return
    told_text = _("{subject}: {gate} is confirmed by {name}.")
    click.echo(told_text.format(subject=one.name, gate=gate_text(gate), name=who))
    if event.evidence is not None:
        click.echo(_("The evidence is kept in {file}.").format(file=event.evidence))


@rollout.command()
@subject_argument
@click.argument("what", required=False)
@click.option("--open", "severity", type=click.Choice(["P1", "P2", "P3"]), help="Open one, of this severity.")
@click.option("--solved", "number", type=click.IntRange(min=1), metavar="NUMBER", help="This one is solved.")
@by_option
@json_option
@click.pass_obj
def incident(
    place: Place,
    subject: str,
    what: str | None,
    severity: str | None,
    number: int | None,
    by: str | None,
    to_json: bool,
) -> None:
    """What went wrong and is not solved?  Opens and closes incidents; while a P1 is open nobody switches.

    P1: people cannot work. P2: somebody is hindered. P3: a question, a wish.

    \b
    Example:  bascule rollout incident lyon --open P1 "the copiers send nothing"
              bascule rollout incident lyon --solved 1
    """
    organisation = place.load()
    one = subject_of(organisation, subject)
    if severity is not None and number is not None:
        raise Trouble(_("--open and --solved do not go together."))
    if severity is not None and not (what and what.strip()):
        raise Trouble(
            _('Say what went wrong: bascule rollout incident {subject} --open {severity} "…"').format(
                subject=one.name, severity=severity
            )
        )
    if what is not None and severity is None and number is None:
        raise Trouble(_("Say how bad it is: --open P1, P2 or P3."))
    with deciding(place, organisation) as rolling:
        if severity is not None:
            rolling.open_incident(one.kind, one.name, name_of(by), cast("Severity", severity), (what or "").strip())
        elif number is not None:
            rolling.solve(one.kind, one.name, name_of(by), number, what or "")
        open_ = rolling.world().history.course(one.kind, one.name).incidents.values()
    if to_json:
        told = {"subject": one.name, "incidents": [found.model_dump(mode="json") for found in open_]}
        print_json(told)
        return
    console = terminal()
    for found in open_:
        day = found.at.astimezone(organisation.time_zone).date()
        show_line(console, f"{found.number}  {found.severity}  {found.what} ({found.by}, {day})", "red")
    if not open_:
        click.echo(_("{subject}: no incident is open.").format(subject=one.name))


def _reason(because: str) -> str:
    if not because.strip():
        raise Trouble(_("Say why with --because: it is kept on the record."))
    return because.strip()


def _show_open(error: GatesOpen, one: Subject, *, to_json: bool) -> None:
    if to_json:
        told = {
            "exit_code": int(Exit.PARTIAL),
            "subject": one.name,
            "phase": error.phase,
            "gates": gates_as_json(error.unmet),
        }
        print_json(told)
        return
    console = terminal()
    show_line(console, str(error), "bold")
    _show_unmet(error.unmet)
    show_line(console, _("What to do: bascule rollout next {subject}").format(subject=one.name), "bold")


def _show_unmet(found: Judged) -> None:
    console = terminal()
    for gate, verdict in found:
        show_line(console, "  " + labelled(f"✗ {gate_text(gate.code)}", verdict.missing), "red")


def _show_moved(rolling: Rollout, one: Subject, event: Event, *, to_json: bool) -> None:
    facts = rolling.facts(rolling.world(), one.kind, one.name)
    if to_json:
        told = {"exit_code": 0, "subject": one.name, "phase": facts.phase, "gates": gates_as_json(judged(facts))}
        print_json(told)
        return
    text = _("{subject}: {before} → {phase}")
    click.echo(text.format(subject=one.name, before=phase_text(event.from_phase or ""), phase=phase_text(facts.phase)))
    if event.event == "force":
        codes = ", ".join(gate_text(code) for code in event.detail["unmet"])
        click.echo(_("On the record, by {name}, although not met: {gates}.").format(name=event.who, gates=codes))
    step = next_step(facts)
    if step is not None and step.code != "advance":
        click.echo(_("Next: {title}. See bascule rollout next {subject}").format(title=step.title, subject=one.name))

"""``bascule check``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC
from functools import partial

import click
from rich.console import Console
from rich.table import Table

from connectors.contract import Stopped
from connectors.language import _, labelled, number, plural
from connectors.wrappers import RetryPolicy
from migrate.check.findings import Finding, finding_of, judge, of_systems
from migrate.check.survey import Recorded, Survey, survey
from migrate.cli.advice import error_as_json, worded
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.lines import terminal
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place
from migrate.cli.recorded import recorded_places
from migrate.cli.running import Started, choose, started
from migrate.engine.remembered import Remembered
from migrate.engine.site import Standing
from migrate.figures import path_text, rate_text, size_text, time_text
from migrate.ledger import copies, mailboxes
from migrate.ledger.schema import Direction
from migrate.rollout.estimate import Load
from migrate.rollout.outlook import Guess, guess, outlook
from plans import Organisation, Person, Site

#: Somebody waits for the answer: a system that cannot be reached is asked once more, and not for minutes.
_RETRY = RetryPolicy(tries=2)
#: Messages of a mailbox that are printed as too large; JSON has all of them.
_PRINTED = 20


@dataclass(frozen=True)
class Checked:
    """One mailbox, looked at and judged."""

    survey: Survey
    findings: Sequence[Finding]
    #: Messages and bytes that earlier copies brought to the target.
    copied: tuple[int, int]

    @property
    def state(self) -> str:
        kinds = {finding.kind for finding in self.findings}
        if any(one.found.met is False for one in self.survey.standing):
            return "problem"  # also for what is told once for all mailboxes
        return next((kind for kind in ("problem", "attention") if kind in kinds), "ok")

    @property
    def code(self) -> Exit:
        return worst(_code(finding) for finding in self.findings)


def _code(finding: Finding) -> Exit:
    if finding.kind == "note":
        return Exit.OK
    if finding.code == "precondition":
        return Exit.AUTH if finding.kind == "problem" else Exit.PARTIAL
    if finding.kind == "problem" and finding.error is not None:
        return code_of(finding.error)
    return Exit.QUOTA if finding.code == "quota-short" else Exit.PARTIAL


@click.command()
@site_argument
@mailbox_option
@json_option
@click.pass_obj
def check(place: Place, site: str, mailboxes: tuple[str, ...], to_json: bool) -> None:
    """Are the systems ready for the copy?  Signs in on both sides and looks; writes nothing.

    For each mailbox: folders and sizes, names that meet or that the target cannot hold, room on the target, messages
    that are too large or left out, and a first estimate of the time. What is found is said with what to do about it.

    \b
    Example:  bascule check paris --mailbox anna@example.org
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    copied = _copied(place, people)
    recorded = recorded_places(place, people)
    with started(place, organisation, plan, people, _RETRY) as run:
        surveys = [done.result for done in run.each(partial(_survey, run, recorded)) if done.result is not None]
        interrupted = run.halt.stop.is_set()
    surveys.sort(key=lambda one: one.mailbox)
    done = []
    for one in surveys:
        there = copied.get(one.mailbox, (0, 0))
        done.append(Checked(one, judge(one, *there), there))
    taken = _estimate(place, organisation, plan, done)
    systems = of_systems(surveys)
    of_all = [finding_of(one) for one in systems if one.found.met is not True]
    codes = [*(one.code for one in done), *map(_code, of_all)]
    code = Exit.INTERRUPTED if interrupted else worst(codes)
    if to_json:
        told = {
            "exit_code": int(code),
            "systems": [_standing_as_json(one) for one in systems],
            "servers": _servers(done),
            "mailboxes": [_as_json(one) for one in done],
            "estimate": _estimate_as_json(taken),
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _show(terminal(), done, of_all, taken)
        _show_servers(plan, done)
        if interrupted:
            click.echo(_("Interrupted: not every mailbox was looked at. Check again."))
    sys.exit(code)


def _survey(run: Started, recorded: Mapping[str, Recorded], mailbox: str) -> Survey:
    person = run.people[mailbox]
    try:
        standing = list(run.site.preconditions(person, run.halt.stop))
    except Stopped:
        return Survey(mailbox, interrupted=True)
    found = survey(run.site.jobs(person, passwords="when_needed"), run.halt, recorded.get(mailbox))
    found.standing = standing
    return found


def _copied(place: Place, people: Sequence[Person]) -> dict[str, tuple[int, int]]:
    """Messages and bytes that earlier copies brought to the target, by mailbox.  No ledger is made for this."""
    if not place.ledger_file.exists():
        return {}
    copied = {}
    with place.ledger() as ledger, ledger.read() as connection:
        for person in people:
            row = mailboxes.get(connection, person.mailbox)
            if row is not None:
                direction = Direction.FORTH
                copied[person.mailbox] = (
                    copies.count(connection, row.id, direction),
                    copies.size(connection, row.id, direction),
                )
    return copied


def _estimate(place: Place, organisation: Organisation, site: Site, done: Sequence[Checked]) -> Guess:
    loads = []
    for one in done:
        messages, size = one.copied
        found = one.survey
        loads.append(Load(max(found.travelling - messages, 0), max(found.travelling_size - size, 0), found.listing))
    with closing(Remembered(place.ledger_file)) as remembered:
        known = outlook(organisation, site, remembered)
    return guess(loads, known)


def _as_json(one: Checked) -> dict[str, object]:
    found = one.survey
    quota = found.quota
    return {
        "mailbox": found.mailbox,
        "state": one.state,
        "folders": len(found.folders),
        "messages": found.messages,
        "size": found.size,
        "to_copy": {"messages": found.travelling, "size": found.travelling_size},
        "target": {
            "messages": found.on_target,
            "max_message": found.max_message,
            "quota": quota and {
                "limit": quota.limit,
                "used": quota.used,
                "messages_limit": quota.messages_limit,
                "messages_used": quota.messages_used,
            },
        },
        "preconditions": [_standing_as_json(one) for one in found.standing if one.found.of == "mailbox"],
        "too_large": [
            {
                "folder": folder,
                "key": entry.key,
                "received": entry.received and entry.received.astimezone(UTC).isoformat(),
                "size": entry.size,
            }
            for folder, entry in found.too_large
        ],
        "findings": [
            {
                "kind": finding.kind,
                "code": finding.code,
                "text": finding.text,
                "to_do": finding.to_do,
                "error": None if finding.error is None else error_as_json(finding.error),
            }
            for finding in one.findings
        ],
    }  # fmt: skip


def _standing_as_json(one: Standing) -> dict[str, object]:
    found = one.found
    return {
        "system": one.system,
        "side": one.side,
        "code": found.code,
        "met": found.met,
        "what": found.what,
        "mend": found.mend,
    }


def _servers(done: Sequence[Checked]) -> dict[str, str]:
    """What each side calls itself; empty when it does not say."""
    return {
        "source": next((one.survey.source_product for one in done if one.survey.source_product), ""),
        "target": next((one.survey.target_product for one in done if one.survey.target_product), ""),
    }


def _show_servers(site: Site, done: Sequence[Checked]) -> None:
    products = _servers(done)
    for system, product in ((site.source, products["source"]), (site.target, products["target"])):
        if product:
            click.echo(_("{system} calls itself {product}.").format(system=system, product=product))


def _estimate_as_json(taken: Guess) -> dict[str, object]:
    return {
        "seconds": round(taken.typical),
        "seconds_p90": round(taken.slow),
        "mailboxes_at_once": taken.mailboxes_at_once,
        "messages_per_second": taken.rate.messages_per_second,
        "bytes_per_second": taken.rate.bytes_per_second,
        "measured_passes": taken.passes,
    }


def _show(console: Console, done: Sequence[Checked], of_all: Sequence[Finding], taken: Guess) -> None:
    states = {"ok": _("OK"), "attention": _("attention"), "problem": _("problem")}
    styles = {"ok": "green", "attention": "yellow", "problem": "red"}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("mailbox"), overflow="fold")
    for name in (_("folders"), _("messages"), _("size"), _("free")):
        table.add_column(name, justify="right")
    table.add_column("")
    for one in done:
        found = one.survey
        readable = found.source_error is None
        table.add_row(
            found.mailbox,
            number(len(found.folders)) if readable else "-",
            number(found.messages) if readable else "-",
            size_text(found.size) if readable else "-",
            _free(found),
            f"[{styles[one.state]}]{states[one.state]}[/]",
        )
    console.print(table)
    for finding in of_all:
        _show_finding(console, "", finding, styles.get(finding.kind, ""))
    for one in done:
        for finding in one.findings:
            _show_finding(console, one.survey.mailbox, finding, styles.get(finding.kind, ""))
            if finding.code == "too-large":
                _show_too_large(console, one.survey)
    _show_estimate(console, done, taken)


def _free(found: Survey) -> str:
    quota = found.quota
    if quota is None or quota.limit is None:
        return _("not known") if found.target_error is None else "-"
    return size_text(max(quota.limit - (quota.used or 0), 0))


def _show_finding(console: Console, mailbox: str, finding: Finding, style: str) -> None:
    text = finding.text
    if finding.error is not None:
        # It ends as it does elsewhere: with a command, perhaps, that is to be copied.
        text = labelled(text, worded(finding.error))
    if (finding.error is None or finding.to_do) and not text.endswith("."):
        text += "."
    told = f"{text} {finding.to_do}".rstrip()
    if mailbox:
        told = labelled(mailbox, told)
    console.print(told, style=style, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def _show_too_large(console: Console, found: Survey) -> None:
    """A line a message, so that somebody can look at it."""
    for folder, entry in found.too_large[:_PRINTED]:
        received = "" if entry.received is None else f"{entry.received:%Y-%m-%d}"
        told = _("  {received:10}  {size:>8}  {folder}  (key {key})").format(
            received=received, size=size_text(entry.size or 0), folder=path_text(folder), key=entry.key
        )
        console.print(told, highlight=False, markup=False, soft_wrap=True)
    if len(found.too_large) > _PRINTED:
        more = plural("{n} more", "{n} more", len(found.too_large) - _PRINTED)
        console.print("  " + _("{more}: see --json.").format(more=more), highlight=False, markup=False, soft_wrap=True)


def _show_estimate(console: Console, done: Sequence[Checked], taken: Guess) -> None:
    ready = [one for one in done if one.state != "problem"]
    console.print(
        _("{ready} of {all} ready.").format(
            ready=number(len(ready)), all=plural("{n} mailbox", "{n} mailboxes", len(done))
        ),
        style="bold",
        highlight=False,
    )
    if not any(one.survey.travelling for one in ready):
        return
    if taken.passes:
        text = _(
            "Estimate: {time}, and {slow} in one case of ten, at {rate} over {mailboxes} at a time, as measured on"
            " {passes}."
        )
    else:
        text = _(
            "First estimate: {time}, and {slow} in one case of ten, at {rate} over {mailboxes} at a time. That is a"
            " cautious guess, not a measurement; once the copy runs, bascule status --watch shows what it reaches."
        )
    rate = taken.rate
    told = text.format(
        time=time_text(taken.typical),
        slow=time_text(taken.slow),
        rate=rate_text(rate.messages_per_second, rate.bytes_per_second),
        mailboxes=plural("{n} mailbox", "{n} mailboxes", taken.mailboxes_at_once),
        passes=plural("{n} pass", "{n} passes", taken.passes),
    )
    console.print(told, highlight=False)
    console.print(_("bascule estimate says on which days."), highlight=False)

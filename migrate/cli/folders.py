"""``bascule folders``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connectors.contract import LabelFacts, label_facts_of
from connectors.language import _, number, plural
from connectors.wrappers import RetryPolicy
from migrate.check.mapping import Mapped, Path, map_folders
from migrate.check.survey import there_on
from migrate.cli.advice import error_as_json, worded
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.explanations import REASONS
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place
from migrate.cli.recorded import recorded_places
from migrate.cli.running import Started, choose, started
from migrate.engine.local import Done
from migrate.engine.site import SiteRules
from migrate.figures import path_text

_RETRY = RetryPolicy(tries=2)


@click.command()
@site_argument
@mailbox_option
@json_option
@click.pass_obj
def folders(place: Place, site: str, mailboxes: tuple[str, ...], to_json: bool) -> None:
    """Where does each folder go?  Lists the source's folders under the names that the copy uses; writes nothing.

    A folder with a role (sent, drafts, trash, ...) goes into the target's own folder of that role where it has one,
    whatever that is called there; else it keeps its name, as far as the target can hold it. Folders that the target
    would take for one are kept apart. The line below a changed name is for the plan, for another name.

    \b
    Example:  bascule folders paris --mailbox anna@example.org
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    with started(place, organisation, plan, people, _RETRY) as run:
        recorded = recorded_places(place, people, plan.source)
        done = list(run.each(lambda mailbox: _previewed(run, mailbox, recorded.get(mailbox, {}))))
        interrupted = run.halt.stop.is_set()
    done.sort(key=lambda one: one.mailbox)
    code = Exit.INTERRUPTED if interrupted else worst(code_of(one.error) for one in done if one.error is not None)
    if to_json:
        told = {"exit_code": int(code), "mailboxes": [_as_json(one) for one in done]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for one in done:
            _show(Console(), one)
    sys.exit(code)


@dataclass(frozen=True)
class Preview:
    """Where a mailbox's folders go, and how its labels fit into folders, if it has labels."""

    folders: Sequence[Mapped]
    labels: LabelFacts | None


def _previewed(run: Started, mailbox: str, recorded: Mapping[Path, Path]) -> Preview:
    person, stop = run.people[mailbox], run.halt.stop
    permit = run.site.admit(stop, True)
    try:
        with closing(run.site.source(person)(stop)) as source, run.halt.cutting(source.abort):
            there = list(source.folders())
            labels = label_facts_of(source)
            with closing(run.site.target(person)(stop)) as target, run.halt.cutting(target.abort):
                found = map_folders(there, SiteRules(run.site.site), there_on(target, recorded))
    finally:
        permit.release()
    return Preview(sorted(found, key=lambda one: one.folder.path), labels)


def _as_json(done: Done[Preview]) -> dict[str, object]:
    return {
        "mailbox": done.mailbox,
        "error": None if done.error is None else error_as_json(done.error),
        "folders": [
            {
                "folder": one.folder.path,
                "to": one.to,
                "role": one.folder.role and one.folder.role.value,
                "messages": one.folder.messages,
                "reason": one.left_out and one.left_out.value,
                "collides_with": one.collides_with,
                "line": one.line,
            }
            for one in (done.result.folders if done.result else ())
        ],
        "labels": None if done.result is None else _labels_as_json(done.result.labels),
    }


def _labels_as_json(facts: LabelFacts | None) -> dict[str, object] | None:
    if facts is None:
        return None
    return {
        "messages": facts.messages,
        "several": facts.several,
        "beside": [{"label": path, "messages": count} for path, count in sorted(facts.beside.items())],
    }


def _show(console: Console, done: Done[Preview]) -> None:
    console.print(done.mailbox, style="bold", highlight=False, markup=False)
    if done.error is not None:
        console.print(f"  {worded(done.error)}", style="red", highlight=False, markup=False, soft_wrap=True)
        return
    preview = done.result or Preview((), None)
    found = preview.folders
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("on the source"), overflow="fold")
    table.add_column(_("on the target"), overflow="fold")
    table.add_column(_("role"))
    table.add_column(_("messages"), justify="right")
    for one in found:
        table.add_row(
            escape(path_text(one.folder.path)),
            escape(_to(one)),
            one.folder.role.value if one.folder.role else "",
            "?" if one.folder.messages is None else number(one.folder.messages),
        )
    console.print(table)
    left_out = [one for one in found if one.left_out]
    text = plural("{n} folder", "{n} folders", len(found))
    if left_out:
        count = sum(one.folder.messages or 0 for one in left_out)
        text = _("{folders}; {some} left out, with {messages}").format(
            folders=text, some=number(len(left_out)), messages=plural("{n} message", "{n} messages", count)
        )
    console.print(text, highlight=False)
    if preview.labels is not None:
        _show_labels(console, preview.labels, found)
    for one in found:
        if one.line is not None:
            told = _("{folder}: for another name, under folders in the site's plan: {line}").format(
                folder=path_text(one.folder.path), line=one.line
            )
            console.print(told, highlight=False, markup=False, soft_wrap=True)


def _show_labels(console: Console, facts: LabelFacts, found: Sequence[Mapped]) -> None:
    """Each message goes to one folder; what becomes of its other labels."""
    text = plural("{n} message, once", "{n} messages, each once", facts.messages)
    if facts.several:
        several = plural("{n} has further labels", "{n} have further labels", facts.several)
        text = _("{messages}; {several}, which become keywords where the target keeps keywords").format(
            messages=text, several=several
        )
    console.print(f"{text}.", highlight=False)
    filled = {one.folder.path for one in found if one.folder.messages}
    for path, count in sorted(facts.beside.items()):
        line = _("label {label}: keyword of {messages}").format(
            label=path_text(path), messages=plural("{n} message", "{n} messages", count)
        )
        if path not in filled:
            line = _("{line}; no message has it as its folder").format(line=line)
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


def _to(one: Mapped) -> str:
    if one.to is None:
        why = REASONS[one.left_out].told().what if one.left_out else ""
        return _("(left out: {why})").format(why=why)
    if one.collides_with is not None:
        return _("{to} (because {other} is {wanted})").format(
            to=path_text(one.to), other=path_text(one.collides_with), wanted=path_text(one.wanted or ())
        )
    return path_text(one.to)

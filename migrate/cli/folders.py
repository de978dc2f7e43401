"""``bascule folders``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connectors.contract import ArchiveUnreadable, LabelFacts, Role, label_facts_of, shared_left_out
from connectors.language import _, mark, number, plural
from connectors.wrappers import RetryPolicy
from migrate.check.findings import shared_to_do
from migrate.check.mapping import Mapped, Path, map_folders
from migrate.check.survey import Recorded, there_on
from migrate.cli.advice import error_as_json, worded
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.explanations import REASONS
from migrate.cli.gathered import show_errors
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place
from migrate.cli.recorded import recorded_places
from migrate.cli.running import Started, choose, started
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.engine.local import Done
from migrate.figures import path_text

_RETRY = RetryPolicy(tries=2)

_ROLES = {
    Role.INBOX: mark("inbox"),
    Role.SENT: mark("sent"),
    Role.DRAFTS: mark("drafts"),
    Role.TRASH: mark("trash"),
    Role.JUNK: mark("junk"),
    Role.ARCHIVE: mark("archive"),
    Role.ALL: mark("all"),
}


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
        recorded = recorded_places(place, people)
        done = list(run.each(lambda mailbox: _mapped(run, mailbox, recorded.get(mailbox, {}))))
        interrupted = run.halt.stop.is_set()
    done.sort(key=lambda one: one.mailbox)
    errors = [error for error in map(_error, done) if error is not None]
    code = Exit.INTERRUPTED if interrupted else worst(map(code_of, errors))
    if to_json:
        told = {"exit_code": int(code), "mailboxes": [_as_json(one) for one in done]}
        print_json(told)
    else:
        console = terminal()
        for one in done:
            _show(console, one)
        show_errors(console, ((one.mailbox, one.error) for one in done if one.error is not None))
    sys.exit(code)


@dataclass(frozen=True, slots=True)
class _OfSource:
    """The folders of one source of a mailbox."""

    job: Job
    folders: Sequence[Mapped]
    #: Other people's, which the plan does not ask for.
    shared: Sequence[Path]
    #: How its labels fit into folders, if it has labels.
    labels: LabelFacts | None
    #: Why an archive cannot be read; the other sources are shown all the same.
    error: ArchiveUnreadable | None = None


def _mapped(run: Started, mailbox: str, recorded: Recorded) -> list[_OfSource]:
    return [_of_source(job, run.halt, recorded.get(job.source, {})) for job in run.jobs(mailbox)]


def _of_source(job: Job, halt: Halt, recorded: Mapping[Path, Path]) -> _OfSource:
    permit = job.admit(halt.stop, True)
    try:
        with closing(job.open_source(halt.stop)) as source, halt.cutting(source.abort):
            there = list(source.folders())
            shared, labels = shared_left_out(source), label_facts_of(source)
            with closing(job.open_target(halt.stop)) as target, halt.cutting(target.abort):
                found = map_folders(there, job.rules, there_on(target, recorded))
    except ArchiveUnreadable as error:
        return _OfSource(job, (), (), None, error)
    finally:
        permit.release()
    return _OfSource(job, sorted(found, key=lambda one: one.folder.path), shared, labels)


def _error(done: Done[list[_OfSource]]) -> BaseException | None:
    """What went wrong with a mailbox, or with an archive of it."""
    return done.error or next((one.error for one in done.result or () if one.error is not None), None)


def _as_json(done: Done[list[_OfSource]]) -> dict[str, object]:
    error = _error(done)
    return {
        "mailbox": done.mailbox,
        "error": None if error is None else error_as_json(error),
        "folders": [
            {
                "source": of.job.shown,
                "folder": one.folder.path,
                "to": one.to,
                "role": one.folder.role and one.folder.role.value,
                "messages": one.folder.messages,
                "reason": one.left_out and one.left_out.value,
                "collides_with": one.collides_with,
                "line": one.line,
            }
            for of in done.result or ()
            for one in of.folders
        ],
        "shared_left_out": [path for of in done.result or () for path in of.shared],
        "labels": [_labels_as_json(of.job.shown, of.labels) for of in done.result or () if of.labels is not None],
    }


def _labels_as_json(source: str, facts: LabelFacts) -> dict[str, object]:
    return {
        "source": source,
        "messages": facts.messages,
        "several": facts.several,
        "beside": [{"label": path, "messages": count} for path, count in sorted(facts.beside.items())],
    }


def _show(console: Console, done: Done[list[_OfSource]]) -> None:
    for one in done.result or ():
        console.print(one.job.label, style="bold", highlight=False, markup=False)
        if one.error is not None:
            show_line(console, f"  {worded(one.error)}", "red")
            continue
        _show_folders(console, one.folders)
        if one.labels is not None:
            _show_labels(console, one.labels, one.folders)
        if one.shared:
            text = plural("{n} shared folder is left out", "{n} shared folders are left out", len(one.shared))
            console.print(f"{text}. {shared_to_do()}", highlight=False)


def _show_folders(console: Console, found: Sequence[Mapped]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("on the source"), overflow="fold")
    table.add_column(_("on the target"), overflow="fold")
    table.add_column(_("role"))
    table.add_column(_("messages"), justify="right")
    for one in found:
        table.add_row(
            escape(path_text(one.folder.path)),
            escape(_to(one)),
            _(_ROLES[one.folder.role]) if one.folder.role else "",
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

"""``bascule copy --dry-run``: the actions of each mailbox, printed and not done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import click
from rich.console import Console

from connectors.contract import ArchiveUnreadable
from connectors.language import _, number
from migrate.cli.advice import error_as_json, worded
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.gathered import show_errors
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.organisation import Place
from migrate.cli.running import JobBack, Started, check_folders, started
from migrate.copy.actions import Action, Adopt, Copy, Follow, LeaveOut, Make, Mark, Recognise, Refuse
from migrate.copy.job import Job
from migrate.copy.plan import plan_pass
from migrate.engine.local import Done
from migrate.figures import path_text, size_text
from migrate.ledger.store import Ledger
from plans import Organisation, Person, Site


def dry_run(
    place: Place,
    organisation: Organisation,
    site: Site,
    people: Sequence[Person],
    *,
    ledger: Ledger,
    only_folders: tuple[tuple[str, ...], ...],
    to_json: bool,
    back: JobBack | None = None,
) -> tuple[Exit, list[str]]:
    """Print what a copy would do now; returns the exit code, and the mailboxes that met no trouble.

    With ``back`` it is the copy from the site's target to its source.
    """
    with started(place, organisation, site, people, back=back) as run:
        plans = list(run.each(lambda mailbox: _plans(run, mailbox, only_folders, ledger)))
        interrupted = run.halt.stop.is_set()
    plans.sort(key=lambda done: done.mailbox)
    errors = [error for error in map(_error, plans) if error is not None]
    folders = Exit.OK if interrupted or errors else check_folders(run, only_folders)
    code = Exit.INTERRUPTED if interrupted else worst([folders, *map(code_of, errors)])
    if to_json:
        print_json({"exit_code": int(code), "mailboxes": [_as_json(done) for done in plans]})
    else:
        console = terminal()
        for done in plans:
            _show(console, done)
        show_errors(console, ((done.mailbox, done.error) for done in plans if done.error is not None))
        click.echo(_("Nothing was done. Without --dry-run it will be."))
    return code, [done.mailbox for done in plans if _error(done) is None and not interrupted]


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a copy would do with one source of a mailbox."""

    job: Job
    actions: Sequence[Action]
    #: Why an archive cannot be read; the other sources are planned all the same.
    error: ArchiveUnreadable | None = None


def _plans(run: Started, mailbox: str, only_folders: tuple[tuple[str, ...], ...], ledger: Ledger) -> list[_Planned]:
    return [_planned(run, job, ledger) for job in run.jobs(mailbox, only_folders)]


def _planned(run: Started, job: Job, ledger: Ledger) -> _Planned:
    try:
        return _Planned(job, plan_pass(job, ledger, run.halt))
    except ArchiveUnreadable as error:
        return _Planned(job, (), error)


def _error(done: Done[list[_Planned]]) -> BaseException | None:
    """What went wrong with a mailbox, or with an archive of it."""
    return done.error or next((one.error for one in done.result or () if one.error is not None), None)


def _show(console: Console, done: Done[list[_Planned]]) -> None:
    for one in done.result or ():
        console.print(one.job.label, style="bold", highlight=False, markup=False)
        if one.error is not None:
            show_line(console, f"  {worded(one.error)}", "red")
            continue
        for action in one.actions:
            console.print(f"  {describe(action)}", highlight=False, markup=False)
        if not one.actions:
            console.print("  " + _("nothing to do"))
    if len(done.result or ()) > 1:
        console.print("  " + _("What two sources have in common is copied once; that shows while it is copied."))


def describe(action: Action) -> str:
    """One line for people."""
    match action:
        case Make(to):
            return _("make    {folder}").format(folder=path_text(to))
        case Follow(to, count):
            return _("move    {n} to {folder}, as on the source").format(n=number(count), folder=path_text(to))
        case Adopt(to, count):
            return _("keep    {n} that are in {folder} already").format(n=number(count), folder=path_text(to))
        case Recognise(count):
            return _("keep    {n} that dual delivery brought").format(n=number(count))
        case Copy(folder, to, count, size) if folder == to:
            return _("copy    {n} ({size}) in {folder}").format(
                n=number(count), size=size_text(size), folder=path_text(folder)
            )
        case Copy(folder, to, count, size):
            return _("copy    {n} ({size}) in {folder} to {to}").format(
                n=number(count), size=size_text(size), folder=path_text(folder), to=path_text(to)
            )
        case Mark(count):
            return _("mark    {n} whose flags changed").format(n=number(count))
        case LeaveOut(folder, count, reason):
            return _("leave   {n} in {folder}: {reason}").format(
                n=number(count), folder=path_text(folder), reason=reason.value
            )
        case Refuse(folder, count, reason):
            return _("refuse  {n} in {folder}: {reason}").format(
                n=number(count), folder=path_text(folder), reason=reason.value
            )


_NAMES = {
    Make: "make", Follow: "follow", Adopt: "adopt", Recognise: "recognise", Copy: "copy", Mark: "mark",
    LeaveOut: "leave_out", Refuse: "refuse",
}  # fmt: skip


def _as_json(done: Done[list[_Planned]]) -> dict[str, object]:
    trouble = _error(done)
    error = None if trouble is None else error_as_json(trouble)
    actions = [
        {
            "action": _NAMES[type(action)],
            "source": one.job.shown,
            **{field.name: getattr(action, field.name) for field in fields(action)},
        }
        for one in done.result or ()
        for action in one.actions
    ]
    return {"mailbox": done.mailbox, "actions": actions, "error": error}

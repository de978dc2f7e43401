"""``bascule accounts apply`` and ``wait``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import click
from rich.console import Console

from connectors.errors import ConnectorError, Transient
from connectors.language import _, labelled, mark, plural
from connectors.os_errors import os_error_text
from migrate.cli.accounts_site import (
    Looked,
    as_change,
    as_finding,
    looked_at,
    observe_accounts,
    show_by_hand,
    show_changes,
    show_findings,
)
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.holding import alone, check_held_here
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_whom import by_option, name_of
from migrate.copy.halt import Halt
from migrate.directory.applying import Applying, Result
from migrate.directory.contract import NotTaken
from migrate.directory.first_passwords import FirstPasswords
from migrate.directory.hashes import read_hashes
from migrate.directory.record import FILE, Record
from migrate.directory.waiting import wait_for_mailboxes
from plans import PlanError

_OUTCOMES = {
    "done": (mark("done"), "green"),
    "already": (mark("was so already"), "green"),
    "by-hand": (mark("by hand"), "yellow"),
    "failed": (mark("failed"), "red"),
    "waiting": (mark("has to wait"), "yellow"),
    "not-done": (mark("not done"), "yellow"),
}


@click.command()
@site_argument
@click.option("--yes", is_flag=True, help="Do not ask before the changes are made.")
@by_option
@json_option
@click.pass_obj
def apply(place: Place, site: str, yes: bool, by: str | None, to_json: bool) -> None:
    """How do I get the accounts onto the target?  Shows the changes, asks, and makes them; deletes nothing.

    It can be stopped and run again at any time: what is done is not done twice. First passwords are written to a file
    in secrets/ that only you can read, what was done to evidence/accounts.jsonl.

    \b
    Example:  bascule accounts apply lyon
    """
    if to_json and not yes:
        raise Trouble(_("With --json nobody can be asked: add --yes."))
    person = name_of(by)
    check_held_here(place)
    working = terminal(stderr=True, quiet=to_json)
    name = place.site(place.load(), site).name
    busy = _("Another command changes the accounts of this site at this moment. Wait for it to end.")
    with alone(place.state / f"accounts-{name}.lock", busy), looked_at(place, site, working) as looked:
        changes = looked.difference.changes
        if not to_json:
            _show_before(working, looked)
        if changes and not yes:
            _ask(looked, working)
        with interruptible(terminal(stderr=True), _("Stopping after the change in hand.")) as halt:
            results, passwords = _applied(place, looked, person, halt, working)
        first = passwords.name if passwords.asked else None
        code = _code(looked, results)
        if to_json:
            print_json(_as_json(looked, results, first, code))
        else:
            _show_after(terminal(), results, passwords if first else None, site)
    sys.exit(code)


@click.command()
@site_argument
@json_option
@click.pass_obj
def wait(place: Place, site: str, to_json: bool) -> None:
    """Are the new mailboxes ready for mail?  Asks until they all are; Ctrl-C ends it.

    Google takes seconds to minutes for a mailbox, Microsoft up to a day.

    \b
    Example:  bascule accounts wait lyon
    """
    working = terminal(stderr=True)
    with looked_at(place, site, terminal(stderr=True, quiet=to_json)) as looked:
        missing = sorted(set(looked.wanted.accounts) - set(looked.found.accounts))
        there = sorted(set(looked.wanted.accounts) & set(looked.found.accounts))
        with interruptible(working, _("Stopping: nothing more is asked.")) as halt:
            late = wait_for_mailboxes(looked.directory, there, halt.stop, _Heard(working))
        seen = {user: user not in late for user in there}
        observe_accounts(place, looked, seen, f"bascule accounts wait {site}")
    code = Exit.INTERRUPTED if late else Exit.PARTIAL if missing else Exit.OK
    if to_json:
        answer = {"exit_code": int(code), "site": site, "not_ready": late, "missing": missing}
        print_json(answer)
        sys.exit(code)
    console = terminal()
    for user in late:
        show_line(console, _("The mailbox of {user} is not set up yet.").format(user=user), "yellow")
    if missing:
        text = plural("{n} account is not there.", "{n} accounts are not there.", len(missing))
        advice = _("Make them: {command}").format(command=f"bascule accounts apply {site}")
        show_line(console, f"{text} {advice}", "yellow")
    if code is Exit.OK:
        show_line(console, _("{site}: every mailbox is ready.").format(site=site), "bold")
    sys.exit(code)


class _Heard:
    """Tells how far it is, each thing once."""

    def __init__(self, working: Console) -> None:
        self._working = working
        self._told = ""

    def __call__(self, late: int, error: Transient | None) -> None:
        text = plural("{n} mailbox is not ready", "{n} mailboxes are not ready", late) if error is None else str(error)
        if text != self._told and late:
            show_line(self._working, f"{time.strftime('%H:%M:%S')}  {text}")
        self._told = text


def _ask(looked: Looked, working: Console) -> None:
    count = plural("{n} change", "{n} changes", len(looked.difference.changes))
    question = _("Make {changes} on {system}?").format(changes=count, system=looked.directory.manners.title)
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        show_line(working, "")
        raise Trouble(_("Nobody answered, and nothing was changed. In scripts, add --yes.")) from None
    if not agreed:
        raise Trouble(_("Nothing was changed."))


def _applied(
    place: Place, looked: Looked, by: str, halt: Halt, working: Console
) -> tuple[list[Result], FirstPasswords]:
    organisation, site = looked.organisation, looked.site
    system = organisation.systems[site.target]
    passwords = FirstPasswords(place.folder, site.name, organisation.language)
    try:
        hashes = read_hashes(system.accounts.hashes, place.folder)
        record = Record(place.folder, site.name, system.name, by)
        applying = Applying(looked.directory, passwords, hashes, record, halt.stop)
        results = []
        for result in applying.run(looked.difference.changes):
            results.append(result)
            word, style = _OUTCOMES[result.outcome]
            text = f"{result.change.subject}: {result.change.told()}"
            show_line(working, labelled(_(word), text), style)
            if result.what:
                show_line(working, f"  {result.what}")
    except PlanError as error:
        raise Trouble(str(error)) from error
    except OSError as error:
        message = _("{file} cannot be written: {why}.")
        raise Trouble(message.format(file=error.filename, why=os_error_text(error)), Exit.LEDGER) from error
    return results, passwords


def _code(looked: Looked, results: Sequence[Result]) -> Exit:
    if any(result.outcome == "not-done" for result in results):
        return Exit.INTERRUPTED
    errors = [result.error for result in results if result.error is not None]
    open_ = any(result.outcome not in ("done", "already") or result.by_hand for result in results)
    obstacles = any(not finding.note for finding in looked.difference.findings)
    return worst([Exit.PARTIAL if open_ or obstacles else Exit.OK, *map(_code_of, errors)])


def _code_of(error: ConnectorError) -> Exit:
    return Exit.PARTIAL if isinstance(error, NotTaken) else code_of(error)


def _as_json(looked: Looked, results: Sequence[Result], first: str | None, code: Exit) -> dict[str, object]:
    return {
        "exit_code": int(code),
        "site": looked.site.name,
        "system": looked.site.target,
        "changes": [
            {
                **as_change(looked.directory, result.change),
                "by_hand": list(result.by_hand),
                "outcome": result.outcome,
                "what": result.what,
            }
            for result in results
        ],
        "findings": [as_finding(finding, looked.site.name) for finding in looked.difference.findings],
        "first_passwords": first,
        "record": FILE.as_posix(),
    }


def _show_before(working: Console, looked: Looked) -> None:
    if looked.difference.changes:
        show_changes(working, looked.difference.changes, looked.directory)
    show_findings(working, looked.difference.findings, looked.site.name)


def _show_after(console: Console, results: Sequence[Result], passwords: FirstPasswords | None, site: str) -> None:
    show_by_hand(console, [line for result in results for line in result.by_hand])
    if passwords is not None:
        show_line(console, passwords.where())
    if not results:
        show_line(console, _("{site}: nothing is to be done.").format(site=site), "bold")
        return
    counts = {word: sum(result.outcome == word for result in results) for word in _OUTCOMES}
    told = [f"{_(_OUTCOMES[word][0])} {count}" for word, count in counts.items() if count]
    show_line(console, labelled(site, ", ".join(told)), "bold")
    if counts["done"]:
        show_line(console, _("What was done is recorded in {file}.").format(file=FILE.as_posix()))
    if counts["not-done"] or counts["waiting"] or counts["failed"]:
        show_line(console, _("The same command goes on: {command}").format(command=f"bascule accounts apply {site}"))

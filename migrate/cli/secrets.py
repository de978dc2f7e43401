"""``bascule secrets``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import closing

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.contract import AuthFailed, Denial, Untrusted
from connectors.language import _, labelled, mark, plural
from connectors.os_errors import os_error_text
from migrate.cli.advice import worded
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import choose
from migrate.engine.remembered import Remembered
from migrate.engine.sign_in import Credential, Verdict, look_up, try_all
from plans import Organisation, PlanError, Problem, SecretError, Site
from plans.passwords_file import fill, strangers

_WORDS = {
    Verdict.WORKS: (mark("works"), "green"),
    Verdict.PRESENT: (mark("present"), ""),
    Verdict.WRONG: (mark("wrong"), "red"),
    Verdict.MISSING: (mark("missing"), "red"),
    Verdict.UNREADABLE: (mark("unreadable"), "red"),
    Verdict.UNREACHABLE: (mark("not reached"), "yellow"),
    Verdict.NOT_TRIED: (mark("not tried"), "yellow"),
}
_SIDES = ("source", "target")
#: Nothing is to be done about these.
FINE = (Verdict.WORKS, Verdict.PRESENT)
#: Addresses that one line of explanation names.
_NAMED = 3


@click.group()
def secrets() -> None:
    """Does everybody's password work?  Makes and tries a site's passwords; never shows one."""


@secrets.command()
@site_argument
@mailbox_option
@click.option("--offline", is_flag=True, help="Say only whether there is a password; ask no server.")
@json_option
@click.pass_obj
def status(place: Place, site: str, mailboxes: tuple[str, ...], offline: bool, to_json: bool) -> None:
    """Whose password works, is wrong, or is missing?  Signs in for everybody, once, and changes nothing.

    \b
    Example:  bascule secrets status lyon
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    total = sum(len(_SIDES) + len(person.further_sources) for person in people)
    stopping = _("Stopping: no further account is tried.")
    with interruptible(terminal(stderr=True), stopping) as halt, closing(Remembered(place.ledger_file)) as remembered:
        found = (
            look_up(organisation, plan, people)
            if offline
            else _collected(try_all(organisation, plan, people, halt.stop, remembered), total, quiet=to_json)
        )
        interrupted = halt.stop.is_set()
    order = {person.mailbox: number for number, person in enumerate(people)}
    found.sort(key=lambda one: order[one.mailbox])
    strange = _strangers(organisation, plan)
    code = Exit.INTERRUPTED if interrupted else worst(map(code_of_sign_in, found))
    if to_json:
        print_json(_as_json(found, strange, code))
    else:
        _show(terminal(), found, plan)
        for problem in strange:
            click.echo(problem)
    sys.exit(code)


@secrets.command("template")
@site_argument
@json_option
@click.pass_obj
def write_template(place: Place, site: str, to_json: bool) -> None:
    """Who needs a password?  Writes the site's passwords file with a line for everybody, readable by you only.

    Lines that are there stay as they are; who is missing is added.

    \b
    Example:  bascule secrets template lyon
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    if plan.passwords is None:
        message = _('The site "{site}" names no passwords file. Write into its plan: passwords: {ref}')
        raise Trouble(message.format(site=site, ref=f"file:secrets/{site}.csv"))
    try:
        filled = fill(plan.passwords, place.folder, plan, organisation.language)
    except PlanError as error:
        raise Trouble(_("The passwords file must be right before anybody is added:") + f"\n{error}") from None
    except OSError as error:
        message = _("{file} cannot be written: {why}.")
        raise Trouble(message.format(file=plan.passwords.value, why=os_error_text(error))) from None
    if to_json:
        told = {"exit_code": int(Exit.OK), "file": plan.passwords.value, "added": list(filled.added)}
        print_json(told)
    elif filled.added:
        lines = plural("{n} line added.", "{n} lines added.", len(filled.added))
        advice = _("Fill in the passwords, and try them with: {command}").format(
            command=f"bascule secrets status {site}"
        )
        click.echo(labelled(plan.passwords.value, f"{lines} {advice}"))
    else:
        click.echo(_("{file} has a line for everybody already.").format(file=plan.passwords.value))


def _collected(credentials: Iterable[Credential], total: int, *, quiet: bool) -> list[Credential]:
    """All of them, with a line that moves on a terminal."""
    console = terminal(stderr=True, quiet=quiet)
    found: list[Credential] = []
    with console.status(_("Signing in…")) as line:
        for one in credentials:
            found.append(one)
            line.update(_("Signing in: {done} of {total} accounts").format(done=len(found), total=total))
    return found


def code_of_sign_in(one: Credential) -> Exit:
    if one.verdict in FINE:
        return Exit.OK
    return code_of(one.error) if one.error is not None else Exit.AUTH


def _strangers(organisation: Organisation, site: Site) -> list[Problem]:
    if site.passwords is None:
        return []
    try:
        return strangers(site.passwords, organisation)
    except SecretError:
        return []  # told for everybody whose password it should hold


def _as_json(found: Sequence[Credential], strange: Sequence[Problem], code: Exit) -> dict[str, object]:
    mailboxes: dict[str, list[dict[str, str]]] = {}
    for one in found:
        told = {"side": one.side, "system": one.system, "user": one.user, "state": one.verdict.value, "why": one.why}
        mailboxes.setdefault(one.mailbox, []).append(told)
    return {
        "exit_code": int(code),
        "mailboxes": [{"mailbox": mailbox, "accounts": accounts} for mailbox, accounts in mailboxes.items()],
        "unknown_lines": [problem.line for problem in strange],
    }


def _show(console: Console, found: Sequence[Credential], site: Site) -> None:
    rows: dict[str, dict[str, Credential]] = {}
    for one in found:
        row = rows.setdefault(one.mailbox, {})
        column = one.side if one.side in _SIDES else "further"
        # Of several further sources one that does not work is shown.
        if column not in row or row[column].verdict in FINE:
            row[column] = one
    columns = {
        "source": _("source ({system})").format(system=site.source),
        "target": _("target ({system})").format(system=site.target),
    }
    if any("further" in row for row in rows.values()):
        columns["further"] = _("further sources")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("address"), overflow="fold")
    for heading in columns.values():
        table.add_column(heading)
    for mailbox, row in rows.items():
        table.add_row(Text(mailbox), *(_word(row.get(column)) for column in columns))
    console.print(table)
    for line in explained(found, site):
        show_line(console, line, "red")
    show_line(console, _summed(found), "bold")


def _word(one: Credential | None) -> Text:
    if one is None:
        return Text()
    word, style = _WORDS[one.verdict]
    return Text(_(word), style=style)


def explained(found: Sequence[Credential], site: Site) -> Iterable[str]:
    """What does not work, a line for each reason; a reason that many share is told once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in found:
        if one.verdict in FINE or not one.why:
            continue
        own = one.verdict is Verdict.MISSING and one.side in _SIDES and one.mailbox in one.why.lower()
        reasons.setdefault((one.system, _nothing_there(site) if own else _why(one)), []).append(one.mailbox)
    for (system, why), mailboxes in reasons.items():
        named = list(dict.fromkeys(mailboxes))
        who = ", ".join(named[:_NAMED])
        if len(named) > _NAMED:
            who += " " + plural("and {n} more", "and {n} more", len(named) - _NAMED)
        yield labelled(f"{who} ({system})", why)


def _why(one: Credential) -> str:
    """With what to do where the password itself is not what is wrong."""
    error = one.error
    if isinstance(error, Untrusted) or (isinstance(error, AuthFailed) and error.denial is not Denial.BAD_PASSWORD):
        return worded(error)
    return one.why


def _nothing_there(site: Site) -> str:
    if site.passwords is None:
        return _("no password, and the site names no passwords file. Name one, or give the system a master user.")
    message = _("no password. Fill it in in {file}, or give the system a master user.")
    return message.format(file=site.passwords.value)


def _summed(found: Sequence[Credential]) -> str:
    counts = ((verdict, sum(one.verdict is verdict for one in found)) for verdict in Verdict)
    parts = ", ".join(f"{number} {_(_WORDS[verdict][0])}" for verdict, number in counts if number)
    accounts = plural("{n} account", "{n} accounts", len(found))
    return _("{accounts}: {parts}").format(accounts=accounts, parts=parts)

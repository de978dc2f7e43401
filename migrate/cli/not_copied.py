"""``bascule not-copied``."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo

import click
from sqlalchemy import Connection

from connectors.contract import Reason
from connectors.language import _, labelled, number, plural
from migrate.cli.advice import error_as_json
from migrate.cli.changed import changed_as_json, kept_line, print_changed
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.explanations import explanation_of
from migrate.cli.gathered import gathered
from migrate.cli.lines import print_json
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import choose
from migrate.copy.hold import MailboxBusy, locked
from migrate.copy.kept import KeptMail
from migrate.engine.site import kept_mail
from migrate.figures import path_text, size_text
from migrate.ledger import counts, repairs
from migrate.ledger import mailboxes as rows_of_mailboxes
from migrate.ledger import not_copied as rows
from migrate.ledger.holder import check_holder
from migrate.ledger.mailboxes import MailboxRow
from migrate.ledger.not_copied import NotCopied
from migrate.ledger.outcomes import outcome_text
from migrate.ledger.schema import Direction, Outcome
from migrate.ledger.store import Ledger, LedgerError
from plans import Site

#: Rows read at a time: a copy that runs beside this is not kept from writing.
_PAGE = 1000


@click.command("not-copied")
@site_argument
@mailbox_option
@click.option("--retry", is_flag=True, help="Make what was refused pending again, so that the next copy tries it.")
@click.option(
    "--copy-again",
    is_flag=True,
    help="Make what another source of the mailbox or dual delivery brought pending: the next copy brings it too.",
)
@json_option
@click.pass_obj
def not_copied(
    place: Place, site: str, mailboxes: tuple[str, ...], retry: bool, copy_again: bool, to_json: bool
) -> None:
    """Which messages were not copied as they are, why, and what can I do?  Reads the ledger alone, asks no server.

    One line a message that was refused, left out, merged with an equal one, brought by another source of the mailbox
    or by dual delivery, or is uncertain: date, size, reason code, folder, and the source's own number for it; then
    those that were repaired.
    Where an original was kept, its file is named. Subjects are never shown; they are not even kept.

    \b
    Example:  bascule not-copied paris --mailbox anna@example.org
              bascule not-copied paris --retry
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    kept = kept_mail(organisation)
    wanted = {person.mailbox for person in choose(plan, mailboxes)}
    with place.ledger() as ledger:
        with ledger.read() as connection:
            begun = [row for row in rows_of_mailboxes.of_site(connection, plan.name) if row.name in wanted]
        if retry and copy_again:
            raise Trouble(_("--retry and --copy-again are two things: give them one after the other."))
        if retry:
            code = _open_again(
                ledger, begun, plan.name, rows.retry, _("No refused message can be tried again."), to_json
            )
        elif copy_again:
            nothing = _("There is no message that another source or dual delivery brought.")
            code = _open_again(ledger, begun, plan.name, rows.bring, nothing, to_json)
        elif to_json:
            code = _print_json(ledger, begun, kept)
        else:
            code = _print_lines(ledger, begun, plan, organisation.time_zone, kept)
    sys.exit(code)


def _each(ledger: Ledger, row: MailboxRow) -> Iterator[tuple[NotCopied, bytes | None]]:
    """Every message of a mailbox that was not copied, the refused first, and the digest of its kept original."""
    for outcome in rows.OUTCOMES:
        after, more = 0, True
        while more:
            with ledger.read() as connection:
                found = rows.page(connection, row.id, Direction.FORTH, outcome, after, _PAGE)
                originals = repairs.originals(connection, [one.id for one in found])
            yield from ((one, originals.get(one.id)) for one in found)
            more = len(found) == _PAGE
            after = found[-1].id if found else after


def _code(outcomes: Counter[Outcome]) -> Exit:
    return Exit.PARTIAL if outcomes[Outcome.REFUSED] or outcomes[Outcome.UNCERTAIN] else Exit.OK


def _print_json(ledger: Ledger, begun: Sequence[MailboxRow], kept: KeptMail) -> Exit:
    """One object, written message by message."""
    outcomes: Counter[Outcome] = Counter()
    click.echo('{\n  "messages": [', nl=False)
    comma = ""
    for row in begun:
        for one, digest in _each(ledger, row):
            outcomes[one.outcome] += 1
            file = None if digest is None else str(kept.path(row.name, digest))
            click.echo(f"{comma}\n    {json.dumps(_as_json(row.name, one, file), ensure_ascii=False)}", nl=False)
            comma = ","
    code = _code(outcomes)
    of_outcomes = json.dumps({outcome.value: outcomes[outcome] for outcome in rows.OUTCOMES})
    pending = sum(_pending(ledger, begun).values())
    changed = json.dumps(changed_as_json(ledger, begun, kept), ensure_ascii=False)
    click.echo(
        f'\n  ],\n  "counts": {of_outcomes},\n  "changed": {changed},\n'
        f'  "pending": {pending},\n  "exit_code": {int(code)}\n}}'
    )
    return code


def _as_json(mailbox: str, one: NotCopied, kept: str | None) -> dict[str, object]:
    return {
        "mailbox": mailbox,
        "source": one.called,
        "folder": one.folder,
        "key": one.key,
        "received": None if one.received is None else datetime.fromtimestamp(one.received, UTC).isoformat(),
        "size": one.size,
        "outcome": one.outcome.value,
        "reason": one.reason and one.reason.value,
        "to_do": explanation_of(one.outcome, one.reason).to_do,
        "gone_from_source": one.gone,
        "kept_as": kept,
    }


def _print_lines(ledger: Ledger, begun: Sequence[MailboxRow], site: Site, zone: tzinfo, kept: KeptMail) -> Exit:
    found: Counter[tuple[Outcome, Reason | None]] = Counter()
    outcomes: Counter[Outcome] = Counter()
    for row in begun:
        said = False
        for one, digest in _each(ledger, row):
            if not said:
                click.secho(row.name, bold=True)
                said = True
            found[one.outcome, one.reason] += 1
            outcomes[one.outcome] += 1
            click.echo(_line(one, site, zone))
            if digest is not None:
                click.echo(kept_line(kept.path(row.name, digest)))
    for (outcome, reason), count in found.items():
        _summarise(outcome, reason, count)
    print_changed(ledger, begun, zone, kept)
    pending = sum(_pending(ledger, begun).values())
    if pending:
        click.echo(
            _("{messages} still to be copied: bascule copy {site}").format(
                messages=plural("{n} message is", "{n} messages are", pending), site=site.name
            )
        )
    if not found:
        click.echo(_("No message was refused or left out.") if begun else _("Nothing was copied yet."))
    elif outcomes[Outcome.REFUSED]:
        click.echo(_("To have the refused ones tried again: bascule not-copied {site} --retry").format(site=site.name))
    return _code(outcomes)


def _line(one: NotCopied, site: Site, zone: tzinfo) -> str:
    received = "" if one.received is None else f"{datetime.fromtimestamp(one.received, zone):%Y-%m-%d %H:%M}"
    size = "" if one.size is None else size_text(one.size)
    code = one.reason.value if one.reason else outcome_text(one.outcome)
    gone = _(", gone from the source") if one.gone else ""
    # Where a message is needs its source only beside others.
    where = path_text(one.folder) if one.source == site.source else f"{one.called} {path_text(one.folder)}"
    return _("  {received:16}  {size:>8}  {code:15}  {folder}  (key {key}{gone})").format(
        received=received, size=size, code=code, folder=where, key=one.key, gone=gone
    )


def _summarise(outcome: Outcome, reason: Reason | None, count: int) -> None:
    text = explanation_of(outcome, reason)
    code = f"{outcome_text(outcome)}, {reason.value}" if reason else outcome_text(outcome)
    click.echo(labelled(f"{number(count)} {code}", f"{text.what}. {text.to_do}"))


def _pending(ledger: Ledger, begun: Sequence[MailboxRow]) -> dict[str, int]:
    with ledger.read() as connection:
        tallies = counts.tally(connection, [row.id for row in begun], Direction.FORTH)
    return {row.name: tallies[row.id].outcomes[Outcome.PENDING] for row in begun}


def _open_again(
    ledger: Ledger,
    begun: Sequence[MailboxRow],
    site: str,
    open_again: Callable[[Connection, int, Direction], int],
    nothing: str,
    to_json: bool,
) -> Exit:
    opened: dict[str, int] = {}
    errors: dict[str, BaseException] = {}
    check_holder(ledger)
    for row in begun:
        try:
            # A pass that is at work keeps its own count of what is pending.
            with locked(ledger, row), ledger.write() as connection:
                opened[row.name] = open_again(connection, row.id, Direction.FORTH)
        except (MailboxBusy, LedgerError) as error:
            errors[row.name] = error
    code = worst(code_of(error) for error in errors.values())
    if to_json:
        told = [
            {
                "mailbox": row.name,
                "pending_again": opened.get(row.name, 0),
                "error": error_as_json(errors[row.name]) if row.name in errors else None,
            }
            for row in begun
        ]
        print_json({"exit_code": int(code), "mailboxes": told})
        return code
    for line in gathered((mailbox, str(trouble)) for mailbox, trouble in errors.items()):
        click.secho(line, fg="red")
    total = sum(opened.values())
    if total:
        count = plural("{n} message is pending again.", "{n} messages are pending again.", total)
        click.echo(_("{count} Now run: bascule copy {site}").format(count=count, site=site))
    else:
        click.echo(nothing)
    return code

"""``bascule licences``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _, labelled, number
from migrate.cli.accounts_site import found_by_system
from migrate.cli.exit_codes import Exit
from migrate.cli.licences_order import order, skus
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place
from migrate.directory.licences import Stock, stocks
from plans.model import Ordering


@click.group(invoke_without_command=True)
@click.option("--offline", is_flag=True, help="Ask no target: the plan's figures alone.")
@json_option
@click.pass_context
def licences(context: click.Context, offline: bool, to_json: bool) -> None:
    """Are there enough licences, and until when?  Shows bought, assigned and needed by site and wave.

    Microsoft tells what was bought; for Google it stands in the plan. Says by which day to order, and warns ahead of
    it and of renewals. Exit code 3 when something is short or due.

    \b
    Examples:  bascule licences
               bascule licences order lyon --out order.md
    """
    if context.invoked_subcommand is not None:
        return
    place: Place = context.obj
    organisation = place.load()
    found = {} if offline else found_by_system(place, organisation, terminal(stderr=True, quiet=to_json))
    there = stocks(organisation, found)
    today = datetime.now(organisation.time_zone).date()
    code = _code(there, organisation.ordering, today)
    if to_json:
        told = {
            "exit_code": int(code),
            "asked_at": None if offline else datetime.now(UTC).isoformat(timespec="seconds"),
            "licences": [_as_json(one, organisation.ordering, today) for one in there],
        }
        print_json(told)
        sys.exit(code)
    if not there:
        show_line(terminal(), _("The plan names no licences: write them into organisation.yaml under licences:"))
        sys.exit(code)
    _show(terminal(), there, organisation.ordering, today)
    sys.exit(code)


licences.add_command(order)
licences.add_command(skus)


def _code(there: Sequence[Stock], ordering: Ordering, today: date) -> Exit:
    wrong = any(one.short or one.status or one.due(today, ordering) for one in there)
    return Exit.PARTIAL if wrong else Exit.OK


def _as_json(one: Stock, ordering: Ordering, today: date) -> dict[str, object]:
    return {
        "licence": one.name,
        "sku": one.sku.key,
        "system": one.system,
        "bought": one.bought,
        "assigned": one.assigned,
        "needed": one.needed,
        "short": one.short,
        "renews": one.renews and one.renews.isoformat(),
        "trial": one.trial,
        "status": one.status,
        "order_by": one.order_by and one.order_by.isoformat(),
        "due": one.due(today, ordering),
        "sites": [
            {
                "site": need.site,
                "wave": need.wave,
                "switch": need.switch and need.switch.isoformat(),
                "needed": need.needed,
                "missing": need.missing,
            }
            for need in one.needs
        ],
    }


def _show(console: Console, there: Sequence[Stock], ordering: Ordering, today: date) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_("licence"), _("target")):
        table.add_column(heading, overflow="fold")
    for heading in (_("bought"), _("assigned"), _("needed"), _("short")):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in (_("renews"), _("order by")):
        table.add_column(heading, no_wrap=True)
    for one in there:
        assigned = "" if one.assigned is None else number(one.assigned)
        short = Text(number(one.short), "red") if one.short else Text("0")
        days = [day.isoformat() if day else "" for day in (one.renews, one.order_by)]
        table.add_row(one.name, one.system, number(one.bought), assigned, number(one.needed), short, *days)
    console.print(table)
    for one in there:
        for need in one.needs:
            wave = "" if need.wave is None else _(", wave {n}").format(n=need.wave)
            day = "" if need.switch is None else _(", switch {day}").format(day=need.switch.isoformat())
            text = _("{needed} needed, {missing} not assigned yet").format(
                needed=number(need.needed), missing=number(need.missing)
            )
            show_line(console, labelled(f"{one.name}  {need.site}{wave}{day}", text))
    for one in there:
        for line in warnings(one, ordering, today):
            show_line(console, labelled(one.name, line), "yellow")


def warnings(one: Stock, ordering: Ordering, today: date) -> list[str]:
    """What has to be known or done now, a sentence each."""
    told = []
    if one.short:
        when = _(" by {day}").format(day=one.order_by.isoformat()) if one.order_by else ""
        told.append(_("{n} too few: order them{when}.").format(n=number(one.short), when=when))
    if one.order_by is not None and one.order_by < today:
        told.append(_("The day to order by is over: the switch may have to wait."))
    if one.renews is not None and one.renews - ordering.warn <= today:
        text = _("It ended on {day}.") if one.renews < today else _("It renews, or ends, on {day}.")
        told.append(text.format(day=one.renews.isoformat()))
    if one.trial:
        told.append(_("It is a trial: mailboxes are locked when it ends, unless it is bought before."))
    if one.status:
        told.append(_("The vendor says that it is {status}.").format(status=one.status))
    return told

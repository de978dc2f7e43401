"""``bascule hours``: support hours, bought, used and left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import complete_site, json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_whom import by_option, deciding, name_of
from migrate.rollout.hours import Account, Use, account, counted, hours_text
from plans import Organisation
from plans.model import Support
from plans.problems import Worded
from plans.quantities import parse_duration, parse_planned_date


@click.group()
def hours() -> None:
    """How much help is left?  Support hours that were agreed on in the plan (support), used in slices, and left.

    What is left stands in bascule rollout next, in the documents and in the report. Entries are never changed: a wrong
    one is taken back, and stays on the record.
    """


@hours.command()
@click.argument("time", metavar="TIME")
@click.argument("what")
@click.option("--site", shell_complete=complete_site, help="The site it was for; the organisation unless given.")
@click.option("--on", "day", metavar="DAY", help="The day, such as 2027-02-09; today unless given.")
@by_option
@json_option
@click.pass_obj
def log(place: Place, time: str, what: str, site: str | None, day: str | None, by: str | None, to_json: bool) -> None:
    """Was help used?  Writes down how long, for WHAT, for which site, by whom and when.

    TIME is such as 30min, 1h30 or 2h; each slice that was begun counts whole.

    \b
    Example:  bascule hours log 45min "MX of the shared domain" --site lyon --by "Fabien R."
    """
    organisation = place.load()
    support = _support(organisation)
    name = None if site is None else place.site(organisation, site).name
    what = what.strip()
    if not what:
        raise Trouble(_('Say what it was for: bascule hours log {time} "…"').format(time=time))
    length, when = _length(time), _day(day, organisation)
    count = counted(length, support.slice)
    with deciding(place, organisation) as rollout:
        rollout.used(when, length, count, name, what, name_of(by))
        uses = rollout.world().history.hours
    left = account(support, uses)
    if to_json:
        print_json(_as_json(support, left, uses))
        return
    told = _("Noted as entry {n}; it counts as {time}. {left} left of {bought}.")
    show_line(
        terminal(),
        told.format(n=len(uses), time=hours_text(count), left=hours_text(left.left), bought=hours_text(left.bought)),
    )
    _warn(left, when)


@hours.command()
@json_option
@click.pass_obj
def show(place: Place, to_json: bool) -> None:
    """What was used, for what, and what is left?

    \b
    Example:  bascule hours show
    """
    organisation = place.load()
    support = _support(organisation)
    with deciding(place, organisation) as rollout:
        uses = rollout.world().history.hours
    left = account(support, uses)
    if to_json:
        print_json(_as_json(support, left, uses))
        return
    _show(terminal(), left, uses)
    _warn(left, datetime.now(organisation.time_zone).date())


@hours.command("take-back")
@click.argument("entry", type=click.IntRange(min=1))
@click.option("--because", required=True, metavar="TEXT", help="Why it does not count.")
@by_option
@json_option
@click.pass_obj
def take_back(place: Place, entry: int, because: str, by: str | None, to_json: bool) -> None:
    """Was an entry wrong?  It no longer counts; it stays on the record with the reason.

    \b
    Example:  bascule hours take-back 3 --because "entered twice"
    """
    organisation = place.load()
    support = _support(organisation)
    if not because.strip():
        raise Trouble(_("Say why it does not count: --because TEXT."))
    with deciding(place, organisation) as rollout:
        rollout.take_back(entry, because.strip(), name_of(by))
        uses = rollout.world().history.hours
    left = account(support, uses)
    if to_json:
        print_json(_as_json(support, left, uses))
        return
    told = _("Entry {n} no longer counts. {left} left of {bought}.")
    click.echo(told.format(n=entry, left=hours_text(left.left), bought=hours_text(left.bought)))


def _support(organisation: Organisation) -> Support:
    if organisation.support is None:
        text = _("The plan knows of no support: write support: {example} into organisation.yaml.")
        raise Trouble(text.format(example="{hours: 10, until: 2027-11-30, slice: 30min}"))
    return organisation.support


def _length(time: str) -> int:
    try:
        return int(parse_duration(time) / timedelta(minutes=1))
    except Worded as error:
        raise Trouble(f"{error.message} {error.hint}".strip()) from error


def _day(written: str | None, organisation: Organisation) -> date:
    today = datetime.now(organisation.time_zone).date()
    if written is None:
        return today
    try:
        day = parse_planned_date(written)
    except Worded as error:
        raise Trouble(f"{error.message} {error.hint}".strip()) from error
    if day > today:
        raise Trouble(_("{day} is still to come: hours are written down when they were used.").format(day=written))
    return day


def _warn(left: Account, day: date) -> None:
    console = terminal(stderr=True)
    if left.left < 0:
        show_line(console, _("More was used than was agreed on."), "yellow")
    if left.until is not None and day > left.until:
        show_line(console, _("The support ended on {day}.").format(day=left.until.isoformat()), "yellow")


def _show(console: Console, left: Account, uses: Sequence[Use]) -> None:
    if uses:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in (_("entry"), _("day"), _("counts"), _("site"), _("who"), _("for")):
            table.add_column(heading, overflow="fold")
        for one in uses:
            what = one.what
            if one.taken_back is not None:
                what = _("{what} (taken back: {why})").format(what=what, why=one.taken_back)
            count = hours_text(one.counted if one.taken_back is None else 0)
            table.add_row(
                str(one.number), one.day.isoformat(), count, one.site or "", Text(one.by), Text(what),
                style="dim" if one.taken_back is not None else None,
            )  # fmt: skip
        console.print(table)
    told = _("{bought} agreed on, {used} used, {left} left")
    line = told.format(bought=hours_text(left.bought), used=hours_text(left.used), left=hours_text(left.left))
    if left.until is not None:
        line = _("{hours}, to be used until {day}").format(hours=line, day=left.until.isoformat())
    show_line(console, line, "bold")


def _as_json(support: Support, left: Account, uses: Sequence[Use]) -> dict[str, Any]:
    return {
        "exit_code": 0,
        "minutes": {"bought": left.bought, "used": left.used, "left": left.left},
        "slice_minutes": None if support.slice is None else int(support.slice / timedelta(minutes=1)),
        "until": None if left.until is None else left.until.isoformat(),
        "entries": [
            {
                "entry": one.number,
                "day": one.day.isoformat(),
                "minutes": one.minutes,
                "counted": one.counted,
                "site": one.site,
                "what": one.what,
                "by": one.by,
                "taken_back": one.taken_back,
            }
            for one in uses
        ],
    }

"""``bascule archive coverage``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

import click
from rich.console import Console

from connectors.contract import Source
from connectors.language import _, number, plural
from connectors.wrappers import RetryPolicy
from migrate.archives.coverage import (
    WAYS,
    Gap,
    Holding,
    Mark,
    Way,
    Written,
    as_json,
    complete_on,
    uncovered,
    weeks,
)
from migrate.archives.days import Days, count_source
from migrate.archives.named import to_read
from migrate.cli.advice import error_as_json
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.gathered import show_errors
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.observing import observe
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import Started, choose, started
from migrate.engine.archives import personal_archives
from plans import Organisation, Site

#: Somebody waits for the answer, as in check.
_RETRY = RetryPolicy(tries=2)
#: Weeks of a timeline that are printed at its beginning and at its end.
_WEEKS = 6
_MARKS: dict[Mark, str] = {"archive": "a", "server": "s", "both": "b", "uncovered": "!", "none": "."}


@dataclass(frozen=True)
class Covered:
    """One mailbox: its mail by day, and the days that neither side has."""

    mailbox: str
    holdings: dict[Way, Holding]
    gaps: dict[Way, Gap | None]
    #: The day on which the archive with the newest mail was last written to before it was collected, with nobody
    #: holding it.
    complete_on: date | None
    archives: int
    undated: int

    @property
    def code(self) -> Exit:
        return Exit.PARTIAL if any(self.gaps.values()) or not self.archives else Exit.OK


@dataclass(frozen=True)
class _Failed:
    mailbox: str
    error: BaseException


@click.command()
@site_argument
@mailbox_option
@json_option
@click.pass_obj
def coverage(place: Place, site: str, mailboxes: tuple[str, ...], to_json: bool) -> None:
    """Is there mail that only a PC has?  Compares the days of archives and server, received and sent apart.

    Outlook empties a POP3 server: what came, and all that was sent, after an archive was copied is on that PC alone.
    Every day between the end of the archive and the beginning of what the server holds is shown; exit code 3 when there
    is one. Nothing is changed.

    \b
    Example:  bascule archive coverage lyon --mailbox anna@example.org
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    chosen = [person for person in choose(plan, mailboxes) if person.archives or mailboxes]
    if not chosen:
        raise Trouble(_("The people file names no archive. Fill in its column archives."))
    today = datetime.now(plan.time_zone).date()
    with started(place, organisation, plan, chosen, _RETRY) as run:
        ended = list(run.each(partial(_cover, run, organisation, plan, today)))
        interrupted = run.halt.stop.is_set()
    ended.sort(key=lambda one: one.mailbox)
    found = [one.result for one in ended if one.result is not None]
    failed = [_Failed(one.mailbox, one.error) for one in ended if one.error is not None]
    by = f"bascule archive coverage {plan.name}"
    observe(place, "site", plan.name, "archives", {one.mailbox: one.code is Exit.OK for one in found}, by)
    codes = [*(one.code for one in found), *(code_of(one.error) for one in failed)]
    code = Exit.INTERRUPTED if interrupted else worst(codes)
    if to_json:
        told = {"exit_code": int(code), "day": today.isoformat(), "mailboxes": _all_as_json(found, failed)}
        print_json(told)
    else:
        _show(terminal(), found, failed, plan, today)
        if interrupted:
            click.echo(_("Interrupted: not every mailbox was looked at. Run it again."))
    sys.exit(code)


def _cover(run: Started, organisation: Organisation, site: Site, today: date, mailbox: str) -> Covered:
    person = run.people[mailbox]
    read = to_read(organisation.folder, site, person)
    archive, server = Days(site.time_zone), Days(site.time_zone)
    written = []
    for copy, one in zip(read, personal_archives(organisation, site, person, run.resources), strict=True):
        days = Days(site.time_zone)
        _count(one.open(run.halt.stop), days)
        on = None if copy.entry is None else copy.entry.complete
        written.append(Written(days.newest(on or today), on))
        archive.add(days)
    # The site's own source alone: Outlook empties no other.
    _count(run.jobs(mailbox)[0].open_source(run.halt.stop), server)
    complete = complete_on(written)
    holdings = {way: Holding(archive.ways[way], server.ways[way]).believed(complete, today) for way in WAYS}
    gaps = {way: uncovered(way, holdings[way], complete, today) for way in WAYS}
    return Covered(mailbox, holdings, gaps, complete, len(read), archive.undated + server.undated)


def _count(source: Source, days: Days) -> None:
    try:
        count_source(source, days)
    finally:
        source.close()


def _all_as_json(found: Sequence[Covered], failed: Sequence[_Failed]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [
        {
            "mailbox": one.mailbox,
            "archives": one.archives,
            "complete_on": one.complete_on and one.complete_on.isoformat(),
            "undated": one.undated,
            **{way: as_json(one.holdings[way], one.gaps[way]) for way in WAYS},
            "error": None,
        }
        for one in found
    ]
    return [*told, *({"mailbox": one.mailbox, "error": error_as_json(one.error)} for one in failed)]


def _show(console: Console, found: Sequence[Covered], failed: Sequence[_Failed], site: Site, today: date) -> None:
    for one in found:
        show_line(console, one.mailbox, "bold")
        if not one.archives:
            show_line(console, "  " + _("no archive is there"), "yellow")
        for way in WAYS:
            for line in _lines(way, one.holdings[way], one.gaps[way], today):
                show_line(console, line, "red" if one.gaps[way] is not None else None)
    show_errors(console, ((failure.mailbox, failure.error) for failure in failed))
    if any(gap for one in found for gap in one.gaps.values()):
        show_line(console, _("a: in the archive, s: on the server, b: on both, !: uncovered, .: no mail"))
        text = _(
            "To cover these days: on each PC let Outlook fetch its mail and send what waits, close it, then run"
            " bascule archive collect {site}, and this again."
        )
        show_line(console, text.format(site=site.name))


def _lines(way: Way, holding: Holding, gap: Gap | None, today: date) -> list[str]:
    """The verdict, and below it what it was made of."""
    name = _("received mail") if way == "received" else _("sent mail")
    if gap is None:
        verdict = _("no day uncovered")
    else:
        days = plural("{n} day uncovered", "{n} days uncovered", len(gap))
        verdict = _("{days}: {first} to {last}").format(days=days, first=gap.first, last=gap.last)
    told = []
    if holding.archive:
        told.append(
            _("archive {first} to {last} ({messages})").format(
                first=min(holding.archive), last=max(holding.archive), messages=_messages(holding.archive.values())
            )
        )
    else:
        told.append(_("nothing in the archive"))
    if holding.server:
        told.append(
            _("server {first} to {last} ({messages})").format(
                first=min(holding.server), last=max(holding.server), messages=_messages(holding.server.values())
            )
        )
    else:
        told.append(_("nothing on the server"))
    strips = [] if gap is None else _strips(holding, gap, today)
    return [f"  {name}, {verdict}", *(f"    {one}" for one in told), *strips]


def _strips(holding: Holding, gap: Gap, today: date) -> list[str]:
    """A line a week, Monday to Sunday; of a long gap the beginning and the end."""
    lines = [
        f"    {monday}  {' '.join(_MARKS[mark] for mark in marks)}" for monday, marks in weeks(holding, gap, today)
    ]
    if len(lines) <= 2 * _WEEKS:
        return lines
    return [*lines[:_WEEKS], f"    {number(len(lines) - 2 * _WEEKS)} …", *lines[-_WEEKS:]]


def _messages(counts: Any) -> str:
    return plural("{n} message", "{n} messages", sum(counts))

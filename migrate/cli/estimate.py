"""``bascule estimate``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from datetime import time as clock_time
from pathlib import Path

import click

from connectors.language import _
from connectors.os_errors import os_error_text
from connectors.wrappers import RetryPolicy
from migrate.check.survey import Survey, survey
from migrate.cli.estimate_results import Known, as_json, show
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.lines import print_json, terminal
from migrate.cli.options import complete_site, json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import started
from migrate.engine.remembered import Remembered
from migrate.ledger import copies, pace
from migrate.ledger.pace import MailboxSize
from migrate.rollout.outlook import outlook
from migrate.rollout.waves import Planned, SiteWork, calendar
from plans import Organisation, Person, Site
from plans.problems import Worded
from plans.quantities import parse_planned_date

_RETRY = RetryPolicy(tries=2)
#: A day that is named begins then: what is left of the night before belongs to the day before.
_MORNING = clock_time(8)


def _day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return parse_planned_date(text)
    except Worded as error:
        raise Trouble(f"{error.message} {error.hint}") from None


@click.command()
@click.argument("sites", nargs=-1, metavar="[SITE]...", shell_complete=complete_site)
@click.option(
    "--from",
    "begin",
    metavar="DATE",
    callback=_day,
    help="The day on whose morning copying may begin; now unless given.",
)
@click.option("--look", is_flag=True, help="Look at every mailbox again; else only at those never looked at.")
@click.option(
    "--ics", type=click.Path(dir_okay=False, path_type=Path), help="Write the calendar for calendar programs."
)
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write the calendar as a picture.")
@json_option
@click.pass_obj
def estimate(
    place: Place,
    sites: tuple[str, ...],
    begin: date | None,
    look: bool,
    ics: Path | None,
    svg: Path | None,
    to_json: bool,
) -> None:
    """How long will it take?  A calendar of the copies, wave by wave: begin, end, and the end if it goes slowly.

    It rests on the sizes of the mailboxes, on how fast earlier passes were, on the plan's hours and limits, and on what
    a provider grants in a day. Mailboxes that were never looked at are listed first, which writes nothing to them.

    \b
    Example:  bascule estimate lyon nantes --svg calendar.svg
    """
    organisation = place.load()
    chosen = [place.site(organisation, name) for name in sites or sorted(organisation.sites)]
    known: list[Known] = []
    interrupted = False
    with closing(Remembered(place.ledger_file)) as remembered:
        for site in chosen:
            if not interrupted:
                one, interrupted = _known(place, organisation, site, remembered, look=look)
                known.append(one)
    start = datetime.now(UTC) if begin is None else datetime.combine(begin, _MORNING, organisation.time_zone)
    planned = calendar([_work(one) for one in known], start)
    codes = [code_of(error) for one in known for error in one.errors.values()]
    codes += [Exit.PARTIAL for one in known if one.unknown]
    code = Exit.INTERRUPTED if interrupted else worst(codes)
    title = _("Copies of {organisation}").format(organisation=organisation.name)
    _write(organisation.name, title, planned, ics, svg)
    by_site = {one.site.name: one for one in known}
    if to_json:
        print_json(as_json(planned, by_site, code))
    else:
        show(terminal(), planned, by_site)
        for file in (ics, svg):
            if file is not None:
                click.echo(_("Written: {file}").format(file=file))
        if interrupted:
            click.echo(_("Interrupted: not every mailbox was looked at. The same command continues."))
    sys.exit(code)


def _known(
    place: Place, organisation: Organisation, site: Site, remembered: Remembered, *, look: bool
) -> tuple[Known, bool]:
    """What the ledger knows of a site, and what is found by looking; whether that was interrupted."""
    found = {} if look else _sizes(remembered, site)
    missing = [person for person in site.people if person.mailbox not in found]
    errors: dict[str, BaseException] = {}
    interrupted = False
    if missing:
        new, errors, interrupted = _look(place, organisation, site, missing)
        found = {**_sizes(remembered, site), **new}
    brought: dict[str, tuple[int, int]] = {}
    brought = remembered.read(lambda connection: copies.brought(connection, site.name), brought)
    return Known(site, outlook(organisation, site, remembered), found, brought, errors), interrupted


def _sizes(remembered: Remembered, site: Site) -> dict[str, MailboxSize]:
    nothing: dict[str, MailboxSize] = {}
    found = remembered.read(lambda connection: pace.sizes(connection, site.name), nothing)
    return {person.mailbox: found[person.mailbox] for person in site.people if person.mailbox in found}


def _look(
    place: Place, organisation: Organisation, site: Site, people: Sequence[Person]
) -> tuple[dict[str, MailboxSize], dict[str, BaseException], bool]:
    """List these mailboxes on their sources, and keep how large they are."""
    found: dict[str, MailboxSize] = {}
    errors: dict[str, BaseException] = {}
    with started(place, organisation, site, people, _RETRY) as run, place.ledger() as ledger:

        def listed(mailbox: str) -> Survey:
            jobs = run.site.jobs(run.people[mailbox], passwords="when_needed")
            return survey(jobs, run.halt, sides="source")

        for done in run.each(listed):
            seen = done.result
            error = done.error if seen is None else seen.source_error
            if error is not None:
                errors[done.mailbox] = error
            elif seen is not None and not seen.interrupted:
                largest = max((one.largest for one in seen.folders), default=0)
                size = MailboxSize(seen.travelling, seen.travelling_size, largest, seen.listing, time.time())
                found[done.mailbox] = size
                with ledger.write() as connection:
                    pace.note_size(connection, done.mailbox, site.name, size)
        return found, errors, run.halt.stop.is_set()


def _work(known: Known) -> SiteWork:
    expected = known.outlook
    site = known.site
    mailboxes = len(known.loads) + len(known.unknown)
    return SiteWork(
        site.name, site.wave, known.loads, mailboxes, expected.pace, expected.limits, expected.hours, site.switch
    )


def _write(organisation: str, title: str, planned: Sequence[Planned], ics: Path | None, svg: Path | None) -> None:
    from migrate.rollout.drawing import as_ics, as_svg  # slow to import, and seldom needed

    files: dict[Path, bytes] = {}
    if ics is not None:
        files[ics] = as_ics(organisation, title, planned, datetime.now(UTC))
    if svg is not None:
        files[svg] = as_svg(title, planned).encode()
    for file, made in files.items():
        try:
            file.write_bytes(made)
        except OSError as error:
            message = _("{file} cannot be written: {why}.")
            raise Trouble(message.format(file=file, why=os_error_text(error))) from error

"""``bascule copy --back``: what arrived on the new side goes to the old one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

import click

from connectors.folder_names import FolderPath
from connectors.language import _, labelled
from migrate.cli.dry_run import dry_run
from migrate.cli.exit_codes import Exit
from migrate.cli.observing import observe_way_back
from migrate.cli.options import moment_of
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import JobBack, run_people, scratch_ledger
from migrate.copy.job import Job
from migrate.copy.run import run_pass
from migrate.engine.site import SiteRun
from migrate.engine.way_back import Origin, why_not_written_to
from migrate.figures import path_text
from migrate.ledger import folders, mailboxes, not_copied
from migrate.ledger.outcomes import outcome_text
from migrate.ledger.schema import Direction, Outcome
from migrate.ledger.store import Ledger
from migrate.rollout.world import World
from plans import Organisation, Person, Site

#: Messages named of one mailbox and outcome.
_LISTED = 50


@dataclass(frozen=True, slots=True)
class _Back:
    """From when on one mailbox's mail is brought back, and what its folders were filled from."""

    since: float
    origins: Mapping[FolderPath, Origin]


def copy_back(
    place: Place,
    organisation: Organisation,
    site: Site,
    people: Sequence[Person],
    *,
    since: str | None,
    only_plan: bool,
    agreed: bool,
    to_json: bool,
) -> Exit:
    """Run the way back of these people, or plan it; returns the exit code.

    Raises :class:`Trouble` when the old system cannot be written to, when nobody has switched, and when whoever runs it
    does not agree.
    """
    why_not = why_not_written_to(organisation.systems[site.source])
    if why_not is not None:
        raise Trouble(why_not)
    said = None if since is None else _past(since, site.time_zone)
    if not place.ledger_file.exists():
        raise Trouble(_("Nothing was ever copied for this site, so there is nothing to bring back."))
    with place.ledger() as ledger:
        ways = _ways(ledger, organisation, site, people, said, try_all=only_plan)
    going = [person for person in people if person.mailbox in ways]
    if not going:
        raise Trouble(
            _(
                'Nobody of the site "{site}" works in the new system yet, as far as the rollout says. If they do, say'
                " since when: bascule copy {site} --back --since {example}"
            ).format(site=site.name, example="2027-02-09T08:00")
        )
    if not to_json:
        for person in people:
            if person.mailbox not in ways:
                click.echo(_("{mailbox}: not switched, nothing to bring back").format(mailbox=person.mailbox))
    job = _job_of(ways)
    if only_plan:
        return _plan(place, organisation, site, going, job, to_json=to_json)
    _agree(site, going, ways, agreed=agreed, may_ask=not to_json)
    with place.ledger() as ledger:
        code = run_people(
            place, organisation, site, going, run_pass, ledger=ledger, only_folders=(), to_json=to_json, back=job
        )
        if not to_json:
            _tell_what_stayed(ledger, site, going)
    return code


def _tell_what_stayed(ledger: Ledger, site: Site, people: Sequence[Person]) -> None:
    """Each message that the old system did not take, or of which that is not known."""
    for person in people:
        with ledger.read() as connection:
            row = mailboxes.get(connection, person.mailbox)
            for outcome in (Outcome.REFUSED, Outcome.UNCERTAIN) if row is not None else ():
                assert row is not None
                for one in not_copied.page(connection, row.id, Direction.BACK, outcome, 0, _LISTED):
                    when = (
                        "" if one.received is None else f"{datetime.fromtimestamp(one.received, site.time_zone):%F %R}"
                    )
                    what = f"{path_text(one.folder)} {when} {outcome_text(outcome)} {one.reason or ''}"
                    click.echo(labelled(person.mailbox, what.strip()))


def _plan(
    place: Place, organisation: Organisation, site: Site, people: Sequence[Person], job: JobBack, *, to_json: bool
) -> Exit:
    with scratch_ledger(place) as ledger:
        code, fine = dry_run(
            place, organisation, site, people, ledger=ledger, only_folders=(), to_json=to_json, back=job
        )
    if code is not Exit.INTERRUPTED:
        with place.ledger() as ledger:
            tried = {person.mailbox: person.mailbox in fine for person in people}
            observe_way_back(ledger, site.name, tried, "bascule copy --back --dry-run")
    return code


def _job_of(ways: Mapping[str, _Back]) -> JobBack:
    def job(run: SiteRun, person: Person) -> Job:
        way = ways[person.mailbox]
        return run.way_back(person, way.since, way.origins)

    return job


def _ways(
    ledger: Ledger,
    organisation: Organisation,
    site: Site,
    people: Sequence[Person],
    said: float | None,
    *,
    try_all: bool,
) -> dict[str, _Back]:
    """By mailbox, of those who have switched.  ``try_all``: of the others too, as if they switched now."""
    now = time.time()
    found: dict[str, _Back] = {}
    with ledger.read() as connection:
        world = World.read(organisation, connection, now)
        domain = world.domain_of(site)
        cutover = None if domain is None else world.history.course("domain", domain).entered.get("cutover")
        for person in people:
            row = mailboxes.get(connection, person.mailbox)
            if row is None:
                continue
            since = said or row.went_live or cutover or (now if try_all else None)
            if since is None:
                continue
            rows = folders.of_mailbox(connection, row.id, Direction.FORTH, site.source)
            places = folders.places(connection, row.id, Direction.FORTH, site.source)
            # Of several folders that went into one, the one with a role, and then the oldest.
            origins: dict[FolderPath, Origin] = {}
            for one in sorted(rows, key=lambda one: (one.role is None, one.id)):
                if one.path in places:
                    origins.setdefault(places[one.path], Origin(one.path, one.role))
            found[person.mailbox] = _Back(since, origins)
    return found


def _agree(site: Site, people: Sequence[Person], ways: Mapping[str, _Back], *, agreed: bool, may_ask: bool) -> None:
    """The old system is written to: whoever wants that says so by its name."""
    if agreed:
        return
    if not may_ask:
        raise Trouble(_("The old system is written to: say that you want it, with --yes."))
    first = min(ways[person.mailbox].since for person in people)
    text = _(
        'The way back writes into the old system "{old}": what arrived in "{new}" since {time} is put into the'
        " mailboxes there ({n}). Nothing is taken away on either side."
    )
    shown = f"{datetime.fromtimestamp(first, site.time_zone):%Y-%m-%d %H:%M}"
    click.echo(text.format(old=site.source, new=site.target, time=shown, n=len(people)), err=True)
    try:
        name = click.prompt(_("Name the system that is written to, to agree"), err=True, default="", show_default=False)
    except click.Abort:  # nobody is there to answer
        name = ""
    if name.strip() != site.source:
        raise Trouble(_("Nothing was done."))


def _past(text: str, zone: tzinfo) -> float:
    when = moment_of(text, zone)
    if when > time.time():
        raise Trouble(_("{time} is still to come.").format(time=text))
    return when

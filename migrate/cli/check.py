"""``bascule check``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial

import click

from connectors.contract import Stopped
from connectors.language import _
from connectors.wrappers import RetryPolicy
from migrate.check.findings import finding_of, judge, of_systems
from migrate.check.survey import RECENT, Recorded, Survey, survey
from migrate.cli.check_results import (
    Checked,
    as_json,
    estimate_as_json,
    exit_of,
    servers,
    show,
    show_servers,
    standing_as_json,
)
from migrate.cli.exit_codes import Exit, worst
from migrate.cli.lines import print_json, terminal
from migrate.cli.observing import observe
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place
from migrate.cli.recorded import recorded_places
from migrate.cli.running import Started, choose, started
from migrate.engine.remembered import Remembered
from migrate.ledger import copies
from migrate.ledger.observations import Observed
from migrate.rollout.estimate import Load
from migrate.rollout.outlook import Guess, guess, outlook
from plans import Organisation, Site

#: Somebody waits for the answer: a system that cannot be reached is asked once more, and not for minutes.
_RETRY = RetryPolicy(tries=2)


@click.command()
@site_argument
@mailbox_option
@json_option
@click.pass_obj
def check(place: Place, site: str, mailboxes: tuple[str, ...], to_json: bool) -> None:
    """Are the systems ready for the copy?  Signs in on both sides and looks; writes nothing.

    For each mailbox: folders and sizes, names that meet or that the target cannot hold, room on the target, messages
    that are too large or left out, and a first estimate of the time. What is found is said with what to do about it.

    \b
    Example:  bascule check paris --mailbox anna@example.org
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    copied = _copied(place, plan)
    recorded = recorded_places(place, people)
    with started(place, organisation, plan, people, _RETRY) as run:
        surveys = [done.result for done in run.each(partial(_survey, run, recorded)) if done.result is not None]
        interrupted = run.halt.stop.is_set()
    surveys.sort(key=lambda one: one.mailbox)
    done = []
    for one in surveys:
        there = copied.get(one.mailbox, (0, 0))
        done.append(Checked(one, judge(one, *there), there))
    _keep(place, plan, done)
    taken = _estimate(place, organisation, plan, done)
    systems = of_systems(surveys)
    of_all = [finding_of(one) for one in systems if one.found.met is not True]
    codes = [*(one.code for one in done), *map(exit_of, of_all)]
    code = Exit.INTERRUPTED if interrupted else worst(codes)
    if to_json:
        told = {
            "exit_code": int(code),
            "systems": [standing_as_json(one) for one in systems],
            "servers": servers(done),
            "mailboxes": [as_json(one) for one in done],
            "estimate": estimate_as_json(taken),
        }
        print_json(told)
    else:
        show(terminal(), done, of_all, taken)
        show_servers(plan, done)
        if interrupted:
            click.echo(_("Interrupted: not every mailbox was looked at. Check again."))
    sys.exit(code)


def _keep(place: Place, site: Site, done: Sequence[Checked]) -> None:
    """Who can be signed in for, and who has an account on the new system: what a rollout goes by."""
    looked = [one.survey for one in done if not one.survey.interrupted]
    by = f"bascule check {site.name}"
    observe(place, "site", site.name, "sign-in", {one.mailbox: one.source_error is None for one in looked}, by)
    observe(place, "site", site.name, "accounts", {one.mailbox: one.target_error is None for one in looked}, by)
    observe(place, "site", site.name, "space", dict(_space_of(looked, by)), by)


def _space_of(looked: Sequence[Survey], by: str) -> Iterator[tuple[str, Observed]]:
    """How much room the old mailboxes have, and how much a day fills; of those whose server says so."""
    for one in looked:
        quota = one.source_quota
        if quota is not None and quota.limit is not None and one.source_error is None:
            free = max(quota.limit - (quota.used or 0), 0)
            a_day = sum(facts.recent_size for facts in one.folders) / RECENT
            yield one.mailbox, Observed(free > 0, time.time(), by, {"free": free, "a_day": a_day})


def _survey(run: Started, recorded: Mapping[str, Recorded], mailbox: str) -> Survey:
    person = run.people[mailbox]
    try:
        standing = list(run.site.preconditions(person, run.halt.stop))
    except Stopped:
        return Survey(mailbox, interrupted=True)
    found = survey(run.site.jobs(person, passwords="when_needed"), run.halt, recorded.get(mailbox))
    found.standing = standing
    return found


def _copied(place: Place, site: Site) -> dict[str, tuple[int, int]]:
    """Messages and bytes that earlier copies brought to the target, by mailbox.  No ledger is made for this."""
    if not place.ledger_file.exists():
        return {}
    with place.ledger() as ledger, ledger.read() as connection:
        return copies.brought(connection, site.name)


def _estimate(place: Place, organisation: Organisation, site: Site, done: Sequence[Checked]) -> Guess:
    loads = []
    for one in done:
        messages, size = one.copied
        found = one.survey
        loads.append(Load(max(found.travelling - messages, 0), max(found.travelling_size - size, 0), found.listing))
    with closing(Remembered(place.ledger_file)) as remembered:
        known = outlook(organisation, site, remembered)
    return guess(loads, known)

"""``bascule rehearse``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from connectors.language import _
from connectors.wrappers import RetryPolicy
from migrate.check.findings import judge
from migrate.check.survey import Survey, survey
from migrate.cli.exit_codes import Exit, worst
from migrate.cli.holding import alone
from migrate.cli.lines import print_json, terminal
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rehearsal_results import as_json, keep, show
from migrate.cli.results import Row
from migrate.cli.running import Started, choose, started
from migrate.copy.run import PassResult, run_pass
from migrate.engine.hours import CopyHours
from migrate.engine.local import Done
from migrate.engine.remembered import Remembered
from migrate.ledger import attempts, copies, mailboxes, not_copied, pace
from migrate.ledger.pace import MailboxSize, PassRate
from migrate.ledger.schema import Direction, Outcome
from migrate.ledger.store import Ledger
from migrate.rollout.estimate import Forecast, Load, forecast
from migrate.rollout.outlook import rehearsed
from migrate.sandbox.rehearsal.results import MailboxResult, Refusal, Result
from migrate.sandbox.rehearsal.sampling import share_of
from migrate.sandbox.rehearsal.scene import LOCK, Shares, begin_anew_if_changed, folder_of, stage_name, staged
from migrate.sandbox.rehearsal.stand_ins import NoStandIn, Standing, judged_by, standing_in
from plans import Organisation, Person, Site

_RETRY = RetryPolicy()
_PAGE = 1000
#: What an earlier run of the same rehearsal wrote is not mail of the real target.
_OF_THE_STAND_IN = frozenset({"target-not-empty", "target-sign-in", "quota-short"})


@click.command()
@site_argument
@mailbox_option
@click.option("--sample", type=click.IntRange(min=1), help="About so many messages of each mailbox; else all of them.")
@click.option("--now", "at_once", is_flag=True, help="Do not wait for the plan's hours for copying.")
@json_option
@click.pass_obj
def rehearse(
    place: Place, site: str, mailboxes: tuple[str, ...], sample: int | None, at_once: bool, to_json: bool
) -> None:
    """What would go wrong?  Runs the whole copy with the real source, against a stand-in of the target.

    Every message is read and judged by what is documented of the target; nothing is written outside this machine, and
    of the mail nothing is kept. What would fail is listed with what to do, and the copy's time is forecast from the
    rate that the source really gives. Ctrl-C ends it; the same command continues.

    \b
    Example:  bascule rehearse paris --sample 500
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    folder = folder_of(place.state, plan.name)
    hours = None if at_once else CopyHours.of(plan)
    with alone(folder / LOCK, _("This site is being rehearsed by another run.")):
        begin_anew_if_changed(folder, judged_by(organisation.systems[plan.target], plan))
        with closing(Ledger(folder / "ledger.sqlite")) as ledger:
            result, rows, rates = _rehearsed(place, organisation, plan, people, folder, ledger, sample, hours)
    told = _forecast(place, organisation, plan, result, rates)
    failing = [Exit.PARTIAL for one in result.mailboxes if one.would_fail]
    code = Exit.INTERRUPTED if result.interrupted else worst([*failing, *(row.code for row in rows)])
    report = as_json(plan, result, told, rates, code, datetime.now(UTC))
    file = keep(place.folder, plan.name, report)
    if to_json:
        print_json(report)
    else:
        show(terminal(), result, told, rates)
        click.echo(_("Kept as evidence: {file}").format(file=file))
        if result.interrupted:
            click.echo(_("Interrupted. The same command continues where this one stopped."))
    sys.exit(code)


def _rehearsed(
    place: Place,
    organisation: Organisation,
    site: Site,
    people: Sequence[Person],
    folder: Path,
    ledger: Ledger,
    sample: int | None,
    hours: CopyHours | None,
) -> tuple[Result, list[Row], list[PassRate]]:
    """Look at every mailbox, then run its passes; what came of it, and how fast the source was."""
    shares = Shares()
    target = organisation.systems[site.target]
    try:
        with standing_in(target, people, folder, stage_name(site)) as standing:
            plan, stage, stand_in = staged(organisation, site, standing, shares, folder)
            with started(place, plan, stage, people, _RETRY, copies=True, stand_in=stand_in) as run:
                surveys = {done.mailbox: done for done in run.each(lambda mailbox: _look(run, mailbox))}
                _note(place, site, surveys.values(), shares, sample)
                if standing.keep_only is not None:
                    _let_go(ledger, people, standing.keep_only)
                ended = _passes(run, ledger, hours)
                interrupted = run.halt.stop.is_set()
            result = _result(ledger, surveys, ended, standing, interrupted, sample)
    except NoStandIn as error:
        raise Trouble(str(error)) from error
    rows = [Row(done.mailbox, done.result, done.error) for done in ended.values()]
    with ledger.read() as connection:
        rates = pace.rates(connection, site.source, stage_name(site))
    return result, rows, rates


def _let_go(ledger: Ledger, people: Iterable[Person], keep_only: Callable[[str, Collection[str]], None]) -> None:
    """What a run that ended was writing has not arrived: a stand-in without bodies could not tell whether it had."""
    for person in people:
        with ledger.write() as connection:
            row = mailboxes.get(connection, person.mailbox)
            under_way = [] if row is None else attempts.unsettled(connection, row.id, Direction.FORTH)
            if row is not None and under_way:
                keep_only(person.target_user, copies.keys_there(connection, row.id))
                attempts.settle(connection, [one.message_id for one in under_way])


def _look(run: Started, mailbox: str) -> Survey:
    return survey(run.site.jobs(run.people[mailbox], passwords="when_needed"), run.halt)


def _note(
    place: Place,
    site: Site,
    surveys: Iterable[Done[Survey]],
    shares: Shares,
    sample: int | None,
) -> None:
    """Keep how large the mailboxes are, for estimates; and take the part of each that was asked for."""
    with place.ledger() as ledger:
        for done in surveys:
            found = done.result
            if found is None or found.source_error is not None or found.interrupted:
                continue
            shares.by_mailbox[done.mailbox] = share_of(found.messages, sample)
            largest = max((one.largest for one in found.folders), default=0)
            size = MailboxSize(found.travelling, found.travelling_size, largest, found.listing, time.time())
            with ledger.write() as connection:
                pace.note_size(connection, done.mailbox, site.name, size)


def _passes(run: Started, ledger: Ledger, hours: CopyHours | None) -> dict[str, Done[PassResult]]:
    if run.halt.stop.is_set():
        return {}
    return {done.mailbox: done for done in run.passes(run_pass, ledger, (), hours)}


def _result(
    ledger: Ledger,
    surveys: dict[str, Done[Survey]],
    ended: dict[str, Done[PassResult]],
    standing: Standing,
    interrupted: bool,
    sample: int | None,
) -> Result:
    found = [_of_mailbox(ledger, surveys[mailbox], ended.get(mailbox)) for mailbox in sorted(surveys)]
    return Result(found, interrupted, standing.kind, standing.preset, standing.max_message, sample)


def _of_mailbox(ledger: Ledger, looked: Done[Survey], done: Done[PassResult] | None) -> MailboxResult:
    seen = looked.result
    findings = [one for one in judge(seen) if one.code not in _OF_THE_STAND_IN] if seen is not None else []
    passed = None if done is None else done.result
    errors = [one.error for one in (looked, done) if one is not None and one.error is not None]
    if passed is not None:
        errors += passed.errors
    return MailboxResult(
        looked.mailbox,
        0 if seen is None else seen.travelling,
        0 if seen is None else seen.travelling_size,
        findings,
        None if passed is None else passed.tally,
        _refusals(ledger, looked.mailbox),
        errors,
        passed is not None and passed.complete,
    )


def _refusals(ledger: Ledger, mailbox: str) -> list[Refusal]:
    found: list[Refusal] = []
    with ledger.read() as connection:
        row = mailboxes.get(connection, mailbox)
        after, more = 0, row is not None
        while more and row is not None:
            page = not_copied.page(connection, row.id, Direction.FORTH, Outcome.REFUSED, after, _PAGE)
            for one in page:
                received = None if one.received is None else datetime.fromtimestamp(one.received, UTC).isoformat()
                reason = "refused" if one.reason is None else one.reason.value
                found.append(Refusal(one.folder, one.key, one.size, received, reason))
            more = len(page) == _PAGE
            after = page[-1].id if page else after
    return found


def _forecast(
    place: Place, organisation: Organisation, site: Site, result: Result, rates: Sequence[PassRate]
) -> Forecast:
    """When the real copy would be done that is begun now."""
    with closing(Remembered(place.ledger_file)) as remembered:
        known = rehearsed(organisation, site, remembered, rates)
    loads = [Load(one.messages, one.size) for one in result.mailboxes]
    return forecast(loads, known.pace, known.limits, known.hours, datetime.now(site.time_zone))

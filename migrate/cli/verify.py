"""``bascule verify``."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click

from connectors.contract import ConnectorError
from connectors.language import _, in_language
from connectors.os_errors import os_error_text
from migrate.archives.files import as_json_text, write_whole
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, terminal
from migrate.cli.observing import observe
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import choose, started
from migrate.cli.verify_report import report_of
from migrate.cli.verify_results import Row, Verification, as_json, show
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.evidence.verifications import keep_verification
from migrate.ledger.observations import Observed
from migrate.ledger.store import Ledger, LedgerError
from migrate.verify.findings import Cause
from migrate.verify.grade import Grade, worst
from migrate.verify.run import verify_mailbox
from migrate.verify.sampling import Sample
from plans import Organisation, Person, Site
from runbooks.report import render


@click.command()
@site_argument
@mailbox_option
@click.option(
    "--sample",
    "messages",
    type=click.IntRange(min=1),
    metavar="N",
    help="Read only N messages of each mailbox, drawn at random; compare the others by the listings.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Draw the sample of an earlier verification again.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.html",
    help="Also write a page to read, print and keep.",
)
@json_option
@click.pass_obj
def verify(
    place: Place,
    site: str,
    mailboxes: tuple[str, ...],
    messages: int | None,
    seed: int | None,
    report: Path | None,
    to_json: bool,
) -> None:
    """Is everything there?  Reads both servers afresh, compares all messages, and gives a grade.

    Nothing is written to either server, and the ledger proves nothing here: it only explains differences. Ctrl-C
    ends it, and the next run begins again. What it found is kept in evidence/verification for bascule evidence.

    \b
    Example:  bascule verify paris --report paris.html
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    if seed is not None and messages is None:
        raise Trouble(_("--seed is for a sample: give --sample N too."))
    if report is not None and not report.absolute().parent.is_dir():
        raise Trouble(_("There is no folder {folder} to write the report to.").format(folder=report.absolute().parent))
    sample = None if messages is None else Sample(messages, secrets.randbits(32) if seed is None else seed)
    verification = _verify(place, organisation, plan, people, sample)
    _keep(place, verification)
    _keep_proof(place, plan, verification)
    if to_json:
        print_json(as_json(verification))
    else:
        show(terminal(), verification)
        if verification.interrupted:
            click.echo(_("Interrupted. What is missing here was not verified."))
    if report is not None:
        # The page is for the site's people, whoever or whatever runs the command.
        with in_language(plan.language):
            _write(report, render(report_of(verification)))
        if not to_json:
            click.echo(_("The report is in {file}.").format(file=report.absolute()))
    sys.exit(verification.code)


def _keep(place: Place, verification: Verification) -> None:
    """The grade of each mailbox, the worst of its sources: what a rollout goes by.  A sample proves no site."""
    if verification.sample is not None:
        return
    by, now = f"bascule verify {verification.site}", verification.at.timestamp()
    rows: dict[str, list[Row]] = {}
    for row in verification.rows:
        rows.setdefault(row.of or row.mailbox, []).append(row)
    seen = {mailbox: _seen(some, now, by) for mailbox, some in rows.items()}
    observe(place, "site", verification.site, "verified", seen, by)


def _seen(rows: Sequence[Row], now: float, by: str) -> Observed:
    """One mailbox, over all its sources.  Of what is gone since the switch only its person can say why."""
    grade = worst(row.grade or Grade.INVESTIGATE for row in rows)
    results = [row.result for row in rows if row.result is not None]
    removed = sum(finding.cause is Cause.REMOVED for one in results for finding in one.findings)
    detail: dict[str, object] = {"grade": grade.value}
    if removed and len(results) == len(rows):
        otherwise = worst(one.but_for_removed().judged()[0] for one in results)
        detail |= {"removed": removed, "but_for_removed": otherwise.value}
    return Observed(grade in (Grade.PERFECT, Grade.GOOD), now, by, detail)


def _keep_proof(place: Place, site: Site, verification: Verification) -> None:
    """Figures and page for the file of proofs, once there is a ledger that they belong to.

    Raises :class:`Trouble` when the disk does not take them.
    """
    if verification.interrupted or not place.ledger_file.exists():
        return
    with in_language("en"):
        figures = as_json_text(as_json(verification))
    with in_language(site.language):
        page = render(report_of(verification))
    try:
        keep_verification(place.folder, site.name, verification.at, figures, page)
    except OSError as error:
        text = _("The evidence cannot be kept in {folder} ({why}).")
        raise Trouble(text.format(folder=place.folder, why=os_error_text(error)), Exit.LEDGER) from error


def _verify(
    place: Place, organisation: Organisation, site: Site, people: Sequence[Person], sample: Sample | None
) -> Verification:
    at = datetime.now(UTC)
    with ExitStack() as stack:
        # A ledger is not made for this: without one, differences have no explanation.
        ledger = stack.enter_context(place.ledger()) if place.ledger_file.exists() else None
        run = stack.enter_context(started(place, organisation, site, people))
        ended = run.each(lambda mailbox: [_verified(job, ledger, run.halt, sample) for job in run.jobs(mailbox)])
        rows = [row for done in ended for row in done.result or [Row(done.mailbox, None, done.error)]]
        interrupted = run.halt.stop.is_set()
    rows.sort(key=lambda row: row.mailbox)
    return Verification(organisation.name, site.name, at, site.time_zone, sample, rows, interrupted)


def _verified(job: Job, ledger: Ledger | None, halt: Halt, sample: Sample | None) -> Row:
    """One source of a mailbox.  What one of them does not give keeps nobody from the others."""
    try:
        return Row(job.label, verify_mailbox(job, ledger, halt, sample), None, job.mailbox)
    except (ConnectorError, LedgerError) as error:
        return Row(job.label, None, error, job.mailbox)


def _write(file: Path, page: str) -> None:
    """Readable by this user alone: it names people and their folders."""
    try:
        write_whole(file, page.encode())
    except OSError as error:
        raise Trouble(
            _("The report {file} cannot be written: {why}.").format(file=file, why=os_error_text(error))
        ) from error

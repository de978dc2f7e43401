"""``bascule discover``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from connectors.language import _, spoken
from connectors.os_errors import os_error_text
from migrate.cli.discover_people import SiteFound, look_at_people
from migrate.cli.discover_results import as_json, show
from migrate.cli.dns_whom import asked_of, checked, whom_options
from migrate.cli.exit_codes import Exit, worst
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, terminal
from migrate.cli.options import complete_site, json_option
from migrate.cli.organisation import Place, Trouble
from migrate.discover.files import Exists, plan_files, sites_table, told_json, write_all
from migrate.discover.finding_out import DomainFound, find_out
from migrate.discover.keeping import keep
from migrate.discover.proposing import propose
from migrate.discover.questions import as_markdown, questions
from migrate.discover.waves import propose as propose_waves
from migrate.discover.waves import totals
from migrate.dns.asking import Inquiry, NobodyAnswers, Server, Whom
from migrate.dns.facts import Outcome
from migrate.dns.fetching import Web
from migrate.dns.policy import fetch_policy


@click.command()
@click.argument("domain")
@click.option(
    "--site",
    "sites",
    multiple=True,
    shell_complete=complete_site,
    help="Sign in for the people of this site, and take the inventory; may be given again.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a plan to go on from, the questions and the findings into this folder.",
)
@whom_options
@json_option
@click.pass_obj
def discover(
    place: Place,
    domain: str,
    sites: tuple[str, ...],
    out: Path | None,
    resolvers: tuple[Server, ...],
    inside: tuple[Server, ...],
    servers: tuple[Server, ...],
    to_json: bool,
) -> None:
    """What is there, before anybody writes a plan?  Asks a domain's records and servers; changes nothing.

    Recognises the provider, looks at the servers that mail programs are told of, and proposes the plan's systems; what
    cannot be found out becomes questions to the site. With --site it signs in for the people of a site of the plan,
    and takes the inventory of their mailboxes. Without it no organisation's folder is needed.

    \b
    Example:  bascule discover example.org --out discovered
              bascule discover example.org --site lyon --site nantes
    """  # fmt: skip
    name, whom = checked(domain), asked_of(resolvers, inside, servers)
    organisation = place.load() if sites else None
    plans_of = [place.site(organisation, site) for site in dict.fromkeys(sites)] if organisation is not None else []
    if out is not None and out.exists() and any(out.iterdir()):
        raise Trouble(_("{folder} is not empty. Name a folder that is not there yet.").format(folder=out))
    found, interrupted = _find_out(name, whom, quiet=to_json)
    looked: list[SiteFound] = []
    for plan in plans_of:
        if not interrupted:
            assert organisation is not None, "sites are of an organisation"
            looked.append(look_at_people(place, organisation, plan))
            interrupted = looked[-1].interrupted
    code = Exit.INTERRUPTED if interrupted else worst([one.code for one in looked])
    told, files = _results(found, looked, code)
    kept = None
    if not interrupted:
        kept = _kept(place, name, told)
        if out is not None:
            _written(out, files)
    if to_json:
        print_json(told)
    else:
        show(terminal(), found, looked, told)
        if interrupted:
            click.echo(_("Interrupted: not everything was looked at. The same command continues."))
        elif out is not None:
            click.echo(_("Written: {file}").format(file=out))
        if kept is not None:
            click.echo(_("Kept as evidence: {file}").format(file=kept), err=True)
    sys.exit(code)


def _find_out(domain: str, whom: Whom, *, quiet: bool) -> tuple[DomainFound, bool]:
    """What is seen from outside, and whether that was interrupted.  Raises :class:`Trouble`."""
    working = terminal(stderr=True, quiet=quiet)
    with (
        interruptible(terminal(stderr=True), _("Stopping: nothing further is looked at.")) as halt,
        TemporaryDirectory(prefix="bascule-") as spool,
        working.status(_("Asking name servers and resolvers")) as line,
    ):

        def doing(what: str, done: int, of: int) -> None:
            if what == "pages":
                line.update(_("Asking for what mail programs are told"))
            elif what == "servers":
                line.update(_("Looking at servers: {done} of {total}").format(done=done, total=of))

        try:
            found = find_out(Inquiry(domain, whom, halt.stop, fetch_policy), Web(), Path(spool), halt.stop, doing)
        except NobodyAnswers as error:
            if halt.stop.is_set():
                sys.exit(Exit.INTERRUPTED)
            raise Trouble(str(error), Exit.CONNECTION) from error
        interrupted = halt.stop.is_set()
    if found.records.outcome is Outcome.NXDOMAIN and not interrupted:
        text = _("There is no domain {domain}: see how it is spelt, and whether it was paid for.")
        raise Trouble(text.format(domain=domain))
    return found, interrupted


def _results(found: DomainFound, looked: Sequence[SiteFound], code: Exit) -> tuple[dict[str, object], dict[str, bytes]]:
    """What is told, and the files of ``--out``."""
    proposal = propose(found)
    summed = {one.site.name: totals(one.site.name, one.site.wave, len(one.site.people), one.found) for one in looked}
    waves = propose_waves(summed)
    people = [one for site in looked for one in site.found]
    now = datetime.now(UTC)
    asked = questions(found, proposal, list(summed.values()), people, now)
    told = as_json(found, proposal, waves, looked, asked, code, now)
    domain = found.records.domain
    if waves:
        # There is a plan already: what it may take over, and no second one beside it.
        files = {"systems.yaml": proposal.yaml.encode()}
        files["sites.csv"] = sites_table(waves, {one.site.name: one.found for one in looked})
    else:
        files = plan_files(domain, proposal, spoken())
    files["questions.md"] = as_markdown(domain, asked).encode()
    files["discover.json"] = told_json(told)
    return told, files


def _kept(place: Place, domain: str, told: dict[str, object]) -> Path | None:
    if not (place.folder / "organisation.yaml").exists():
        return None
    try:
        return keep(place.folder, domain, told)
    except OSError as error:
        text = _("The evidence cannot be kept in {folder} ({why}).")
        raise Trouble(text.format(folder=place.folder, why=os_error_text(error)), Exit.LEDGER) from error


def _written(folder: Path, files: dict[str, bytes]) -> None:
    try:
        write_all(folder, files)
    except Exists as error:
        raise Trouble(_("{file} is there already.").format(file=error.path)) from error
    except OSError as error:
        message = _("{file} cannot be written: {why}.")
        raise Trouble(message.format(file=folder, why=os_error_text(error))) from error

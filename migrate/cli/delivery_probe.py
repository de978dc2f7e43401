"""``bascule delivery probe``."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import cast

import click

from connectors.language import _, plural
from migrate.cli.delivery_remove import remove
from migrate.cli.delivery_results import as_json, show
from migrate.cli.delivery_seen import keep_probes
from migrate.cli.exit_codes import Exit
from migrate.cli.holding import alone
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import Started, choose, started
from migrate.copy.job import SystemClock
from migrate.delivery.evidence import Evidence
from migrate.delivery.judging import Patience, Proof, Verdict
from migrate.delivery.looking import MailboxEye
from migrate.delivery.making import domain_of
from migrate.delivery.probes import Person, ProbeRun, Route, Side, routes
from migrate.delivery.probing import Probing, new_run
from migrate.delivery.recipe import CannotDeliver, Mode
from migrate.delivery.sending import Mailer
from migrate.rollout.staying import staying
from migrate.rollout.world import World
from plans import Organisation, Site
from plans import Person as PlanPerson
from plans.problems import Worded
from plans.quantities import parse_duration


@click.command()
@site_argument
@mailbox_option
@click.option(
    "--mode",
    type=click.Choice(["dual", "split"]),
    default="dual",
    help="What must be true: a copy on both sides (unless given), or on the new side alone.",
)
@click.option(
    "--wait", "patience", default="10min", metavar="TIME", help="How long a copy may take; 10min unless given."
)
@click.option("--again", is_flag=True, help="Send new probes, even if a run was interrupted a short time ago.")
@click.option(
    "--remove", "put_away", is_flag=True, help="Move the last run's probes on the target to the trash; sends none."
)
@json_option
@click.pass_obj
def probe(
    place: Place,
    site: str,
    mailboxes: tuple[str, ...],
    mode: str,
    patience: str,
    again: bool,
    put_away: bool,
    to_json: bool,
) -> None:
    """Does mail take the way it should?  Sends one message over each route, and looks for it on both sides.

    From outside, from the old and from the new side; to somebody who moves, somebody who has not moved, a group of
    both, an alias, and to nobody. Exactly one copy must arrive where one is to. Takes the first person of the site
    unless --mailbox names others. Interrupted, the same command goes on. The proofs are kept in evidence/probes.

    \b
    Example:  bascule delivery probe paris
              bascule delivery probe paris --mode split --wait 20min
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes) if mailboxes else list(plan.people[:1])
    evidence = Evidence.of(organisation.folder, plan.name)
    if put_away:
        sys.exit(remove(place, organisation, evidence, plan.name, to_json=to_json))
    busy = _("Another command sends probes for this site at this moment. Wait for it to end.")
    with alone(place.state / f"probes-{plan.name}.lock", busy):
        run = None if again else evidence.unfinished(SystemClock().now())
        if run is None:
            cells = _routes(place, organisation, plan, people, cast("Mode", mode))
            run = new_run(plan.name, cast("Mode", mode), cells, SystemClock().now())
        elif not to_json:
            click.echo(_("Going on with the probes that were sent at {time}.").format(time=_time(run.began, plan)))
        probing, verdicts = _probed(place, organisation, run, evidence, _seconds(patience), to_json=to_json)
    interrupted = probing.run.ended is None
    if not interrupted:
        keep_probes(place, plan.name, verdicts)
    code = Exit.INTERRUPTED if interrupted else _code(verdicts)
    if to_json:
        print_json(as_json(probing.run, verdicts, code))
    else:
        show(probing.run, verdicts)
        if interrupted:
            click.echo(_("Interrupted. The same command continues where this one stopped."))
    sys.exit(code)


def _probed(
    place: Place, organisation: Organisation, run: ProbeRun, evidence: Evidence, missing: float, *, to_json: bool
) -> tuple[Probing, Sequence[Verdict]]:
    """The run, sent and looked for until all is decided, or until somebody stops it: then it has no end."""
    with ExitStack() as stack:
        sides, halted = _eyes(stack, place, organisation, run)
        if not to_json:
            show_line(terminal(stderr=True), _sending(run))
        mailer = Mailer(organisation.probes, organisation.folder)
        probing = Probing(run, mailer, sides, evidence, SystemClock(), Patience(missing, missing / 10))
        return probing, probing.go_on(halted.halt.stop)


def _seconds(text: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except Worded as error:
        raise Trouble(f"{error.message} {error.hint}") from error


def _time(when: float, site: Site) -> str:
    return f"{datetime.fromtimestamp(when, site.time_zone):%Y-%m-%d %H:%M}"


def _routes(
    place: Place, organisation: Organisation, site: Site, people: Sequence[PlanPerson], mode: Mode
) -> list[Route]:
    try:
        domain = domain_of(organisation, site)
    except CannotDeliver as error:
        raise Trouble(str(error)) from error
    unknown = f"bascule-nobody-{secrets.token_hex(4)}@{domain.name}"
    moved = [_person(one, domain.name) for one in people]
    with place.ledger() as ledger, ledger.read() as connection:
        others = staying(World.read(organisation, connection, SystemClock().now()), site, domain.name)
    # Everybody whose mail the new side could keep; where that is nobody, one is enough.
    chosen = [one for one in others if one.known] or others[:1]
    stays = [_person(one.person, domain.name) for one in chosen]
    if not organisation.probes:
        text = _("The plan names no account that probes could be sent from. Write probes: into organisation.yaml.")
        raise Trouble(text)
    return routes(mode, moved, stays, group=domain.mixed_group, unknown=unknown)


def _person(one: PlanPerson, domain: str) -> Person:
    own = tuple(alias for alias in one.aliases if alias.rpartition("@")[2].lower() == domain)
    return Person(mailbox=one.mailbox, address=one.address, aliases=own)


def _eyes(
    stack: ExitStack, place: Place, organisation: Organisation, run: ProbeRun
) -> tuple[list[MailboxEye], Started]:
    """Every mailbox of the matrix, on both sides: what strays has to be seen too."""
    wanted = {leg.mailbox for one in run.probes for leg in one.route.legs}
    eyes: list[MailboxEye] = []
    last: Started | None = None
    # The site itself last: a signal is heard by who came last.
    for site in sorted(organisation.sites.values(), key=lambda one: one.name == run.site):
        people = [person for person in site.people if person.mailbox in wanted]
        if not people and site.name != run.site:
            continue
        begun = stack.enter_context(started(place, organisation, site, people))
        last = begun
        for person in people:
            own = begun.site.jobs(person, passwords="when_needed")[0]
            sides: tuple[Side, Side] = ("old", "new")
            for side, session in zip(sides, (own.open_source, own.open_target), strict=True):
                eyes.append(MailboxEye(side, person.mailbox, session))
    assert last is not None, "the site of the run is in the plan"
    return eyes, last


def _sending(run: ProbeRun) -> str:
    count = plural("{n} probe", "{n} probes", len(run.probes))
    return _("{probes} on their way. This takes some minutes; Ctrl-C stops, and the same command goes on.").format(
        probes=count
    )


def _code(verdicts: Sequence[Verdict]) -> Exit:
    return Exit.OK if all(one.proof is Proof.PROVED for one in verdicts) else Exit.PARTIAL

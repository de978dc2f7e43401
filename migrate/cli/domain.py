"""``bascule domain``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.errors import ConnectorError, Transient
from connectors.language import _, labelled, mark, plural
from migrate.cli.accounts_site import directory_of
from migrate.cli.dns_whom import asked_of, checked, whom_options
from migrate.cli.exit_codes import Exit, code_of
from migrate.cli.holding import check_held_here
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.rollout_whom import by_option, name_of
from migrate.copy.halt import Halt
from migrate.directory.contract import NotTaken
from migrate.directory.domains import Domains, Proof, seen
from migrate.directory.domains import Record as DnsRecord
from migrate.directory.record import Record
from migrate.dns.asking import Inquiry, NobodyAnswers, Server, Whom
from migrate.dns.policy import fetch_policy
from migrate.dns.providers import provider_at
from plans import Organisation, System
from plans.problems import suggestion

_STEPS = {
    "add": mark("add it to the target"),
    "prove": mark("prove whose it is, by a TXT record"),
    "verify": mark("have the target verify it"),
    "services": mark("let the target take its mail"),
}
_OUTCOMES = {"done": mark("done"), "already": mark("was so already"), "waiting": mark("has to wait"),
             "failed": mark("failed")}  # fmt: skip
#: Seconds between two looks at name servers, and between two at the target once they all hold the proof.
_LOOK = 10.0


@dataclass
class Walk:
    """How far the domain is."""

    domain: str
    steps: list[dict[str, str]] = field(default_factory=list)
    proof: Proof | None = None
    records: list[DnsRecord] = field(default_factory=list)
    verified: bool = False
    code: Exit = Exit.OK

    def step(self, name: str, outcome: str, what: str = "") -> None:
        self.steps.append({"step": name, "outcome": outcome, "what": what})


@click.group()
def domain() -> None:
    """Is an additional domain ready on the target?  Adds it, step by step."""


@domain.command()
@click.argument("name", metavar="DOMAIN")
@click.option("--target", metavar="SYSTEM", help="The system of the plan; needed where several could take it.")
@click.option(
    "--alias-of", metavar="DOMAIN", help="Google: every person of that domain gets an address in the new one."
)
@by_option
@whom_options
@json_option
@click.pass_obj
def add(
    place: Place,
    name: str,
    target: str | None,
    alias_of: str | None,
    by: str | None,
    resolvers: tuple[Server, ...],
    inside: tuple[Server, ...],
    servers: tuple[Server, ...],
    to_json: bool,
) -> None:
    """How does a domain get onto the target?  Adds it, shows the TXT record that proves it, and has it verified.

    Says in the end which records the domain is to have, and changes none. Ctrl-C ends it at any step; the same command
    goes on from there.

    \b
    Example:  bascule domain add lyon.example
    """
    organisation = place.load()
    check_held_here(place)
    system = _target(organisation, target)
    walk = Walk(checked(name))
    parent = checked(alias_of) if alias_of else None
    whom = asked_of(resolvers, inside, servers)
    working = terminal(stderr=True)
    with directory_of(place, system) as directory:
        if directory.domains is None:
            text = _('"{system}" keeps no domains of its own: add the domain in its own way, and the people as usual.')
            raise Trouble(text.format(system=system.name))
        record = Record(place.folder, "", system.name, name_of(by))
        with interruptible(working, _("Stopping: the same command goes on from here.")) as halt:
            _go(walk, directory.domains, parent, whom, halt, working, record)
    if to_json:
        print_json(_as_json(walk, system))
    else:
        _show(terminal(), walk, system)
    sys.exit(walk.code)


def _target(organisation: Organisation, name: str | None) -> System:
    targets = dict.fromkeys(site.target for site in organisation.sites.values())
    if name is None and len(targets) == 1:
        name = next(iter(targets))
    if name is None:
        raise Trouble(_("Say which target is meant: --target {systems}").format(systems=" | ".join(targets)))
    if name not in organisation.systems:
        hint = suggestion(name, organisation.systems, _("Its systems are"))
        raise Trouble(_('There is no system "{system}". {hint}').format(system=name, hint=hint))
    return organisation.systems[name]


def _go(
    walk: Walk, domains: Domains, parent: str | None, whom: Whom, halt: Halt, working: Console, record: Record
) -> None:
    """The steps, each until it is done; what stops one ends them."""
    step = "add"
    try:
        added = domains.add(walk.domain, parent)
        walk.step(step, "done" if added else "already")
        if added:
            record.add("add-domain", walk.domain, parent or "", "done")
        walk.verified = bool(domains.verified(walk.domain))
        if not walk.verified:
            step = "prove"
            walk.proof = domains.proof(walk.domain)
            _show_proof(working, walk.proof)
            if not _wait_for(walk, lambda: _proved(walk, whom, halt, working), halt):
                return
            walk.step(step, "done")
            step = "verify"
            if not _wait_for(walk, lambda: _verified(walk.domain, domains, working), halt):
                return
            record.add("verify-domain", walk.domain, "", "done")
            walk.verified = True
        else:
            walk.step("prove", "already")
        walk.step("verify", "done" if walk.proof else "already")
        step = "services"
        walk.step(step, "done" if domains.ready_for_mail(walk.domain) else "already")
        walk.records = domains.records(walk.domain)
    except NotTaken as error:
        walk.step(step, "failed", str(error))
        walk.code = Exit.PARTIAL
    except ConnectorError as error:
        walk.step(step, "failed", str(error))
        walk.code = code_of(error)


def _wait_for(walk: Walk, done: Callable[[], bool], halt: Halt) -> bool:
    """Whether it was done before somebody stopped it."""
    while not halt.stop.is_set():
        if done():
            return True
        halt.stop.wait(_LOOK)
    walk.step("prove" if len(walk.steps) == 1 else "verify", "waiting")
    walk.code = Exit.INTERRUPTED
    return False


def _proved(walk: Walk, whom: Whom, halt: Halt, working: Console) -> bool:
    """Whether all name servers of the zone hold the proof."""
    proof = walk.proof
    assert proof is not None
    try:
        found = Inquiry(walk.domain, whom, halt.stop, fetch_policy).follow(lambda look: seen(look, proof))
    except NobodyAnswers as error:
        _say(working, str(error))
        return False
    if halt.stop.is_set():
        return False
    if not found.everywhere:
        text = _("{done} of {all} hold the TXT record").format(
            done=len(found.holding),
            all=plural("{n} server", "{n} servers", len(found.holding) + len(found.late)),
        )
        _say(working, text)
    return found.everywhere


def _verified(domain: str, domains: Domains, working: Console) -> bool:
    """Whether the target sees the proof too; what passes is waited for."""
    try:
        done = domains.verify(domain)
    except Transient as error:
        _say(working, str(error))
        return False
    if not done:
        _say(working, _("The name servers hold the TXT record; the target does not see it yet."))
    return done


def _say(working: Console, text: str) -> None:
    show_line(working, f"{datetime.now().astimezone():%H:%M:%S}  {text}")


def _show_proof(working: Console, proof: Proof) -> None:
    show_line(working, _("Enter this record where the domain's zone is kept, and let it stay:"), "bold")
    show_line(working, f'{proof.name}. 3600 IN TXT "{proof.value}"')


def _show(console: Console, walk: Walk, system: System) -> None:
    for step in walk.steps:
        name, outcome, what = step.values()
        show_line(console, labelled(_(_STEPS[name]), _(_OUTCOMES[outcome])))
        if what:
            show_line(console, f"  {what}", "red")
    if walk.records:
        show_line(console, _("Records that the domain is to have:"), "bold")
        table = Table(box=None, pad_edge=False, show_header=False)
        for _column in range(4):
            table.add_column(overflow="fold")
        for one in walk.records:
            table.add_row(*map(Text, (one.name, one.type, one.value, one.what)))
        console.print(table)
        expect = provider_at(system.connector) or system.name
        mx = next((one.value.split()[1].rstrip(".") for one in walk.records if one.type == "MX"), "")
        command = f"bascule dns records {walk.domain} --expect {expect}" + (f" --mx {mx}" if mx else "")
        show_line(console, _("Their change at the cutover, with the way back: {command}").format(command=command))
    if walk.code is Exit.INTERRUPTED:
        show_line(console, _("The same command goes on: {command}").format(command=f"bascule domain add {walk.domain}"))
    elif walk.verified:
        show_line(console, _("{domain}: verified.").format(domain=walk.domain), "bold")


def _as_json(walk: Walk, system: System) -> dict[str, object]:
    state = "interrupted" if walk.code is Exit.INTERRUPTED else "verified" if walk.verified else "refused"
    records: Sequence[DnsRecord] = walk.records
    proof = walk.proof and {"name": walk.proof.name, "type": "TXT", "value": walk.proof.value}
    return {
        "exit_code": int(walk.code),
        "domain": walk.domain,
        "system": system.name,
        "state": state,
        "steps": walk.steps,
        "proof": proof,
        "records": [{"name": one.name, "type": one.type, "value": one.value, "what": one.what} for one in records],
    }

"""``bascule groups``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import click

from connectors.archives.contract import NotAnArchive
from connectors.archives.kinds import open_archive
from connectors.language import _, labelled, mark, number, plural
from connectors.os_errors import os_error_text
from migrate.cli.archive_files import reading_with
from migrate.cli.exit_codes import Exit
from migrate.cli.holding import alone, check_held_here
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place, Trouble
from migrate.copy.halt import Halt
from migrate.directory.group_archive import Journal, Put, put_all
from migrate.directory.skus import GOOGLE
from plans import Organisation, System
from plans.model import GroupPlan
from plans.problems import suggestion

_STATES = {
    "put": mark("put there"),
    "already": mark("there from an earlier run"),
    "refused": mark("refused"),
    "uncertain": mark("uncertain"),
}


@click.group()
def groups() -> None:
    """Are the groups what they were?  Fills a group's conversations with its old mail.

    Groups themselves, and their members, are made by bascule accounts.
    """


@groups.command()
@click.argument("group")
@click.option("--send-uncertain", is_flag=True, help="Send again what may have arrived: it can be there twice then.")
@json_option
@click.pass_obj
def archive(place: Place, group: str, send_uncertain: bool, to_json: bool) -> None:
    """Where is the old mail of a group?  Puts it into the group's conversations, each message once (Google).

    The plan names the mail: groups: {ADDRESS: {archive: FILE}}. It can be stopped and run again; what was put is not
    put twice. A message whose answer was lost is told, and sent again with --send-uncertain alone.

    \b
    Example:  bascule groups archive sales@company.example
    """
    organisation = place.load()
    check_held_here(place)
    plan = _group(organisation, group)
    system = _target(organisation)
    working = terminal(stderr=True, quiet=to_json)
    made: list[Put] = []
    busy = _("Another command fills this group at this moment. Wait for it to end.")
    with (
        alone(place.state / f"group-{plan.address}.lock", busy),
        interruptible(terminal(stderr=True), _("Stopping after the message in hand.")) as halt,
    ):
        journal = Journal(place.state / "groups" / f"{plan.address}.jsonl")
        with working.status(_("Reading {file}").format(file=plan.archive)) as line:
            for one in _put(plan, system, journal, halt, again=send_uncertain):
                made.append(one)
                line.update(plural("{n} message", "{n} messages", len(made)))
        interrupted = halt.stop.is_set()
    open_ = [one for one in made if one.state != "put"]
    code = Exit.INTERRUPTED if interrupted else Exit.PARTIAL if open_ else Exit.OK
    counts = Counter("already" if one.already and one.state == "put" else one.state for one in made)
    if to_json:
        told = {
            "exit_code": int(code),
            "group": plan.address,
            "messages": len(made),
            "outcomes": dict(counts),
            "not_put": [{"message": one.name, "outcome": one.state, "what": one.what} for one in open_],
        }
        print_json(told)
        sys.exit(code)
    console = terminal()
    for one in open_:
        show_line(console, labelled(f"{_(_STATES[one.state])}  {one.name[:16]}", one.what), "yellow")
    figures = ", ".join(f"{_(_STATES[state])} {number(count)}" for state, count in counts.items())
    show_line(console, labelled(plan.address, figures or plural("{n} message", "{n} messages", 0)), "bold")
    if counts["uncertain"]:
        text = _("Look for the uncertain ones in the group; to send them again: {command}")
        show_line(console, text.format(command=f"bascule groups archive {plan.address} --send-uncertain"))
    sys.exit(code)


def _put(plan: GroupPlan, system: System, journal: Journal, halt: Halt, *, again: bool) -> Iterator[Put]:
    # The vendor's library: only where it is needed.
    from connectors.google_workspace.settings import GoogleSettings
    from migrate.directory.google.archive import GoogleGroupArchive
    from migrate.directory.google.calls import Calls

    assert plan.archive is not None
    assert isinstance(system.settings, GoogleSettings)
    into = GoogleGroupArchive(Calls(system.settings), system.settings, halt.stop)
    with reading_with(None) as reading:
        try:
            opened = open_archive(plan.archive, reading)
        except NotAnArchive as error:
            raise Trouble(str(error)) from None
        except OSError as error:
            message = _("{file} cannot be read: {why}.")
            raise Trouble(message.format(file=plan.archive, why=os_error_text(error))) from None
        try:
            yield from put_all(opened, plan.address, into, journal, halt.stop, again=again)
        except OSError as error:
            message = _("{file} cannot be read, or the journal not be written: {why}.")
            raise Trouble(message.format(file=plan.archive, why=os_error_text(error)), Exit.LEDGER) from None
        finally:
            opened.close()


def _group(organisation: Organisation, name: str) -> GroupPlan:
    plan = organisation.groups.get(name.lower())
    if plan is None:
        hint = suggestion(name, organisation.groups, _("Its groups are"))
        raise Trouble(
            _('There is no group "{group}" in {file}.').format(group=name, file="organisation.yaml") + f" {hint}"
        )
    if plan.archive is None:
        message = _("The plan names no old mail for {group}. Write into it: groups: {{{group}: {{archive: FILE}}}}")
        raise Trouble(message.format(group=plan.address))
    return plan


def _target(organisation: Organisation) -> System:
    targets = {site.target: organisation.systems[site.target] for site in organisation.sites.values()}
    found = [system for system in targets.values() if system.connector == GOOGLE]
    if len(found) != 1:
        raise Trouble(
            _("Old mail can be put into the groups of one Google Workspace; this plan has {n}.").format(n=len(found))
        )
    return found[0]

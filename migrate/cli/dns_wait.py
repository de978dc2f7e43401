"""``bascule dns wait``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.language import _, mark, number, plural
from migrate.cli.dns_keeping import keep_look, organisation_with, with_takers
from migrate.cli.dns_seen import keep_arrival
from migrate.cli.dns_whom import asked_of, checked, expected_of, kind_text, whom_options
from migrate.cli.exit_codes import Exit
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import complete_system, json_option
from migrate.cli.organisation import Place, Trouble
from migrate.dns.arrival import Held, State, arrived, held, next_look
from migrate.dns.asking import Inquiry, NobodyAnswers, Server
from migrate.dns.judge_servers import answer_text, value_text
from migrate.dns.policy import fetch_policy

_STATES: dict[State, str] = {
    "new": mark("new"),
    "old": mark("old"),
    "silent": mark("no answer"),
    "fails": mark("fails"),
}
_STYLES: dict[State, str] = {"new": "green", "old": "yellow", "silent": "red", "fails": "red"}


@click.command()
@click.argument("domain")
@click.option(
    "--expect",
    required=True,
    shell_complete=complete_system,
    help="Who is to receive its mail: google, microsoft365, or a system of the plan.",
)
@whom_options
@json_option
@click.pass_obj
def wait(
    place: Place,
    domain: str,
    expect: str,
    resolvers: tuple[Server, ...],
    inside: tuple[Server, ...],
    servers: tuple[Server, ...],
    to_json: bool,
) -> None:
    """Does everybody hold the new MX yet?  Asks every name server and resolver until they do, and changes nothing.

    Says who holds it already, and for how long the others may remember the old one. Ctrl-C ends it; the same command
    goes on waiting.

    \b
    Example:  bascule dns wait example.org --expect google
    """
    name, expected = checked(domain), expected_of(place, expect)
    organisation = organisation_with(place, name)
    expected = with_takers(organisation, name, expected)
    whom = asked_of(resolvers, inside, servers)
    working = terminal(stderr=True)
    found: list[Held] = []
    with interruptible(working, _("Stopping: no further question is asked.")) as halt:
        told = ""
        while not halt.stop.is_set():
            try:
                inquiry = Inquiry(name, whom, halt.stop, fetch_policy)
                looked = inquiry.follow(lambda look: held(look, expected))
            except NobodyAnswers as error:
                if not found and not halt.stop.is_set():
                    raise Trouble(str(error), Exit.CONNECTION) from error
                # Somebody answered before: the network is away for a while.
                looked = found
            if halt.stop.is_set():
                break
            found = looked
            if (said := _progress(found)) != told:
                show_line(working, f"{datetime.now().astimezone():%H:%M:%S}  {said}")
                told = said
            if arrived(found):
                keep_look(organisation, "wait", inquiry.facts)
                break
            halt.stop.wait(next_look(found))
    keep_arrival(place, organisation, name, expect, found)
    code = Exit.OK if arrived(found) else Exit.INTERRUPTED
    if to_json:
        answer = {"exit_code": int(code), "domain": name, "servers": [_as_json(name, one) for one in found]}
        print_json(answer)
    else:
        _show(terminal(), name, found)
    sys.exit(code)


def _progress(found: Sequence[Held]) -> str:
    """How many hold it, and whom the others wait for."""
    counting = [one for one in found if one.counts]
    done = sum(one.state == "new" for one in counting)
    text = _("{done} of {all} hold the new MX").format(
        done=number(done), all=plural("{n} server", "{n} servers", len(counting))
    )
    late = [f"{one.view.name} ({_(_STATES[one.state])})" for one in counting if one.state != "new"]
    if not late:
        return text
    return _("{progress}; not yet: {servers}").format(progress=text, servers=", ".join(late))


def _show(console: Console, domain: str, found: Sequence[Held]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_("server"), "", "", "MX", _("seconds left")):
        table.add_column(heading, overflow="fold")
    for one in found:
        left = "" if one.left is None else number(one.left)
        state = Text(_(_STATES[one.state]), style=_STYLES[one.state])
        mx = answer_text(one.view.answer(domain, "MX"))
        table.add_row(Text(str(one.view)), kind_text(one.view.kind), state, Text(mx), left)
    console.print(table)
    if arrived(found):
        show_line(console, _("{domain}: everybody holds the new MX.").format(domain=domain), "bold")


def _as_json(domain: str, one: Held) -> dict[str, object]:
    return {
        "kind": one.view.kind,
        "name": one.view.name,
        "address": one.view.address,
        "state": one.state,
        "mx": [value_text(value) for value in one.view.answer(domain, "MX").values],
        "seconds_left": one.left,
    }

"""``bascule dns records``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import click

from connectors.language import _, mark
from migrate.cli.dns_keeping import organisation_with, steps_seen
from migrate.cli.dns_new_mx import new_hosts
from migrate.cli.dns_whom import asked_of, checked, expected_of, whom_options
from migrate.cli.lines import print_json
from migrate.cli.options import complete_system, json_option
from migrate.cli.organisation import Place
from migrate.dns.asking import Server
from migrate.dns.records import Step

_WHEN = {
    "before": mark("Before: enter these now"),
    "cutover": mark("Cutover: {seconds} seconds after that at the earliest; if it was done now, at {time}"),
    "after": mark("After: once everybody holds the new MX (bascule dns wait)"),
    "back": mark("The way back: the records as they are now"),
}


@click.command()
@click.argument("domain")
@click.option(
    "--expect",
    required=True,
    shell_complete=complete_system,
    help="Who is to receive its mail: google, microsoft365, or a system of the plan.",
)
@click.option("--mx", "hosts", multiple=True, help="The new MX, as the new system shows it; may be given again.")
@click.option("--step", type=click.Choice(list(_WHEN)), help="The records of this step only, to be imported.")
@click.option(
    "--form",
    type=click.Choice(["zone", "cloudflare", "ovh", "gandi"]),
    default="zone",
    help="How names are written: as in a zone file and for Cloudflare, or as OVH and Gandi have them.",
)
@click.option("--afresh", is_flag=True, help="Work the steps out again from the records as they are now.")
@whom_options
@json_option
@click.pass_obj
def records(
    place: Place,
    domain: str,
    expect: str,
    hosts: tuple[str, ...],
    step: str | None,
    form: str,
    afresh: bool,
    resolvers: tuple[Server, ...],
    inside: tuple[Server, ...],
    servers: tuple[Server, ...],
    to_json: bool,
) -> None:
    """Which MX and SPF records are entered when, for the cutover and for the way back?  Writes them, changes nothing.

    Reads the records as they are from the zone's own servers, and works out when the MX may change at the earliest.
    Run it before you change anything: for a domain of the plan what it found is kept, and told again when the records
    are others; elsewhere keep what it prints. It is the way back.

    \b
    Example:  bascule dns records example.org --expect google
    """
    name, expected = checked(domain), expected_of(place, expect)
    organisation = organisation_with(place, name)
    new = new_hosts(place, organisation, name, expected, hosts)
    whom = asked_of(resolvers, inside, servers)
    seen = steps_seen(organisation, name, whom, expected, new, command="records", afresh=afresh)
    told, stands, found = seen.told, seen.stands, seen.told.steps
    below = seen.facts.zone if form in ("ovh", "gandi") else None
    if to_json:
        answer = {
            "exit_code": 0,
            "domain": name,
            "made": told.made.isoformat(timespec="seconds"),
            "zone_stands_at": stands,
            "steps": [_as_json(one, below) for one in found],
        }
        print_json(answer)
    elif not found:
        click.echo(_("; The MX of {domain} leads to {system} already.").format(domain=name, system=expected.title))
    else:
        if stands not in (None, "nothing"):
            told_when = f"{told.made.astimezone():%Y-%m-%d %H:%M}"
            click.echo("; " + _("As worked out on {time}, before the zone was changed.").format(time=told_when))
        for line in _lines([one for one in found if step in (None, one.when)], below):
            click.echo(line)


def _lines(found: Sequence[Step], below: str | None) -> Iterator[str]:
    """A zone file: what is to be done by hand stands in comments."""
    now = datetime.now().astimezone()
    for one in found:
        time = f"{now + timedelta(seconds=one.wait):%Y-%m-%d %H:%M}"
        yield "; " + _(_WHEN[one.when]).format(seconds=one.wait, time=time)
        for line in one.remove:
            yield "; " + _("in the place of: {record}").format(record=line.text(below))
        for line in one.enter:
            yield line.text(below)


def _as_json(one: Step, below: str | None) -> dict[str, object]:
    return {
        "step": one.when,
        "wait": one.wait,
        "remove": [line.text(below) for line in one.remove],
        "enter": [line.text(below) for line in one.enter],
    }

"""``bascule dns apply``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

import click

from connectors.language import _, mark
from migrate.cli.dns_keeping import keep_look, organisation_with, steps_seen
from migrate.cli.dns_new_mx import new_hosts
from migrate.cli.dns_whom import asked_of, checked, expected_of, whom_options
from migrate.cli.exit_codes import Exit
from migrate.cli.holding import alone, check_held_here
from migrate.cli.interrupt import interruptible
from migrate.cli.lines import print_json, terminal
from migrate.cli.options import complete_system, json_option
from migrate.cli.organisation import Place, Trouble
from migrate.dns import snapshots
from migrate.dns.asking import Inquiry, NobodyAnswers, Server, Whom
from migrate.dns.changing import Key, changes, keys_of
from migrate.dns.kept_steps import Stage, stage
from migrate.dns.policy import fetch_policy
from migrate.dns.records import CannotWrite, Step
from migrate.dns.zones.contract import RecordSet, Zone, ZoneError
from migrate.dns.zones.opening import open_zone
from plans import Organisation

Name = Literal["before", "cutover", "after", "back"]
_STEPS: dict[Name, str] = {
    "before": mark("the short TTL, and the new sender in SPF"),
    "cutover": mark("the new MX"),
    "after": mark("the new MX with a TTL of an hour"),
    "back": mark("the records as they were"),
}
#: Seconds that name servers are given to fetch the change from each other, and between two looks.
_SPREADS_WITHIN, _LOOKS_EVERY = 60.0, 2.0
#: How name servers show that a step was done; an MX whose TTL was short already looks the same before and after.
_SHOWS: dict[Name, tuple[Stage, ...]] = {
    "before": ("before",),
    "cutover": ("cutover",),
    "after": ("after",),
    "back": ("nothing", "before"),
}
#: Where the zone must stand before a step.
_FOLLOWS: dict[Name, tuple[Stage, ...]] = {
    "before": ("nothing", "before"),
    "cutover": ("before", "cutover"),
    "after": ("cutover", "after"),
    "back": ("nothing", "before", "cutover", "after"),
}


@click.command()
@click.argument("domain")
@click.option(
    "--expect",
    required=True,
    shell_complete=complete_system,
    help="Who is to receive its mail: google, microsoft365, or a system of the plan.",
)
@click.option("--step", type=click.Choice(list(_STEPS)), required=True, help="Which step of bascule dns records.")
@click.option("--mx", "hosts", multiple=True, help="The new MX, as the new system shows it; may be given again.")
@click.option("--early", is_flag=True, help="Cut over although some may still hold the old MX for longer.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@whom_options
@json_option
@click.pass_obj
def apply(
    place: Place,
    domain: str,
    expect: str,
    step: Name,
    hosts: tuple[str, ...],
    early: bool,
    yes: bool,
    resolvers: tuple[Server, ...],
    inside: tuple[Server, ...],
    servers: tuple[Server, ...],
    to_json: bool,
) -> None:
    """How do the records of a step get into the zone?  Enters them, where the plan says how (zone_at, zone_access).

    Shows what changes and asks. The records as they are were kept before, and --step back enters them again. Records
    of other names and types stay as they are; where the zone holds an MX that is not known here, nothing is changed.

    \b
    Example:  bascule dns apply example.org --expect google --step before
    """
    name, expected = checked(domain), expected_of(place, expect)
    organisation = organisation_with(place, name)
    if organisation is None:
        text = _("{domain} is no domain of the plan in {folder}: a zone is changed only for one that is.")
        raise Trouble(text.format(domain=name, folder=place.folder))
    whom = asked_of(resolvers, inside, servers)
    busy = _("Another command changes the zone of {domain} at this moment. Wait for it to end.").format(domain=name)
    with alone(place.state / f"dns-{name}.lock", busy):
        new = new_hosts(place, organisation, name, expected, hosts)
        seen = steps_seen(organisation, name, whom, expected, new, command="apply")
        chosen = next((one for one in seen.told.steps if one.when == step), None)
        if chosen is None or seen.stands is None:
            text = _("The MX of {domain} leads to {system} already.")
            raise Trouble(text.format(domain=name, system=expected.title), Exit.PARTIAL)
        _check_order(step, seen.stands)
        if step == "cutover" and seen.stands == "before" and not early:
            _check_time(organisation, name)
        check_held_here(place)
        shows = seen.stands in _SHOWS[step]
        done = _change(organisation, name, seen.facts.zone, chosen, ask=not yes, shows=shows)
        everywhere = (not done and shows) or _spread(organisation, name, whom, seen.told.steps, step)
    code = Exit.OK if everywhere else Exit.PARTIAL
    if to_json:
        sets = [{"name": one.name, "type": one.type, "ttl": one.ttl, "values": sorted(one.values)} for one in done]
        answer = {"exit_code": int(code), "domain": name, "step": step, "changed": sets, "everywhere": everywhere}
        print_json(answer)
    else:
        _tell(step, name, done=bool(done), everywhere=everywhere)
    sys.exit(code)


def _tell(step: Name, domain: str, *, done: bool, everywhere: bool) -> None:
    if not everywhere:
        text = _("Done: {step}. Not every name server has it yet; look with: bascule dns check {domain}")
    elif done:
        text = _("Done: {step}. All name servers have it.")
    else:
        text = _("Nothing to do: the zone has {step} already.")
    click.echo(text.format(step=_(_STEPS[step]), domain=domain))


def _spread(organisation: Organisation, domain: str, whom: Whom, steps: Sequence[Step], step: Name) -> bool:
    """Whether all name servers have the change; what they say is kept, as the time of the change."""
    until = time.monotonic() + _SPREADS_WITHIN
    with interruptible(terminal(stderr=True), _("Stopping: no further question is asked.")) as halt:
        while True:
            inquiry = Inquiry(domain, whom, halt.stop, fetch_policy)
            with suppress(NobodyAnswers):
                inquiry.follow(lambda look: look.answer(look.domain, "MX"))
            there = stage(steps, inquiry.facts) in _SHOWS[step]
            if there or halt.stop.is_set() or time.monotonic() > until:
                break
            halt.stop.wait(_LOOKS_EVERY)
    keep_look(organisation, "applied", inquiry.facts)
    return there


def _check_order(step: Name, stands: Stage) -> None:
    if stands not in _FOLLOWS[step]:
        text = _("The zone does not stand where this step begins: last of its steps is {last}. Steps: {steps}.")
        raise Trouble(text.format(last=stands, steps=", ".join(_STEPS)), Exit.PARTIAL)


def _check_time(organisation: Organisation, domain: str) -> None:
    """Raises :class:`Trouble` while somebody who keeps to the rules may hold the MX with its long TTL."""
    seen = snapshots.ttl_of(snapshots.kept(organisation.folder, domain))
    if seen is None or seen.lowered_at is None or seen.earliest is None or datetime.now(UTC) >= seen.earliest:
        return
    if seen.assumed:
        text = _(
            "Nobody saw here when the TTL was lowered, so it is not known who may still hold the old MX: come back on"
            " {time}, two days after the first look, or give --early if it was lowered longer ago."
        )
    else:
        text = _(
            "The old MX may be remembered until {time}: the TTL was lowered at {lowered}, and was {seconds} seconds."
            " Come back then."
        )
    told = text.format(
        time=f"{seen.earliest.astimezone():%Y-%m-%d %H:%M}",
        lowered=f"{seen.lowered_at.astimezone():%Y-%m-%d %H:%M}",
        seconds=seen.old,
    )
    raise Trouble(told, Exit.PARTIAL)


def _change(
    organisation: Organisation, domain: str, name: str, step: Step, *, ask: bool, shows: bool
) -> Sequence[RecordSet]:
    """Show, ask, change, and read it back.  The sets that were changed.  Raises :class:`Trouble`.

    ``shows``: the name servers have the step.  Where the zone has it and they do not, it was left unpublished.
    """
    try:
        zone = open_zone(organisation.domains[domain], name, organisation.folder)
        before = _read(zone, keys_of(step))
        wanted = changes(step, before)
        if not wanted:
            if not shows:
                zone.publish()
            return ()
        _show(zone, before, wanted)
        if ask and not click.confirm(_("Change the zone now?"), err=True):
            raise Trouble(_("Nothing was changed."))
        zone.replace(wanted)
        after = _read(zone, [(one.name, one.type) for one in wanted])
        if changes(step, before | after):
            text = _("{provider} took the change, and shows other records than were entered. Look at the zone there.")
            raise Trouble(text.format(provider=zone.title), Exit.PARTIAL)
    except CannotWrite as error:
        raise Trouble(str(error), Exit.PARTIAL) from error
    except ZoneError as error:
        text = _("{what} ({detail}).").format(what=error, detail=error.detail) if error.detail else str(error)
        raise Trouble(text, Exit.AUTH if error.denied else Exit.CONNECTION) from error
    return wanted


def _read(zone: Zone, keys: Sequence[Key]) -> dict[Key, RecordSet | None]:
    return {key: zone.read(*key) for key in keys}


def _show(zone: Zone, before: dict[Key, RecordSet | None], wanted: Sequence[RecordSet]) -> None:
    """What goes and what comes, line by line."""
    click.echo(_("Changes in the zone at {provider}:").format(provider=zone.title), err=True)
    for one in wanted:
        old = before[one.name, one.type]
        for sign, records in (("-", old), ("+", one)):
            for value in sorted(records.values) if records is not None else ():
                if records is not None:
                    click.echo(f"  {sign} {one.name}. {records.ttl} {one.type} {value}", err=True)

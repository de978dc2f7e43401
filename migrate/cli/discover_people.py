"""Signing in for a site's people and taking the inventory of their mailboxes, for ``bascule discover``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.language import _
from connectors.os_errors import os_error_text
from connectors.presets import Preset, find, of_host
from connectors.wrappers import RetryPolicy
from migrate.check.survey import Survey, survey
from migrate.cli.exit_codes import Exit, code_of, worst
from migrate.cli.organisation import Place, Trouble
from migrate.cli.running import Started, started
from migrate.cli.secrets import FINE, code_of_sign_in
from migrate.discover.inventory import Inventory, inventory_of
from migrate.discover.keeping import Begun
from migrate.dns.providers import provider_at
from migrate.engine.remembered import Remembered
from migrate.engine.sign_in import Credential, try_all
from plans import Organisation, Person, Site, System

_RETRY = RetryPolicy(tries=2)


@dataclass(frozen=True)
class SiteFound:
    """A site's mailboxes, in the order of its people, as far as they were looked at."""

    site: Site
    found: Sequence[Inventory]
    code: Exit
    interrupted: bool


def look_at_people(place: Place, organisation: Organisation, site: Site) -> SiteFound:
    """Each account of the source is tried once, and who is let in is looked at; what was cut off is gone on with.

    Nothing is written to any server, and the target is not asked.
    """
    begun = Begun(place.state, site.name)
    found = {one.mailbox: one for one in begun.done().values()}
    missing = [person for person in site.people if person.mailbox not in found]
    codes: list[Exit] = []
    interrupted = False
    if missing:
        with (
            started(place, organisation, site, missing, _RETRY) as run,
            closing(Remembered(place.ledger_file)) as remembered,
        ):
            denied = _denied(organisation, site, missing, run, remembered)
            codes += [code_of_sign_in(one) for one in denied.values()]
            if not run.halt.stop.is_set():
                codes += _listed(run, organisation, site, denied, begun, found)
            interrupted = run.halt.stop.is_set()
        for mailbox, one in denied.items():
            found[mailbox] = Inventory(mailbox, error=one.why or _("it was not looked at"))
    if not interrupted:
        begun.over()
    order = [found[person.mailbox] for person in site.people if person.mailbox in found]
    return SiteFound(site, order, Exit.INTERRUPTED if interrupted else worst(codes), interrupted)


def target_limit(system: System) -> int | None:
    """The longest message that the target is known to take, in bytes; None when it is not known."""
    preset: Preset | None = find(system.preset) if system.preset else None
    preset = preset or find(provider_at(system.connector) or "") or of_host(getattr(system.settings, "host", ""))
    return None if preset is None or preset.limits is None else preset.limits.max_message


def _denied(
    organisation: Organisation, site: Site, people: Sequence[Person], run: Started, remembered: Remembered
) -> dict[str, Credential]:
    """By mailbox, who is not let in by one of the sources."""
    tried = try_all(organisation, site, people, run.halt.stop, remembered, sources_only=True)
    return {one.mailbox: one for one in tried if one.verdict not in FINE}


def _listed(
    run: Started,
    organisation: Organisation,
    site: Site,
    denied: dict[str, Credential],
    begun: Begun,
    found: dict[str, Inventory],
) -> list[Exit]:
    limit = target_limit(organisation.systems[site.target])
    pop_system = organisation.systems[site.source].connector == "pop3"
    codes: list[Exit] = []

    def listed(mailbox: str) -> Survey | None:
        if mailbox in denied:
            return None
        jobs = run.site.jobs(run.people[mailbox], passwords="when_needed")
        # Archives are no part of what a server holds: `bascule archive inspect` looks into them.
        return survey([job for job in jobs if not job.is_archive], run.halt, sides="source", max_message=limit)

    for done in run.each(listed):
        if done.error is not None:
            codes.append(code_of(done.error))
            found[done.mailbox] = Inventory(done.mailbox, error=str(done.error))
        if done.result is None or done.result.interrupted:
            continue
        if done.result.source_error is not None:
            codes.append(code_of(done.result.source_error))
        one = inventory_of(run.people[done.mailbox], done.result, datetime.now(UTC), pop_system=pop_system)
        found[one.mailbox] = one
        if not one.error:
            _note(begun, one)
    return codes


def _note(begun: Begun, one: Inventory) -> None:
    try:
        begun.add(one)
    except OSError as error:
        text = _("What was found cannot be kept ({why}).")
        raise Trouble(text.format(why=os_error_text(error)), Exit.LEDGER) from error

"""What is right in a plan and still worth a look.

Examples that nobody wrote over, days that do not fit, and what is not acted on yet.  Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.language import _
from plans import examples
from plans.model import Organisation, Site
from plans.site_checks import ORGANISATION_FILE
from plans.uses import alike, case_code

_SATURDAY = 5


def notes(organisation: Organisation) -> list[str]:
    """Sentences for the person who wrote the plan, in their language, site by site."""
    sites = [organisation.sites[name] for name in sorted(organisation.sites)]
    return [
        *_examples(organisation, sites),
        *_waves(sites),
        *_uses(sites),
        *_read_twice(sites),
        *(note for site in sites for note in (*_days(organisation, site), *_undecided(site), *_without_client(site))),
    ]


def _examples(organisation: Organisation, sites: list[Site]) -> Iterator[str]:
    """What a new plan says of itself and nobody has written over: no server has a name under .example (RFC 2606)."""
    hosts = {getattr(system.settings, "host", None): None for system in organisation.systems.values()}
    found = [(ORGANISATION_FILE, name) for name in organisation.domains if name in examples.DOMAINS.values()]
    found += [(ORGANISATION_FILE, host) for host in hosts if host in {examples.SOURCE_HOST, examples.TARGET_HOST}]
    for site in sites:
        for person in site.people:
            if (person.address.partition("@")[0], person.name) in examples.PEOPLE.values():
                found.append((site.name, person.address))
    for place, example in found:
        yield _("{place}: {example} is an example. Write what is true for you in its place.").format(
            place=place, example=example
        )


def _waves(sites: list[Site]) -> Iterator[str]:
    dated = [(site.wave, site.switch, site.name) for site in sites if site.wave is not None and site.switch is not None]
    for wave, switch, name in dated:
        earlier = [other for other_wave, other, _name in dated if other_wave < wave and other > switch]
        if earlier:
            yield _("{site} is in wave {wave} and switches before a site of an earlier wave.").format(
                site=name, wave=wave
            )


def _uses(sites: list[Site]) -> Iterator[str]:
    """Each case has to be tried once: one that was mistyped would be asked for twice."""
    written = {case_code(use): use for site in sites for person in site.people for use in person.uses}
    for one, other in alike(written):
        yield _('The column uses has "{one}" and "{other}": if that is the same, write it the same.').format(
            one=written[one], other=written[other]
        )


def _read_twice(sites: list[Site]) -> Iterator[str]:
    """A line that was copied down in a spreadsheet puts somebody's mail into another person's mailbox."""
    first: dict[tuple[str, str], str] = {}
    for site in sites:
        for person in site.people:
            earlier = first.setdefault((site.source, person.source_user.lower()), person.address)
            if earlier != person.address:
                yield _("{address} and {other} are both copied from the account {user}: is that meant?").format(
                    address=person.address, other=earlier, user=person.source_user
                )


def _days(organisation: Organisation, site: Site) -> Iterator[str]:
    if site.switch is None:
        return
    if site.switch.weekday() >= _SATURDAY:
        yield _("{site} switches on a weekend, {day}.").format(site=site.name, day=site.switch)
    support = organisation.support
    if support is not None and support.until is not None and support.until < site.switch:
        yield _("{site} switches on {day}, after the support ends.").format(site=site.name, day=site.switch)


def _undecided(site: Site) -> Iterator[str]:
    if site.private_folders.mode == "ask":
        yield _(
            "{site}: private folders stay behind until you decide. Then write private: leave_out, or private: copy."
        ).format(site=site.name)


def _without_client(site: Site) -> Iterator[str]:
    gmail = site.personal_gmail
    if gmail is not None and gmail.client is None:
        yield _(
            "{site}: nothing is copied from private Gmail accounts until personal_gmail: client names the file of a"
            " desktop application."
        ).format(site=site.name)

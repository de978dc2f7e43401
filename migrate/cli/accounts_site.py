"""A site's target and what differs there: what the ``accounts`` commands begin with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import click
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from connectors.language import _, labelled, plural
from migrate.cli.lines import show_line
from migrate.cli.observing import observe
from migrate.cli.organisation import Place, Trouble
from migrate.directory.changes import Change
from migrate.directory.contract import Directory
from migrate.directory.diff import Difference, difference
from migrate.directory.findings import Finding
from migrate.directory.model import Found, Wanted
from migrate.directory.opening import NoDirectory, open_directory
from migrate.directory.skus import GOOGLE, MICROSOFT
from migrate.directory.wanted import user_of, wanted_of
from plans import Organisation, Site, System


@dataclass(frozen=True)
class Looked:
    """A site, its target's directory, and what differs."""

    organisation: Organisation
    site: Site
    directory: Directory
    wanted: Wanted
    found: Found
    difference: Difference


@contextmanager
def directory_of(place: Place, system: System) -> Iterator[Directory]:
    """The directory of a system of the plan.  Raises :class:`Trouble` where nothing is known of one."""
    try:
        directory = open_directory(system, place.folder)
    except NoDirectory as error:
        raise Trouble(str(error)) from None
    try:
        yield directory
    finally:
        directory.close()


@contextmanager
def looked_at(place: Place, name: str, working: Console) -> Iterator[Looked]:
    """The site and what differs on its target; asks the target, and writes nothing."""
    organisation = place.load()
    site = place.site(organisation, name)
    system = organisation.systems[site.target]
    with directory_of(place, system) as directory:
        wanted = wanted_of(organisation, site)
        with _asking(working, system):
            found = directory.look(wanted)
        yield Looked(organisation, site, directory, wanted, found, difference(wanted, found, directory.manners))


def found_by_system(place: Place, organisation: Organisation, working: Console) -> Mapping[str, Found]:
    """What the targets that tell of licences hold, by system."""
    found: dict[str, Found] = {}
    for site in organisation.sites.values():
        system = organisation.systems[site.target]
        if system.name in found or system.connector not in (GOOGLE, MICROSOFT):
            continue
        with directory_of(place, system) as directory:
            if directory.manners.licences:
                with _asking(working, system):
                    found[system.name] = directory.look(wanted_of(organisation, site))
    return found


def _asking(working: Console, system: System) -> Status:
    return working.status(_("Asking {system}").format(system=system.name))


def observe_accounts(place: Place, looked: Looked, ready: Mapping[str, bool], by: str) -> None:
    """Keep for the rollout which mailboxes of the site are ready for mail; ``ready`` is by account."""
    people = {person.mailbox: ready.get(user_of(person), False) for person in looked.site.people}
    observe(place, "site", looked.site.name, "accounts", people, by)


def as_change(directory: Directory, change: Change) -> dict[str, object]:
    """A change for programs."""
    return {
        "change": change.code,
        "subject": change.subject,
        "detail": change.told(),
        "by_hand": list(directory.by_hand(change)),
    }


def as_finding(finding: Finding, site: str) -> dict[str, object]:
    return {
        "code": finding.code.value,
        "kind": "note" if finding.note else "obstacle",
        "subject": finding.subject,
        "what": finding.what,
        "to_do": _mend(finding, site),
    }


def show_changes(console: Console, changes: Sequence[Change], directory: Directory) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_("account, group or domain"), _("what is to be done"), ""):
        table.add_column(heading, overflow="fold")
    for change in changes:
        hand = _("by hand") if directory.by_hand(change) else ""
        table.add_row(Text(change.subject), Text(change.told()), Text(hand, "yellow"))
    console.print(table)


def show_by_hand(console: Console, lines: Sequence[str]) -> None:
    """What a person runs, as it can be copied: nothing before or behind a line, and none twice."""
    if not lines:
        return
    show_line(console, _("To be run by hand, each as it stands:"), "bold")
    for line in dict.fromkeys(lines):
        click.echo(line)


def show_findings(console: Console, findings: Sequence[Finding], site: str) -> None:
    say = partial(show_line, console)
    for finding in findings:
        say(labelled(finding.code.value, finding.what), None if finding.note else "yellow")
        if finding.mend:
            say("  " + labelled(_("to do"), _mend(finding, site)))


def counted(difference: Difference) -> str:
    """What was found, in one line."""
    obstacles = sum(not finding.note for finding in difference.findings)
    return ", ".join(
        (
            plural("{n} change", "{n} changes", len(difference.changes)),
            plural("{n} obstacle", "{n} obstacles", obstacles),
            plural("{n} note", "{n} notes", len(difference.findings) - obstacles),
        )
    )


def _mend(finding: Finding, site: str) -> str:
    """The commands that it names are for this site."""
    return finding.mend.replace("SITE", site)

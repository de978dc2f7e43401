"""``bascule plan``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import click
from rich.console import Console
from rich.table import Table

import plans
from connectors.language import _, number, plural
from migrate.cli.exit_codes import Exit
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import json_option
from migrate.cli.organisation import Place
from plans import Organisation, Person, PlanError, Problem, Site
from plans.archive_checks import CollectedOf, archive_problems
from plans.archive_files import archives_of
from plans.loading import load_with_places
from plans.notes import notes
from plans.schema import Which, schema_of


@click.group()
def plan() -> None:
    """What does the plan say, and is it right?

    \b
    Example:  bascule plan check
    """


@plan.command()
@json_option
@click.pass_obj
def check(place: Place, to_json: bool) -> None:
    """Is the plan right?  Reads all its files, and tells every problem at once.

    Looks whether the archives of people are there, at no password, and asks no server: that is for "bascule check".

    \b
    Example:  bascule -C meridional plan check
    """
    problems: Sequence[Problem]
    try:
        organisation, everyone = load_with_places(place.folder)
    except PlanError as error:
        problems = error.problems
    else:
        # Other commands go on where an archive is missing: its drive may be elsewhere.
        problems = list(archive_problems(organisation, everyone, _no_archive, _collected_of(organisation)))
    if problems:
        _complain(problems, to_json=to_json)
        sys.exit(Exit.USAGE)
    if to_json:
        print_json({"exit_code": int(Exit.OK), "problems": [], **_summary(organisation)})
    else:
        _show(terminal(), organisation)


@plan.command()
@click.argument("file", type=click.Choice(["organisation", "site"]))
def schema(file: str) -> None:
    """How does an editor know the keys?  Prints a JSON Schema of organisation.yaml, or of the sites' files.

    \b
    Example:  bascule plan schema site > schemas/site.json
    """
    print_json(schema_of(cast("Which", file)))


def _no_archive(path: Path) -> str:
    # A plan without archives starts without what reads them.
    from migrate.engine.archives import no_archive

    return no_archive(path)


def _collected_of(organisation: Organisation) -> CollectedOf:
    def collected(site: Site, person: Person) -> list[str]:
        from migrate.archives.collected import Collected

        found = Collected.read(archives_of(organisation.folder, site).collected_in, person.mailbox)
        return [entry.source for entry, _place in found.current()]

    return collected


def _complain(problems: Sequence[Problem], *, to_json: bool) -> None:
    if to_json:
        print_json({"exit_code": int(Exit.USAGE), "problems": [_as_json(problem) for problem in problems]})
        return
    click.echo(plural("The plan has {n} problem:", "The plan has {n} problems:", len(problems)), err=True)
    click.echo(str(PlanError(problems)), err=True)


def _summary(organisation: Organisation) -> dict[str, Any]:
    return {
        "organisation": organisation.name,
        "systems": {name: system.connector for name, system in organisation.systems.items()},
        "sites": [
            {
                "site": site.name,
                "wave": site.wave,
                "source": site.source,
                "target": site.target,
                "people": len(site.people),
                "switch": site.switch and site.switch.isoformat(),
            }
            for site in _in_order(organisation)
        ],
        "notes": notes(organisation),
    }


def _in_order(organisation: Organisation) -> list[plans.Site]:
    return sorted(organisation.sites.values(), key=lambda site: (site.wave is None, site.wave or 0, site.name))


def _show(console: Console, organisation: Organisation) -> None:
    console.print(_("{name}: the plan is right.").format(name=organisation.name), highlight=False, markup=False)
    sites = _in_order(organisation)
    if sites:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in (_("wave"), _("site"), _("people"), _("source"), _("target"), _("switch")):
            table.add_column(heading, overflow="fold")
        for site in sites:
            numbers = ("" if site.wave is None else str(site.wave), site.name, number(len(site.people)))
            table.add_row(*numbers, site.source, site.target, "" if site.switch is None else site.switch.isoformat())
        console.print(table)
    counts = (
        plural("{n} site", "{n} sites", len(sites)),
        plural("{n} person", "{n} people", sum(len(site.people) for site in sites)),
        plural("{n} system", "{n} systems", len(organisation.systems)),
    )
    console.print(", ".join(counts), highlight=False)
    if not sites:
        console.print(_("There is no site yet: a file in the folder sites/ makes one."), highlight=False)
    if found := notes(organisation):
        console.print(_("Worth a look:"), style="bold")
        for note in found:
            show_line(console, f"  {note}")


def _as_json(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    }

"""``bascule delivery recipe``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import cast

import click

from connectors.language import _, in_language, spoken
from connectors.os_errors import os_error_text
from migrate.cli.lines import print_json
from migrate.cli.options import json_option, site_argument
from migrate.cli.organisation import Place, Trouble
from migrate.delivery.making import SERVERS, earlier_people, lines, make, routes_of, write
from migrate.delivery.recipe import CannotDeliver, Mode


@click.command()
@site_argument
@click.option("--server", required=True, type=click.Choice(list(SERVERS)), help="The server that sends the copies.")
@click.option(
    "--mode",
    type=click.Choice(["dual", "split"]),
    default="dual",
    help="dual: a copy on both sides (unless given); split: each person on one side.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the files; delivery/SITE/SERVER in the organisation's folder unless given.",
)
@json_option
@click.pass_obj
def recipe(place: Place, site: str, server: str, mode: str, out: Path | None, to_json: bool) -> None:
    """How does this server deliver a site's mail to both sides?  Writes files and steps; changes no server.

    Made from the plan: give it to whoever runs the server, with the files. When people join or leave the site, make it
    again: the files are brought up to date, and those who left are switched off. The same plan gives the same files.

    \b
    Example:  bascule delivery recipe paris --server postfix
              bascule delivery recipe paris --server google --mode split
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    folder = out or place.folder / "delivery" / site / server
    with in_language(spoken() if to_json else plan.language):
        try:
            routes = routes_of(organisation, plan, earlier_people(folder))
            made = make(server, routes, cast("Mode", mode))
            write(made, folder)
        except CannotDeliver as error:
            raise Trouble(str(error)) from error
        except OSError as error:
            text = _("The recipe cannot be written to {path} ({cause}).")
            raise Trouble(text.format(path=folder, cause=os_error_text(error))) from error
        shown = list(lines(made))
    if to_json:
        told = {
            "exit_code": 0,
            "site": made.site,
            "server": made.server,
            "mode": made.mode,
            "domain": made.domain,
            "technical_domain": made.technical,
            "people": len(routes.recipients),
            "folder": str(folder),
            "files": [
                {"name": one.name, "goes_to": one.goes_to or None, "executable": one.executable} for one in made.files
            ],
            "steps": [asdict(step) for step in made.steps],
            "pitfalls": list(made.pitfalls),
        }
        print_json(told)
        return
    for line in shown:
        click.echo(line)
    click.echo()
    click.echo(_("The files and these steps are in {folder}.").format(folder=folder))

"""``bascule init``."""

from __future__ import annotations

from typing import Literal

import click

from migrate.cli.organisation import Place, Trouble
from plans.template import NotWritten, write_organisation


@click.command()
@click.option("--name", required=True, help="The organisation's name.")
@click.option("--site", required=True, help="The first site, in one word; the pilot.")
@click.option(
    "--language", type=click.Choice(["fr", "en"]), default="en", show_default=True, help="The language of the plan."
)
@click.option("--source-host", default="mail.old.example", show_default=True, help="The IMAP server to leave.")
@click.option("--target-host", default="mail.new.example", show_default=True, help="The IMAP server to go to.")
@click.pass_obj
def init(place: Place, name: str, site: str, language: Literal["fr", "en"], source_host: str, target_host: str) -> None:
    """How do I begin?  Makes an organisation's folder: a commented plan, a people file and a passwords file to fill in.

    \b
    Example:  bascule -C meridional init --name Méridional --site paris --language fr
    """
    try:
        written = write_organisation(
            place.folder, name=name, language=language, site=site, source_host=source_host, target_host=target_host
        )
    except NotWritten as error:
        raise Trouble(str(error)) from error
    click.echo("Written:")
    for path in written:
        click.echo(f"  {path}")
    click.echo(f"Fill them in that order, then: bascule -C {place.folder} copy {site} --dry-run")

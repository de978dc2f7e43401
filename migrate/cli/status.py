"""``bascule status``."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click
from rich.console import Console

from migrate.cli.options import json_option
from migrate.cli.organisation import Place
from migrate.cli.results import as_counts, show_tallies
from migrate.ledger import counts, mailboxes
from migrate.ledger.schema import Direction


@click.command()
@click.argument("site", required=False)
@json_option
@click.pass_obj
def status(place: Place, site: str | None, to_json: bool) -> None:
    """Where does each mailbox stand?  Reads the ledger alone, asks no server.

    \b
    Example:  bascule status paris
    """
    organisation = place.load()
    sites = [place.site(organisation, site).name] if site else sorted(organisation.sites)
    told: dict[str, list[dict[str, object]]] = {}
    console = Console()
    with place.ledger() as ledger:
        for name in sites:
            with ledger.read() as connection:
                rows = mailboxes.of_site(connection, name)
                tallies = counts.tally(connection, [row.id for row in rows], Direction.FORTH)
            told[name] = [
                {
                    "mailbox": row.name,
                    "state": row.state.value,
                    "last_pass": row.last_pass and datetime.fromtimestamp(row.last_pass, UTC).isoformat(),
                    "last_error": row.last_error,
                    **as_counts(tallies[row.id]),
                }
                for row in rows
            ]
            if not to_json:
                people = len(organisation.sites[name].people)
                console.print(f"{name}: {len(rows)} of {people} mailboxes begun", style="bold", highlight=False)
                show_tallies(console, [(row.name, tallies[row.id]) for row in rows])
                for row in rows:
                    if row.last_error:
                        console.print(
                            f"{row.name}: {row.last_error}", style="red", highlight=False, markup=False, soft_wrap=True
                        )
    if to_json:
        click.echo(json.dumps({"sites": told}, ensure_ascii=False, indent=2))

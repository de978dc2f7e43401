"""``bascule status``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click
from rich.console import Console

from connectors.language import _, labelled
from migrate.cli.lines import print_json, show_line, terminal
from migrate.cli.options import complete_site, json_option
from migrate.cli.organisation import Place, Trouble
from migrate.cli.results import as_counts, show_tallies
from migrate.cli.watch import Look, watch
from migrate.ledger import counts, mailboxes
from migrate.ledger.schema import Direction
from migrate.ledger.store import Ledger
from plans import Organisation


@click.command()
@click.argument("site", required=False, shell_complete=complete_site)
@click.option("--watch", "keep_looking", is_flag=True, help="Look again and again, with rate and time left.")
@json_option
@click.pass_obj
def status(place: Place, site: str | None, keep_looking: bool, to_json: bool) -> None:
    """Where does each mailbox stand?  Reads the ledger alone, asks no server.

    Without SITE, all sites. With --watch it is shown anew every few seconds until Ctrl-C, beside a copy that runs.

    \b
    Example:  bascule status paris
              bascule status --watch
    """
    if keep_looking and to_json:
        raise Trouble(_("--watch and --json do not go together: one object is one look."))
    organisation = place.load()
    sites = [place.site(organisation, site).name] if site else sorted(organisation.sites)
    console = terminal()
    with place.ledger() as ledger:
        if keep_looking:
            watch(lambda: _look(ledger, organisation, sites), console)
            return
        looks = _look(ledger, organisation, sites)
    if to_json:
        told = {look.site: _as_json(look) for look in looks}
        print_json({"sites": told})
        return
    for look in looks:
        _show(console, look)


def _look(ledger: Ledger, organisation: Organisation, sites: Sequence[str]) -> list[Look]:
    looks = []
    with ledger.read() as connection:
        for name in sites:
            rows = mailboxes.of_site(connection, name)
            tallies = counts.tally(connection, [row.id for row in rows], Direction.FORTH)
            looks.append(Look(name, len(organisation.sites[name].people), rows, tallies))
    return looks


def _as_json(look: Look) -> list[dict[str, object]]:
    return [
        {
            "mailbox": row.name,
            "state": row.state.value,
            "last_pass": row.last_pass and datetime.fromtimestamp(row.last_pass, UTC).isoformat(),
            "last_error": row.last_error,
            **as_counts(look.tallies[row.id]),
        }
        for row in look.rows
    ]


def _show(console: Console, look: Look) -> None:
    begun = _("{site}: {begun} of {people} mailboxes begun")
    console.print(begun.format(site=look.site, begun=len(look.rows), people=look.people), style="bold", highlight=False)
    show_tallies(console, [(row.name, look.tallies[row.id]) for row in look.rows])
    for row in look.rows:
        if row.last_error:
            show_line(console, labelled(row.name, row.last_error), "red")

"""``bascule adopt``."""

from __future__ import annotations

import sys

import click

from migrate.cli.options import json_option, mailbox_option, site_argument
from migrate.cli.organisation import Place
from migrate.cli.running import choose, run_people
from migrate.copy.run import run_adoption


@click.command()
@site_argument
@mailbox_option
@json_option
@click.pass_obj
def adopt(place: Place, site: str, mailboxes: tuple[str, ...], to_json: bool) -> None:
    """Which messages are on the target already?  Copies nothing.

    For a target that another tool filled, or when the ledger was lost: matches what the target holds with the source,
    so that the next copy does not send it again.

    \b
    Example:  bascule adopt paris
    """
    organisation = place.load()
    plan = place.site(organisation, site)
    people = choose(plan, mailboxes)
    with place.ledger() as ledger:
        code = run_people(
            place,
            organisation,
            plan,
            people,
            run_adoption,
            ledger=ledger,
            only_folders=(),
            to_json=to_json,
            copies=False,
        )
    sys.exit(code)

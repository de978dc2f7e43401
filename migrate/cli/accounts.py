"""``bascule accounts``."""

from __future__ import annotations

import click

from migrate.cli.accounts_apply import apply, wait
from migrate.cli.accounts_diff import diff


@click.group()
def accounts() -> None:
    """Are the accounts, aliases, groups and licences of a site on its target?  Shows what differs, and makes it.

    Nothing is ever deleted there.
    """


for _command in (diff, apply, wait):
    accounts.add_command(_command)

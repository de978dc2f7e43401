"""``bascule delivery``."""

from __future__ import annotations

import click

from migrate.cli.delivery_probe import probe
from migrate.cli.delivery_recipe import recipe
from migrate.cli.delivery_switch import off, on


@click.group()
def delivery() -> None:
    """Does mail reach both sides while people move?  Recipes for mail servers, and probes that prove them."""


for _command in (recipe, probe, on, off):
    delivery.add_command(_command)

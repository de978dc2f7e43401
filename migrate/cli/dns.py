"""``bascule dns``."""

from __future__ import annotations

import click

from migrate.cli.dns_check import check


@click.group()
def dns() -> None:
    """Are a mail domain's DNS records right?  Asks every server that matters; changes nothing."""


dns.add_command(check)

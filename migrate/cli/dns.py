"""``bascule dns``."""

from __future__ import annotations

import click

from migrate.cli.dns_apply import apply
from migrate.cli.dns_check import check
from migrate.cli.dns_records import records
from migrate.cli.dns_wait import wait


@click.group()
def dns() -> None:
    """Are a mail domain's DNS records right?  Asks every server that matters; only apply changes any."""


for _command in (check, records, wait, apply):
    dns.add_command(_command)

"""``bascule archive``."""

from __future__ import annotations

import click

from migrate.cli.archive_collect import collect
from migrate.cli.archive_coverage import coverage
from migrate.cli.archive_export import export, salvage
from migrate.cli.archive_inspect import inspect


@click.group()
def archive() -> None:
    """What is in the archives of Outlook and other programs?  Looks into them, exports, salvages and collects them."""


for _command in (inspect, export, salvage, collect, coverage):
    archive.add_command(_command)

"""``bascule runbook``: documents that a site's people follow alone."""

from __future__ import annotations

import click

from migrate.cli.runbook_build import build
from migrate.cli.runbook_sign import sign
from migrate.cli.runbook_status import status
from migrate.cli.runbook_template import template


@click.group()
def runbook() -> None:
    """What do people follow?  Documents made from the plan, the ledger and what commands saw, never typed twice.

    They say of which plan and of when they are, and bascule runbook status says which are no longer true.
    """


for command in (build, status, sign, template):
    runbook.add_command(command)

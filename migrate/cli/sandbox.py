"""``bascule sandbox``."""

from __future__ import annotations

import click

from migrate.cli.sandbox_down import down
from migrate.cli.sandbox_status import status
from migrate.cli.sandbox_up import up


@click.group()
def sandbox() -> None:
    """How do I learn and try things out?  Mail systems of all kinds on this machine, and a company to move.

    \b
    Begin with:  bascule -C learn sandbox up --learn
    Then, in another terminal:
                 bascule -C learn plan check
                 bascule -C learn copy paris
    """


for _command in (up, status, down):
    sandbox.add_command(_command)

"""``bascule sandbox down``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from connectors.language import _
from migrate.cli.exit_codes import Exit
from migrate.cli.organisation import Place, Trouble
from migrate.cli.sandbox_room import keep_option, room_of, runs
from migrate.sandbox.standing import withdraw

#: Seconds that it has to end.
_PATIENCE = 30.0


@click.command()
@keep_option("The folder that sandbox up was given.")
@click.pass_obj
def down(place: Place, keep: Path | None) -> None:
    """How does a sandbox end that goes on by itself?  Ends it, and all its servers.

    \b
    Example:  bascule -C learn sandbox down
    """
    room = room_of(place, keep)
    if not runs(room):
        click.echo(_("No sandbox runs in {folder}.").format(folder=room))
        return
    deadline = time.monotonic() + _PATIENCE
    while runs(room):
        withdraw(room)  # each time: one that is still being started announces itself later
        if time.monotonic() > deadline:
            raise Trouble(_("The sandbox in {folder} does not end.").format(folder=room), Exit.LOCKED)
        time.sleep(0.1)
    click.echo(_("The sandbox has ended."))

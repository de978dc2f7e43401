"""What is shown of a running sandbox."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from rich.console import Group
from rich.table import Table
from rich.text import Text

from connectors.language import _
from migrate.sandbox.standing import StandIn, Standing

_LOOK = 1.0


def answers(stand_in: StandIn) -> bool:
    """Whether somebody listens there."""
    netloc = urlsplit(stand_in.address).netloc or stand_in.address
    host, _colon, port = netloc.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_LOOK).close()
    except OSError:
        return False
    return True


def page(standing: Standing, hints: Iterable[str] = ()) -> Group:
    """The table of stand-ins, and what to do next."""
    table = Table(box=None, pad_edge=False)
    for heading in (_("name"), _("stands in for"), _("address"), _("answers")):
        table.add_column(heading)
    for name, stand_in in standing.stand_ins.items():
        good = answers(stand_in)
        table.add_row(
            name, stand_in.kind, stand_in.address, Text(_("yes") if good else _("no"), "green" if good else "bold red")
        )
    kept = _("State is kept in {folder}.") if standing.kept else _("Its state, in {folder}, is thrown away at the end.")
    lines = [kept.format(folder=standing.folder), *hints]
    return Group(table, Text(""), *(Text(line, overflow="fold") for line in lines))

"""What is shown of a running sandbox."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from connectors.language import _
from migrate.cli.lines import show_line
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


def show(console: Console, standing: Standing, hints: Iterable[str] = ()) -> None:
    """The page once, with lines that the terminal wraps, so that a command can be taken over whole."""
    console.print(_table(standing))
    for line in ("", *_lines(standing, hints)):
        show_line(console, line)


def page(standing: Standing, hints: Iterable[str] = ()) -> Group:
    """The page as something that is drawn again and again."""
    return Group(_table(standing), Text(""), *(Text(line, overflow="fold") for line in _lines(standing, hints)))


def _lines(standing: Standing, hints: Iterable[str]) -> list[str]:
    kept = _("State is kept in {folder}.") if standing.kept else _("Its state, in {folder}, is thrown away at the end.")
    return [kept.format(folder=standing.folder), *hints]


def _table(standing: Standing) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in (_("name"), _("stands in for"), _("address"), _("answers")):
        table.add_column(heading)
    for name, stand_in in standing.stand_ins.items():
        good = answers(stand_in)
        table.add_row(
            name, stand_in.kind, stand_in.address, Text(_("yes") if good else _("no"), "green" if good else "bold red")
        )
    return table

"""What commands print: lines that people read, as they are worded, and objects that programs read."""

from __future__ import annotations

from collections.abc import Mapping

import click
from rich.console import Console

from migrate.archives.files import as_json_text


def terminal(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Where people read.  A folder called ``:heart:`` is shown by its name: rich would make a picture of it."""
    return Console(stderr=stderr, quiet=quiet, emoji=False)


def show_line(console: Console, text: str, style: str | None = None) -> None:
    """``text`` on a line that the terminal wraps, not rich; nothing in it is read as markup."""
    console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)


def print_json(value: Mapping[str, object]) -> None:
    """The one object that a command with ``--json`` writes to standard output."""
    click.echo(as_json_text(value))

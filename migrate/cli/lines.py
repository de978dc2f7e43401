"""Lines that people read, printed as they are worded."""

from __future__ import annotations

from rich.console import Console


def terminal(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Where people read.  A folder called ``:heart:`` is shown by its name: rich would make a picture of it."""
    return Console(stderr=stderr, quiet=quiet, emoji=False)


def show_line(console: Console, text: str, style: str | None = None) -> None:
    """``text`` on a line that the terminal wraps, not rich; nothing in it is read as markup."""
    console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

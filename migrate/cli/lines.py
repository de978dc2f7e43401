"""Lines that people read, printed as they are worded."""

from __future__ import annotations

from rich.console import Console


def show_line(console: Console, text: str, style: str | None = None) -> None:
    """``text`` on a line that the terminal wraps, not rich; nothing in it is read as markup."""
    console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

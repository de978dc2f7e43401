"""Telling the demo: short lines with the time since its beginning, and a bar that moves where there is a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from connectors.language import _, number

_BAR = 24


class Story:
    """Lines on a console.  ``wrong`` counts those that told of something that must not be."""

    def __init__(self, console: Console, *, live: bool) -> None:
        self._console = console
        self._live = live and console.is_terminal
        self._began = time.monotonic()
        self.wrong = 0

    def say(self, text: str, style: str = "") -> None:
        """One line with its time."""
        self._print(self._timed(Text(text, style)))

    def command(self, arguments: tuple[str, ...]) -> None:
        """The command that is run now, as a person would type it."""
        self.say(f"$ bascule {' '.join(arguments)}", "bold cyan")

    def more(self, text: str, style: str = "dim") -> None:
        """A line that belongs to the one before."""
        self._print(Text("     ").append(text, style))

    def check(self, good: bool, text: str) -> None:
        """A line that is right, or tells of something that must not be."""
        if not good:
            self.wrong += 1
        self.say(text if good else _("WRONG: {text}").format(text=text), "green" if good else "bold red")

    def bar(self, label: str, done: int, total: int, note: str = "") -> None:
        """A bar as it stands now."""
        self._print(self._timed(self._bar(label, done, total)).append(f"  {note}" if note else ""))

    @contextmanager
    def moving_bar(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """Gives a function that moves the bar; it is taken away at the end."""
        if not self._live:
            yield lambda _done: None
            return
        with Live(console=self._console, transient=True, auto_refresh=False) as live:
            yield lambda done: live.update(self._timed(self._bar(label, done, total)), refresh=True)

    def _bar(self, label: str, done: int, total: int) -> Text:
        full, empty = "█░" if self._console.encoding.lower().startswith("utf") else "#."
        width = _BAR * done // total
        # Rounded down: only all of them are 100 %.
        bar = Text(f"{label:5} ").append(full * width, "green").append(empty * (_BAR - width), "dim")
        return bar.append(f" {100 * done // total:3} %  ").append(
            _("{done} of {total}").format(done=number(done), total=number(total))
        )

    def _timed(self, text: Text) -> Text:
        seconds = int(time.monotonic() - self._began)
        return Text().append(f"{seconds // 60}:{seconds % 60:02} ", "dim").append_text(text)

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True, highlight=False)

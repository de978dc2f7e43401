"""Progress of a run: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

#: Seconds between plain lines.
_PLAIN_EVERY = 10.0


class RunProgress:
    """Adds up what the passes of a run report.  Thread-safe."""

    def __init__(self, console: Console, doing: str) -> None:
        """``doing``: what is done with the messages, in one word."""
        self._console = console
        self._doing = doing
        self._lock = Lock()
        self._began = time.monotonic()
        self._said = self._began
        self._planned: dict[str, int] = {}
        self._copied = 0
        self._bytes = 0
        self._bar: Progress | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        if not self._console.is_terminal:
            yield
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as bar:
            self._bar = bar
            self._task = bar.add_task("listing", total=None, rate="")
            yield
        self._bar = None

    def scanned(self, mailbox: str, folder: tuple[str, ...], messages: int) -> None:
        """Listing shows as the moving bar; nothing is added up."""

    def to_copy(self, mailbox: str, messages: int, size: int) -> None:
        with self._lock:
            self._planned[mailbox] = messages
            self._show()

    def copied(self, mailbox: str, messages: int, size: int) -> None:
        with self._lock:
            self._copied += messages
            self._bytes += size
            self._show()

    def waiting(self, mailbox: str, seconds: float, messages: int) -> None:
        self._console.print(
            f"{mailbox}: the connection was cut while {messages} message(s) were on their way; looking again in"
            f" {seconds:.0f} s whether they arrived",
            highlight=False,
            markup=False,
        )

    def _show(self) -> None:
        seconds = max(time.monotonic() - self._began, 0.001)
        rate = f"{self._copied / seconds:,.0f}/s  {self._bytes / seconds / 1e6:,.1f} MB/s"
        planned = sum(self._planned.values())
        if self._bar is not None:
            self._bar.update(self._task, description=self._doing, total=planned, completed=self._copied, rate=rate)
        elif time.monotonic() - self._said >= _PLAIN_EVERY:
            self._said = time.monotonic()
            self._console.print(f"{self._copied:,} of {planned:,} messages  {rate}", highlight=False)

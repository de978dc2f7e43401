"""Ctrl-C: once ends the run after what is in hand, twice cuts the connections."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console

from migrate.cli.lines import show_line
from migrate.copy.halt import Halt


@contextmanager
def interruptible(console: Console, stopping: str) -> Iterator[Halt]:
    """While the block runs, SIGINT and SIGTERM halt it in these two steps; at the first it says ``stopping``."""
    halt = Halt()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if halt.stop.is_set():
            halt.abort()
        else:
            halt.stop.set()
            show_line(console, stopping)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield halt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Ctrl-C: once ends the run after the batches in hand, twice cuts the connections."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console

from connectors.language import _
from migrate.copy.halt import Halt


@contextmanager
def interruptible(console: Console) -> Iterator[Halt]:
    """While the block runs, SIGINT and SIGTERM halt it in these two steps."""
    halt = Halt()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if halt.stop.is_set():
            halt.abort()
        else:
            halt.stop.set()
            console.print(_("Stopping after the batches in hand. Press Ctrl-C again to cut the connections."))

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield halt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Whoever started a stand-in, as its process sees them: told when it is ready, gone when standard input ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable


def tell_ready(told: object) -> None:
    """The one line of JSON that :func:`migrate.sandbox.child.running_child` waits for."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


async def until_gone(keep: Callable[[], None] = lambda: None, *, every: float | None = None) -> None:
    """Return once standard input has ended; ``keep`` is called every so many seconds, and at the end.

    A disk that is full meanwhile is tried again; at the end it is an error.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def watch() -> None:
        # Not by sys.stdin, whose lock a thread that still reads would keep from the interpreter's end.
        with contextlib.suppress(OSError):
            while os.read(0, 65536):
                pass
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), every)
        try:
            keep()
        except OSError:
            if ended.is_set():
                raise

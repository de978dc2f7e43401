"""How a stand-in's process knows that whoever started it is gone: its standard input ends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable


async def until_input_ends(keep: Callable[[], None], *, every: float) -> None:
    """Return once standard input has ended; ``keep`` is called every so many seconds, and at the end."""
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
    while not ended.done():
        await asyncio.wait([ended], timeout=every)
        keep()

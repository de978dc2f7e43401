"""Waiting that can be interrupted, in real time or in a test's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from connectors.errors import Stopped
from connectors.language import _

#: A wait looks this often (seconds) whether it is interrupted.
SLICE = 0.2


@dataclass(frozen=True, slots=True)
class Timekeeper:
    """Monotonic seconds, and sleeping."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait(self, seconds: float, interrupted: Callable[[], bool]) -> None:
        """Raises :class:`Stopped` as soon as ``interrupted()`` is true, also when there is nothing to wait for."""
        until = self.now() + seconds
        while True:
            if interrupted():
                raise Stopped(_("interrupted while waiting"))
            left = until - self.now()
            if left <= 0:
                return
            self.sleep(min(left, SLICE))

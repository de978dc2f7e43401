"""The stand-in's own time, which a test may move on instead of waiting."""

from __future__ import annotations

import time


class Clock:
    """Seconds since 1970, as this machine counts them, and what was added."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """The time it is for the stand-in."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass at once: mailboxes become ready, indexes catch up, tokens expire, quotas fill again."""
        self._ahead += seconds

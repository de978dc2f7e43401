"""How fast a copy goes, and how long the rest takes.  Pure: the time is given."""

from __future__ import annotations

from collections import deque

#: Seconds over which the rate is taken: long enough to be steady, short enough to notice that a line has slowed down.
_WINDOW = 30.0


class Pace:
    """A rate over the last half minute.  Messages and bytes are totals that only grow."""

    def __init__(self, now: float, messages: int = 0, size: int = 0) -> None:
        self._began = now
        self._seen: deque[tuple[float, int, int]] = deque([(now, messages, size)])

    def note(self, now: float, messages: int, size: int = 0) -> None:
        """So much has been done in all by ``now``."""
        self._seen.append((now, messages, size))
        # The newest look from before the window stays: the rate is taken from there.
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW:
            self._seen.popleft()

    def is_young(self, now: float) -> bool:
        """Whether there was too little time yet to call a rate of nothing a standstill."""
        return now - self._began < _WINDOW

    def rates(self, now: float) -> tuple[float, float]:
        """Messages and bytes a second."""
        began, messages, size = self._seen[0]
        _, last_messages, last_size = self._seen[-1]
        seconds = max(now - began, 0.001)
        return (last_messages - messages) / seconds, (last_size - size) / seconds

    def left(self, now: float, messages: int, size: int = 0) -> float | None:
        """Seconds for so many messages and bytes more; None while nothing moves.

        Small messages are bound by their number, large ones by their bytes: the slower of the two counts.
        """
        by_messages, by_size = self.rates(now)
        if not by_messages:
            return None
        return max(messages / by_messages, size / by_size if by_size else 0.0)

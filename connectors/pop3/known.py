"""What is learnt of a server, and of one account on it, for further sessions of the same run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

#: Commands that may be under way: at first, and at the most.
_FIRST_WINDOW, _WIDEST = 16, 256
#: Windows that must go well before more is tried than what once broke the connection.
_PATIENCE = 50


@dataclass(slots=True)
class KnownServer:
    """Shared by all sessions on one server; whatever two of them write at once is right either way."""

    window: int = _FIRST_WINDOW
    #: So many are tried at the most; less than what was under way when the connection was lost.
    ceiling: int = _WIDEST
    _well: int = 0
    #: Whether it knows TOP; None until it was asked.
    knows_top: bool | None = None
    #: TOP hands out whole messages; unlike RETR it marks none of them as read.
    whole_by_top: bool = True
    #: A message that came shorter than it was listed, and came the same a second time: as long as that, and so much
    #: shorter.  What is shorter and missing less is believed.
    proven_size: int = 0
    proven_shortfall: int = 0

    def went_well(self) -> None:
        """A window's worth of answers came."""
        self._well += 1
        if self._well >= _PATIENCE:
            self._well, self.ceiling = 0, min(2 * self.ceiling, _WIDEST)
        self.window = min(2 * self.window, self.ceiling)

    def broke(self) -> None:
        """The connection was lost with commands under way."""
        self._well, self.ceiling = 0, max(1, self.window // 2)
        self.window = max(1, self.window // 4)

    def believes(self, size: int, listed: int) -> bool:
        """Whether a message of ``size`` bytes that is listed with more needs no second look."""
        return size <= self.proven_size and listed - size <= self.proven_shortfall

    def proves(self, size: int, listed: int) -> None:
        self.proven_size = max(self.proven_size, size)
        self.proven_shortfall = max(self.proven_shortfall, listed - size)


@dataclass(slots=True)
class KnownAccount:
    """Of one account."""

    #: When somebody signed in last (``time.monotonic``), and the seconds that the server wants before the next time.
    signed_in: float | None = None
    login_delay: int = 0
    #: Dates of messages by key, as far as they were looked at.  Forgotten when a session ends in order.
    received: dict[str, datetime | None] = field(default_factory=dict)
    #: How often the connection was lost while a message was being handed out first of all.
    broke_at: Counter[str] = field(default_factory=Counter)

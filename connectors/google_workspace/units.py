"""Quota units: what calls cost, and pacing so that what is allowed is used and hardly a call is turned down.

Google counts units a minute, for each mailbox and for the whole project
(https://developers.google.com/workspace/gmail/api/reference/quota).  Every process keeps its own count.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Condition, Lock
from typing import ClassVar

#: Units that calls cost.
IMPORT = 25
READ = 5  # messages.get, messages.list
MODIFY_MANY = 50
MAKE_LABEL = 5
LOOK = 1  # getProfile, labels.list, labels.get
HISTORY = 2

#: How much of the allowance is planned for, and for how many seconds calls may come at once: what is used in any
#: minute then stays below the allowance.
_SHARE = 0.98
_BURST = 0.6
#: A single call, however dear, may always be made.
_LEAST_BURST = 50.0


class Allowance:
    """So many units a minute.  Thread-safe; whoever asks first goes first."""

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute * _SHARE / 60
        self._burst = max(self._rate * _BURST, _LEAST_BURST) / self._rate
        self._now = now
        self._lock = Lock()
        #: When what was asked for until now is paid for; before this minus the burst nobody goes.
        self._paid = now() - self._burst
        self._rest_until = 0.0

    def reserve(self, units: float) -> float:
        """Take units; seconds to wait before they are used."""
        with self._lock:
            now = self._now()
            start = max(self._paid, now - self._burst)
            self._paid = start + units / self._rate
            return max(self._paid - now, self._rest_until - now, 0.0)

    def rest(self, seconds: float) -> None:
        """Google asks to be left alone for so long."""
        with self._lock:
            self._rest_until = max(self._rest_until, self._now() + seconds)

    @property
    def resting(self) -> float:
        """Seconds until this may be used again."""
        with self._lock:
            return max(self._rest_until - self._now(), 0.0)


class Throttle:
    """How many calls for one mailbox are under way at a time: four at first, half as many when Google says that it is
    too much, and slowly more again.  Thread-safe.
    """

    FIRST = 4.0
    MOST = 8.0
    #: Calls that have to go well for one more at a time.
    _STEP = 100
    #: One refusal may be said to several calls at once: it counts once in so many seconds.
    _ONE_REFUSAL = 1.0

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.width = self.FIRST
        self._now = now
        self._changed = Condition()
        self._under_way = 0
        self._halved_at = float("-inf")

    def enter(self, check: Callable[[], None]) -> None:
        """Wait for a place; ``check`` raises when it is not worth waiting any more."""
        with self._changed:
            while self._under_way >= int(self.width):
                self._changed.wait(timeout=0.2)
                check()
            self._under_way += 1

    def leave(self) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify()

    def went_well(self) -> None:
        with self._changed:
            self.width = min(self.MOST, self.width + 1 / self._STEP)

    def too_much(self) -> None:
        with self._changed:
            now = self._now()
            if now - self._halved_at >= self._ONE_REFUSAL:
                self._halved_at = now
                self.width = max(1.0, self.width / 2)


class MailboxLimits:
    """What all sessions on one mailbox share."""

    def __init__(self, user: Allowance, project: Allowance) -> None:
        self.user = user
        self.project = project
        self.throttle = Throttle()

    def reserve(self, units: float) -> float:
        return max(self.user.reserve(units), self.project.reserve(units))


class ProjectLimits:
    """What all sessions of one project share, in one process."""

    _known: ClassVar[dict[tuple[str, str, int, int], ProjectLimits]] = {}
    _lock: ClassVar[Lock] = Lock()

    def __init__(self, user_per_minute: int, project_per_minute: int) -> None:
        self._user_per_minute = user_per_minute
        self._project = Allowance(project_per_minute)
        self._mailboxes: dict[str, MailboxLimits] = {}

    @classmethod
    def of(cls, server: str, project: str, user_per_minute: int, project_per_minute: int) -> ProjectLimits:
        """Those of this project, as the plan says what it allows."""
        key = server, project, user_per_minute, project_per_minute
        with cls._lock:
            if key not in cls._known:
                cls._known[key] = cls(user_per_minute, project_per_minute)
            return cls._known[key]

    def mailbox(self, user: str) -> MailboxLimits:
        with self._lock:
            if user not in self._mailboxes:
                self._mailboxes[user] = MailboxLimits(Allowance(self._user_per_minute), self._project)
            return self._mailboxes[user]

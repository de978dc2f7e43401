"""The mail of one system in memory: who has an account, what time it is, what goes wrong, who changed what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from threading import Lock, RLock
from typing import ClassVar

from connectors.memory.faults import Faults
from connectors.memory.owner import Mailbox
from connectors.memory.store import MailboxData, Reader, Touch, Writer
from connectors.preconditions import Precondition


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryWorld:
    """One mail system.  Thread-safe.

    Tests hold it, or reach it by the name that the connector's setting ``world`` gives it (:meth:`named`).
    """

    _named: ClassVar[dict[str, MemoryWorld]] = {}
    _named_lock: ClassVar[Lock] = Lock()

    def __init__(self, clock: Callable[[], datetime] = _utc_now) -> None:
        self.clock = clock
        self.faults = Faults()
        #: Every change ever made, in order.
        self.touched: list[Touch] = []
        #: What the connector tells before a session is opened, with the user whose it is; "" for the whole system.
        self.preconditions: list[tuple[str, Precondition]] = []
        self.lock = RLock()
        self._passwords: dict[str, str] = {}
        self._data: dict[str, MailboxData] = {}
        self._sessions: dict[str, int] = {}
        self._due: list[tuple[datetime, Callable[[], None]]] = []
        self._numbers = count(1)

    @classmethod
    def named(cls, name: str) -> MemoryWorld:
        """The world of this name, empty when nobody has named it before."""
        with cls._named_lock:
            return cls._named.setdefault(name, cls())

    @classmethod
    def forget(cls, name: str) -> None:
        """Let the next user of the name start with an empty world."""
        with cls._named_lock:
            cls._named.pop(name, None)

    def add_user(self, user: str, password: str) -> Mailbox:
        """A new account with an empty inbox, in its owner's hands."""
        with self.lock:
            self._passwords[user] = password
            self._data[user] = MailboxData(user)
        mailbox = self.mailbox(user)
        mailbox.create(("INBOX",))
        return mailbox

    def mailbox(self, user: str) -> Mailbox:
        """The mail of this user, in its owner's hands."""
        return Mailbox(self, self._data[user], "owner")

    def lets_in(self, user: str, password: str) -> bool:
        return self._passwords.get(user) == password

    def reader(self, user: str) -> Reader:
        return Reader(self, self._data[user])

    def writer(self, user: str) -> Writer:
        return Writer(self, self._data[user], "session")

    def touched_by_sessions(self, user: str) -> list[Touch]:
        """What sessions of ours changed in this user's mail: empty for ever on a source."""
        with self.lock:
            return [touch for touch in self.touched if touch.by == "session" and touch.user == user]

    def enter(self, user: str, limit: int) -> bool:
        """Take one of the mailbox's sessions; False when all are taken."""
        with self.lock:
            taken = self._sessions.get(user, 0)
            if taken >= limit:
                return False
            self._sessions[user] = taken + 1
            return True

    def leave(self, user: str) -> None:
        with self.lock:
            self._sessions[user] -= 1

    def open_sessions(self, user: str) -> int:
        with self.lock:
            return self._sessions.get(user, 0)

    def number(self) -> int:
        """A number never given before, for epochs and object ids."""
        with self.lock:
            return next(self._numbers)

    def later(self, when: datetime, act: Callable[[], None]) -> None:
        """Have something happen when the clock has reached ``when``."""
        with self.lock:
            self._due.append((when, act))

    def catch_up(self) -> None:
        """Let everything happen whose time has come."""
        with self.lock:
            now = self.clock()
            ripe = [act for when, act in self._due if when <= now]
            self._due = [(when, act) for when, act in self._due if when > now]
            for act in ripe:
                act()

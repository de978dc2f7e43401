"""How many sessions a server grants: learnt when it refuses one more, and kept for the next run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TypeVar

from connectors.contract import Source, TooManySessions
from migrate.engine.admission import Admission
from migrate.engine.remembered import Remembered
from migrate.ledger import limits
from migrate.ledger.limits import Whom

#: A cap lets one session more be tried for each so many seconds since it was learnt: others may have signed out, or
#: the server was given more room.
_RELAXES = 6 * 3600

_S = TypeVar("_S", bound=Source)


def learnt(remembered: Remembered, now: float) -> dict[Whom, int]:
    """The caps that hold now."""
    found: Mapping[Whom, tuple[int, float]] = remembered.read(limits.caps, {})
    return {whom: sessions + max(0, int((now - at) // _RELAXES)) for whom, (sessions, at) in found.items()}


class SessionCaps:
    """Counts the open sessions of each account and server, and learns from refusals.  Thread-safe.

    What is learnt is the most that was open while others were being signed in: those that are just let in when one
    is refused count too.
    """

    def __init__(self, remembered: Remembered, admission: Admission, now: Callable[[], float]) -> None:
        self._remembered = remembered
        self._admission = admission
        self._now = now
        self._lock = Lock()
        self._open: Counter[Whom] = Counter()
        self._signing_in: Counter[Whom] = Counter()
        self._most: dict[Whom, int] = {}
        self._refused: set[Whom] = set()

    def sign_in(self, whom: Whom, sign_in: Callable[[], _S]) -> _S:
        """Open a session; passes on what ``sign_in`` raises."""
        all_of_it = (whom, (whom[0], ""))
        with self._lock:
            for one in all_of_it:
                self._signing_in[one] += 1
                self._most[one] = max(self._most.get(one, 0), self._open[one])
        try:
            session = sign_in()
        except TooManySessions as refusal:
            with self._lock:
                self._refused.add(whom if refusal.of == "account" else all_of_it[1])
            raise
        else:
            with self._lock:
                for one in all_of_it:
                    self._open[one] += 1
                    self._most[one] = max(self._most[one], self._open[one])
            return session
        finally:
            for one in all_of_it:
                self._signed_in(one)

    def others(self, whom: Whom, refusal: TooManySessions) -> bool:
        """Whether we hold sessions ourselves because of which this one was refused."""
        with self._lock:
            return self._open[whom if refusal.of == "account" else (whom[0], "")] > 0

    def ended(self, whom: Whom) -> None:
        """One session less is open."""
        with self._lock:
            self._open.subtract([whom, (whom[0], "")])

    def _signed_in(self, whom: Whom) -> None:
        with self._lock:
            self._signing_in[whom] -= 1
            if self._signing_in[whom]:
                return
            most = self._most.pop(whom)
            if whom not in self._refused:
                return
            self._refused.discard(whom)
        if most:
            self._admission.lower(whom, most)
            self._remembered.write(lambda connection: limits.note_cap(connection, whom, most, self._now()))

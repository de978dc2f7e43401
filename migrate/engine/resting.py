"""Rests that servers ask for, or that a day's allowance makes: short ones are waited for, long ones end the work."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from threading import Lock

from sqlalchemy import Connection

from connectors.contract import ConnectorError, OverQuota, Postponed, TooSoon, Transient
from connectors.language import _
from connectors.wrappers import Timekeeper
from migrate.engine.remembered import Remembered
from migrate.figures import moment_text
from migrate.ledger import limits
from migrate.ledger.limits import BackOff, Way, Whom

#: Seconds between looks at what other processes have put into the ledger.
_LOOK = 1.0
_HOUR = 3600
#: Hours that count: the last 24, and the one that has begun.
_HOURS = 25
#: A used-up allowance is gone on with when so much of it is free again, not for every crumb.
_FREE = 0.1
_NOTHING: Mapping[Whom, BackOff] = {}

Told = Callable[[str, datetime, limits.Why], None]


@dataclass(frozen=True)
class Manner:
    """How a run rests.  ``now`` is seconds since 1970."""

    #: Hears of each rest once: of which server, until when, and why.
    told: Told = lambda _server, _until, _why: None
    #: Rests longer than this (seconds) are not waited for.
    patience: float = 300.0
    #: Whose clocks people read.
    zone: tzinfo = UTC
    now: Callable[[], float] = time.time
    timekeeper: Timekeeper = field(default_factory=Timekeeper)

    def rest(self, whom: Whom, due: Callable[[], BackOff | None], interrupted: Callable[[], bool]) -> None:
        """Wait as long as ``due`` says.  Raises Postponed or OverQuota when that is too long, or Stopped."""
        told: float | None = None
        while (found := due()) is not None and (left := found.until - self.now()) > 0:
            until = datetime.fromtimestamp(found.until, self.zone)
            if left > self.patience:
                raise self._too_long(whom[0], found, until)
            if told != found.until:
                self.told(whom[0], until, found.why)
                told = found.until
            self.timekeeper.wait(min(left, _LOOK), interrupted)

    def _too_long(self, server: str, found: BackOff, until: datetime) -> ConnectorError:
        when = moment_text(until)
        if found.why == "allowance":
            what = _("what this mailbox may move in a day is used up; it continues {when}").format(when=when)
            return OverQuota(what, system=server, until=until)
        what = _("the server asked to be left alone for a while; it continues {when}").format(when=when)
        return Postponed(what, until, system=server, retry_after=found.until - self.now())


class BackOffs:
    """What servers asked for, known to every process that works on the ledger.  Thread-safe."""

    def __init__(self, remembered: Remembered, manner: Manner) -> None:
        self._remembered = remembered
        self._manner = manner
        self._lock = Lock()
        self._known: dict[Whom, BackOff] = {}
        self._looked: float | None = None

    def wait(self, whom: Whom, interrupted: Callable[[], bool]) -> None:
        """Rest while the server, or this account of it, is to be left alone."""
        self._manner.rest(whom, lambda: self._due(whom), interrupted)

    def note(self, whom: Whom, error: ConnectorError) -> None:
        """Keep what an error says of a pause: for this account where it is about that, else for all accounts."""
        if isinstance(error, OverQuota) and error.until is not None:
            self._keep(whom, BackOff(error.until.timestamp(), "allowance"))
        elif isinstance(error, Transient) and error.retry_after:
            whose = whom if isinstance(error, TooSoon) else (whom[0], "")
            self._keep(whose, BackOff(self._manner.now() + error.retry_after, "asked"))

    def _keep(self, whom: Whom, found: BackOff) -> None:
        with self._lock:
            known = self._known.get(whom)
            if known is not None and known.until >= found.until:
                return
            self._known[whom] = found
        self._remembered.write(lambda connection: limits.note_back_off(connection, whom, found.until, found.why))

    def _due(self, whom: Whom) -> BackOff | None:
        now = self._manner.now()
        with self._lock:
            if self._looked is None or not 0 <= now - self._looked < _LOOK:
                self._looked = now
                self._known.update(
                    self._remembered.read(lambda connection: limits.back_offs(connection, now), _NOTHING)
                )
            found = [self._known[one] for one in ((whom[0], ""), whom) if one in self._known]
        return max(found, key=lambda one: one.until, default=None)


class DayAllowance:
    """Bytes that may go one way in any 24 hours, counted in the ledger by the hour.  Thread-safe.

    Whole hours count, so it is rather less than more.  One batch may go beyond what is left.
    """

    def __init__(self, remembered: Remembered, manner: Manner, whom: Whom, way: Way, most: int) -> None:
        self._remembered = remembered
        self._manner = manner
        self._whom = whom
        self._way = way
        self._most = most
        self._lock = Lock()
        self._hours: dict[int, int] = {}
        self._looked: float | None = None

    def ask(self, size: int, interrupted: Callable[[], bool]) -> None:
        self._manner.rest(self._whom, lambda: self._due(size), interrupted)

    def add(self, size: int) -> None:
        hour = self._hour()
        with self._lock:
            self._hours[hour] = self._hours.get(hour, 0) + size
            self._remembered.write(lambda connection: self._count(connection, hour, size))

    def _count(self, connection: Connection, hour: int, size: int) -> None:
        limits.forget_traffic(connection, hour - _HOURS)
        limits.add_traffic(connection, self._whom, self._way, hour, size)

    def _due(self, size: int) -> BackOff | None:
        now = self._manner.now()
        with self._lock:
            if self._looked is None or not 0 <= now - self._looked < _LOOK:
                self._looked = now
                since = self._hour() - _HOURS + 1
                self._hours = self._remembered.read(
                    lambda connection: limits.traffic_since(connection, self._whom, self._way, since), self._hours
                )
            until = free_at(self._hours, self._hour(), self._most, size)
        return None if until is None else BackOff(until, "allowance")

    def _hour(self) -> int:
        return int(self._manner.now() // _HOUR)


def free_at(hours: Mapping[int, int], this_hour: int, most: int, size: int) -> float | None:
    """When ``size`` bytes more may go (seconds since 1970), by the bytes of each hour; None: now.

    What is larger than the whole allowance goes when nothing else went before it.
    """
    counted = {hour: gone for hour, gone in hours.items() if hour > this_hour - _HOURS and gone}
    used = sum(counted.values())
    if not used or (used < most and used + size <= most):
        return None
    for hour in sorted(counted):
        used -= counted[hour]
        if not used or (used <= most * (1 - _FREE) and used + size <= most):
            return float((hour + _HOURS) * _HOUR)
    raise AssertionError("an empty day allows everything")

"""What the systems of a run allow: sessions, rates, bytes a day, and pauses they ask for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import TypeVar

from connectors.contract import ConnectorError, Source, Target, TooManySessions, Transient
from connectors.wrappers import (
    HeedingSource,
    HeedingTarget,
    LimitedSource,
    LimitedTarget,
    RateLimit,
    RationedSource,
    RationedTarget,
    RetryPolicy,
)
from migrate.engine.admission import Admission, Permit
from migrate.engine.remembered import Remembered
from migrate.engine.resting import BackOffs, DayAllowance, Manner
from migrate.engine.session_caps import SessionCaps, learnt
from migrate.ledger.limits import Way, Whom
from plans import System

_S = TypeVar("_S", bound=Source)


class Servers:
    """Shared by all sessions of a run.  Thread-safe."""

    def __init__(self, systems: Mapping[str, System], remembered: Remembered, manner: Manner) -> None:
        self._systems = systems
        self._remembered = remembered
        self._manner = manner
        self._learnt = learnt(remembered, manner.now())
        of_plan: dict[Hashable, int] = {name: system.max_sessions for name, system in systems.items()}
        self._admission = Admission(of_plan | self._learnt)
        self._caps = SessionCaps(remembered, self._admission, manner.now)
        self._back_offs = BackOffs(remembered, manner)
        self._lock = Lock()
        self._rates: dict[tuple[str, str], RateLimit] = {}
        self._rations: dict[tuple[str, str, Way], DayAllowance] = {}

    def most(self, system: str) -> int:
        """Sessions of a system at a time: as the plan says, or as its server taught."""
        of_plan = self._systems[system].max_sessions
        return max(1, min(of_plan, self._learnt.get((self._systems[system].server, ""), of_plan)))

    def admit(self, seats: Sequence[tuple[str, str]], stop: Event, *, wait: bool) -> Permit:
        """Leave to open one session for each seat: a system, and who signs in.  Raises Unavailable or Stopped."""
        names: list[Hashable] = []
        for system, user in seats:
            server = self._systems[system].server
            names += [system, (server, ""), (server, user)]
        return self._admission.enter(names, stop, wait=wait)

    def seat(self, system: str, user: str) -> Seat:
        """What one account of a system is bound by."""
        return Seat(self, self._systems[system], user)

    def rates(self, system: System, user: str) -> list[RateLimit]:
        """What one session is paced by: the system's own rate, and that of each of its mailboxes."""
        each = system.each_mailbox
        wanted = (
            ("", system.bandwidth, system.messages_per_second),
            (user, each.bandwidth, each.messages_per_second),
        )
        found = []
        with self._lock:
            for account, bandwidth, messages in wanted:
                if (system.name, account) not in self._rates:
                    limit = RateLimit(
                        bytes_per_second=bandwidth,
                        messages_per_second=messages,
                        timekeeper=self._manner.timekeeper,
                    )
                    self._rates[system.name, account] = limit
                found.append(self._rates[system.name, account])
        return [limit for limit in found if limit.limits]

    def rations(self, system: System, user: str, way: Way) -> list[DayAllowance]:
        """Bytes a day of the system and of each of its mailboxes."""
        each = system.each_mailbox
        of_system, of_each = (
            (system.read_a_day, each.read_a_day) if way == "read" else (system.written_a_day, each.written_a_day)
        )
        found = []
        with self._lock:
            for account, most in (("", of_system), (user, of_each)):
                if most is None:
                    continue
                key = system.server, account, way
                if key not in self._rations:
                    whom = system.server, account
                    self._rations[key] = DayAllowance(self._remembered, self._manner, whom, way, most)
                found.append(self._rations[key])
        return found

    def sign_in(self, whom: Whom, stop: Event, sign_in: Callable[[], _S]) -> _S:
        """Open a session when the server is not to be left alone; what is learnt from a refusal is kept."""
        self._back_offs.wait(whom, stop.is_set)
        try:
            return self._caps.sign_in(whom, sign_in)
        except ConnectorError as error:
            self._back_offs.note(whom, error)
            raise

    def wait(self, whom: Whom, interrupted: Callable[[], bool]) -> None:
        self._back_offs.wait(whom, interrupted)

    def note(self, whom: Whom, error: ConnectorError) -> None:
        self._back_offs.note(whom, error)

    def ended(self, whom: Whom) -> None:
        self._caps.ended(whom)

    def others(self, whom: Whom, refusal: TooManySessions) -> bool:
        return self._caps.others(whom, refusal)


@dataclass
class Seat:
    """One account of one system: what its sessions heed.  One a session that is opened again and again."""

    servers: Servers
    system: System
    user: str
    _opened: bool = False

    @property
    def whom(self) -> Whom:
        return self.system.server, self.user

    def source(self, sign_in: Callable[[], Source], stop: Event) -> Source:
        """Open a session for reading and bind it."""
        session: Source = HeedingSource(self._sign_in(sign_in, stop), self, stop)
        rations = self.servers.rations(self.system, self.user, "read")
        if rations:
            session = RationedSource(session, rations, stop)
        for limit in self.servers.rates(self.system, self.user):
            session = LimitedSource(session, limit, stop)
        return session

    def target(self, sign_in: Callable[[], Target], stop: Event) -> Target:
        """As ``source``, for writing."""
        session: Target = HeedingTarget(self._sign_in(sign_in, stop), self, stop)
        read, written = (self.servers.rations(self.system, self.user, way) for way in ("read", "written"))
        if read or written:
            session = RationedTarget(session, read, written, stop)
        for limit in self.servers.rates(self.system, self.user):
            session = LimitedTarget(session, limit, stop)
        return session

    def policy(self, policy: RetryPolicy) -> RetryPolicy:
        """The retry policy of this session: one refused for the sake of our own others is not asked for again."""
        return replace(policy, may_pass=self._may_pass)

    def wait(self, interrupted: Callable[[], bool]) -> None:
        self.servers.wait(self.whom, interrupted)

    def note(self, error: ConnectorError) -> None:
        self.servers.note(self.whom, error)

    def ended(self) -> None:
        self.servers.ended(self.whom)

    def _sign_in(self, sign_in: Callable[[], _S], stop: Event) -> _S:
        session = self.servers.sign_in(self.whom, stop, sign_in)
        self._opened = True
        return session

    def _may_pass(self, error: Transient) -> bool:
        # A session that was cut may still count at the server: it is asked for again.
        return self._opened or not isinstance(error, TooManySessions) or not self.servers.others(self.whom, error)

"""What is opened for a mailbox: sessions of each side, with their wrappers and the limits that all mailboxes share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import Event
from typing import TypeVar

from connectors.contract import Account, Connector, Resources, Source, Target
from connectors.registry import connector_class
from connectors.wrappers import LimitedSource, RateLimit, RetryingSource, RetryingTarget, RetryPolicy
from migrate.copy.job import Progress
from migrate.engine.admission import Permit
from migrate.engine.servers import Servers
from plans import Site, System

#: What a source session becomes before anybody reads from it.
Around = Callable[[Source], Source]


class Openings:
    """Opens the sessions of one site's mailboxes."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        servers: Servers,
        by_day: RateLimit,
        retry: RetryPolicy,
        progress: Progress,
    ) -> None:
        """``by_day`` limits what is read of every source; connectors are by the plan's name of their system."""
        self._connectors = connectors
        self._servers = servers
        self._by_day = by_day
        self._retry = retry
        self._progress = progress

    def source(
        self, mailbox: str, system: str, account: Callable[[], Account], around: Around
    ) -> Callable[[Event], Source]:
        """Signs in to a system for reading."""
        connector = self._connectors[system]

        def open_source(stop: Event) -> Source:
            who = account()
            seat = self._servers.seat(system, who.user)

            def sign_in() -> Source:
                return around(self._limited(seat.source(lambda: connector.open_source(who, stop), stop), stop))

            return _opened(RetryingSource(sign_in, seat.policy(self._policy(mailbox)), stop))

        return open_source

    def read_only(self, mailbox: str, opened: Callable[[Event], Source], around: Around) -> Callable[[Event], Source]:
        """Opens a source that is no system of the plan: an archive, a private account."""

        def open_source(stop: Event) -> Source:
            def read() -> Source:
                return around(self._limited(opened(stop), stop))

            return _opened(RetryingSource(read, self._policy(mailbox), stop))

        return open_source

    def target(self, mailbox: str, system: str, account: Callable[[], Account]) -> Callable[[Event], Target]:
        """Signs in to a system for writing."""
        connector = self._connectors[system]

        def open_target(stop: Event) -> Target:
            who = account()
            seat = self._servers.seat(system, who.user)

            def sign_in() -> Target:
                return seat.target(lambda: connector.open_target(who, stop), stop)

            return _opened(RetryingTarget(sign_in, seat.policy(self._policy(mailbox)), stop))

        return open_target

    def admit(self, *seats: tuple[str, str]) -> Callable[[Event, bool], Permit]:
        """Asks for leave to open one session for each seat: a system, and who signs in there."""

        def admit(stop: Event, wait: bool) -> Permit:
            return self._servers.admit(seats, stop, wait=wait)

        return admit

    def _limited(self, session: Source, stop: Event) -> Source:
        return LimitedSource(session, self._by_day, stop) if self._by_day.limits else session

    def _policy(self, mailbox: str) -> RetryPolicy:
        return replace(self._retry, told=partial(self._progress.pausing, mailbox))


def connector_of(system: System, resources: Resources) -> Connector:
    """The connector of a system, as its plan configures it."""
    make: Callable[..., Connector] = connector_class(system.connector)
    return make(system.settings, resources)


def by_day(site: Site) -> RateLimit:
    """The site's own limit, which holds outside its hours for copying."""
    hours = site.copy_window

    def outside() -> bool:
        return hours is not None and not hours.hold(datetime.now(site.time_zone).time())

    return RateLimit(bytes_per_second=site.daytime_limit, applies=outside)


_S = TypeVar("_S", bound=Source)


def _opened(session: _S) -> _S:
    """Sign in now, so that a refusal is known before anything is planned on it."""
    session.capabilities()
    return session

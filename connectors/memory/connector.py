"""The connector of a mail system in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import ClassVar, Literal

from pydantic import BaseModel

from connectors.contract import Account, Resources
from connectors.errors import AuthFailed, Stopped, Unavailable
from connectors.memory.faults import Moment
from connectors.memory.session import HANG_LIMIT, MemorySource
from connectors.memory.settings import MemorySettings
from connectors.memory.target import MemoryTarget
from connectors.memory.world import MemoryWorld
from connectors.preconditions import Precondition


class MemoryConnector:
    """Opens sessions on the world that its settings name."""

    Settings: ClassVar[type[BaseModel]] = MemorySettings

    def __init__(self, settings: MemorySettings, resources: Resources) -> None:
        self.settings = settings
        self.world = MemoryWorld.named(settings.world)
        self._resources = resources

    def open_source(self, account: Account, stop: Event) -> MemorySource:
        leave = self._enter(account, stop, "source")
        return MemorySource(self.world.reader(account.user), self.settings, self._resources, self.world.faults, leave)

    def open_target(self, account: Account, stop: Event) -> MemoryTarget:
        leave = self._enter(account, stop, "target")
        return MemoryTarget(self.world.writer(account.user), self.settings, self._resources, self.world.faults, leave)

    def preconditions(self, account: Account, side: Literal["source", "target"], stop: Event) -> Iterator[Precondition]:
        """Those that the world's owner scripted: of the system, and of this mailbox."""
        for user, found in self.world.preconditions:
            if user in ("", account.user):
                yield found

    def _enter(self, account: Account, stop: Event, end: Literal["source", "target"]) -> Callable[[], None]:
        """Take a session; the answer gives it back."""
        user = account.user

        def hang() -> None:
            stop.wait(HANG_LIMIT)
            raise Stopped("interrupted while signing in", system="memory")

        if stop.is_set():
            raise Stopped("interrupted before signing in", system="memory")
        self.world.faults.meet(Moment("connect", user, end, hang))
        if not self.world.lets_in(user, account.password):
            raise AuthFailed("wrong user or password", system="memory")
        if not self.world.enter(user, self.settings.open_sessions):
            raise Unavailable("too many sessions", system="memory")
        return lambda: self.world.leave(user)

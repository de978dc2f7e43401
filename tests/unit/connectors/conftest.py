"""A mailbox in memory for the tests of what surrounds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, Folder, Resources, Source
from connectors.memory import Mailbox, MemoryConnector, MemorySettings, MemoryWorld, VirtualClock
from connectors.memory.session import MemorySource
from connectors.memory.target import MemoryTarget
from connectors.suite.samples import suspects
from connectors.wrappers import RetryingSource, RetryingTarget, RetryPolicy, Timekeeper

ACCOUNT = Account("ann", "secret")
WORK = ("Work",)


@dataclass(frozen=True)
class Ann:
    """One mailbox, from its owner's side and from ours."""

    world: MemoryWorld
    mailbox: Mailbox
    clock: VirtualClock
    connector: MemoryConnector

    def source(self) -> MemorySource:
        return self.connector.open_source(ACCOUNT, Event())

    def target(self) -> MemoryTarget:
        return self.connector.open_target(ACCOUNT, Event())


@pytest.fixture
def resources(tmp_path: Path) -> Resources:
    return Resources(ByteBudget(), tmp_path)


@pytest.fixture
def ann(resources: Resources) -> Iterator[Callable[..., Ann]]:
    """Makes Ann's mailbox on a system of the given manners."""
    names: list[str] = []

    def make(**manners: Any) -> Ann:
        names.append(uuid4().hex)
        world = MemoryWorld.named(names[-1])
        world.clock = clock = VirtualClock()
        connector = MemoryConnector(MemorySettings(world=names[-1], **manners), resources)
        return Ann(world, world.add_user("ann", "secret"), clock, connector)

    yield make
    for name in names:
        MemoryWorld.forget(name)


@pytest.fixture
def inbox() -> Callable[[Source], Folder]:
    return lambda session: next(folder for folder in session.folders() if folder.path == ("INBOX",))


class StandingTime:
    """Monotonic seconds that pass only in sleep."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self.during: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        self.during()

    @property
    def passed(self) -> float:
        return self.seconds - 1000.0

    def keeper(self) -> Timekeeper:
        return Timekeeper(now=lambda: self.seconds, sleep=self.sleep)


@pytest.fixture
def time() -> StandingTime:
    return StandingTime()


@pytest.fixture
def policy(time: Any) -> RetryPolicy:
    return RetryPolicy(tries=4, timekeeper=time.keeper(), chance=lambda: 0.0)


@pytest.fixture
def retrying(policy: RetryPolicy) -> Callable[..., Any]:
    def wrap(ann: Any, stop: Event | None = None) -> Any:
        return RetryingSource(ann.source, policy, stop or Event())

    return wrap


@pytest.fixture
def retrying_target(policy: RetryPolicy) -> Callable[..., Any]:
    return lambda ann, stop=None: RetryingTarget(ann.target, policy, stop or Event())


@pytest.fixture
def work(ann: Any) -> Callable[..., tuple[Any, Any, Folder]]:
    """Ann's mailbox of the given manners, a target session, and the folder Work."""

    def make(**manners: Any) -> tuple[Any, Any, Folder]:
        system = ann(**manners)
        target = system.target()
        return system, target, target.ensure(WORK, None)

    return make


def verdicts(system: Any, folder: Folder, fence: str, sent: Any) -> list[str]:
    later = system.target()
    asked = suspects(sent, atomic=later.capabilities().atomic_batch)
    found = [item.verdict for item in later.find(folder, fence, asked, frozenset())]
    later.close()
    return found

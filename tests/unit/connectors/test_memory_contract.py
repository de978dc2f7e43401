"""The in-memory connector keeps the contract in all its manners."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, Reason, Refused, Resources, Source, Target
from connectors.memory import MemoryConnector, MemorySettings, MemoryWorld, Moment, VirtualClock
from connectors.suite import Harness, Mail, SourceContract, TargetContract

MANNERS: dict[str, dict[str, Any]] = {
    "obliging": {},
    "one by one, no keys": {"batch": 1, "atomic_batch": False, "returns_keys": False, "moves": False},
    "batches in part": {"atomic_batch": False, "batch": 10, "flag_tokens": False, "object_ids": False},
    "asked by Message-ID, lagging": {"find_by": "message_id", "index_lag": 5, "settle": 10, "incremental": True},
    "scanned": {"find_by": "scan", "returns_keys": False, "window": 7},
    "adds a header": {"rewrites": "adds-header", "keywords": False},
    "alters bodies": {"rewrites": "alters-body", "permanent_flags": ["\\Seen", "\\Flagged", "\\Answered"]},
    "one session in order": {"sequential": True, "incremental": True, "window": 5},
    "small messages only": {"max_message": 1_000_000},
}
REFUSED = b"From: a@x\r\nSubject: refused\r\n\r\nunwanted\r\n"


class MemoryHarness(Harness):
    def __init__(self, settings: MemorySettings, resources: Resources) -> None:
        self.resources = resources
        self.clock = VirtualClock()
        self.world = MemoryWorld.named(settings.world)
        self.world.clock = self.clock
        self.mailbox = self.world.add_user("ann", "secret")
        self.connector = MemoryConnector(settings, resources)
        self.settings = settings
        self.world.faults.at("message", _refuse, times=None)

    def open_source(self) -> Source:
        return self.connector.open_source(Account("ann", "secret"), Event())

    def open_target(self) -> Target:
        return self.connector.open_target(Account("ann", "secret"), Event())

    def open_with_wrong_password(self) -> Source:
        return self.connector.open_source(Account("ann", "wrong"), Event())

    def put(self, path: tuple[str, ...], *mails: Mail) -> None:
        self.mailbox.create(path)
        for mail in mails:
            self.mailbox.deliver(mail.data, path, received=mail.received, flags=mail.flags)

    def look(self, path: tuple[str, ...]) -> list[Mail]:
        if path not in {folder.path for folder in self.mailbox.folders()}:
            return []
        return [Mail(stored.data, stored.received, stored.flags) for stored in self.mailbox.messages(path)]

    def set_flags(self, path: tuple[str, ...], index: int, flags: Collection[str]) -> None:
        self.mailbox.set_flags(path, self.mailbox.messages(path)[index].key, flags)

    def delete(self, path: tuple[str, ...], index: int) -> None:
        self.mailbox.delete(path, self.mailbox.messages(path)[index].key)

    def remove_folder(self, path: tuple[str, ...]) -> None:
        self.mailbox.delete_folder(path)

    def stall(self) -> AbstractContextManager[None]:
        @contextmanager
        def stalled() -> Iterator[None]:
            self.world.faults.at("entries", lambda moment: moment.hang())
            yield

        return stalled()

    def settle(self) -> None:
        self.clock.advance(self.settings.settle)

    def as_stored(self, data: bytes) -> bytes:
        return self.settings.rewritten(data)

    def refuses(self) -> bytes:
        return REFUSED


def _refuse(moment: Moment) -> None:
    if moment.data == REFUSED:
        raise Refused("unwanted content", Reason.CONTENT)


@pytest.fixture(params=MANNERS.values(), ids=MANNERS)
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryHarness]:
    world = uuid4().hex
    settings = MemorySettings(world=world, **request.param)
    yield MemoryHarness(settings, Resources(ByteBudget(), tmp_path))
    MemoryWorld.forget(world)


class TestMemorySource(SourceContract):
    def test_a_source_session_changes_nothing(self, harness: MemoryHarness) -> None:
        session = harness.open_source()
        assert not isinstance(session, Target)
        assert harness.world.touched_by_sessions("ann") == []
        session.close()


class TestMemoryTarget(TargetContract):
    def test_every_session_is_given_back(self, harness: MemoryHarness) -> None:
        session = harness.open_target()
        session.close()
        session.abort()
        assert harness.world.open_sessions("ann") == 0

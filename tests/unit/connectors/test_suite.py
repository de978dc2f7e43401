"""The contract suite tells a connector that breaks its promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Event
from typing import Any
from uuid import uuid4

import pytest

from connectors.contract import FlagChange, Folder, Found, Marked, Message, Outgoing, Receipt, Resources, Source, Unread
from connectors.memory import MemorySettings, MemoryWorld
from connectors.memory.target import MemoryTarget
from connectors.suite import TargetContract
from tests.unit.connectors.conftest import ACCOUNT
from tests.unit.connectors.test_memory_contract import MemoryHarness


class Hasty(MemoryTarget):
    """Stores before it may."""

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        receipts = list(super().write(folder, batch, lambda: None))
        may_commit()
        return iter(receipts)


class Forgetful(MemoryTarget):
    """Leaves out what is gone."""

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        return (answer for answer in super().read(folder, keys) if isinstance(answer, Message))


class Nosy(MemoryTarget):
    """Marks as read what it reads."""

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        answers = list(super().read(folder, keys))
        list(self.mark(folder, [FlagChange(key, add=frozenset({"\\Seen"})) for key in keys]))
        return iter(answers)


class Bold(MemoryTarget):
    """Sets the flags instead of adding to them."""

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        others = frozenset({"\\Flagged", "\\Answered", "\\Seen", "\\Draft"})
        return super().mark(folder, [FlagChange(c.key, c.add, c.remove | (others - c.add)) for c in changes])


class Greedy(MemoryTarget):
    """Takes any message for ours, whoever brought it and whoever has it."""

    def find(self, folder: Folder, fence: str, suspects: Any, claimed: Any) -> Iterator[Found]:
        everything = '{"epoch": "another"}'
        return super().find(folder, everything, suspects, frozenset())


CONTRACT = TargetContract()


def _never() -> Source:
    """Only a source whose view is fixed at sign-in is opened a second time."""
    raise AssertionError("a memory world shows what there is")


@pytest.fixture
def harness(resources: Resources) -> Iterator[MemoryHarness]:
    world = uuid4().hex
    yield MemoryHarness(MemorySettings(world=world), resources)
    MemoryWorld.forget(world)


@pytest.fixture
def broken(harness: MemoryHarness) -> Callable[[type[MemoryTarget]], MemoryTarget]:
    def make(kind: type[MemoryTarget]) -> MemoryTarget:
        target = harness.connector.open_target(ACCOUNT, Event())
        target.__class__ = kind
        return target

    return make


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (Hasty, CONTRACT.test_may_commit_comes_before_anything_is_visible),
        (Hasty, CONTRACT.test_nothing_is_stored_when_may_commit_raises),
        (Forgetful, partial(CONTRACT.test_a_message_that_went_away_is_unread_and_the_others_are_read, opened=_never)),
        (Nosy, CONTRACT.test_reading_marks_nothing_as_read),
        (Bold, CONTRACT.test_mark_changes_the_named_flags_only),
        (Greedy, CONTRACT.test_what_was_there_before_the_fence_is_not_found),
        (Greedy, CONTRACT.test_claimed_messages_are_left_out),
    ],
)
def test_a_broken_connector_fails(harness: MemoryHarness, broken: Any, kind: Any, test: Callable[..., None]) -> None:
    with pytest.raises((AssertionError, KeyError, pytest.fail.Exception)):
        test(harness, broken(kind))

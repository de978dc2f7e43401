"""Sessions keep to the rates of the plan: those of their system, and those of each of its mailboxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from connectors.body import MemoryBody
from connectors.contract import Folder, Message, Outgoing
from connectors.suite import Mail, samples
from migrate.engine.remembered import Remembered
from migrate.engine.resting import Manner
from migrate.engine.servers import Servers
from plans import System
from plans.model import Rates
from tests.unit.connectors.conftest import StandingTime

INBOX = Folder(("INBOX",), None, "1")
FIVE = [Mail(b"a: b\r\n\r\n" + b"x" * 992)] * 5
BYTES, MESSAGES = Rates(bandwidth=1000), Rates(messages_per_second=2)


class Plain(BaseModel):
    """A connector that names no server."""


class Account:
    """A session that gives five messages of 1000 bytes, and takes what is written, at once."""

    def read(self, _folder: Folder, _keys: Sequence[str]) -> Iterator[Message]:
        for number, mail in enumerate(FIVE):
            yield Message(str(number), datetime(2024, 1, 1, tzinfo=UTC), frozenset(), MemoryBody(mail.data))

    def fence(self, _folder: Folder, _batch: Sequence[Outgoing]) -> str:
        return "here"


class Moving:
    """Five messages at a time, each time in a session of its own, by a clock that passes in waits only."""

    def __init__(self, side: Literal["source", "target"], of_system: Rates, of_each_mailbox: Rates) -> None:
        rates = of_system.bandwidth, of_system.messages_per_second
        system = System("mail", "memory", Plain(), 4, *rates, None, each_mailbox=of_each_mailbox)
        self._time = StandingTime()
        self._servers = Servers({"mail": system}, Remembered(), Manner(timekeeper=self._time.keeper()))
        self._side = side

    def waited(self, user: str) -> float:
        """Seconds."""
        began, account, seat = self._time.passed, Account(), self._servers.seat("mail", user)

        def sign_in() -> Any:
            return account

        if self._side == "source":
            assert len(list(seat.source(sign_in, Event()).read(INBOX, []))) == 5
        else:
            seat.target(sign_in, Event()).fence(INBOX, samples.batch(FIVE))
        return self._time.passed - began


@pytest.mark.parametrize(
    ("side", "rates", "alone", "behind"),
    [
        # Each message is paid for before the next one, and what a second saves up is free.
        ("source", BYTES, 3, 5),
        ("source", MESSAGES, 1, 2.5),
        # A batch is paid for by who comes behind it.
        ("target", BYTES, 0, 4),
        ("target", MESSAGES, 0, 1.5),
    ],
)
def test_sessions_keep_to_the_rates_of_their_system_and_of_their_mailbox(
    side: Literal["source", "target"], rates: Rates, alone: float, behind: float
) -> None:
    of_system, of_each_mailbox = Moving(side, rates, Rates()), Moving(side, Rates(), rates)
    for moving in (of_system, of_each_mailbox):
        assert moving.waited("ann") == pytest.approx(alone)
        assert moving.waited("ann") == pytest.approx(behind)
    assert of_system.waited("ben") > alone, "the system is one for all its mailboxes"
    assert of_each_mailbox.waited("ben") == pytest.approx(alone)

"""Lines that break after so many bytes, each time: whatever fits arrives, in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from connectors.contract import Account, Source, Target
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.wrappers import RetryingSource, RetryingTarget, RetryPolicy, Timekeeper
from migrate.copy.run import PassResult
from migrate.ledger.schema import Outcome
from tests.conftest import DovecotFactory, ProxyFactory
from tests.servers.server import PASSWORD
from tests.unit.passes.world import Sides, mail, when

#: A batch of the messages is several times what the line carries, and a message a tenth of it.
CARRIES, MESSAGES = 800_000, 60
BODY = ("x" * 76 + "\r\n") * 1000
POLICY = RetryPolicy(tries=3, timekeeper=Timekeeper(lambda: 0.0, lambda _seconds: None), first=0, longest=0)


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Callable[[], Sides]]:
    made: list[Sides] = []

    def make() -> Sides:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Sides(folder))
        return made[-1]

    yield make
    for one in made:
        one.close()


def connector(sides: Sides, port: int) -> ImapConnector:
    values = {"host": "127.0.0.1", "port": port, "tls": "plain", "timeout": 10, "settle": 0}
    return ImapConnector(ImapSettings.model_validate(values), sides.resources)


def sent_to(port: int, sides: Sides) -> PassResult:
    target = connector(sides, port)

    def open_target(stop: Event) -> Target:
        return RetryingTarget(lambda: target.open_target(Account("ann", PASSWORD), stop), POLICY, stop)

    return sides.run(open_target=open_target)


def read_from(port: int, sides: Sides) -> PassResult:
    source = connector(sides, port)

    def open_source(stop: Event) -> Source:
        return RetryingSource(lambda: source.open_source(Account("ann", PASSWORD), stop), POLICY, stop)

    return sides.run(open_source=open_source)


def test_whatever_fits_arrives(dovecot: DovecotFactory, proxy: ProxyFactory, sides: Callable[[], Sides]) -> None:
    """Up, a batch goes whole or not at all; down, the messages behind the one that broke are asked for again."""
    server = dovecot()
    line = proxy(server.port)
    there, back = sides(), sides()
    for number in range(MESSAGES):
        there.source.deliver(mail(number, BODY), received=when(number))
    line.carries["up"] = CARRIES
    up = sent_to(line.port, there)
    assert (up.complete, up.tally.outcomes) == (True, {Outcome.STORED: MESSAGES})
    line.carries = {"down": CARRIES}
    down = read_from(line.port, back)
    assert (down.complete, down.tally.outcomes) == (True, {Outcome.STORED: MESSAGES})
    assert back.on_target() == there.on_source()

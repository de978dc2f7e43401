"""The Microsoft 365 connector keeps the contract: a real Dovecot behind an Exchange that has Exchange's manners."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget, MemoryBody
from connectors.contract import Account, Outgoing, Resources, Source, Target
from connectors.microsoft365.connector import Microsoft365Connector
from connectors.suite import SourceContract, TargetContract
from connectors.wire import digest_bytes
from tests.integration.behind_imap import BehindImap
from tests.servers.exchange import DOMAIN, Exchange
from tests.servers.proxy import Proxy, running_proxy

_numbers = count(1)


class ExchangeHarness(BehindImap):
    """A mailbox of its own, seen from behind the front in the Dovecot that holds it."""

    def __init__(self, exchange: Exchange, resources: Resources, proxy: Proxy) -> None:
        self.exchange = exchange
        self.server = exchange.server
        self.resources = resources
        self.proxy = proxy
        self.user = exchange.person(f"anna{next(_numbers)}")
        settings = exchange.settings(endpoints=exchange.endpoints(proxy.port))
        self.connector = Microsoft365Connector(settings, resources)

    def open_source(self) -> Source:
        return self.connector.open_source(Account(self.user), Event())

    def open_target(self) -> Target:
        return self.connector.open_target(Account(self.user), Event())

    def open_with_wrong_password(self) -> Source:
        """The nearest to it: the app is let in, and has no right to this mailbox."""
        stranger = f"stranger{next(_numbers)}@{DOMAIN}"
        self.exchange.stand_in.person(stranger)
        return self.connector.open_source(Account(stranger), Event())

    def as_stored(self, data: bytes) -> bytes:
        return data.replace(b"\0", b"\x80")  # Dovecot's

    def refuses(self) -> bytes | None:
        return b"From: a@x\r\n\r\n" + b"x" * 20_000 + b"\r\n"  # no line over 10,000 characters


@pytest.fixture
def harness(exchange: Exchange, tmp_path: Path) -> Iterator[ExchangeHarness]:
    exchange.stand_in.control("reset")
    with running_proxy(exchange.stand_in.imap_port) as proxy:
        yield ExchangeHarness(exchange, Resources(ByteBudget(), tmp_path), proxy)


class TestExchangeSource(SourceContract):
    pass


class TestExchangeTarget(TargetContract):
    pass


def test_refusals_do_not_add_up_to_the_session_that_exchange_would_end(harness: ExchangeHarness) -> None:
    harness.exchange.stand_in.fault("answer", "APPEND", times=12, text="NO APPEND failed.")
    target = harness.open_target()
    folder = target.ensure(("Work",), None)
    receipts = [one for number in range(13) for one in target.write(folder, [_letter(number)], lambda: None)]
    target.close()
    assert [one.outcome for one in receipts] == ["refused"] * 12 + ["stored"]
    assert harness.exchange.stand_in.stats()["commands"]["AUTHENTICATE"] == 2


def _letter(ordinal: int) -> Outgoing:
    data = f"From: a@x\r\nMessage-ID: <{ordinal}@x>\r\n\r\nhello\r\n".encode()
    digests = digest_bytes(data)
    received = datetime(2021, 3, 4, tzinfo=UTC)
    return Outgoing(ordinal, MemoryBody(data), received, frozenset(), digests.wire, digests.header, digests.message_id)

"""The Microsoft 365 connector keeps the contract: a real Dovecot behind an Exchange that has Exchange's manners."""

from __future__ import annotations

import imaplib
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connectors.body import ByteBudget, MemoryBody
from connectors.contract import Account, Outgoing, Resources, Source, Target
from connectors.microsoft365 import Microsoft365Connector
from connectors.suite import Harness, Mail, SourceContract, TargetContract
from connectors.suite.harness import FolderPath
from connectors.wire import digest_bytes
from tests.servers import mail as servers_mail
from tests.servers.exchange import DOMAIN, Exchange
from tests.servers.proxy import Proxy, running_proxy

_numbers = count(1)
#: As in the contract of the IMAP connector: what a cut connection stores is there after this (seconds).
SETTLE = 0.3


class ExchangeHarness(Harness):
    """A mailbox of its own, seen from behind the front in the Dovecot that holds it."""

    def __init__(self, exchange: Exchange, resources: Resources, proxy: Proxy) -> None:
        self.exchange = exchange
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

    def put(self, path: FolderPath, *mails: Mail) -> None:
        for mail in mails:
            one = servers_mail.Mail(path, mail.data, mail.flags, mail.received)
            try:
                servers_mail.seed(self.exchange.server, self.user, [one])
            except AssertionError:
                continue

    def look(self, path: FolderPath) -> list[Mail]:
        with self.exchange.server.login(self.user) as connection:
            names = servers_mail._Names(connection)
            status, [found] = connection.select(names.quoted(path), readonly=True)
            if status != "OK":
                return []
            assert found is not None
            return [
                Mail(data, stored.received, stored.flags)
                for stored, data in servers_mail._messages(connection, int(found))
            ]

    def set_flags(self, path: FolderPath, index: int, flags: Collection[str]) -> None:
        with self._opened(path) as connection:
            _done(connection.store(str(index + 1), "FLAGS.SILENT", f"({' '.join(flags)})"))

    def delete(self, path: FolderPath, index: int) -> None:
        with self._opened(path) as connection:
            _done(connection.store(str(index + 1), "+FLAGS.SILENT", "(\\Deleted)"))
            _done(connection.expunge())

    def remove_folder(self, path: FolderPath) -> None:
        with self.exchange.server.login(self.user) as connection:
            _done(connection.delete(servers_mail._Names(connection).quoted(path)))

    @contextmanager
    def stall(self) -> Iterator[None]:
        self.proxy.stall()
        try:
            yield
        finally:
            self.proxy.resume()

    def settle(self) -> None:
        time.sleep(SETTLE)

    def as_stored(self, data: bytes) -> bytes:
        return data.replace(b"\0", b"\x80")  # Dovecot's

    def refuses(self) -> bytes | None:
        return b"From: a@x\r\n\r\n" + b"x" * 20_000 + b"\r\n"  # no line over 10,000 characters

    @contextmanager
    def _opened(self, path: FolderPath) -> Iterator[imaplib.IMAP4]:
        with self.exchange.server.login(self.user) as connection:
            _done(connection.select(servers_mail._Names(connection).quoted(path)))
            yield connection


def _done(answer: tuple[str, Any]) -> None:
    assert answer[0] == "OK", answer


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

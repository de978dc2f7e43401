"""A compressed batch that is cut anywhere near its end is stored whole or not at all, and never before its commit."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget, MemoryBody
from connectors.contract import Account, ConnectorError, Outgoing, Resources, Target
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.net.deflate import Deflate
from connectors.wire import digest_bytes
from tests.conftest import DovecotFactory, ProxyFactory
from tests.servers.mail import holdings
from tests.servers.proxy import Proxy
from tests.servers.server import PASSWORD, ImapServer
from tests.unit.imap.scripted import outgoing

MESSAGES = 5
#: A message of a cut connection is there within 70 ms, if it ever will be.
SETTLE = 0.3


def batch() -> list[Outgoing]:
    """Bodies that pack to a few bytes: the server could guess the end, if it were told."""
    made = []
    for ordinal in range(MESSAGES):
        data = b"Subject: %d\r\n\r\n" % ordinal + b"the same line again\r\n" * 300
        digests = digest_bytes(data)
        plain = outgoing(ordinal, data)
        made.append(Outgoing(ordinal, MemoryBody(data), plain.received, frozenset(), digests.wire, digests.header))
    return made


class Counting:
    """Counts the packed bytes of the connection that is under way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.total = 0
        pack = Deflate.pack

        def counted(deflate: Deflate, data: bytes | memoryview) -> bytes:
            wire = pack(deflate, data)
            self.total += len(wire)
            return wire

        monkeypatch.setattr(Deflate, "pack", counted)


def stored(server: ImapServer, user: str) -> int:
    return sum(one.total() for one in holdings(server, user).values())


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spool")


def target_at(port: int, spool: Path, user: str) -> Target:
    values = {"host": "127.0.0.1", "port": port, "tls": "plain", "compress": True, "timeout": 10}
    connector = ImapConnector(ImapSettings.model_validate(values), Resources(ByteBudget(), spool))
    return connector.open_target(Account(user, PASSWORD), Event())


def cut(server: ImapServer, line: Proxy, spool: Path, user: str, position: int, counting: Counting) -> int:
    """Send a batch, cut so many bytes after its commit; how many bytes the commit itself is."""
    target = target_at(line.port, spool, user)
    counting.total, before, sent = 0, line.delivered["up"], 0
    folder = target.ensure(("Work",), None)

    def may_commit() -> None:
        """All that is sent before the commit has arrived."""
        nonlocal sent
        sent = counting.total
        assert line.wait_taken(before + sent, "up")
        while line.delivered["up"] < before + sent:
            time.sleep(0.001)
        line.cut_after(position, "up")

    with contextlib.suppress(ConnectorError):
        list(target.write(folder, batch(), may_commit))
    commit = counting.total - sent
    target.abort()
    assert line.wait_idle()
    time.sleep(SETTLE)
    return commit


def test_a_compressed_batch_is_stored_whole_or_not_at_all(
    dovecot: DovecotFactory, proxy: ProxyFactory, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, counting = dovecot(compress=True), Counting(monkeypatch)
    found: dict[int, int] = {}
    position = last = 0
    while position <= last:
        user = f"cut{position}"
        last = max(last, cut(server, proxy(server.port), spool, user, position, counting))
        found[position] = stored(server, user)
        position += 1
    assert last > 5, "a flush is longer than that"
    assert found[0] == 0, "nothing before the commit"
    assert found[last] == MESSAGES
    assert set(found.values()) == {0, MESSAGES}


def test_a_commit_that_is_not_allowed_stores_nothing(
    dovecot: DovecotFactory, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NotNow(Exception):
        pass

    def may_commit() -> None:
        raise NotNow

    server = dovecot(compress=True)
    target = target_at(server.port, spool, "ann")
    folder = target.ensure(("Work",), None)
    with pytest.raises(NotNow):
        list(target.write(folder, batch(), may_commit))
    time.sleep(SETTLE)
    assert stored(server, "ann") == 0
    target.abort()

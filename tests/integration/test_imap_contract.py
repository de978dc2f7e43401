"""The IMAP connector keeps the contract on real servers, in all their manners, and over every kind of connection."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, ConnectorError, Fatal, Resources, Source, Target
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.suite import SourceContract, TargetContract
from connectors.suite.harness import PATHS
from tests.conftest import _entered
from tests.integration.behind_imap import BehindImap
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.courier import running_courier
from tests.servers.cyrus import running_cyrus
from tests.servers.dovecot import running_dovecot
from tests.servers.proxy import Proxy, running_proxy
from tests.servers.server import MASTER_PASSWORD, MASTER_USER, ImapServer

_numbers = count(1)
_FULL = "IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND MOVE UNSELECT NAMESPACE CONDSTORE ENABLE ESEARCH SPECIAL-USE CHILDREN"


def _without(*names: str) -> str:
    return " ".join(name for name in _FULL.split() if name not in names)


@dataclass(frozen=True)
class Manner:
    """A server, and how it is spoken to."""

    server: str = "dovecot"
    options: Mapping[str, Any] = field(default_factory=dict)
    tls: str = "plain"
    master: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


MANNERS = {
    "Dovecot, implicit TLS": Manner(tls="implicit"),
    "Dovecot, STARTTLS and a master user": Manner(tls="starttls", master=True),
    "Dovecot, sdbox, below a prefix": Manner(options={"prefix": "INBOX.", "separator": ".", "storage": "sdbox"}),
    "Dovecot, IMAP4rev1 alone": Manner(options={"capability": "IMAP4rev1"}),
    "Dovecot without UIDPLUS": Manner(options={"capability": _without("UIDPLUS")}),
    "Dovecot without MULTIAPPEND": Manner(options={"capability": _without("MULTIAPPEND")}),
    "Dovecot with LITERAL-": Manner(options={"capability": _without("LITERAL+") + " LITERAL-"}),
    "Dovecot without CONDSTORE and MOVE": Manner(options={"capability": _without("CONDSTORE", "MOVE")}),
    "Dovecot, compressed": Manner(
        options={"compress": True, "mechanisms": "plain scram-sha-256"},
        tls="implicit",
        settings={"compress": True},
    ),
    "Courier": Manner("courier"),
    "Cyrus": Manner("cyrus"),
    "Cyrus, IMAP4rev1 alone": Manner("cyrus", {"capability": "IMAP4rev1", "modern": True}),
    "Cyrus, no prefix, without MULTIAPPEND": Manner("cyrus", {"capability": _without("MULTIAPPEND"), "modern": True}),
}


#: A session for writing reads by the same code, and all that a source promises is tried on it too.  As a source alone:
#: one manner of each server, and those that differ in nothing but how one signs in.
AS_SOURCE = (
    "Dovecot, STARTTLS and a master user", "Dovecot, IMAP4rev1 alone", "Dovecot, compressed", "Courier", "Cyrus",
)  # fmt: skip
AS_TARGET = [name for name, manner in MANNERS.items() if not manner.master]


class ImapHarness(BehindImap):
    """A mailbox of its own on a standing server."""

    def __init__(self, server: ImapServer, manner: Manner, resources: Resources, proxy: Proxy) -> None:
        self.resources = resources
        self.server = server
        self.manner = manner
        self.proxy = proxy
        self.user = f"ann{next(_numbers)}"
        self.settings = _settings(server, proxy.port, manner.tls, **manner.settings)
        self.connector = ImapConnector(self.settings, resources)
        if manner.server == "cyrus":
            self.paths = [path for path in PATHS if '"' not in "".join(path)]
            self.keeps_view = True
        if manner.server == "courier":
            # It knows no characters beyond the basic plane in names.
            self.paths = [path for path in PATHS if all(ord(character) < 1 << 16 for character in "".join(path))]
            # As in any mailbox that was used before: until it is opened once, its UIDVALIDITY is the time of day.
            with self.opened(("INBOX",)):
                pass

    def account(self, password: str | None = None) -> Account:
        if self.manner.master:
            return Account(self.user, password or MASTER_PASSWORD, MASTER_USER)
        return Account(self.user, password or self.server.password)

    def open_source(self) -> Source:
        return self.connector.open_source(self.account(), Event())

    def open_target(self) -> Target:
        return self.connector.open_target(self.account(), Event())

    def open_with_wrong_password(self) -> Source:
        return self.connector.open_source(self.account("not-the-password"), Event())

    def as_stored(self, data: bytes) -> bytes:
        if self.manner.server == "courier":
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"").replace(b"\n", b"\r\n")
            return data if data.endswith(b"\r\n") else data + b"\r\n"
        if self.manner.server == "cyrus":
            head, blank, body = data.partition(b"\r\n\r\n")
            return re.sub(rb"[\x80-\xff]", b"X", head) + blank + body
        # Dovecot 2.3 keeps a NUL as the byte 0x80.
        return data.replace(b"\0", b"\x80")

    def refuses(self) -> bytes | None:
        # Every other server of these takes a NUL and what lies around it.
        return b"From: a@x\r\n\r\na\0b\r\n" if self.manner.server == "cyrus" else None


def _settings(server: ImapServer, port: int, tls: str, **more: object) -> ImapSettings:
    values = {"host": "127.0.0.1", "port": port, "tls": tls, "ca_file": server.authority, "settle": 1}
    return ImapSettings.model_validate(values | more)


@pytest.fixture(scope="module")
def servers(certificates: Certificates) -> Iterator[dict[str, ImapServer]]:
    """One standing server a manner, started when it is first asked for."""
    with ExitStack() as running:
        yield _Servers(certificates, running)


class _Servers(dict[str, ImapServer]):
    def __init__(self, certificates: Certificates, running: ExitStack) -> None:
        super().__init__()
        self._certificates = certificates
        self._running = running

    def __missing__(self, name: str) -> ImapServer:
        manner = MANNERS[name]
        if manner.server == "courier":
            server = running_courier(sessions=100)
        elif manner.server == "cyrus":
            server = running_cyrus(**manner.options)
        else:
            server = running_dovecot(self._certificates, **manner.options)
        self[name] = _entered(self._running, server)
        return self[name]


@pytest.fixture
def harness(request: pytest.FixtureRequest, servers: dict[str, ImapServer], tmp_path: Path) -> Iterator[ImapHarness]:
    server, manner = servers[request.param], MANNERS[request.param]
    port = server.tls_port if manner.tls == "implicit" else server.port
    assert port is not None
    with running_proxy(port) as proxy:
        yield ImapHarness(server, manner, Resources(ByteBudget(), tmp_path), proxy)


@pytest.mark.parametrize("harness", AS_SOURCE, indirect=True)
class TestImapSource(SourceContract):
    def test_a_source_session_cannot_write(self, harness: ImapHarness) -> None:
        session = harness.open_source()
        assert not isinstance(session, Target)
        session.close()


@pytest.mark.parametrize("harness", AS_TARGET, indirect=True)
class TestImapTarget(TargetContract):
    pass


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_of_a_stranger_is_refused(
    servers: dict[str, ImapServer], tmp_path: Path, tls: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = servers["Dovecot, implicit TLS"]
    stranger = make_certificates(tmp_path_factory.mktemp("stranger"))
    port = server.tls_port if tls == "implicit" else server.port
    assert port is not None
    settings = _settings(server, port, tls, ca_file=stranger.authority)
    with pytest.raises(Fatal, match="certificate"):
        ImapConnector(settings, Resources(ByteBudget(), tmp_path)).open_source(Account("ann", server.password), Event())


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_what_is_not_protected_is_not_used_unprotected(
    servers: dict[str, ImapServer], tmp_path: Path, tls: str
) -> None:
    """Courier has no certificate here, and the plan asks for protection."""
    server = servers["Courier"]
    connector = ImapConnector(_settings(server, server.port, tls), Resources(ByteBudget(), tmp_path))
    with pytest.raises(ConnectorError) as caught:
        connector.open_source(Account("ann", server.password), Event())
    assert isinstance(caught.value, Fatal)


def test_a_folder_keeps_its_epoch_from_the_moment_it_is_ensured(servers: dict[str, ImapServer], tmp_path: Path) -> None:
    """Until Courier's INBOX is opened for the first time, STATUS tells the time of day as its UIDVALIDITY."""
    server = servers["Courier"]
    connector = ImapConnector(_settings(server, server.port, "plain"), Resources(ByteBudget(), tmp_path))
    target = connector.open_target(Account("never-opened", server.password), Event())
    epoch = target.ensure(("INBOX",), None).epoch
    time.sleep(1.1)
    assert target.ensure(("INBOX",), None).epoch == epoch
    target.close()

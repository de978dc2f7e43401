"""The POP3 connector keeps the contract of a source on real servers, and leaves nothing there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, AuthFailed, Denial, Fatal, Message, Resources, Source, Target
from connectors.pop3.connector import Pop3Connector
from connectors.pop3.settings import Pop3Settings
from connectors.suite import Harness, Mail, SourceContract
from connectors.suite.harness import FolderPath
from connectors.suite.samples import contents, folder_at, listed, mails
from tests.conftest import _entered
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.courier import running_courier
from tests.servers.dovecot import running_dovecot
from tests.servers.maildrop import MaildropOnDisk
from tests.servers.proxy import Proxy, running_proxy
from tests.servers.server import MASTER_PASSWORD, MASTER_USER, PASSWORD, ImapServer

_numbers = count(1)
_MECHANISMS = "plain login cram-md5 scram-sha-1 scram-sha-256 apop"
SERVERS = ("dovecot", "courier")
#: How each is spoken to: the server, the settings, and whether a master user signs in.
MANNERS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "Dovecot, implicit TLS": ("dovecot", {"tls": "implicit"}, False),
    "Dovecot, STLS and a master user": ("dovecot", {"tls": "starttls", "auth": "plain"}, True),
    "Courier": ("courier", {"tls": "plain"}, False),
}


@pytest.fixture(scope="module")
def servers(certificates: Certificates) -> Iterator[Callable[[str], ImapServer]]:
    """One standing server of each kind, started when it is first asked for."""
    started: dict[str, ImapServer] = {}
    with ExitStack() as running:

        def server(kind: str) -> ImapServer:
            if kind not in started:
                start = (
                    running_courier(sessions=100, pop3=True)
                    if kind == "courier"
                    else running_dovecot(certificates, pop3=True, mechanisms=_MECHANISMS)
                )
                started[kind] = _entered(running, start)
            return started[kind]

        yield server


def settings_of(server: ImapServer, port: int | None, tls: str = "plain", **more: object) -> Pop3Settings:
    values = {"host": "127.0.0.1", "port": port, "tls": tls, "ca_file": server.authority, **more}
    return Pop3Settings.model_validate(values)


class FromFirstUse:
    """A session that signs in when it is first used: it sees what was put into the mailbox until then."""

    def __init__(self, sign_in: Callable[[], Source]) -> None:
        self._sign_in = sign_in
        self._session: Source | None = None

    def __getattr__(self, name: str) -> Any:
        if self._session is None:
            self._session = self._sign_in()
        return getattr(self._session, name)


class Pop3Harness(Harness):
    """A maildrop of its own on a standing server, seen on its disk."""

    work = ("INBOX",)
    paths = ()
    snapshot = True

    def __init__(self, server: ImapServer, manner: str, resources: Resources, proxy: Proxy) -> None:
        _kind, self._settings, self._by_master = MANNERS[manner]
        self.resources = resources
        self.server = server
        self.user = f"ann{next(_numbers)}"
        self.proxy = proxy
        self.maildrop = MaildropOnDisk(server, self.user)

    def sign_in(self, password: str = "") -> Source:
        # A connector each: Courier announces ten seconds between two sign-ins, and does not insist on them.
        connector = Pop3Connector(settings_of(self.server, self.proxy.port, **self._settings), self.resources)
        account = Account(self.user, password or PASSWORD)
        if self._by_master:
            account = Account(self.user, password or MASTER_PASSWORD, MASTER_USER)
        return connector.open_source(account, Event())

    def open_source(self) -> Source:
        return cast("Source", FromFirstUse(self.sign_in))

    def open_with_wrong_password(self) -> Source:
        return self.sign_in("not-the-password")

    def put(self, path: FolderPath, *mails: Mail) -> None:
        self.maildrop.put(*mails)

    def look(self, path: FolderPath) -> list[Mail]:
        return self.maildrop.look()

    def set_flags(self, path: FolderPath, index: int, flags: Collection[str]) -> None:
        self.maildrop.set_flags(index, flags)

    def delete(self, path: FolderPath, index: int) -> None:
        self.maildrop.delete(index)

    def remove_folder(self, path: FolderPath) -> None:
        raise AssertionError("the inbox stays")

    def told(self, mail: Mail) -> Mail:
        """The date of its own header; what is still there counts as read; the last line ends as every line does."""
        data = mail.data
        if not data.endswith(b"\r\n"):
            data += b"\r\n"
        trace = message_from_bytes(mail.data)["Received"]
        received = parsedate_to_datetime(trace.rpartition(";")[2]) if trace else mail.received
        return Mail(data, received, frozenset({"\\Seen"}))

    @contextmanager
    def stall(self) -> Iterator[None]:  # type: ignore[override]  # the suite takes a context or None
        self.proxy.stall()
        try:
            yield
        finally:
            self.proxy.resume()


@pytest.fixture(params=MANNERS)
def harness(
    request: pytest.FixtureRequest, servers: Callable[[str], ImapServer], tmp_path: Path
) -> Iterator[Pop3Harness]:
    server = servers(MANNERS[request.param][0])
    port = server.pop3s_port if MANNERS[request.param][1]["tls"] == "implicit" else server.pop3_port
    assert port is not None
    with running_proxy(port) as proxy:
        yield Pop3Harness(server, request.param, Resources(ByteBudget(), tmp_path), proxy)


class TestPop3Source(SourceContract):
    def test_a_source_session_cannot_write(self, harness: Pop3Harness) -> None:
        session = harness.sign_in()
        assert not isinstance(session, Target)
        session.close()


@pytest.mark.parametrize("ends", ["close", "abort"])
def test_no_file_of_the_maildrop_changes(harness: Pop3Harness, ends: str) -> None:
    """Neither its name, which holds the flags, nor its date or its bytes."""
    harness.maildrop.put(*mails(30))
    harness.sign_in().close()  # the server may make its own of what lies there when it is first opened
    before = harness.maildrop.digest()
    session = harness.sign_in()
    folder = folder_at(session, ("INBOX",))
    keys = [entry.key for entry in listed(session, folder)]
    for answer in session.read(folder, keys):
        assert isinstance(answer, Message)
        answer.body.release()
    list(session.headers(folder, keys))
    list(session.states(folder, keys))
    session.close() if ends == "close" else session.abort()
    harness.sign_in().close()  # by now whatever the session left would have been written
    assert harness.maildrop.digest() == before


def connector(server: ImapServer, tmp_path: Path, tls: str, **more: object) -> Pop3Connector:
    port = server.pop3s_port if tls == "implicit" else server.pop3_port
    return Pop3Connector(settings_of(server, port, tls, **more), Resources(ByteBudget(), tmp_path))


@pytest.mark.parametrize("auth", ["user", "plain", "apop", "cram-md5", "scram-sha-1", "scram-sha-256"])
@pytest.mark.parametrize("tls", ["starttls", "plain"])
def test_every_way_to_sign_in(servers: Callable[[str], ImapServer], tmp_path: Path, auth: str, tls: str) -> None:
    server = servers("dovecot")
    extra = {"ca_file": None} if tls == "plain" else {}
    user = f"ways{next(_numbers)}"
    MaildropOnDisk(server, user).put(*mails(2))
    one = connector(server, tmp_path, tls, auth=auth, **extra)
    session = one.open_source(Account(user, PASSWORD), Event())
    assert len(listed(session, folder_at(session, ("INBOX",)))) == 2
    session.close()
    with pytest.raises(AuthFailed) as caught:
        connector(server, tmp_path, tls, auth=auth, **extra).open_source(Account(user, "not-it"), Event())
    assert caught.value.denial is Denial.BAD_PASSWORD


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_of_a_stranger_is_refused_with_its_fingerprint(
    servers: Callable[[str], ImapServer], tmp_path: Path, tls: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = servers("dovecot")
    stranger = make_certificates(tmp_path_factory.mktemp("stranger"))
    with pytest.raises(Fatal, match="certificate") as caught:
        connector(server, tmp_path, tls, ca_file=stranger.authority).open_source(Account("ann", PASSWORD), Event())
    pin = f"sha256:{caught.value.fingerprint}"  # type: ignore[attr-defined]  # Untrusted has it
    pinned = connector(server, tmp_path, tls, ca_file=None, certificate_pin=pin)
    pinned.open_source(Account("ann", PASSWORD), Event()).close()


def test_courier_offers_no_protection_and_nothing_is_sent_without(
    servers: Callable[[str], ImapServer], tmp_path: Path
) -> None:
    with pytest.raises(Fatal, match="STLS"):
        connector(servers("courier"), tmp_path, "starttls").open_source(Account("ann", PASSWORD), Event())


@pytest.mark.parametrize("kind", SERVERS)
def test_raw_utf_8_in_a_header_is_read_as_it_stands(
    servers: Callable[[str], ImapServer], tmp_path: Path, kind: str
) -> None:
    server, user = servers(kind), f"utf{next(_numbers)}"
    data = "From: a@x\r\nTo: é@example.org\r\nSubject: été\r\nMIME-Version: 1.0\r\n\r\nx\r\n".encode()
    MaildropOnDisk(server, user).put(Mail(data))
    session = connector(server, tmp_path, "plain", ca_file=None).open_source(Account(user, PASSWORD), Event())
    folder = folder_at(session, ("INBOX",))
    (answer,) = session.read(folder, [entry.key for entry in listed(session, folder)])
    assert isinstance(answer, Message)
    assert contents(answer.body) == data
    session.close()

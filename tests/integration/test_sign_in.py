"""Signing in to real servers: every mechanism they offer, and what they say to whom they do not let in."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget
from connectors.contract import (
    Account,
    AuthFailed,
    ConnectorError,
    Denial,
    Resources,
    Source,
    TooManySessions,
    Untrusted,
)
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.wrappers.retry import RetryingSource, RetryPolicy
from tests.conftest import _entered
from tests.servers.certificates import Certificates, expired
from tests.servers.courier import running_courier
from tests.servers.cyrus import running_cyrus
from tests.servers.dovecot import find_dovecot, running_dovecot
from tests.servers.passdbs import (
    DENIED,
    ODD,
    ODD_PASSWORD,
    SWITCHED_OFF,
    TOKEN_MECHANISMS,
    particular_passdbs,
    token_passdbs,
)
from tests.servers.server import MASTER_PASSWORD, MASTER_USER, PASSWORD, ImapServer
from tests.servers.tokens import TokenEndpoint, running_tokens

PASSWORD_MECHANISMS = ["scram-sha-256", "scram-sha-1", "plain", "login", "cram-md5"]


@pytest.fixture(scope="module")
def server(certificates: Certificates) -> Iterator[ImapServer]:
    """Offers every mechanism, lets two connections of one mailbox in, and not everybody."""
    with ExitStack() as running:
        passdbs = running.enter_context(particular_passdbs(find_dovecot()[1]))
        options = {"mechanisms": " ".join(PASSWORD_MECHANISMS), "passdbs": passdbs, "sessions": 2}
        yield _entered(running, running_dovecot(certificates, **options))


class Doors:
    """Ways to a server, and what its log says of who came in."""

    def __init__(self, server: ImapServer, spool: Path) -> None:
        self.server = server
        self.spool = spool

    def connector(self, **settings: object) -> ImapConnector:
        tls = settings.get("tls", "plain")
        port = self.server.tls_port if tls == "implicit" else self.server.port
        trust = {} if tls == "plain" or "certificate_pin" in settings else {"ca_file": self.server.authority}
        values = {"host": "localhost", "port": port, "tls": tls, "timeout": 10, **trust, **settings}
        return ImapConnector(ImapSettings.model_validate(values), Resources(ByteBudget(), self.spool))

    def source(self, account: Account, **settings: object) -> Source:
        return self.connector(**settings).open_source(account, Event())

    def refused(self, account: Account, **settings: object) -> ConnectorError:
        with pytest.raises(ConnectorError) as raised:
            self.source(account, **settings)
        for secret in (account.password, MASTER_PASSWORD):
            assert not secret or secret not in str(raised.value)
        return raised.value

    def came_in_by(self, user: str) -> str:
        """The mechanism of this user's last sign-in; the log is written a little later."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            lines = (self.server.folder / "dovecot.log").read_text().splitlines()
            last = next((line for line in reversed(lines) if f"Login: user=<{user}>" in line), None)
            if last is not None:
                return last.partition("method=")[2].partition(",")[0]
            time.sleep(0.02)
        raise AssertionError("nobody of this name came in")


@pytest.fixture
def doors(server: ImapServer, tmp_path: Path) -> Doors:
    return Doors(server, tmp_path)


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return hashlib.sha256(request.node.name.encode()).hexdigest()[:12]


@pytest.mark.parametrize("tls", ["implicit", "starttls", "plain"])
@pytest.mark.parametrize("mechanism", PASSWORD_MECHANISMS)
def test_every_mechanism_signs_in(doors: Doors, user: str, mechanism: str, tls: str) -> None:
    session = doors.source(Account(user, PASSWORD), auth=mechanism, tls=tls)
    assert [folder.path for folder in session.folders()] == [("INBOX",)]
    session.close()
    # Dovecot calls the command LOGIN by the mechanism that it stands for.
    assert doors.came_in_by(user) == (mechanism.upper() if mechanism != "login" else "PLAIN")
    error = doors.refused(Account(user, "not-the-password"), auth=mechanism, tls=tls)
    assert isinstance(error, AuthFailed)
    assert error.denial is Denial.BAD_PASSWORD


@pytest.mark.parametrize("tls", ["implicit", "plain"])
def test_unless_told_the_strongest_is_taken(doors: Doors, user: str, tls: str) -> None:
    doors.source(Account(user, PASSWORD), tls=tls).close()
    assert doors.came_in_by(user) == "SCRAM-SHA-256"


@pytest.mark.parametrize("auth", ["scram-sha-256", "plain", "cram-md5"])
def test_an_odd_password_goes_through(doors: Doors, auth: str) -> None:
    doors.source(Account(ODD, ODD_PASSWORD), auth=auth).close()


@pytest.mark.parametrize("auth", ["plain", "login"])
def test_a_master_user_in_one_name(doors: Doors, user: str, auth: str) -> None:
    doors.source(Account(user, MASTER_PASSWORD, MASTER_USER), auth=auth).close()
    assert doors.came_in_by(user) == "PLAIN"


def test_a_master_user_apart(doors: Doors, user: str) -> None:
    account = Account(user, MASTER_PASSWORD, MASTER_USER)
    doors.source(account, master_user_form="authzid").close()
    assert doors.came_in_by(user) == "PLAIN", "of those that are offered the one that names both"


def test_who_is_no_master_opens_no_other_mailbox(doors: Doors, user: str) -> None:
    error = doors.refused(Account(user, PASSWORD, "bob"), master_user_form="authzid")
    assert isinstance(error, AuthFailed)


def test_a_switched_off_account_is_no_wrong_password(doors: Doors) -> None:
    error = doors.refused(Account(SWITCHED_OFF, PASSWORD))
    assert isinstance(error, AuthFailed)
    assert (error.denial, error.detail) == (Denial.DISABLED, "CONTACTADMIN")


def test_a_denied_account_is_what_the_server_calls_it(doors: Doors) -> None:
    error = doors.refused(Account(DENIED, PASSWORD), auth="plain")
    assert isinstance(error, AuthFailed)
    assert error.detail == "AUTHENTICATIONFAILED"


def test_too_many_connections_of_one_mailbox_come_with_their_number(doors: Doors, user: str) -> None:
    account = Account(user, PASSWORD)
    with closing(doors.source(account)), closing(doors.source(account)):
        error = doors.refused(account)
    assert isinstance(error, TooManySessions)
    assert (error.limit, error.of) == (2, "account")
    assert error.detail in {"LIMIT", "UNAVAILABLE"}  # by Dovecot's version


# -- certificates -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outdated(certificates: Certificates) -> Iterator[tuple[ImapServer, str]]:
    """A server whose certificate has expired, and its fingerprint."""
    old = expired(certificates)
    der = ssl.PEM_cert_to_DER_cert(old.certificate.read_text())
    with ExitStack() as running:
        yield _entered(running, running_dovecot(old)), hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize("trusted", [True, False], ids=["expired", "of a stranger"])
def test_what_is_not_trusted_is_shown_and_can_be_pinned(
    outdated: tuple[ImapServer, str], tmp_path: Path, user: str, tls: str, trusted: bool
) -> None:
    server, fingerprint = outdated
    doors = Doors(server, tmp_path)
    trust = {} if trusted else {"ca_file": None}
    error = doors.refused(Account(user, PASSWORD), tls=tls, **trust)
    assert isinstance(error, Untrusted)
    assert error.fingerprint == fingerprint
    doors.source(Account(user, PASSWORD), tls=tls, certificate_pin=f"sha256:{error.fingerprint}").close()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_another_certificate_than_the_pinned_one_gets_no_password(
    outdated: tuple[ImapServer, str], tmp_path: Path, user: str, tls: str
) -> None:
    server, fingerprint = outdated
    doors = Doors(server, tmp_path)
    error = doors.refused(Account(user, PASSWORD), tls=tls, certificate_pin="sha256:" + "00" * 32)
    assert isinstance(error, Untrusted)
    assert (error.fingerprint, error.detail) == (fingerprint, "PIN")
    assert user not in (server.folder / "dovecot.log").read_text()


# -- tokens -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoint() -> Iterator[TokenEndpoint]:
    with running_tokens() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def token_server(certificates: Certificates, endpoint: TokenEndpoint) -> Iterator[ImapServer]:
    with ExitStack() as running:
        passdbs = running.enter_context(token_passdbs(find_dovecot()[1], endpoint.port))
        options = {"mechanisms": f"plain {TOKEN_MECHANISMS}", "passdbs": passdbs}
        yield _entered(running, running_dovecot(certificates, **options))


class Renewed:
    """Tokens of one person: a new one each time the last was refused."""

    def __init__(self, endpoint: TokenEndpoint, user: str) -> None:
        self._endpoint = endpoint
        self._user = user
        self.given = 0
        self._renew()

    def _renew(self) -> None:
        self.given += 1
        self._endpoint.good[self._name] = self._user

    @property
    def _name(self) -> str:
        return f"{self._user}-{self.given}"

    def expire(self) -> None:
        del self._endpoint.good[self._name]

    def token(self, refused: str = "") -> str:
        if refused == self._name:
            self._renew()
        return self._name


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_an_access_token_signs_in_and_is_renewed(
    token_server: ImapServer, endpoint: TokenEndpoint, tmp_path: Path, user: str, mechanism: str
) -> None:
    doors, tokens = Doors(token_server, tmp_path), Renewed(endpoint, user)
    account = Account(user, tokens=tokens)
    doors.source(account, auth=mechanism, tls="implicit").close()
    tokens.expire()
    doors.source(account, auth=mechanism, tls="implicit").close()
    assert (tokens.given, doors.came_in_by(user)) == (2, mechanism.upper())


def test_tokens_alone_choose_their_mechanism(
    token_server: ImapServer, endpoint: TokenEndpoint, tmp_path: Path, user: str
) -> None:
    doors = Doors(token_server, tmp_path)
    doors.source(Account(user, tokens=Renewed(endpoint, user))).close()
    assert doors.came_in_by(user) == "OAUTHBEARER"


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_token_of_somebody_else_is_refused(
    token_server: ImapServer, endpoint: TokenEndpoint, tmp_path: Path, user: str, mechanism: str
) -> None:
    endpoint.good["not-theirs"] = "bob"
    error = Doors(token_server, tmp_path).refused(Account(user, "not-theirs"), auth=mechanism)
    assert isinstance(error, AuthFailed)
    assert error.denial is Denial.TOKEN


def test_a_session_that_is_lost_after_its_token_expired_comes_back(
    token_server: ImapServer, endpoint: TokenEndpoint, tmp_path: Path, user: str
) -> None:
    """As Microsoft and Google end a session: BYE, and the old token is worth nothing."""
    doors, tokens = Doors(token_server, tmp_path), Renewed(endpoint, user)
    connector = doors.connector(auth="xoauth2")
    account = Account(user, tokens=tokens)
    policy = RetryPolicy(tries=5, first=0.1)
    source: RetryingSource[Source] = RetryingSource(lambda: connector.open_source(account, Event()), policy, Event())
    assert [folder.path for folder in source.folders()] == [("INBOX",)]
    tokens.expire()
    token_server.restart()
    assert [folder.path for folder in source.folders()] == [("INBOX",)]
    source.close()
    assert tokens.given == 2


# -- Cyrus ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("setting", "of"), [("maxlogins_per_user", "account"), ("maxlogins_per_host", "system")])
def test_cyrus_says_how_many_connections_it_grants_and_to_whom(tmp_path: Path, setting: str, of: str) -> None:
    with ExitStack() as running:
        doors = Doors(_entered(running, running_cyrus(settings=f"{setting}: 3")), tmp_path)
        sessions: list[Source] = []

        def open_too_many() -> None:
            while len(sessions) < 4:
                sessions.append(doors.source(Account("ann", PASSWORD)))

        with pytest.raises(TooManySessions) as raised:
            open_too_many()
        assert (raised.value.of, raised.value.limit) == (of, 3)
        assert sessions
        for session in sessions:
            session.close()


def test_a_proxy_of_cyrus_opens_other_mailboxes(tmp_path: Path) -> None:
    with ExitStack() as running:
        doors = Doors(_entered(running, running_cyrus(settings="proxyservers: boss")), tmp_path)
        session = doors.source(Account("ann", PASSWORD, "boss"), master_user_form="authzid")
        assert session.capabilities().product.startswith("Cyrus")
        session.close()
        error = doors.refused(Account("ann", PASSWORD, "bob"), master_user_form="authzid")
        assert isinstance(error, AuthFailed)


# -- Courier ----------------------------------------------------------------------------------------------------


def test_courier_hangs_up_on_one_connection_too_many(tmp_path: Path) -> None:
    with ExitStack() as running:
        doors = Doors(_entered(running, running_courier(sessions=3)), tmp_path)
        sessions: list[Source] = []

        def open_too_many() -> None:
            while len(sessions) < 4:
                sessions.append(doors.source(Account("ann", PASSWORD)))

        with pytest.raises(TooManySessions, match="before it said a word"):
            open_too_many()
        assert sessions
        for session in sessions:
            session.close()


def test_courier_takes_cram_md5(tmp_path: Path) -> None:
    with ExitStack() as running:
        doors = Doors(_entered(running, running_courier(cram_md5=True)), tmp_path)
        session = doors.source(Account("ann", PASSWORD))
        assert [folder.path for folder in session.folders()] == [("INBOX",)]
        session.close()
        error = doors.refused(Account("ann", "not-the-password"), auth="cram-md5")
        assert isinstance(error, AuthFailed)
        assert error.denial is Denial.BAD_PASSWORD

"""Tokens, and a mailbox that belongs to one session at a time, on a real POP3 server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from connectors.body import ByteBudget
from connectors.contract import Account, AuthFailed, Denial, Resources, TooManySessions, Transient
from connectors.pop3.connector import Pop3Connector
from connectors.pop3.settings import Pop3Settings
from connectors.suite.samples import folder_at, listed, mails
from connectors.wrappers import RetryingSource, RetryPolicy
from tests.conftest import _entered
from tests.servers.certificates import Certificates
from tests.servers.dovecot import find_dovecot, running_dovecot
from tests.servers.maildrop import MaildropOnDisk
from tests.servers.passdbs import TOKEN_MECHANISMS, token_passdbs
from tests.servers.server import PASSWORD, ImapServer
from tests.servers.tokens import TokenEndpoint, running_tokens


@pytest.fixture(scope="module")
def endpoint() -> Iterator[TokenEndpoint]:
    with running_tokens() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def server(certificates: Certificates, endpoint: TokenEndpoint) -> Iterator[ImapServer]:
    with ExitStack() as running:
        passdbs = running.enter_context(token_passdbs(find_dovecot()[1], endpoint.port))
        start = running_dovecot(
            certificates,
            pop3=True,
            mechanisms=f"plain {TOKEN_MECHANISMS}",
            passdbs=passdbs,
            settings="pop3_lock_session = yes\n",
        )
        yield _entered(running, start)


def connector(server: ImapServer, spool: Path, **more: object) -> Pop3Connector:
    values = {"host": "127.0.0.1", "port": server.pop3_port, "tls": "starttls", "ca_file": server.authority, **more}
    return Pop3Connector(Pop3Settings.model_validate(values), Resources(ByteBudget(), spool))


class Tokens:
    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)

    def token(self, refused: str = "") -> str:
        return self.left.pop(0)


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_token_signs_in_and_an_expired_one_is_replaced(
    server: ImapServer, endpoint: TokenEndpoint, tmp_path: Path, mechanism: str
) -> None:
    endpoint.good["good"] = "ann"
    MaildropOnDisk(server, "ann").put(*mails(2))
    one = connector(server, tmp_path, auth=mechanism)
    session = one.open_source(Account("ann", tokens=Tokens("expired", "good")), Event())
    assert listed(session, folder_at(session, ("INBOX",)))
    session.close()
    with pytest.raises(AuthFailed) as caught:
        one.open_source(Account("bob", "good"), Event())
    assert caught.value.denial is Denial.TOKEN


@pytest.mark.nightly
def test_a_mailbox_that_a_mail_program_has_open_is_waited_for(server: ImapServer, tmp_path: Path) -> None:
    """The server itself waits ten seconds before it says so."""
    MaildropOnDisk(server, "carla").put(*mails(2))
    one, account = connector(server, tmp_path, auth="plain"), Account("carla", PASSWORD)
    outlook = one.open_source(account, Event())
    list(outlook.folders())
    refusals: list[Transient] = []

    def told(_seconds: float, why: Transient) -> None:
        refusals.append(why)
        outlook.close()

    waiting = RetryingSource(lambda: one.open_source(account, Event()), RetryPolicy(first=0.1, told=told), Event())
    assert len(listed(waiting, folder_at(waiting, ("INBOX",)))) == 2
    waiting.close()
    (refusal,) = refusals
    assert isinstance(refusal, TooManySessions)
    assert (refusal.of, refusal.detail) == ("account", "IN-USE")

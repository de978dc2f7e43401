"""The servers that all other tests rely on are what they say."""

from __future__ import annotations

import imaplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.conftest import CyrusFactory, DovecotFactory
from tests.servers.mail import Mail, bodies, expected, holdings, seed
from tests.servers.server import MASTER_PASSWORD, MASTER_USER, ImapServer

_PARIS_SUMMER = datetime(2016, 7, 1, 10, 30, tzinfo=timezone(timedelta(hours=2)))
_MAILS = [
    Mail(("INBOX",), b"Subject: one\r\n\r\nfirst\r\n", frozenset({"\\Seen"}), _PARIS_SUMMER),
    Mail(("INBOX",), b"Subject: one\r\n\r\nfirst\r\n", frozenset({"\\Seen"}), _PARIS_SUMMER),
    Mail(("Projets \u00e9t\u00e9", "R&D"), b"Subject: two\r\n\r\nno end", frozenset({"$Forwarded", "\\Flagged"})),
    Mail(("\u65e5\u672c",), b"Subject: three\r\n\r\n" + b"x" * 100_000 + b"\r\n"),
]


@pytest.fixture(params=["dovecot", "dovecot with a prefix", "courier", "cyrus", "cyrus without a prefix"])
def server(request: pytest.FixtureRequest) -> ImapServer:
    if request.param.startswith("cyrus"):
        return request.getfixturevalue("cyrus")(modern="without" in request.param)  # type: ignore[no-any-return]
    if request.param == "courier":
        return request.getfixturevalue("courier")  # type: ignore[no-any-return]  # pytest types no fixture by name
    dovecot: DovecotFactory = request.getfixturevalue("dovecot")
    return dovecot(prefix="INBOX.", separator=".") if "prefix" in request.param else dovecot()


def test_what_was_seeded_is_counted_with_flags_and_dates(server: ImapServer) -> None:
    seed(server, "anna", _MAILS)
    assert holdings(server, "anna") == expected(_MAILS)
    assert holdings(server, "bruno") == {}


def test_counting_marks_nothing_as_read(server: ImapServer) -> None:
    seed(server, "anna", [Mail(("INBOX",), b"Subject: new\r\n\r\nnew\r\n")])
    bodies(server, "anna")
    [(stored, count)] = holdings(server, "anna")["INBOX",].items()
    assert (stored.flags, count) == (frozenset(), 1)


def test_a_wrong_password_is_refused(server: ImapServer) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        server.login("anna", "wrong")


def test_a_restart_keeps_the_mail(server: ImapServer) -> None:
    seed(server, "anna", _MAILS)
    server.restart()
    assert holdings(server, "anna") == expected(_MAILS)


def test_many_messages_are_seeded_in_order(standing_dovecot: ImapServer) -> None:
    mails = [Mail(("INBOX",), b"Subject: %d\r\n\r\n%d\r\n" % (number, number)) for number in range(450)]
    seed(standing_dovecot, "many", mails)
    assert bodies(standing_dovecot, "many")["INBOX",] == [mail.data for mail in mails]


def test_the_master_user_enters_any_mailbox(standing_dovecot: ImapServer) -> None:
    seed(standing_dovecot, "mastered", _MAILS[:1])
    with standing_dovecot.login(f"mastered*{MASTER_USER}", MASTER_PASSWORD) as connection:
        assert connection.select(readonly=True) == ("OK", [b"1"])


def test_starttls_and_tls_are_verified_against_our_own_authority(standing_dovecot: ImapServer) -> None:
    server = standing_dovecot
    assert server.tls_port is not None
    with imaplib.IMAP4("localhost", server.port) as plain:
        plain.starttls(server.trust())
        plain.login("anna", server.password)
    with imaplib.IMAP4_SSL("localhost", server.tls_port, ssl_context=server.trust()) as connection:
        connection.login("anna", server.password)
    with pytest.raises(ssl.SSLCertVerificationError):
        imaplib.IMAP4_SSL("localhost", server.tls_port, ssl_context=ssl.create_default_context())


def test_announced_capabilities_can_be_masked(dovecot: DovecotFactory) -> None:
    masked = dovecot(capability="IMAP4rev1 UIDPLUS")
    with masked.login("anna") as connection:
        assert connection.capability()[1][-1] == b"IMAP4rev1 UIDPLUS"


def test_announced_capabilities_of_cyrus_can_be_masked(cyrus: CyrusFactory) -> None:
    masked = cyrus(capability="IMAP4rev1 UIDPLUS")
    with masked.login("anna") as connection:
        words = set(connection.capability()[1][-1].split())
    # These have a value, or stand for the moment, and cannot be left out.
    assert {word for word in words if b"=" not in word} == {b"IMAP4rev1", b"UIDPLUS", b"LOGINDISABLED", b"IDLE"}


def test_connections_of_one_user_can_be_limited(dovecot: DovecotFactory) -> None:
    limited = dovecot(sessions=1)
    with limited.login("anna"), pytest.raises(imaplib.IMAP4.error):
        limited.login("anna")


@pytest.mark.parametrize("storage", ["sdbox", "mdbox"])
def test_other_storages_serve_too(dovecot: DovecotFactory, storage: str) -> None:
    server = dovecot(storage=storage)
    seed(server, "anna", _MAILS)
    assert holdings(server, "anna") == expected(_MAILS)


def test_nothing_is_left_when_the_test_run_is_killed(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from tests.servers.certificates import make_certificates\n"
        "from tests.servers.dovecot import running_dovecot\n"
        "with running_dovecot(make_certificates(pathlib.Path(sys.argv[1]))) as server:\n"
        "    print(server.port, server.folder, flush=True)\n"
        "    time.sleep(60)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    with run.stdout:
        port, folder = run.stdout.readline().split()
    run.kill()
    run.wait()
    assert _soon(lambda: not Path(folder).exists())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)))


def _soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True

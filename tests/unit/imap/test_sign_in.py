"""Signing in: protected, silent, and with a verdict for whatever goes wrong."""

from __future__ import annotations

import base64
import logging
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from connectors.contract import (
    Account,
    AuthFailed,
    ConnectorError,
    Fatal,
    Folder,
    Stopped,
    TooManySessions,
    Transient,
    Unavailable,
)
from tests.unit.imap.scripted import FULL, PASSWORD, Peer, Scripted, playing


def refused_sign_in(server: Scripted, **settings: object) -> ConnectorError:
    with pytest.raises(ConnectorError) as raised:
        server.source(**settings)
    assert PASSWORD not in str(raised.value)
    return raised.value


def test_capabilities_are_asked_again_after_login(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK [CAPABILITY IMAP4rev1] hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
        peer.answer("LOGIN")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 UIDPLUS MULTIAPPEND MOVE CONDSTORE APPENDLIMIT=1000")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        told = session.capabilities()
        session.close()
    assert (told.atomic_batch, told.returns_keys, told.moves, told.flag_tokens) == (True, True, True, True)
    assert told.max_message == 1000


def test_the_master_user_is_composed_as_the_plan_says(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
        peer.answer('LOGIN "admin/ann" "secret"')
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        connector = server.connector(master_user_form="{master}/{user}")
        connector.open_source(Account("ann", "secret", "admin"), Event()).close()


def test_a_name_beyond_ascii_goes_by_sasl_plain(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN")
        tag = peer.expect("AUTHENTICATE PLAIN")
        peer.say("+ ")
        assert base64.b64decode(peer.line()) == "\0käthe\0süss".encode()
        peer.say(f"{tag} OK in")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        server.connector().open_source(Account("käthe", "süss"), Event()).close()


@pytest.mark.parametrize("password", ["a\r\nx1 CREATE pwned", "a\0b", "a\nb"])
def test_a_password_with_control_characters_is_never_sent(tmp_path: Path, password: str) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN")
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(AuthFailed):
        server.connector().open_source(Account("ann", password), Event())
    assert b"LOGIN" not in server.heard


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("NO wrong", AuthFailed),
        ("NO [AUTHENTICATIONFAILED] wrong", AuthFailed),
        ("NO [UNAVAILABLE] not now", Unavailable),
        ("NO [LIMIT] too many", TooManySessions),
        ("NO [PRIVACYREQUIRED] not here", Fatal),
        ("BAD what", AuthFailed),
    ],
)
def test_a_refused_login_has_its_verdict(tmp_path: Path, answer: str, verdict: type[ConnectorError]) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
        peer.answer("LOGIN", status=f"{answer} {PASSWORD}")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        assert type(refused_sign_in(server)) is verdict


def test_a_goodbye_instead_of_a_greeting_is_unavailable(tmp_path: Path) -> None:
    with playing(tmp_path, lambda peer: peer.say("* BYE not today")) as server:
        assert type(refused_sign_in(server)) is Unavailable


def test_a_goodbye_while_signing_in_is_unavailable(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
        peer.expect("LOGIN")
        peer.say("* BYE not today")

    with playing(tmp_path, script) as server:
        assert type(refused_sign_in(server)) is Unavailable


def test_a_server_that_speaks_something_else_is_fatal(tmp_path: Path) -> None:
    with playing(tmp_path, lambda peer: peer.say("220 mail.example ESMTP")) as server:
        assert type(refused_sign_in(server)) is Fatal


def test_a_server_that_hangs_up_is_transient(tmp_path: Path) -> None:
    with playing(tmp_path, lambda peer: peer.say("* OK hello")) as server:
        assert type(refused_sign_in(server)) is Transient


def test_nobody_listening_is_unavailable(tmp_path: Path) -> None:
    with playing(tmp_path) as server:
        pass
    assert type(refused_sign_in(server)) is Unavailable


def test_preauth_is_refused(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* PREAUTH welcome")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        assert type(refused_sign_in(server, tls="starttls")) is Fatal


def test_no_password_leaves_when_starttls_is_missing(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        assert type(refused_sign_in(server, tls="starttls")) is Fatal
    assert b"LOGIN" not in server.heard
    assert b"AUTHENTICATE" not in server.heard


def test_no_password_leaves_when_starttls_is_refused(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 STARTTLS")
        peer.answer("STARTTLS", status="NO not today")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        assert type(refused_sign_in(server, tls="starttls")) is Fatal
    assert b"LOGIN" not in server.heard


def test_a_forged_plain_answer_after_starttls_is_no_tls(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 STARTTLS")
        tag = peer.expect("STARTTLS")
        peer.say(f"{tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN")
        peer.sock.recv(5)
        peer.say("this is no TLS at all")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        assert type(refused_sign_in(server, tls="starttls")) is Fatal
    assert b"LOGIN" not in server.heard


def test_a_login_that_is_disabled_sends_no_password(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 LOGINDISABLED")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        assert type(refused_sign_in(server)) is Fatal
    assert PASSWORD.encode() not in server.heard


def listen(peer: Peer) -> None:
    peer.ended_by()


def test_a_silent_server_is_given_up(tmp_path: Path) -> None:
    with playing(tmp_path, listen) as server:
        since = monotonic()
        assert type(refused_sign_in(server, timeout=0.3)) is Transient
        assert monotonic() - since < 3


def test_the_stop_flag_ends_the_waiting(tmp_path: Path) -> None:
    with playing(tmp_path, listen) as server:
        stop, raised = Event(), []

        def sign_in() -> None:
            try:
                server.connector(timeout=60).open_source(Account("ann", "x"), stop)
            except ConnectorError as error:
                raised.append(error)

        thread = Thread(target=sign_in)
        thread.start()
        sleep(0.1)
        stop.set()
        thread.join(5)
        assert not thread.is_alive()
    assert [type(error) for error in raised] == [Stopped]


def test_nothing_that_was_said_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def script(peer: Peer) -> None:
        peer.sign_in(FULL)
        peer.open_work(exists=1)
        tag = peer.expect("UID FETCH 1")
        peer.say("* 1 FETCH (UID 1 FLAGS () BODY[] {11}\r\nplanted mai)", f"{tag} OK")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        list(session.read(work(), ["1"]))
        session.close()
    assert PASSWORD not in caplog.text
    assert "planted" not in caplog.text


def work() -> Folder:
    return Folder(("Work",), None, "7")

"""Signing in: protected, silent, and with a verdict for whatever goes wrong."""

from __future__ import annotations

import base64
import logging
import ssl
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from connectors.contract import (
    Account,
    AuthFailed,
    ConnectionLost,
    ConnectorError,
    Fatal,
    Folder,
    Stopped,
    TooManySessions,
    Transient,
    Unavailable,
)
from tests.servers.certificates import Certificates
from tests.unit.imap.scripted import FULL, PASSWORD, Peer, Scripted, playing


def refused_sign_in(server: Scripted, **settings: object) -> ConnectorError:
    with pytest.raises(ConnectorError) as raised:
        server.source(**settings)
    assert PASSWORD not in str(raised.value)
    return raised.value


def test_capabilities_are_asked_again_after_login(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK [CAPABILITY IMAP4rev1] hello")
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
        peer.say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello")
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(AuthFailed):
        server.connector().open_source(Account("ann", password), Event())
    assert server.heard == b""


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
    with playing(tmp_path, lambda peer: peer.say("* BYE we are closed")) as server:
        assert type(refused_sign_in(server)) is Unavailable


def test_a_goodbye_while_signing_in_is_unavailable(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
        peer.expect("LOGIN")
        peer.say("* BYE going down")

    with playing(tmp_path, script) as server:
        assert type(refused_sign_in(server)) is Unavailable


def test_a_server_that_speaks_something_else_is_fatal(tmp_path: Path) -> None:
    with playing(tmp_path, lambda peer: peer.say("220 mail.example ESMTP")) as server:
        assert type(refused_sign_in(server)) is Fatal


def test_a_server_that_hangs_up_has_broken_the_line(tmp_path: Path) -> None:
    with playing(tmp_path, lambda peer: peer.say("* OK hello")) as server:
        assert type(refused_sign_in(server)) is ConnectionLost


@pytest.mark.parametrize("tls", ["plain", "implicit", "starttls"])
def test_a_server_that_hangs_up_before_it_said_a_word_has_no_room(tmp_path: Path, tls: str) -> None:
    with playing(tmp_path, lambda peer: None) as server:
        error = refused_sign_in(server, tls=tls)
    assert isinstance(error, TooManySessions)
    assert error.of == "system"
    assert "before it said a word" in str(error)


def test_nobody_listening_is_unavailable(tmp_path: Path) -> None:
    with playing(tmp_path) as server:
        pass
    assert type(refused_sign_in(server)) is Unavailable


def test_preauth_is_refused(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* PREAUTH welcome")
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
        peer.say(f"{tag} OK go")
        peer.sock.recv(5)
        peer.say("this is no TLS at all")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        assert type(refused_sign_in(server, tls="starttls")) is Fatal
    assert b"LOGIN" not in server.heard


def test_what_somebody_puts_in_before_tls_ends_the_connection(tmp_path: Path) -> None:
    """Commands injected behind the answer to STARTTLS would count as said under TLS."""

    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 STARTTLS")
        tag = peer.expect("STARTTLS")
        peer.say(f"{tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        error = refused_sign_in(server, tls="starttls")
    assert type(error) is Fatal
    assert "put in before TLS" in str(error)
    assert len(server.heard.splitlines()) == 2, "not even a handshake"


def test_what_was_offered_before_tls_counts_for_nothing(tmp_path: Path, certificates: Certificates) -> None:
    """Somebody between may have put in a weak mechanism, or taken a strong one away."""

    def script(peer: Peer) -> None:
        peer.say("* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR] hello")
        tag = peer.expect("STARTTLS")
        peer.say(f"{tag} OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] go")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        with context.wrap_socket(peer.sock, server_side=True) as sock:
            protected = Peer(sock)
            with protected.file:
                protected.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=CRAM-MD5")
                tag = protected.expect("AUTHENTICATE CRAM-MD5$")
                protected.say(f"{tag} NO [AUTHENTICATIONFAILED] no")
                protected.ended_by()

    with playing(tmp_path, script) as server:
        error = refused_sign_in(server, host="localhost", tls="starttls", ca_file=certificates.authority)
    assert isinstance(error, AuthFailed)


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
        assert type(refused_sign_in(server, timeout=0.3)) is ConnectionLost
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


WITH_ID = "IMAP4rev1 ID NAMESPACE"


@pytest.mark.parametrize(
    ("told", "product"),
    [
        ('("name" "Dovecot" "version" "2.3.19")', "Dovecot 2.3.19"),
        ('("version" "3.8" "name" "Cyrus IMAPD" "vendor" NIL)', "Cyrus IMAPD 3.8"),
        ('("name" "Courier")', "Courier"),
        ("NIL", ""),
        ("()", ""),
        ('("name")', ""),
        ("nonsense", ""),
        ('("name" ("nested"))', ""),
        ('("name" "\x1b[31mred\x07 \xa0")', "[31mred"),
        (f'("name" "{"x" * 5000}")', "x" * 80),
    ],
)
def test_who_the_server_says_it_is(tmp_path: Path, told: str, product: str) -> None:
    def script(peer: Peer) -> None:
        peer.say(f"* OK [CAPABILITY {WITH_ID}] hello")
        peer.answer("LOGIN", status=f"OK [CAPABILITY {WITH_ID}] in")
        # Both are asked in one go.
        namespace, ident = peer.expect("NAMESPACE"), peer.expect(r'ID \("name" "Bascule" "version" "[0-9.]+"\)$')
        peer.say('* NAMESPACE (("" "/")) NIL NIL', f"{namespace} OK")
        peer.say(f"* ID {told}\r\n".encode("latin-1"), f"{ident} OK")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        assert session.capabilities().product == product
        session.close()


def test_a_server_that_offers_no_id_is_told_nothing(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in("IMAP4rev1")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        server.source().close()
    assert b"Bascule" not in server.heard


def test_a_refused_id_changes_nothing(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in("IMAP4rev1 ID")
        peer.answer("ID", status="NO none of your business")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source()
        assert session.capabilities().product == ""
        session.close()


def test_a_server_that_serves_utf_8_only_is_asked_for_nothing(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 ENABLE NAMESPACE UTF8=ONLY")
        peer.answer("LOGIN")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 ENABLE NAMESPACE UTF8=ONLY")
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(Fatal, match=r"UTF8=ONLY.*Ask who runs it"):
        server.source()
    assert b"NAMESPACE\r\n" not in server.heard


def test_a_server_that_never_stops_talking_is_given_up(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.expect("CAPABILITY")
        flood = b"* OK still here\r\n" * 10_000
        with suppress(OSError):
            for _number in range(100):
                peer.say(flood)
        peer.ended_by()

    with playing(tmp_path, script) as server:
        assert "floods" in str(refused_sign_in(server))


def test_a_server_that_says_little_again_and_again_is_given_up(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.expect("CAPABILITY")
        with suppress(OSError):
            while True:
                peer.say("* OK still here")
                sleep(0.05)

    with playing(tmp_path, script) as server:
        error = refused_sign_in(server, timeout=0.1, connect_timeout=0.5)
    assert type(error) is Transient
    assert "floods" in str(error)


def test_a_large_literal_before_anybody_is_signed_in_is_given_up(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.expect("CAPABILITY")
        peer.say("* X {1000000}")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        assert type(refused_sign_in(server)) is ConnectionLost

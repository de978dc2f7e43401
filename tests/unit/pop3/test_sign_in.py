"""How one signs in, and what a refusal means."""

from __future__ import annotations

import base64
import hashlib
import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from connectors.contract import (
    Account,
    AuthFailed,
    Denial,
    Fatal,
    OverQuota,
    TooManySessions,
    TooSoon,
    Transient,
    Unavailable,
)
from connectors.pop3.settings import Pop3Settings
from tests.servers.certificates import Certificates
from tests.unit.pop3.fake import FEATURES, GREETING, PASSWORD, Bend, Cut, decoded, fake, letter, sign_in


def says(*pieces: bytes) -> Bend:
    return lambda _line, _good: pieces


def exchange(final: bytes = b"+OK\r\n", *challenges: bytes) -> list[bytes]:
    """What a server says to AUTH, and to each answer."""
    return [b"+ \r\n", *(b"+ " + base64.b64encode(one) + b"\r\n" for one in challenges), final]


def test_a_password_is_handed_over_by_user_and_pass_where_nothing_else_is_offered(tmp_path: Path) -> None:
    with fake(greeting=b"+OK\r\n") as server:
        server.source(tmp_path, auth=None)
        assert server.heard[0][1:3] == ["USER ann", f"PASS {PASSWORD}"]


def test_unprotected_a_digest_comes_before_the_password(tmp_path: Path) -> None:
    with fake() as server:
        server.source(tmp_path, auth=None)
        digest = hashlib.md5(b"<17.42@fake.example>" + PASSWORD.encode()).hexdigest()
        assert server.heard[0][1] == f"APOP ann {digest}"
        assert server.said("USER", "PASS") == []


def test_a_refused_digest_is_not_followed_by_the_password(tmp_path: Path) -> None:
    with fake(bends={"APOP": says(b"-ERR [AUTH] no\r\n")}) as server:
        with pytest.raises(AuthFailed, match="auth: user"):
            server.source(tmp_path, auth=None)
        assert server.said("USER", "PASS") == []


def test_plain_names_both_where_a_master_user_signs_in(tmp_path: Path) -> None:
    with fake(features=[*FEATURES, "SASL PLAIN CRAM-MD5"], exchanges=[exchange()]) as server:
        account = Account("ann", "master secret", "migration")
        connector = server.connector(tmp_path, auth=None, master_user_form="authzid")
        sign_in(connector, account)
        assert server.heard[0][1] == "AUTH PLAIN"
        assert decoded(server.heard[0][2]) == "ann\0migration\0master secret"


class Tokens:
    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)

    def token(self, refused: str = "") -> str:
        return self.left.pop(0)


def test_a_token_is_said_in_two_steps_and_another_one_is_asked_for_when_it_is_refused(tmp_path: Path) -> None:
    """As Microsoft wants it: AUTH XOAUTH2 on a line of its own."""
    failure = b'{"status":"401","schemes":"Bearer"}'
    exchanges = [exchange(b"-ERR [AUTH] expired\r\n", failure), exchange()]
    with fake(features=[*FEATURES, "SASL PLAIN XOAUTH2"], exchanges=exchanges) as server:
        tokens = Tokens("old", "new")
        sign_in(server.connector(tmp_path, auth="xoauth2"), Account("ann@example.org", tokens=tokens))
        assert [lines[1] for lines in server.heard] == ["AUTH XOAUTH2"] * 2
        assert decoded(server.heard[0][2]) == "user=ann@example.org\1auth=Bearer old\1\1"
        assert server.heard[0][3] == "", "the reason is acknowledged before the refusal comes"
        assert decoded(server.heard[1][2]) == "user=ann@example.org\1auth=Bearer new\1\1"


def test_a_token_that_has_no_right_is_told_apart(tmp_path: Path) -> None:
    exchanges = [exchange(b"-ERR no\r\n", b'{"status":"insufficient_scope"}')]
    with fake(features=[*FEATURES, "SASL XOAUTH2"], exchanges=exchanges) as server:
        with pytest.raises(AuthFailed) as caught:
            sign_in(server.connector(tmp_path, auth="xoauth2"), Account("ann", "token"))
        assert caught.value.denial is Denial.NO_RIGHT


def test_a_server_that_takes_no_tokens_says_what_it_takes(tmp_path: Path) -> None:
    with fake(features=[*FEATURES, "SASL PLAIN"]) as server, pytest.raises(Fatal, match="plain"):
        sign_in(server.connector(tmp_path, auth="xoauth2"), Account("ann", "token"))


@pytest.mark.parametrize("challenge", [b"+ !!!\r\n", b"+ " + base64.b64encode(b"r=x") + b"\r\n", b"hello\r\n"])
def test_a_server_whose_part_makes_no_sense_is_given_up(tmp_path: Path, challenge: bytes) -> None:
    exchanges = [[b"+ \r\n", challenge, challenge]]
    with fake(features=[*FEATURES, "SASL SCRAM-SHA-256"], exchanges=exchanges) as server, pytest.raises(Fatal):
        server.source(tmp_path, auth="scram-sha-256")


def test_a_server_that_lets_in_without_its_proof_is_given_up(tmp_path: Path) -> None:
    exchanges = [[b"+ \r\n", b"+OK come in\r\n"]]
    features = [*FEATURES, "SASL SCRAM-SHA-256"]
    with fake(features=features, exchanges=exchanges) as server, pytest.raises(Fatal, match="did not prove"):
        server.source(tmp_path, auth="scram-sha-256")


def test_utf_8_is_asked_for_before_signing_in(tmp_path: Path) -> None:
    with fake(features=[*FEATURES, "UTF8 USER"]) as server:
        server.source(tmp_path)
        assert server.heard[0][:3] == ["CAPA", "UTF8", "USER ann"]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_nothing_is_said_unprotected_where_protection_is_wanted(tmp_path: Path, tls: str) -> None:
    with fake() as server, pytest.raises((Fatal, Transient)):
        server.source(tmp_path, tls=tls, timeout=1)
    assert server.said("USER", "PASS", "APOP", "AUTH") == []


def test_what_was_offered_before_tls_counts_for_nothing(tmp_path: Path, certificates: Certificates) -> None:
    """Somebody on the way says that the server takes a weak mechanism, which it does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    with fake(greeting=b"+OK\r\n", features=[*FEATURES, "STLS", "SASL SCRAM-SHA-1"], protection=context) as server:
        server.source(tmp_path, tls="starttls", auth=None, ca_file=certificates.authority)
        assert server.heard[0] == ["CAPA", "STLS", "CAPA", "USER ann", f"PASS {PASSWORD}", "CAPA"]


def test_what_was_put_in_before_tls_ends_everything(tmp_path: Path) -> None:
    injected = {"STLS": says(b"+OK begin\r\n+OK injected\r\n")}
    with fake(features=[*FEATURES, "STLS"], bends=injected) as server, pytest.raises(Fatal, match="before TLS"):
        server.source(tmp_path, tls="starttls")


@pytest.mark.parametrize("greeting", [b"* OK IMAP\r\n", b"220 smtp\r\n", b"\r\n"])
def test_what_is_no_pop3_server_is_told_so(tmp_path: Path, greeting: bytes) -> None:
    with fake(greeting=greeting) as server, pytest.raises(Fatal, match="POP3"):
        server.source(tmp_path)


def test_a_server_that_hangs_up_unasked_has_too_many(tmp_path: Path) -> None:
    def hangs_up(_line: bytes, _good: bytes) -> Iterator[bytes]:
        raise Cut
        yield b""

    with fake(bends={"GREETING": hangs_up}) as server, pytest.raises(TooManySessions) as caught:
        server.source(tmp_path)
    assert caught.value.of == "system"


@pytest.mark.parametrize(
    ("said", "denial"),
    [
        ("-ERR [AUTH] Authentication failed.", Denial.BAD_PASSWORD),
        ("-ERR Login failed.", Denial.BAD_PASSWORD),
        ("-ERR [AUTH] Application-specific password required", Denial.POLICY),
        ("-ERR [SYS/PERM] Your account is not enabled for POP access.", Denial.POLICY),
        ("-ERR [SYS/PERM] ask the administrator", Denial.ADMINISTRATOR),
        ("-ERR [AUTH] Account is disabled.", Denial.DISABLED),
        ("-ERR account is locked", Denial.DISABLED),
    ],
)
def test_who_is_not_let_in_is_told_why(tmp_path: Path, said: str, denial: Denial) -> None:
    with fake(bends={"PASS": says(said.encode() + b"\r\n")}) as server, pytest.raises(AuthFailed) as caught:
        server.source(tmp_path)
    assert caught.value.denial is denial
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "said",
    ["-ERR [IN-USE] Do you have another POP session running?", "-ERR maildrop already locked", "-ERR mailbox in use"],
)
def test_a_mailbox_in_use_is_tried_again(tmp_path: Path, said: str) -> None:
    with fake(bends={"PASS": says(said.encode() + b"\r\n")}) as server, pytest.raises(TooManySessions) as caught:
        server.source(tmp_path)
    assert caught.value.of == "account"
    assert "mail program" in str(caught.value)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"-ERR [LOGIN-DELAY] wait\r\n", 300),
        (b"-ERR Exceeded the login limit for a 15 minute period. Reduce the frequency of requests.\r\n", 900),
    ],
)
def test_who_comes_too_soon_is_told_when_to_come(tmp_path: Path, said: bytes, seconds: int) -> None:
    with fake(features=[*FEATURES, "LOGIN-DELAY 300 USER"], bends={"PASS": says(said)}) as server:
        with pytest.raises(TooSoon) as caught:
            server.source(tmp_path)
        assert caught.value.retry_after == seconds


def test_a_passing_trouble_is_none_of_the_account(tmp_path: Path) -> None:
    with fake(bends={"PASS": says(b"-ERR [SYS/TEMP] disk\r\n")}) as server, pytest.raises(Unavailable):
        server.source(tmp_path)
    with fake(greeting=b"-ERR too busy\r\n") as server, pytest.raises(Unavailable):
        server.source(tmp_path)
    allowance = b"-ERR [SYS/TEMP] Account exceeded command or bandwidth limits\r\n"
    with fake(bends={"PASS": says(allowance)}) as server, pytest.raises(OverQuota):
        server.source(tmp_path)


def test_an_account_does_not_sign_in_sooner_than_the_server_wants(tmp_path: Path) -> None:
    with fake(letter(1), features=[*FEATURES, "LOGIN-DELAY 1"]) as server:
        connector = server.connector(tmp_path)
        sign_in(connector).close()
        with pytest.raises(TooSoon) as caught:
            sign_in(connector)
        assert 0 < (caught.value.retry_after or 0) <= 1
        assert len(server.heard) == 1, "nothing was asked"
        sign_in(connector, Account("bob", PASSWORD))
        time.sleep(caught.value.retry_after or 0)
        sign_in(connector)


def test_gmail_s_delay_is_known() -> None:
    assert Pop3Settings(host="pop.gmail.com").login_delay == 300
    assert Pop3Settings(host="pop.example.org").login_delay == 0


@pytest.mark.parametrize("days", ["", "30", "0 days", "a month", 30, True, "99999 days"])
def test_days_are_spelt_as_everywhere_in_a_plan(days: object) -> None:
    good = Pop3Settings.model_validate({"host": "x", "unread_if_newer_than": "30 jours"})
    assert good.unread_if_newer_than == timedelta(days=30)
    with pytest.raises(ValueError, match="30 days"):
        Pop3Settings.model_validate({"host": "x", "unread_if_newer_than": days})


@pytest.mark.parametrize("account", [Account("ann\r\nDELE 1", "x"), Account("ann", "x\r\nDELE 1"), Account("a\0", "x")])
def test_a_name_cannot_hold_a_command(tmp_path: Path, account: Account) -> None:
    with fake(letter(1)) as server, pytest.raises(AuthFailed, match="control character"):
        sign_in(server.connector(tmp_path), account)


def test_a_pop3_system_is_no_target(tmp_path: Path) -> None:
    with fake() as server, pytest.raises(Fatal, match="another system as the target"):
        server.connector(tmp_path).open_target(Account("ann", PASSWORD), Event())


def test_the_greeting_is_not_quoted(tmp_path: Path) -> None:
    assert b"<17.42@fake.example>" in GREETING
    with fake(greeting=b"-ERR secret words\r\n") as server, pytest.raises(Unavailable) as caught:
        server.source(tmp_path)
    assert "secret words" not in str(caught.value)

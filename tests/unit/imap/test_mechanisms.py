"""How one signs in: the best way that the server offers, or the one that the plan names; and with tokens."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scramp import ScramMechanism

from connectors.contract import Account, AuthFailed, ConnectorError, Denial, Fatal, Folder, Transient
from connectors.imap.settings import ImapSettings
from connectors.net import sasl
from tests.unit.imap.scripted import PASSWORD, Peer, allow, outgoing, playing

_LINES = [
    b"+ ", b"+", b"* CAPABILITY IMAP4rev1", b"* BYE", b"* NO [", b"B1 NO [AUTHENTICATIONFAILED]", b"B1 BAD", b"B2 OK",
    b"* X {5}", b"* X {99999999999999999999}", b"+ eyJzdGF0dXMiOiA0MDF9", b"+ !", b"* OK [CAPABILITY", b"B1",
]  # fmt: skip
Script = Callable[[Peer], None]
EVERYTHING = "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-256 AUTH=XOAUTH2"


class Tokens:
    """Hands out ``fresh`` tokens one after the other, each until it is refused."""

    def __init__(self, *fresh: str) -> None:
        self._fresh = list(fresh)
        self.refused: list[str] = []

    def token(self, refused: str = "") -> str:
        if refused:
            self.refused.append(refused)
            self._fresh.remove(refused)
        if not self._fresh:
            raise AuthFailed("no further token", denial=Denial.TOKEN)
        return self._fresh[0]


def decoded(text: str | bytes) -> bytes:
    return base64.b64decode(text)


def encoded(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def greet(peer: Peer, capabilities: str) -> None:
    peer.say(f"* OK [CAPABILITY {capabilities}] hello")


def let_in(peer: Peer, tag: str, capabilities: str = "IMAP4rev1") -> None:
    peer.say(f"{tag} OK [CAPABILITY {capabilities}] in")


def scram(peer: Peer, mechanism: str, *, password: str = PASSWORD, lie: bool = False) -> str:
    """The server's part up to its proof; the tag that is to be answered."""
    command, tag = f"AUTHENTICATE {mechanism} ", ""
    line = peer.line().decode()
    tag, _, rest = line.partition(" ")
    assert rest.startswith(command), line
    kind = ScramMechanism(mechanism)
    server = kind.make_server(lambda _user: kind.make_auth_info(password))
    server.set_client_first(decoded(rest.removeprefix(command)).decode())
    peer.say(f"+ {encoded(server.get_server_first())}")
    server.set_client_final(decoded(peer.line()).decode())
    proof = server.get_server_final()
    peer.say(f"+ {encoded(proof if not lie else 'v=' + encoded(bytes(32)))}")
    return tag


@pytest.mark.parametrize(
    ("offered", "protected", "unprotected"),
    [
        ("SCRAM-SHA-256 SCRAM-SHA-1 PLAIN CRAM-MD5 LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256"),
        ("SCRAM-SHA-1 PLAIN CRAM-MD5 LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-1"),
        ("PLAIN CRAM-MD5 LOGIN", "PLAIN", "CRAM-MD5"),
        ("CRAM-MD5 LOGIN", "LOGIN", "CRAM-MD5"),
        ("CRAM-MD5", "CRAM-MD5", "CRAM-MD5"),
    ],
)
def test_the_order_is_as_documented(offered: str, protected: str, unprotected: str) -> None:
    names = offered.split()
    assert next(name for name in sasl.PROTECTED if name in names) == protected
    assert next(name for name in sasl.UNPROTECTED if name in names) == unprotected


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-1"])
def test_scram_comes_first_and_the_password_never_travels(tmp_path: Path, mechanism: str) -> None:
    offered = EVERYTHING if mechanism == "SCRAM-SHA-256" else EVERYTHING.replace(" AUTH=SCRAM-SHA-256", "")

    def script(peer: Peer) -> None:
        greet(peer, offered)
        tag = scram(peer, mechanism)
        assert peer.line() == b""
        let_in(peer, tag)
        peer.sign_out()

    with playing(tmp_path, script) as server:
        server.source().close()
    assert PASSWORD.encode() not in server.heard
    assert encoded(PASSWORD).rstrip("=").encode() not in server.heard


def test_a_server_that_cannot_prove_itself_is_not_believed(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        greet(peer, EVERYTHING)
        scram(peer, "SCRAM-SHA-256", lie=True)
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(Fatal):
        server.source()


def test_a_server_that_skips_its_proof_is_not_believed(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        greet(peer, EVERYTHING)
        tag = peer.expect("AUTHENTICATE SCRAM-SHA-256")
        let_in(peer, tag)
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(Fatal, match="did not prove"):
        server.source()


@pytest.mark.parametrize("challenge", ["!!!", encoded("r=short"), encoded(b"\xff\xfe"), encoded("i=99999999,s=,r=x")])
def test_a_challenge_that_makes_no_sense_is_fatal(tmp_path: Path, challenge: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer, EVERYTHING)
        peer.expect("AUTHENTICATE SCRAM-SHA-256")
        peer.say(f"+ {challenge}")
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(Fatal, match="makes no sense"):
        server.source()


def test_cram_md5_answers_the_challenge(tmp_path: Path) -> None:
    challenge = b"<1896.697170952@postoffice.example>"

    def script(peer: Peer) -> None:
        greet(peer, "IMAP4rev1 SASL-IR LOGINDISABLED AUTH=CRAM-MD5")
        line = peer.line().decode()
        assert line.endswith(" AUTHENTICATE CRAM-MD5"), "the server speaks first"
        peer.say(f"+ {encoded(challenge)}")
        said = decoded(peer.line()).decode()
        assert said == f"ann {hmac.new(PASSWORD.encode(), challenge, 'md5').hexdigest()}"
        let_in(peer, line.split()[0])
        peer.sign_out()

    with playing(tmp_path, script) as server:
        server.source().close()


@pytest.mark.parametrize("at_once", [True, False])
def test_plain_goes_in_one_line_where_the_server_allows_it(tmp_path: Path, at_once: bool) -> None:
    def script(peer: Peer) -> None:
        greet(peer, f"IMAP4rev1 AUTH=PLAIN LOGINDISABLED{' SASL-IR' if at_once else ''}")
        if at_once:
            tag, _command, _name, said = peer.line().decode().split(" ")
        else:
            tag = peer.expect("AUTHENTICATE PLAIN$")
            peer.say("+ ")
            said = peer.line().decode()
        assert decoded(said) == f"\0ann\0{PASSWORD}".encode()
        let_in(peer, tag)
        peer.sign_out()

    with playing(tmp_path, script) as server:
        server.source().close()


def test_a_master_user_can_be_named_apart(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        greet(peer, EVERYTHING)
        tag, _command, name, said = peer.line().decode().split(" ")
        assert (name, decoded(said)) == ("PLAIN", b"ann\0admin\0master key")
        let_in(peer, tag)
        peer.sign_out()

    with playing(tmp_path, script) as server:
        connector = server.connector(master_user_form="authzid")
        connector.open_source(Account("ann", "master key", "admin"), Event()).close()


def test_the_plan_may_name_the_mechanism(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        greet(peer, EVERYTHING)
        peer.answer("LOGIN", status="OK [CAPABILITY IMAP4rev1] in")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        server.source(auth="login").close()


def test_a_named_mechanism_that_is_not_offered_is_said_with_those_that_are(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        greet(peer, "IMAP4rev1 AUTH=PLAIN AUTH=GSSAPI AUTH={ugly} LOGINDISABLED")
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(Fatal) as raised:
        server.source(auth="cram-md5")
    assert "does not offer auth: cram-md5, but gssapi, plain" in str(raised.value)
    assert server.heard == b""


def test_login_disabled_names_tls_as_the_way(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        greet(peer, "IMAP4rev1 STARTTLS LOGINDISABLED")
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(Fatal, match="without TLS"):
        server.source()
    assert server.heard == b""


def test_a_wrong_password_by_a_challenge_names_the_other_way(tmp_path: Path) -> None:
    """Such a server may keep the password in a form that does not fit the mechanism which it offers."""

    def script(peer: Peer) -> None:
        greet(peer, EVERYTHING)
        tag = peer.expect("AUTHENTICATE SCRAM-SHA-256")
        peer.say(f"{tag} NO [AUTHENTICATIONFAILED] no")
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(AuthFailed, match="try auth: plain"):
        server.source()


@given(st.lists(st.binary(max_size=200), max_size=4), st.sampled_from(["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"]))
@example([b"r=,s=,i=4096"], "SCRAM-SHA-256")
@example([b"r=x,s=AAAA,i="], "SCRAM-SHA-1")
@example([b"r=\xff"], "SCRAM-SHA-1")
@example([b"", b""], "CRAM-MD5")
@settings(max_examples=200)
def test_whatever_a_server_asks_there_is_an_answer_or_an_odd_challenge(challenges: list[bytes], mechanism: str) -> None:
    exchange = sasl.begin(mechanism, sasl.Credentials("ann", PASSWORD))
    with suppress(sasl.OddChallenge):
        for challenge in challenges:
            assert PASSWORD.encode() not in exchange.answer(challenge)
    assert mechanism == "CRAM-MD5" or not exchange.complete()


@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from(_LINES)), max_size=8))
@example([b"+ " + base64.b64encode(b"[" * 100_000)])
@example([b"* CAPABILITY", b"+", b"+"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_server_says_while_signing_in_is_a_typed_error(tmp_path: Path, lines: list[bytes]) -> None:
    def script(peer: Peer) -> None:
        greet(peer, "IMAP4rev1 SASL-IR AUTH=XOAUTH2")
        peer.line()
        with suppress(OSError):
            for line in lines:
                peer.say(line.replace(b"B1 OK", b"B1 NO") + b"\r\n")

    with playing(tmp_path, script) as server, pytest.raises(ConnectorError):
        server.connector(auth="xoauth2", timeout=2).open_source(Account("ann", "t1"), Event())


# -- tokens -------------------------------------------------------------------------------------------------------


def bearer(peer: Peer, token: str, *, mechanism: str = "XOAUTH2") -> str:
    """Expect this token; the tag that is to be answered."""
    tag, _command, name, said = peer.line().decode().split(" ")
    wanted = {
        "XOAUTH2": f"user=ann\1auth=Bearer {token}\1\1",
        "OAUTHBEARER": f"n,a=ann,\1auth=Bearer {token}\1\1",
    }[mechanism]
    assert (name, decoded(said).decode()) == (mechanism, wanted)
    return tag


def refuse_token(peer: Peer, tag: str, *, status: str = "invalid_token", answer: bytes = b"") -> None:
    peer.say(f"+ {encoded(json.dumps({'status': status, 'schemes': 'bearer'}))}")
    assert decoded(peer.line()) == answer
    peer.say(f"{tag} NO [AUTHENTICATIONFAILED] no")


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_signs_in(tmp_path: Path, mechanism: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer, f"IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2{' AUTH=OAUTHBEARER' * (mechanism == 'OAUTHBEARER')}")
        let_in(peer, bearer(peer, "t1", mechanism=mechanism))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        server.connector().open_source(Account("ann", tokens=Tokens("t1")), Event()).close()


@pytest.mark.parametrize(("mechanism", "answer"), [("XOAUTH2", b""), ("OAUTHBEARER", b"\1")])
def test_an_expired_token_is_renewed_on_a_new_connection(tmp_path: Path, mechanism: str, answer: bytes) -> None:
    capabilities = f"IMAP4rev1 SASL-IR AUTH={mechanism}"

    def refuses(peer: Peer) -> None:
        greet(peer, capabilities)
        refuse_token(peer, bearer(peer, "old", mechanism=mechanism), answer=answer)
        peer.ended_by()

    def takes(peer: Peer) -> None:
        greet(peer, capabilities)
        let_in(peer, bearer(peer, "new", mechanism=mechanism))
        peer.sign_out()

    tokens = Tokens("old", "new")
    with playing(tmp_path, refuses, takes) as server:
        server.connector().open_source(Account("ann", tokens=tokens), Event()).close()
    assert tokens.refused == ["old"]


def test_a_token_is_renewed_once_and_no_more(tmp_path: Path) -> None:
    def refuses(token: str) -> Script:
        def script(peer: Peer) -> None:
            greet(peer, "IMAP4rev1 SASL-IR AUTH=XOAUTH2")
            refuse_token(peer, bearer(peer, token))
            peer.ended_by()

        return script

    with playing(tmp_path, refuses("t1"), refuses("t2")) as server, pytest.raises(AuthFailed) as raised:
        server.connector().open_source(Account("ann", tokens=Tokens("t1", "t2", "t3")), Event())
    assert raised.value.denial is Denial.TOKEN
    assert "t2" not in str(raised.value)


def test_a_token_without_the_scope_is_no_expired_one(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        greet(peer, "IMAP4rev1 SASL-IR AUTH=XOAUTH2")
        refuse_token(peer, bearer(peer, "t1"), status="insufficient_scope")
        peer.ended_by()

    tokens = Tokens("t1", "t2")
    with playing(tmp_path, script) as server, pytest.raises(AuthFailed) as raised:
        server.connector().open_source(Account("ann", tokens=tokens), Event())
    assert (raised.value.denial, tokens.refused) == (Denial.NO_RIGHT, [])


def test_a_password_can_be_the_token(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        greet(peer, EVERYTHING)
        let_in(peer, bearer(peer, "t1"))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        server.connector(auth="xoauth2").open_source(Account("ann", "t1"), Event()).close()


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_shared_mailbox_is_opened_by_its_own_name_with_the_token_of_who_may(tmp_path: Path, mechanism: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer, f"IMAP4rev1 SASL-IR AUTH={mechanism}")
        # The mailbox's name; of whoever holds the token nothing is said.
        let_in(peer, bearer(peer, "t1", mechanism=mechanism))
        peer.sign_out()

    with playing(tmp_path, script) as server:
        helper = Account("ann", "t1", master_user="migration")
        server.connector(auth=mechanism.lower()).open_source(helper, Event()).close()


@pytest.mark.parametrize("said", ["NO [AUTHENTICATIONFAILED] expired", "NO [EXPIRED] expired", "BAD expired"])
def test_a_token_that_expires_under_way_is_a_matter_of_a_new_session(tmp_path: Path, said: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer, "IMAP4rev1 SASL-IR AUTH=XOAUTH2")
        let_in(peer, bearer(peer, "t1"), "IMAP4rev1 SPECIAL-USE")
        peer.answer("LIST", status=said)
        peer.ended_by()

    with playing(tmp_path, script) as server:
        session = server.connector().open_source(Account("ann", tokens=Tokens("t1")), Event())
        with pytest.raises(Transient):
            list(session.folders())
        session.abort()


@pytest.mark.parametrize("tokens", [True, False])
def test_an_append_that_meets_an_expired_sign_in_is_no_refused_message(tmp_path: Path, tokens: bool) -> None:
    """Its receipt is open: it is settled by looking, and the message is not given up."""

    def script(peer: Peer) -> None:
        greet(peer, f"IMAP4rev1 SASL-IR LOGINDISABLED AUTH={'XOAUTH2' if tokens else 'PLAIN'}")
        tag = peer.line().decode().split(" ")[0]
        let_in(peer, tag, "IMAP4rev1 LITERAL+")
        peer.answer('LIST "" ""', '* LIST (\\Noselect) "/" ""')
        peer.open_work(command="SELECT")
        tag = peer.expect('APPEND "Work"')
        peer.read(len(b"body\r\n") + 2)
        peer.say(f"{tag} NO [EXPIRED] your token has expired")
        peer.ended_by()

    account = Account("ann", tokens=Tokens("t1")) if tokens else Account("ann", PASSWORD)
    with playing(tmp_path, script) as server:
        session = server.connector().open_target(account, Event())
        receipts = session.write(Folder(("Work",), None, "7"), [outgoing(0, b"body\r\n")], allow)
        with pytest.raises(Transient if tokens else AuthFailed):
            list(receipts)
        session.abort()


# -- settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"auth": "cram"}, "scram-sha-256"),
        ({"master_user_form": "authzid", "auth": "cram-md5"}, "authzid goes with auth: plain"),
        ({"certificate_pin": "sha256:AB"}, "64 hexadecimal digits"),
        ({"certificate_pin": "AB" * 32}, "64 hexadecimal digits"),
        ({"certificate_pin": "sha256:" + "AB" * 32, "tls": "plain"}, "means nothing"),
        ({"certificate_pin": "sha256:" + "AB" * 32, "ca_file": "x.pem"}, "exclude each other"),
    ],
)
def test_settings_that_do_not_fit_are_told(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ImapSettings.model_validate({"host": "mail.example.org", **settings})


def test_a_fingerprint_may_be_written_as_openssl_shows_it() -> None:
    shown = ":".join(["AB"] * 32)
    settings = ImapSettings.model_validate({"host": "mail.example.org", "certificate_pin": f"SHA256:{shown}"})
    assert settings.certificate_pin == "sha256:" + "ab" * 32


def test_no_secret_shows_in_a_repr() -> None:
    assert "secret" not in repr(Account("ann", "secret", tokens=Tokens("secret")))
    assert "secret" not in repr(sasl.Credentials("ann", "secret"))


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-1"])
def test_what_cannot_be_said_in_scram_is_no_traceback(tmp_path: Path, mechanism: str) -> None:
    def script(peer: Peer) -> None:
        greet(peer, f"IMAP4rev1 SASL-IR AUTH={mechanism}")
        peer.ended_by()

    with playing(tmp_path, script) as server, pytest.raises(ConnectorError) as raised:
        server.connector(auth=mechanism.lower()).open_source(Account("ann", "\N{ARABIC LETTER ALEF}x"), Event())
    assert isinstance(raised.value, AuthFailed)
    assert raised.value.__cause__ is None

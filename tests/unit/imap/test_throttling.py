"""Servers that ask to be left alone, or grant no further session: told by their own words, obeyed as verdicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import Folder, OverQuota, Stopped, TooManySessions, Transient
from connectors.imap.response import parse_status
from connectors.net.throttling import Throttle
from tests.unit.imap.scripted import Peer, allow, outgoing, playing

WORK = Folder(("Work",), None, "7")
THROTTLED = "Request is throttled. Suggested Backoff Time: 92415 milliseconds"
DOVECOT = "[LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=2)"


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        (f"BAD {THROTTLED}", Throttle(seconds=92.415)),
        (f"NO {THROTTLED}", Throttle(seconds=92.415)),
        ("NO Suggested Backoff Time: 30 seconds", Throttle(seconds=30)),
        ("NO Suggested Backoff Time: 999999999999 milliseconds", Throttle(seconds=86_400)),
        ("BYE [OVERQUOTA] Account exceeded command or bandwidth limits.", Throttle(allowance=True)),
        ("NO [ALERT] Account exceeded bandwidth limits. (Failure)", Throttle(allowance=True)),
        ("NO [ALERT] Too many simultaneous connections. (Failure)", Throttle(sessions="account")),
        (f"NO {DOVECOT}", Throttle(sessions="account", limit=2)),
        ("BYE Too many open connections from this host", Throttle(sessions="system")),
        ("NO Too many connections from your IP", Throttle(sessions="system")),
        ("BYE Too many connections from this host for this user", Throttle(sessions="account")),
        ("NO Too many open connections (3 of 2 for anna)", Throttle(sessions="account", limit=2)),
        ("BYE Too many open connections (3 of 2 from 10.0.0.1)", Throttle(sessions="system", limit=2)),
        ("NO Connection limit exceeded", Throttle(sessions="account")),
        ("NO Too many concurrent IMAP commands", Throttle(sessions="account")),
        ("NO [THROTTLED] anything", Throttle()),
        ("BYE [THROTTLED]", Throttle()),
        ("NO [LIMIT] UID FETCH Rate limit hit.", Throttle()),
        ("NO [ALERT] Too many requests", Throttle()),
        ("NO Request is throttled", Throttle()),
        ("BAD slow down", Throttle()),
        # No refusal, or one of something else.
        ("OK Success [THROTTLED]", None),
        ("NO [NONEXISTENT] Mailbox doesn't exist: Slow down", None),
        ("NO [CANNOT] Rate limit exceeded", None),
        ("NO [LIMIT] Too many user flags in mailbox", None),
        ("NO Too many failed logins", None),
        (f"OK {THROTTLED}", None),
        ("NO [OVERQUOTA] Mailbox is full", None),
        ("NO Too many messages in this folder", None),
        ("NO [TOOBIG] Message exceeded limits", None),
        ("BAD Suggested Backoff Time: 1e9 milliseconds", None),
    ],
)
def test_what_a_refusal_asks_for(line: str, asked: Throttle | None) -> None:
    status = parse_status(line.encode())
    assert status is not None
    assert status.throttle == asked


#: A throttle that says for how long, and one that does not: then it is a usual pause.
PAUSES = [(THROTTLED, 92.415), ("[THROTTLED] no", 5), ("[LIMIT] Rate limit hit.", 5), ("slow down", 5)]


@pytest.mark.parametrize(("words", "seconds"), PAUSES)
@pytest.mark.parametrize("word", ["NO", "BAD"])
def test_a_throttled_fetch_is_no_unreadable_message_and_says_how_long_to_stay_away(
    tmp_path: Path, word: str, words: str, seconds: float
) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work()
        tag = peer.expect("UID FETCH 1")
        peer.say(f"{tag} {word} {words}")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        session = server.source()
        with pytest.raises(Transient) as caught:
            list(session.read(WORK, ["1"]))
        session.abort()
    assert caught.value.retry_after == pytest.approx(seconds)
    assert "92415" not in str(caught.value), "no word of the server's is kept"


@pytest.mark.parametrize(("words", "seconds"), PAUSES)
@pytest.mark.parametrize("word", ["NO", "BAD"])
def test_a_throttled_append_is_no_refusal_of_the_message(tmp_path: Path, word: str, words: str, seconds: float) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work(command="SELECT", permanent=r"\Seen \*")
        tag = peer.expect("UNSELECT")
        peer.say(f"{tag} OK")
        tag = peer.expect("APPEND")
        peer.line()
        peer.say(f"{tag} {word} {words}")
        peer.ended_by()

    with playing(tmp_path, script) as server:
        session = server.target()
        with pytest.raises(Transient) as caught:
            list(session.write(WORK, [outgoing(0, b"a: b\r\n\r\nbody")], allow))
        session.abort()
    assert caught.value.retry_after == pytest.approx(seconds)


def test_a_goodbye_for_the_days_allowance_says_when_to_look_again(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        peer.sign_in()
        peer.open_work()
        peer.expect("UID FETCH 1")
        peer.say("* BYE [OVERQUOTA] Account exceeded command or bandwidth limits.")

    with playing(tmp_path, script) as server:
        session = server.source()
        with pytest.raises(OverQuota) as caught:
            list(session.read(WORK, ["1"]))
        with pytest.raises((Transient, Stopped)):
            list(session.read(WORK, ["1"]))
        session.abort()
    until = caught.value.until
    assert until is not None
    assert timedelta(minutes=50) < until - datetime.now(UTC) <= timedelta(hours=1)


@pytest.mark.parametrize("words", ["NO [THROTTLED] later", "NO slow down"])
def test_a_sign_in_that_comes_too_fast_is_no_wrong_password(tmp_path: Path, words: str) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
        peer.answer("LOGIN", status=words)

    with playing(tmp_path, script) as server, pytest.raises(Transient) as caught:
        server.source()
    assert caught.value.retry_after == 5


@pytest.mark.parametrize(
    ("words", "of"),
    [(f"NO {DOVECOT}", "account"), ("NO [LIMIT] no", "account"), ("NO Too many connections from your IP", "system")],
)
def test_a_sign_in_that_is_refused_because_of_other_sessions(tmp_path: Path, words: str, of: str) -> None:
    def script(peer: Peer) -> None:
        peer.say("* OK hello")
        peer.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
        peer.answer("LOGIN", status=words)

    with playing(tmp_path, script) as server, pytest.raises(TooManySessions) as caught:
        server.source()
    assert caught.value.of == of


def test_too_many_instead_of_a_greeting_are_too_many_of_all_accounts(tmp_path: Path) -> None:
    with (
        playing(tmp_path, lambda peer: peer.say("* BYE Too many connections")) as server,
        pytest.raises(TooManySessions) as caught,
    ):
        server.source()
    assert caught.value.of == "system"

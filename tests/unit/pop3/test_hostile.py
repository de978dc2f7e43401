"""A server that means harm, or is broken: whatever it says ends in a verdict, in bounded time and memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import ConnectorError, Message
from connectors.received import received_by_header
from connectors.suite.samples import folder_at
from tests.unit.pop3.fake import INBOX, Bend, entries, fake, letter, read, sign_in

LETTERS = [letter(number) for number in range(1, 6)]


def endless(piece: bytes, first: bytes = b"") -> Bend:
    def pieces(_line: bytes, _good: bytes) -> Iterator[bytes]:
        yield first
        yield from repeat(piece)

    return pieces


def dripping(first: bytes) -> Bend:
    def pieces(_line: bytes, _good: bytes) -> Iterator[bytes]:
        yield first
        while True:
            time.sleep(0.02)
            yield b"x"

    return pieces


def said(*pieces: bytes) -> Bend:
    return lambda _line, _good: pieces


BENDS: dict[str, dict[str, Bend]] = {
    "a greeting without an end": {"GREETING": endless(b"x" * 10_000)},
    "a greeting byte by byte": {"GREETING": dripping(b"+OK ")},
    "silence": {"GREETING": said()},
    "capabilities without an end": {"CAPA": endless(b"TOP\r\n" * 1000, b"+OK\r\n")},
    "capabilities on one line": {"CAPA": endless(b"x" * 10_000, b"+OK\r\n")},
    "a count that cannot be": {"STAT": said(b"+OK 999999999999 1\r\n")},
    "a count that is none": {"STAT": said(b"+OK many\r\n")},
    "more listed than counted": {"LIST": endless(b"1 10\r\n" * 1000, b"+OK\r\n")},
    "numbers that were not counted": {"LIST": said(b"+OK\r\n1 10\r\n2 10\r\n77 10\r\n4 10\r\n5 10\r\n.\r\n")},
    "sizes on one endless line": {"LIST": endless(b"1" * 10_000, b"+OK\r\n")},
    "ids without an end": {"UIDL": endless(b"1 x\r\n" * 1000, b"+OK\r\n")},
    "ids that are endless": {"UIDL": endless(b"x" * 10_000, b"+OK\r\n1 ")},
    "answers byte by byte": {"UIDL": dripping(b"+OK\r\n1 ")},
    "an answer that is none": {"UIDL": said(b"HELLO\r\n")},
    "a message byte by byte": {"TOP": dripping(b"+OK\r\n")},
    "a message that never ends its last line": {"TOP": said(b"+OK\r\nSubject: x\r\n\r\nx\r\n.")},
    "a message without its dot": {"TOP": said(b"+OK\r\nSubject: x\r\n\r\nx\r\n")},
    "nothing at the end": {"QUIT": said()},
}


@pytest.mark.parametrize("bends", BENDS.values(), ids=BENDS.keys())
def test_whatever_a_server_says_ends_in_a_verdict(tmp_path: Path, bends: dict[str, Bend]) -> None:
    began = time.monotonic()
    with fake(*LETTERS, bends=bends) as server, suppress(ConnectorError):
        session = sign_in(server.connector(tmp_path, timeout=0.3))
        read(session)
        session.close()
    assert time.monotonic() - began < 8
    assert list(tmp_path.iterdir()) == []


def test_a_message_without_an_end_is_given_up_and_its_file_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.pop3.dialogue._ANY_MESSAGE", 20 << 20)
    with fake(*LETTERS, bends={"TOP 3 99999999": endless(b"x" * 100_000, b"+OK\r\n")}) as server:
        server.bends["TOP 3"] = lambda line, good: (
            [good] if line.endswith(b" 0\r") else endless(b"x" * 10**5, b"+OK\r\n")(line, good)
        )
        session = server.source(tmp_path)
        got = 0
        with pytest.raises(ConnectorError, match="without an end"):
            got = len(read(session))
    assert got == 0
    assert list(tmp_path.iterdir()) == []


def test_sizes_may_be_anything(tmp_path: Path) -> None:
    """A listed size is a number that a ledger can add up, or none; what is sent is what counts."""
    odd = said(b"+OK\r\n1 0\r\n2 999999999999999999\r\n3 -5\r\n4\r\n5 x\r\n.\r\n")
    with fake(*LETTERS, bends={"LIST": odd}) as server:
        session = server.source(tmp_path)
        assert [entry.size for entry in entries(session)] == [0, None, None, None, None]
        assert sorted(value for value in read(session).values() if isinstance(value, bytes)) == sorted(LETTERS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    command=st.sampled_from(["GREETING", "CAPA", "USER", "PASS", "STAT", "LIST", "UIDL", "TOP", "QUIT"]),
    answer=st.lists(
        st.sampled_from(
            [
                b"+OK",
                b"-ERR",
                b" ",
                b"\r\n",
                b"\n",
                b".",
                b"1",
                b"5",
                b" 10",
                b"u1",
                b"\0",
                b"[",
                b"IN-USE]",
                b"\xff",
                b"+ ",
            ]
        )
    ).map(b"".join),
)
def test_any_answer_at_any_place(tmp_path: Path, command: str, answer: bytes) -> None:
    def garbled(_line: bytes, good: bytes) -> list[bytes]:
        return [answer + b"\r\n", good]

    with fake(*LETTERS, bends={command: garbled}) as server, suppress(ConnectorError):
        session = sign_in(server.connector(tmp_path, timeout=0.2))
        (folder,) = session.folders()
        keys = [entry.key for window in session.entries(folder, None) for entry in window.entries]
        assert len(set(keys)) == len(keys)
        for answered in session.read(folder_at(session, INBOX), keys):
            if isinstance(answered, Message):
                answered.body.release()
        session.close()
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            b"Received: Date: ; , Mon 1 32 Jan 2024 0 99999999999 00:00:00 25:61:61 +0000 -9999 GMT".split()
        )
        | st.sampled_from([b" ", b"\r\n", b"\r\n ", b"\xff", b"\0", b"(" * 50])
        | st.binary(max_size=4)
    ).map(b" ".join)
)
def test_any_header_gives_a_date_that_can_be_kept_or_none(head: bytes) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    date = received_by_header(head, now)
    assert date is None or datetime(1970, 1, 1, tzinfo=UTC) < date < now + timedelta(days=3)

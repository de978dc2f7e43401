"""What is read, in which order, and how many commands are under way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from connectors.body import SPOOL_OVER
from connectors.contract import FolderMissing, Message, Reason, Source, Transient, Unavailable, Unread
from connectors.errors import ConnectorError
from connectors.suite.samples import contents, folder_at
from connectors.wrappers import RetryingSource, RetryPolicy
from tests.unit.pop3.fake import FEATURES, INBOX, Cut, entries, fake, letter, read, sign_in

LETTERS = [letter(number, 50 * number) for number in range(1, 41)]


def test_messages_are_asked_for_in_a_way_that_marks_none_as_read(tmp_path: Path) -> None:
    with fake(*LETTERS) as server:
        session = server.source(tmp_path)
        assert list(read(session).values()) == LETTERS
        session.close()
        assert server.said("RETR", "RSET") == []
        assert server.heard[0][-1] == "QUIT"


def test_many_commands_are_under_way_where_the_server_bears_it_and_one_elsewhere(tmp_path: Path) -> None:
    with fake(*LETTERS) as server:
        read(server.source(tmp_path))
        assert server.under_way > 4
    with fake(*LETTERS, features=[name for name in FEATURES if name != "PIPELINING"]) as server:
        assert list(read(server.source(tmp_path)).values()) == LETTERS
        assert server.under_way == 1


def test_a_server_that_knows_nothing_but_what_it_must(tmp_path: Path) -> None:
    """No CAPA, no TOP: dates are in the messages alone, and RSET takes back what RETR may have marked."""
    with fake(*LETTERS[:3], features=(), bends={"CAPA": lambda _line, _good: [b"-ERR what?\r\n"]}) as server:
        session = server.source(tmp_path)
        assert list(read(session).values()) == LETTERS[:3]
        session.close()
        assert server.heard[0][-2:] == ["RSET", "QUIT"]
        assert server.under_way == 1


def test_where_what_was_read_may_be_deleted_at_the_end_nobody_says_goodbye(tmp_path: Path) -> None:
    """EXPIRE 0: only a session that ends in order deletes anything."""
    with fake(*LETTERS[:3], features=[*FEATURES, "EXPIRE 0"]) as server:
        session = server.source(tmp_path)
        read(session)
        session.close()
        assert "QUIT" not in server.heard[0]


def test_a_large_message_goes_through_a_file(tmp_path: Path) -> None:
    large = letter(1, SPOOL_OVER + 1000) + b".\r\n..\r\n" * 1000
    with fake(letter(2), large, letter(3)) as server:
        session = server.source(tmp_path)
        keys = [entry.key for entry in entries(session)]
        found = []
        for answer in session.read(folder_at(session, INBOX), keys):
            assert isinstance(answer, Message)
            assert len(list(tmp_path.iterdir())) == (answer.key == "u2")
            with answer.body.open() as reader:
                found.append(hashlib.sha256(reader.read()).hexdigest())
            answer.body.release()
        assert found == [hashlib.sha256(data).hexdigest() for data in (letter(2), large, letter(3))]
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [3_000, 3_000_000])
def test_lines_may_be_as_long_as_they_like(tmp_path: Path, length: int) -> None:
    data = b"Subject: long\r\n\r\n" + b"y" * length + b"\r\n\0\0\r\n"
    with fake(data) as server:
        assert read(server.source(tmp_path)) == {"u1": data}


def test_an_empty_message_is_one(tmp_path: Path) -> None:
    with fake(b"", letter(1), b"") as server:
        assert list(read(server.source(tmp_path)).values()) == [b"", letter(1), b""]


def test_a_refusal_in_the_middle_of_a_window_is_that_message_s_alone(tmp_path: Path) -> None:
    no = {f"{command} 7": lambda _line, _good: [b"-ERR cannot\r\n"] for command in ("TOP", "RETR")}
    with fake(*LETTERS, bends=no) as server:
        found = read(server.source(tmp_path))
        assert found.pop("u7") == Unread("u7", Reason.UNREADABLE)
        assert list(found.values()) == LETTERS[:6] + LETTERS[7:]


def test_what_top_refuses_retr_may_give(tmp_path: Path) -> None:
    with fake(*LETTERS, bends={"TOP 7": lambda _line, _good: [b"-ERR cannot\r\n"]}) as server:
        assert sorted(read(server.source(tmp_path)).values()) == sorted(LETTERS)
        assert server.said("RETR") == ["RETR 7"]


def test_a_refusal_for_the_moment_is_tried_again_later(tmp_path: Path) -> None:
    no = {f"{command} 2": lambda _line, _good: [b"-ERR [SYS/TEMP] disk\r\n"] for command in ("TOP", "RETR")}
    with fake(*LETTERS[:3], bends=no) as server, pytest.raises(Unavailable):
        read(server.source(tmp_path))


def test_a_message_that_is_not_there_any_more_is_gone(tmp_path: Path) -> None:
    with fake(*LETTERS[:2]) as server:
        assert read(server.source(tmp_path), ["u1", "other"]) == {
            "u1": LETTERS[0],
            "other": Unread("other", Reason.GONE),
        }


def test_there_is_one_folder(tmp_path: Path) -> None:
    with fake(*LETTERS[:2]) as server:
        session = server.source(tmp_path)
        (folder,) = session.folders()
        assert (folder.path, folder.role, folder.messages) == (INBOX, "inbox", 2)
        assert session.capabilities().sequential
        with pytest.raises(FolderMissing):
            list(session.entries(type(folder)(("Sent",), None, folder.epoch), None))


def test_dates_come_from_the_header(tmp_path: Path) -> None:
    """The topmost Received field; else Date; what cannot be is not believed."""
    heads = [
        b"Received: by b;\r\n Tue, 2 Jan 2024 10:00:00 +0100\r\nReceived: by a; Mon, 1 Jan 2024 00:00:00 +0000\r\n",
        b"Date: Wed, 3 Jan 2024 00:00:00 +0000\r\n",
        b"Received: by b; yesterday\r\nDate: Wed, 3 Jan 2024 00:00:00 +0000\r\n",
        b"Received: by b; Fri, 1 Jan 2999 00:00:00 +0000\r\nDate: Mon, 1 Jan 1900 00:00:00 +0000\r\n",
        b"Subject: Received: x; Tue, 2 Jan 2024 10:00:00 +0100\r\n",
    ]
    expected = [datetime(2024, 1, 2, 9, tzinfo=UTC), *[datetime(2024, 1, 3, tzinfo=UTC)] * 2, None, None]
    with fake(*(head + b"\r\nx\r\n" for head in heads)) as server:
        session = server.source(tmp_path)
        assert [entry.received for entry in entries(session)] == expected
        answers = session.read(folder_at(session, INBOX), [f"u{n}" for n in range(1, 6)])
        assert [answer.received for answer in answers if isinstance(answer, Message)] == expected


def test_what_is_older_than_the_plan_says_was_read(tmp_path: Path) -> None:
    def dated(days: int) -> bytes:
        return f"Date: {datetime.now(UTC) - timedelta(days=days):%a, %d %b %Y %H:%M:%S} +0000\r\n\r\nx\r\n".encode()

    def flags(**settings: object) -> list[frozenset[str]]:
        session = server.source(tmp_path, **settings)
        assert [entry.flags for entry in entries(session)] == [None] * 3, "decided once, when it is copied"
        answers = session.read(folder_at(session, INBOX), ["u1", "u2", "u3"])
        return [answer.flags for answer in answers if isinstance(answer, Message)]

    seen = frozenset({"\\Seen"})
    with fake(dated(1), dated(30), b"Subject: no date\r\n\r\nx\r\n") as server:
        assert flags(unread_if_newer_than="7 days") == [frozenset(), seen, seen]
        assert flags() == [seen, seen, seen]


def test_the_token_moves_with_messages_alone(tmp_path: Path) -> None:
    def token() -> str | None:
        return folder_at(server.source(tmp_path), INBOX).token

    with fake(*LETTERS[:3]) as server:
        before = token()
        assert token() == before
        server.messages.append(LETTERS[4])
        more = token()
        assert more != before
        del server.messages[0]
        server.uids = ["u2", "u3", "u4"]
        assert token() not in (before, more)


# -- the connection breaks --------------------------------------------------------------------------------------


def some_of(session: Source, keys: Sequence[str]) -> dict[str, bytes | Unread]:
    """What was read before the connection broke, if it did."""
    found: dict[str, bytes | Unread] = {}
    with suppress(Transient):
        for answer in session.read(folder_at(session, INBOX), keys):
            found[answer.key] = contents(answer.body) if isinstance(answer, Message) else answer
    return found


def test_a_cut_in_the_middle_of_a_message_loses_none(tmp_path: Path) -> None:
    def half(line: bytes, good: bytes) -> Iterator[bytes]:
        if line.endswith(b" 0\r"):
            yield good
            return
        yield good[: len(good) // 2]
        server.bends.clear()
        raise Cut

    with fake(*LETTERS, bends={"TOP 21": half}) as server:
        connector = server.connector(tmp_path)
        session = sign_in(connector)
        keys = [f"u{n}" for n in range(1, 41)]
        got = some_of(session, keys)
        assert len(got) <= 20
        assert list((got | read(sign_in(connector), keys[len(got) :])).values()) == LETTERS


def test_a_server_that_does_not_bear_many_commands_gets_fewer(tmp_path: Path) -> None:
    def fragile(_line: bytes, good: bytes) -> Iterator[bytes]:
        if server.under_way > 3:
            server.under_way = 0
            raise Cut
        yield good

    with fake(*LETTERS, bends={"TOP": fragile}) as server:
        connector = server.connector(tmp_path)
        found: dict[str, bytes | Unread] = {}
        for _session in range(6):
            session = sign_in(connector)
            found |= some_of(session, [f"u{n}" for n in range(1, 41) if f"u{n}" not in found])
        assert sorted(found.values()) == sorted(LETTERS)  # type: ignore[type-var]  # all are bytes


def test_a_message_on_which_the_server_always_dies_is_told_of_and_the_others_are_read(tmp_path: Path) -> None:
    def dies(_line: bytes, good: bytes) -> Iterator[bytes]:
        yield good[:30]
        raise Cut

    with fake(*LETTERS, bends={"TOP 5": dies, "RETR 5": dies}) as server:
        connector = server.connector(tmp_path)
        found: dict[str, bytes | Unread] = {}
        for _session in range(6):
            session = sign_in(connector)
            found |= some_of(session, [f"u{n}" for n in range(1, 41) if f"u{n}" not in found])
        assert found.pop("u5") == Unread("u5", Reason.UNREADABLE)
        assert sorted(found.values()) == sorted(LETTERS[:4] + LETTERS[5:])  # type: ignore[type-var]  # all are bytes


def test_a_message_whose_header_kills_the_server_is_listed_without_its_date(tmp_path: Path) -> None:
    def dies(_line: bytes, _good: bytes) -> Iterator[bytes]:
        raise Cut
        yield b""

    with fake(*LETTERS, bends={"TOP 5": dies}) as server:
        connector = server.connector(tmp_path)
        for _session in range(8):
            with suppress(Transient):
                listed = entries(sign_in(connector))
                break
        assert [entry.key for entry in listed if entry.received is None] == ["u5"]
        assert len(listed) == len(LETTERS)


def test_a_session_that_breaks_is_opened_again_when_the_server_allows_it(tmp_path: Path) -> None:
    """What a run does: it tells of the pause, waits for it, and asks for what is left."""

    def half(line: bytes, good: bytes) -> Iterator[bytes]:
        yield good[: len(good) // 2]
        server.bends.clear()
        raise Cut

    pauses: list[float] = []
    with fake(*LETTERS, features=[*FEATURES, "LOGIN-DELAY 1"]) as server:
        connector = server.connector(tmp_path)
        policy = RetryPolicy(first=0.01, told=lambda seconds, _why: pauses.append(seconds))
        source = RetryingSource(lambda: sign_in(connector), policy, Event())
        began = monotonic()
        server.bends = {"TOP 21": lambda line, good: half(line, good) if b" 0" not in line else [good]}
        assert list(read(source).values()) == LETTERS
        source.close()
        assert monotonic() - began >= 0.9
        assert len(server.heard) == 2
        assert any(0.5 < pause <= 1 for pause in pauses)


def test_who_stops_reading_half_way_does_not_take_one_answer_for_another(tmp_path: Path) -> None:
    with fake(*LETTERS) as server:
        session = server.source(tmp_path)
        folder = folder_at(session, INBOX)
        answers = session.read(folder, [entry.key for entry in entries(session)])
        next(answers)
        answers.close()  # type: ignore[attr-defined]  # it is a generator
        with pytest.raises(ConnectorError):
            list(session.headers(folder, ["u9"]))


# -- sizes ------------------------------------------------------------------------------------------------------


def test_sizes_that_are_too_large_are_believed_once_the_same_came_twice(tmp_path: Path) -> None:
    """An estimate, as Exchange makes: nothing is missing, and not every message is read twice."""
    sizes = {number: len(data) + 40 for number, data in enumerate(LETTERS, 1)}
    with fake(*LETTERS, sizes=sizes) as server:
        session = server.source(tmp_path)
        assert sorted(read(session).values()) == sorted(LETTERS)
        once = len(server.said("RETR"))
        assert sorted(read(session).values()) == sorted(LETTERS)
        assert len(server.said("RETR")) == once


def test_a_server_whose_top_cuts_messages_off_is_asked_in_the_other_way(tmp_path: Path) -> None:
    def cut_off(_line: bytes, good: bytes) -> list[bytes]:
        return [good if len(good) < 1000 else good[:998] + b"\r\n.\r\n"]

    with fake(*LETTERS, bends={"TOP": cut_off}) as server:
        connector = server.connector(tmp_path)
        assert sorted(read(sign_in(connector)).values()) == sorted(LETTERS)
        before = len(server.said("TOP"))
        session = sign_in(connector)
        read(session, ["u40"])
        assert [line for line in server.said("TOP")[before:] if not line.endswith(" 0")] == []


def test_a_server_whose_top_cuts_off_and_whose_sizes_are_estimates(tmp_path: Path) -> None:
    """RETR too brings less than was listed: it is believed when it brings the same a second time."""

    def cut_off(_line: bytes, good: bytes) -> list[bytes]:
        return [good if len(good) < 1000 else good[:998] + b"\r\n.\r\n"]

    sizes = {number: len(data) + 40 for number, data in enumerate(LETTERS, 1)}
    with fake(*LETTERS, sizes=sizes, bends={"TOP": cut_off}) as server:
        assert sorted(read(server.source(tmp_path)).values()) == sorted(LETTERS)


def test_one_message_that_top_refuses_is_no_reason_to_mark_all_others(tmp_path: Path) -> None:
    with fake(*LETTERS, bends={"TOP 2": lambda _line, _good: [b"-ERR cannot\r\n"]}) as server:
        session = server.source(tmp_path)
        read(session)
        read(session)
        assert server.said("RETR") == ["RETR 2"] * 2


def test_sizes_that_are_too_small_are_not_asked_about(tmp_path: Path) -> None:
    """A server that counts a line end as one byte."""
    sizes = {number: len(data) - data.count(b"\r\n") for number, data in enumerate(LETTERS, 1)}
    with fake(*LETTERS, sizes=sizes) as server:
        assert list(read(server.source(tmp_path)).values()) == LETTERS
        assert server.said("RETR") == []


def test_a_message_that_ends_in_another_place_each_time_is_not_believed(tmp_path: Path) -> None:
    calls = iter(range(100))

    def shorter(_line: bytes, good: bytes) -> list[bytes]:
        return [good[: 300 - 10 * next(calls)] + b"\r\n.\r\n"]

    features = [name for name in FEATURES if name != "TOP"]
    with fake(LETTERS[20], LETTERS[0], features=features, bends={"RETR 1": shorter}) as server:
        assert read(server.source(tmp_path)) == {"u1": Unread("u1", Reason.WRONG_LENGTH), "u2": LETTERS[0]}

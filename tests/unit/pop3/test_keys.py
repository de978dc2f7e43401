"""Keys: a message that takes the place of another is never taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.contract import Reason, Transient, Unread
from tests.unit.pop3.fake import FEATURES, entries, fake, letter, read

A, B, C = letter(1), letter(2), letter(3)
WITHOUT_UIDL = [name for name in FEATURES if name != "UIDL"]


def keys(server: object, spool: Path) -> list[str]:
    return [entry.key for entry in entries(server.source(spool))]  # type: ignore[attr-defined]  # a Fake


def test_a_unique_id_is_the_key(tmp_path: Path) -> None:
    with fake(A, B, uids=["x!~", "y" * 70]) as server:
        assert keys(server, tmp_path) == ["x!~", "y" * 70]
        assert server.said("TOP") == ["TOP 1 0", "TOP 2 0"]


def test_where_an_id_is_shared_the_content_tells_messages_apart(tmp_path: Path) -> None:
    """Twins have ordinals; when one of two others goes and a third comes, nobody is taken for anybody else."""
    with fake(A, B, A, C, uids=["x", "x", "x", "z"]) as server:
        one, two, three, four = keys(server, tmp_path)
        assert four == "z"
        assert one.split(" ")[:2] == three.split(" ")[:2] != two.split(" ")[:2]
        assert [key.split(" ")[2] for key in (one, two, three)] == ["1", "1", "2"]
        assert list(read(server.source(tmp_path)).values()) == [A, B, A, C]
    with fake(B, C, uids=["x", "x"]) as server:
        was_second, new = keys(server, tmp_path)
        assert was_second == two
        assert new not in (one, two, three)


@pytest.mark.parametrize("uid", ["", "caf\xe9", "\x01", "y" * 300])
def test_an_id_that_is_none_is_not_taken(tmp_path: Path, uid: str) -> None:
    with fake(A, B, uids=[uid, "b"]) as server:
        odd, good = keys(server, tmp_path)
        assert good == "b"
        assert odd.startswith(" ")
        assert odd.isascii()
        assert odd.isprintable()


def test_without_ids_keys_are_contents_and_survive_what_a_server_adds(tmp_path: Path) -> None:
    with fake(A, B, A, features=WITHOUT_UIDL) as server:
        before = keys(server, tmp_path)
        assert len(set(before)) == 3
        assert list(read(server.source(tmp_path)).values()) == [A, B, A]
    with fake(B, b"X-Status: RO\r\n" + A, C, features=WITHOUT_UIDL) as server:
        after = keys(server, tmp_path)
    assert after[:2] == [before[1], before[0]]
    assert after[2] not in before


def test_what_cannot_be_read_is_listed_and_never_copied_under_another_s_key(tmp_path: Path) -> None:
    no = {f"{command} 1": lambda _line, _good: [b"-ERR cannot\r\n"] for command in ("TOP", "RETR")}
    with fake(A, B, features=WITHOUT_UIDL, bends=no) as server:
        session = server.source(tmp_path)
        first, _second = (entry.key for entry in entries(session))
        server.bends.clear()
        assert read(session, [first]) == {first: Unread(first, Reason.UNREADABLE)}


def test_ids_that_are_announced_and_refused_are_no_reason_for_other_keys(tmp_path: Path) -> None:
    with fake(A, bends={"UIDL": lambda _line, _good: [b"-ERR busy\r\n"]}) as server, pytest.raises(Transient):
        entries(server.source(tmp_path))


def test_a_server_that_lists_fewer_than_it_counts_is_not_believed(tmp_path: Path) -> None:
    bends = {"LIST": lambda _line, _good: [b"+OK\r\n1 10\r\n.\r\n"]}
    with fake(A, B, bends=bends) as server, pytest.raises(Transient, match="fewer"):
        entries(server.source(tmp_path))

"""Matching: whatever one message suffers is found, and nothing is found where nothing happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.body import MemoryBody, SpooledBody
from migrate.verify.findings import Finding, Kind, of_pair
from migrate.verify.matching import Equality, Matched, match, match_contents
from migrate.verify.shown import Content, Shown, digest

INBOX, SENT = ("INBOX",), ("Sent",)
SPOOL = Path("/nowhere")


def letter(number: int, text: str = "text", *, message_id: bool = True) -> bytes:
    identity = f"Message-ID: <{number}@example.org>\r\n" if message_id else ""
    head = f"From: b@example.org\r\nSubject: s{number}\r\nDate: Mon, 05 Jan 2026 08:00:00 +0000\r\n{identity}"
    return f"{head}\r\n{text}\r\n".encode()


def content(data: bytes) -> Content:
    return digest(MemoryBody(data), SPOOL)


def shown(key: int, data: bytes, *, second: int = 1000, flags: Sequence[str] = ()) -> Shown:
    return Shown(INBOX, str(key), second, len(data), frozenset(flags), content(data))


#: Messages as a folder holds them: twins, equal dates and equal headers with other bodies all happen.
messages = st.lists(
    st.builds(
        lambda number, text, second, flags: (letter(number, text), second, flags),
        st.integers(0, 4),
        st.sampled_from(["one", "two"]),
        st.integers(1000, 1003),
        st.sets(st.sampled_from(["\\Seen", "\\Flagged", "Projekt"])),
    ),
    min_size=1,
    max_size=12,
)


def findings(matched: Matched) -> list[Finding]:
    found = [finding for pair in matched.pairs for finding in of_pair(pair, INBOX)]
    return found + [Finding(Kind.MISSING, one.folder, one) for one in matched.missing]


def both_sides(made: Sequence[tuple[bytes, int, set[str]]]) -> tuple[list[Shown], list[Shown]]:
    source = [shown(key, data, second=second, flags=sorted(flags)) for key, (data, second, flags) in enumerate(made)]
    return source, [replace(one, key=f"t{one.key}") for one in source]


@given(messages, st.randoms())
def test_what_arrived_whole_has_no_difference_in_whatever_order(made, random) -> None:  # type: ignore[no-untyped-def]
    source, target = both_sides(made)
    random.shuffle(target)
    matched = match(source, target)
    assert (findings(matched), matched.left) == ([], [])
    assert {pair.equality for pair in matched.pairs} == {Equality.IDENTICAL}


@given(messages, st.data())
def test_any_one_message_removed_is_missing(made, data) -> None:  # type: ignore[no-untyped-def]
    source, target = both_sides(made)
    gone = target.pop(data.draw(st.integers(0, len(target) - 1)))
    matched = match(source, target)
    assert [one.kind for one in findings(matched)] == [Kind.MISSING]
    (missing,) = matched.missing
    assert missing.content == gone.content


@given(messages, st.data())
def test_any_one_message_altered_is_found(made, data) -> None:  # type: ignore[no-untyped-def]
    source, target = both_sides(made)
    index = data.draw(st.integers(0, len(target) - 1))
    bytes_of, second, flags = made[index]
    target[index] = replace(
        shown(99, bytes_of.replace(b"\r\n\r\n", b"\r\n\r\nX"), second=second, flags=sorted(flags)), key="x"
    )
    found = findings(match(source, target))
    assert [one.kind for one in found if one.target is not None and one.target.key == "x"][:1] == [Kind.ALTERED]
    assert {one.kind for one in found} <= {Kind.ALTERED, Kind.FLAGS, Kind.DATE}


@given(messages, st.data())
def test_any_one_message_with_another_date_is_found(made, data) -> None:  # type: ignore[no-untyped-def]
    source, target = both_sides(made)
    index = data.draw(st.integers(0, len(target) - 1))
    target[index] = replace(target[index], second=5)
    found = findings(match(source, target))
    assert [(one.kind, one.target and one.target.second) for one in found if one.kind is Kind.DATE] == [(Kind.DATE, 5)]
    assert {one.kind for one in found} <= {Kind.DATE, Kind.FLAGS}


@given(messages, st.data())
def test_any_one_message_with_another_flag_is_found(made, data) -> None:  # type: ignore[no-untyped-def]
    source, target = both_sides(made)
    index = data.draw(st.integers(0, len(target) - 1))
    target[index] = replace(target[index], flags=frozenset({"\\Answered"}))
    (found,) = findings(match(source, target))
    assert found.kind is Kind.FLAGS
    assert found.has_more == {"\\Answered"}


@given(messages, st.data())
def test_any_one_message_in_another_folder_is_found_there(made, data) -> None:  # type: ignore[no-untyped-def]
    source, target = both_sides(made)
    moved = replace(target.pop(data.draw(st.integers(0, len(target) - 1))), folder=SENT)
    matched = match(source, target)
    elsewhere = Matched(missing=matched.missing, left=[*matched.left, moved])
    match_contents(elsewhere)
    found = [finding for pair in (*matched.pairs, *elsewhere.pairs) for finding in of_pair(pair, INBOX)]
    assert Kind.FOLDER in {one.kind for one in found}
    assert [one.target and one.target.folder for one in found if one.kind is Kind.FOLDER] == [SENT]
    assert not elsewhere.missing


def test_a_twin_that_is_there_once_is_missing_once() -> None:
    twins = [shown(1, letter(1)), shown(2, letter(1))]
    matched = match(twins, [shown(7, letter(1))])
    assert (len(matched.pairs), len(matched.missing), matched.left) == (1, 1, [])


def test_twins_are_compared_with_the_one_that_fits() -> None:
    source = [shown(1, letter(1), flags=["\\Seen"]), shown(2, letter(1), second=2000)]
    target = [shown(7, letter(1), second=2000), shown(8, letter(1), flags=["\\seen"])]
    assert findings(match(source, target)) == []


@pytest.mark.parametrize(
    ("stored", "equality"),
    [
        (letter(1), Equality.IDENTICAL),
        (letter(1) + b"\r\n", Equality.LINE_ENDS),
        (letter(1).replace(b"\r\n", b"\n"), Equality.IDENTICAL),  # the wire brings CRLF
        (b"X-Scanned: yes\r\n" + letter(1), Equality.FIELDS),
        (letter(1).replace(b"text", b"test"), Equality.ALTERED),
        (letter(1).replace(b"Subject: s1", b"Subject: [SPAM] s1"), Equality.ALTERED),
    ],
)
def test_how_far_two_messages_are_the_same(stored: bytes, equality: Equality) -> None:
    matched = match([shown(1, letter(1))], [shown(7, stored)])
    assert [pair.equality for pair in matched.pairs] == [equality]


def test_a_nul_that_a_server_replaced_is_no_alteration() -> None:
    matched = match([shown(1, letter(1, "a\0b"))], [shown(7, letter(1, "a\0b").replace(b"\0", b"\x80"))])
    assert [pair.equality for pair in matched.pairs] == [Equality.LINE_ENDS]


def test_a_message_without_any_name_is_known_by_its_content_alone() -> None:
    bodies = content(b"\r\na"), content(b"\r\nb")
    source = [Shown(INBOX, str(key), 1000, 3, frozenset(), body) for key, body in enumerate(bodies, 1)]
    matched = match(source, [replace(source[1], key="7")])
    assert [one.key for one in matched.missing] == ["1"]


def test_a_message_that_a_server_does_not_hand_out_is_neither_there_nor_missing() -> None:
    unread = replace(shown(7, letter(1)), content=None)
    matched = match([shown(1, letter(1))], [unread])
    assert [one.kind for one in findings(matched)] == [Kind.UNREAD]
    matched = match([unread], [shown(1, letter(1))])
    assert [one.kind for one in findings(matched)] == [Kind.UNREAD]


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\r", b"\0", b"long"]), max_size=12))
def test_digests_do_not_depend_on_where_a_body_lies(tmp_path_factory, pieces) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("spool")
    data = letter(1) + b"".join(b"line " * 60_000 if piece == b"long" else piece for piece in pieces)
    spooled = SpooledBody(folder)
    spooled.write(data)
    assert digest(spooled, folder) == digest(MemoryBody(data), folder)
    assert list(folder.iterdir()) == []

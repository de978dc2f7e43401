"""Answers are understood in any shape, and hostile ones do no harm."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.body import SpooledBody
from connectors.imap import response
from connectors.imap.response import (
    MalformedResponse,
    date_of,
    flags_of,
    parse_fetch,
    parse_status,
    parse_values,
    uid_list,
)
from connectors.imap.stream import _USUAL  # the fast path must agree with the parser


def test_items_may_come_in_any_order_with_literals_anywhere() -> None:
    fetched = parse_fetch(
        [
            b"* 3 FETCH (BODY[] {5}\r\n",
            b"hello",
            b" INTERNALDATE {26}\r\n",
            b"17-Jul-1996 02:44:25 -0700",
            b' RFC822.SIZE 5 MODSEQ (12) FLAGS (\\SEEN work \\Recent) X-NEW (a (b "c")) UID 9 EMAILID (M1))\r\n',
        ]
    )
    assert fetched is not None
    assert (fetched.uid, fetched.size, fetched.modseq, fetched.object_id) == (9, 5, 12, "M1")
    assert fetched.section == b"hello"
    assert fetched.flags == frozenset({"\\Seen", "work"})
    assert fetched.received == datetime(1996, 7, 17, 2, 44, 25, tzinfo=timezone(timedelta(hours=-7)))


def test_nil_is_told_from_silence_and_from_a_string() -> None:
    nil, silent, string = (
        parse_fetch([b"* 1 FETCH (UID 1 BODY[] NIL)\r\n"]),
        parse_fetch([b"* 1 FETCH (UID 1)\r\n"]),
        parse_fetch([b'* 1 FETCH (UID 1 BODY[] "N\\\\IL \\"x\\"")\r\n']),
    )
    assert nil is not None
    assert silent is not None
    assert string is not None
    assert (nil.has_section, nil.section) == (True, None)
    assert (silent.has_section, silent.section) == (False, None)
    assert string.section == b'N\\IL "x"'


def test_a_section_name_may_hold_quotes_and_brackets_in_keywords() -> None:
    fetched = parse_fetch(
        [b'* 1 FETCH (FLAGS ([x] a[b) UID 1 BODY[HEADER.FIELDS ("MESSAGE-ID" "DATE")]<0> {2}\r\n', b"ab", b")\r\n"]
    )
    assert fetched is not None
    assert (fetched.section, fetched.origin, fetched.flags) == (b"ab", 0, frozenset({"[x]", "a[b"}))


@pytest.mark.parametrize(
    "line",
    [
        b"* 1 FETCH (UID 7 FLAGS (\\Seen)\r\n",
        b"* 1 FETCH (UID 7 FLAGS (\\Seen)))\r\n",
        b'* 1 FETCH (UID 7 INTERNALDATE "x)\r\n',
        b"* 1 FETCH (UID 7 FLAGS)\r\n",
        b"* 1 FETCH (UID 7 (FLAGS) ())\r\n",
        b"* 1 FETCH " + b"(" * 500 + b"UID 7" + b")" * 500 + b"\r\n",
        b"* 1 FETCH (UID 7 RFC822.SIZE 99999999999999999999999)\r\n",
        b"* 1 FETCH (UID 7 BODY[] (a b))\r\n",
    ],
)
def test_a_malformed_answer_names_its_message_at_least(line: bytes) -> None:
    fetched = parse_fetch([line])
    assert fetched is not None
    assert fetched.malformed
    assert fetched.uid == 7


def test_spooled_literals_that_are_no_section_are_removed(tmp_path: object) -> None:
    spooled = SpooledBody(tmp_path)  # type: ignore[arg-type]  # a Path
    spooled.write(b"x" * 10)
    assert parse_fetch([b"* 1 FETCH (UID 1 X {10}\r\n", spooled, b")\r\n"]) is not None
    assert list(tmp_path.iterdir()) == []  # type: ignore[attr-defined]  # a Path


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_no_bytes_break_the_parser(parts: list[bytes]) -> None:
    parse_fetch([b"* 1 FETCH " + parts[0], *parts[1:]])
    with contextlib.suppress(MalformedResponse):
        parse_values(parts)
    parse_status(parts[0])
    uid_list(parts[0], 1000)
    date_of(parts[0])
    flags_of(parts[0])


@given(
    st.integers(1, 2**32 - 1),
    st.frozensets(st.sampled_from(["\\Seen", "\\Deleted", "$Junk", "work", "[x]"])),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, b"M6d99ac3275bb4e", b"nil-1", b"-", b"x" * 255]),
)
def test_the_fast_path_agrees_with_the_parser(
    uid: int, flags: frozenset[str], dated: bool, sized: bool, object_id: bytes | None
) -> None:
    line = b"* 4 FETCH (UID %d FLAGS (%s)" % (uid, " ".join(sorted(flags)).encode())
    line += b' INTERNALDATE " 7-Feb-2021 10:11:12 +0130"' * dated + b" RFC822.SIZE 1234" * sized
    line += (b"" if object_id is None else b" EMAILID (%s)" % object_id) + b")\r\n"
    found = _USUAL.match(line)
    slow = parse_fetch([line])
    assert found is not None
    assert slow is not None
    assert int(found[1]) == slow.uid
    assert flags_of(found[3]) == slow.flags == flags
    assert (date_of(found[4]) if dated else None) == slow.received
    assert (int(found[5]) if sized else None) == slow.size
    assert found[6] == object_id
    assert slow.object_id == (object_id and object_id.decode())


@pytest.mark.parametrize("said", [b"()", b"(NIL)", b"(nil)", b"NIL", b"(a b)", b'("M1")', b"(%s)" % (b"x" * 256)])
def test_what_is_no_object_id_is_left_to_the_parser(said: bytes) -> None:
    """Taken for one, it would be the same for all messages."""
    line = b"* 4 FETCH (UID 7 RFC822.SIZE 1 EMAILID " + said + b")\r\n"
    assert _USUAL.match(line) is None
    slow = parse_fetch([line])
    assert slow is not None
    assert slow.object_id in {None, "M1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"OK [APPENDUID 38505 3955:3957] done", ("OK", "APPENDUID", b"38505 3955:3957")),
        (b"NO [OVERQUOTA] full", ("NO", "OVERQUOTA", b"")),
        (b"bad what", ("BAD", "", b"")),
        (b"OK", ("OK", "", b"")),
        (b"no [unavailable", ("NO", "", b"")),
    ],
)
def test_status_and_code_are_told_apart(text: bytes, expected: tuple[str, str, bytes]) -> None:
    status = parse_status(text)
    assert status is not None
    assert (status.word, status.code, status.words) == expected


def test_uid_lists_are_bounded_before_they_are_made() -> None:
    assert uid_list(b"5,7:9,3", 5) == [5, 7, 8, 9, 3]
    assert uid_list(b"9:7", 3) == [7, 8, 9]
    for hostile in (b"1:4294967295", b"1:*", b"", b"0", b"1,,2", b"1:2:3", b"99999999999"):
        assert uid_list(hostile, 100) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"32-Jan-2020 00:00:00 +0000",
        b"01-Foo-2020 00:00:00 +0000",
        b"01-Jan-2020 00:00 +0000",
        b"01-Jan-0000 00:00:00 +0000",
        b"01-Jan-2020 00:00:00 +9999",
    ],
)
def test_what_is_no_date_is_none(text: bytes) -> None:
    assert date_of(text) is None


def test_a_leap_second_is_a_date() -> None:
    assert date_of(b"30-Jun-2015 23:59:60 +0000") == datetime(2015, 6, 30, 23, 59, 59, tzinfo=UTC)


def test_only_short_flags_and_dates_are_remembered() -> None:
    """A hostile server could fill the memory with others."""
    remembered = [cache.cache_info().currsize for cache in (response._flags_of, response._date_of)]
    assert len(flags_of(b" ".join(b"k%d" % number for number in range(1000)))) == 1000
    assert date_of(b"1" * 10_000) is None
    assert [cache.cache_info().currsize for cache in (response._flags_of, response._date_of)] == remembered


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"NO APPEND failed: ErrorQuotaExceeded.", "OVERQUOTA"),
        (b"BAD User is authenticated but not connected.", "UNAVAILABLE"),
        (b"NO [LIMIT] ErrorQuotaExceeded", "LIMIT"),
        (b"OK ErrorQuotaExceeded is only a word here", ""),
    ],
)
def test_what_exchange_says_in_words_alone_counts_as_the_code_that_means_it(text: bytes, code: str) -> None:
    status = parse_status(text)
    assert status is not None
    assert status.code == code

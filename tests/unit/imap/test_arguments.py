"""Nothing but valid arguments ever reaches a command line."""

from __future__ import annotations

import locale
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.imap.arguments import date_time, flag_list, is_usual_date, quoted, uid_of, uid_sets
from connectors.imap.response import date_of, uid_list
from connectors.keywords import is_keyword

_FLAG_LIST = re.compile(rb"\((?:(?:\\[A-Z][a-z]+|[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+)(?: (?!\))|(?=\))))*\)")
_DATE_TIME = re.compile(
    rb'"\d{2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}"'
)


@given(st.frozensets(st.text(max_size=12)))
def test_a_flag_list_is_valid_or_refused(flags: frozenset[str]) -> None:
    try:
        said = flag_list(flags)
    except ValueError:
        return
    assert _FLAG_LIST.fullmatch(said)


@pytest.mark.parametrize(
    "flag",
    [
        "\\Recent",
        "\\recent",
        "\\Anything",
        "a b",
        "a)",
        "a\r\nx CREATE pwned",
        "a\0",
        "",
        "{5}",
        "ä",
        'a"',
        "a\\b",
        "x" * 200,
        "a]",
    ],
)
def test_bad_flags_are_refused(flag: str) -> None:
    assert not is_keyword(flag)
    with pytest.raises(ValueError, match="flag"):
        flag_list({flag})


def test_system_flags_travel_in_their_own_spelling() -> None:
    assert flag_list({"\\SEEN", "$Forwarded", "work"}) == rb"($Forwarded \Seen work)"


@given(st.datetimes(timezones=st.timezones()))
def test_dates_are_said_in_the_grammar_and_read_back_to_the_second(when: datetime) -> None:
    said = date_time(when)
    assert _DATE_TIME.fullmatch(said)
    back = date_of(said[1:-1])
    assert back is not None
    assert back == when.replace(microsecond=0, fold=when.fold) or back.timestamp() == int(when.timestamp() // 1)


def test_dates_do_not_follow_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "setlocale", lambda *_: None)
    assert date_time(datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)) == b'"04-Mar-2021 05:06:07 +0000"'
    east = timezone(-timedelta(hours=3, minutes=30))
    assert date_time(datetime(2021, 12, 31, 23, 59, 59, tzinfo=east)) == b'"31-Dec-2021 23:59:59 -0330"'


def test_a_date_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        date_time(datetime(2021, 3, 4))  # noqa: DTZ001 -- that is the point


@pytest.mark.parametrize(
    ("year", "usual"), [(1, False), (1970, False), (1971, True), (2037, True), (2038, False), (9999, False)]
)
def test_dates_beyond_32_bits_are_not_usual(year: int, usual: bool) -> None:
    assert is_usual_date(datetime(year, 6, 1, tzinfo=UTC)) is usual


@given(st.binary(max_size=20))
def test_a_quoted_name_holds_no_line_end_and_no_open_quote(name: bytes) -> None:
    try:
        said = quoted(name)
    except ValueError:
        return
    assert re.fullmatch(rb'"(?:[^"\\\r\n\0\x80-\xff]|\\["\\])*"', said)
    assert re.sub(rb"\\(.)", rb"\1", said[1:-1]) == name


@pytest.mark.parametrize("key", ["0", "-1", "1:*", "4294967296", "", "1 2", "²", "x"])
def test_what_is_no_uid_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        uid_of(key)


@given(st.lists(st.integers(1, 2**32 - 1), max_size=3000), st.one_of(st.none(), st.integers(1, 50)))
def test_uid_sets_name_each_uid_once_in_short_lines(uids: list[int], limit: int | None) -> None:
    named: list[int] = []
    for group, said in uid_sets(uids, limit):
        assert uid_list(said, len(group)) == group
        assert len(said) < 8000
        assert limit is None or len(group) <= limit
        named += group
    assert named == sorted(set(uids))

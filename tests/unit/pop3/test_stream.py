"""A message is the same however it is cut into pieces on its way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.pop3.stream import Unstuffing
from tests.unit.pop3.fake import stuffed

_lines = st.lists(st.sampled_from([b"", b".", b"..", b"...", b"\n.\r", b"\r", b"x", b".x", b"\0", b"\r.\n"])).map(
    lambda lines: b"".join(line + b"\r\n" for line in lines)
)


@given(_lines, st.binary(max_size=20), st.lists(st.integers(0, 80)))
def test_what_was_sent_is_what_is_read(data: bytes, rest: bytes, cuts: list[int]) -> None:
    sent = stuffed(data) + rest
    places = sorted({min(cut, len(sent)) for cut in cuts} | {len(sent)})
    pieces = [sent[start:end] for start, end in zip([0, *places], places, strict=False)]
    unstuffing, found = Unstuffing(), b""
    while unstuffing.rest is None:
        found += unstuffing.feed(pieces.pop(0))
    assert found == data
    assert unstuffing.rest + b"".join(pieces) == rest


def test_a_dot_between_bare_line_feeds_ends_nothing() -> None:
    data = b"one\n.\ntwo\n.\r\nthree\r\n"
    assert Unstuffing().feed(stuffed(data)) == data


def test_a_dot_that_nobody_doubled_stays() -> None:
    assert Unstuffing().feed(b"one\r\n.two\r\n.\r\n") == b"one\r\n.two\r\n"

"""What programs write into the headers of stored messages, and when a message was received."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.archives import dates, headers
from connectors.archives.headers import STORE_FIELDS, StoreFields

FIELDS = StoreFields()


def told(header: bytes) -> frozenset[str] | None:
    return headers.flags(headers.fields(header))


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        (b"Subject: x\n", None),
        (b"X-Mozilla-Status: 0000\n", set()),
        (b"X-Mozilla-Status: 0001\n", {"\\Seen"}),
        (b"X-Mozilla-Status: 0007\n", {"\\Seen", "\\Answered", "\\Flagged"}),
        (
            b"X-Mozilla-Status: 1001\r\nX-Mozilla-Keys: $label1 NonJunk  \r\n",
            {"\\Seen", "$Forwarded", "$label1", "NonJunk"},
        ),
        (b"X-Mozilla-Status: zz\nX-Mozilla-Keys: a(b\n", set()),
        (b"Status: RO\n", {"\\Seen"}),
        (b"Status: O\n", set()),
        (
            b"Status: RO\nX-Status: AFTD\nX-Keywords: a, b\n",
            {"\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "a", "b"},
        ),
        (b"X-Status: F\n", {"\\Flagged"}),
    ],
)
def test_flags_are_those_that_the_store_wrote(header: bytes, flags: set[str] | None) -> None:
    assert told(header) == flags


def test_the_stores_fields_go_and_every_other_byte_stays() -> None:
    header = (
        b"X-Account-Key: account1\r\nX-UIDL: 17\r\nX-Mozilla-Status: 0001\r\nx-mozilla-keys:   \r\n"
        b"X-Status-Of-Things: stays\r\nStatus: R\r\n folded\r\n\tfolded\r\nSubject: Status: x\r\n X-UID: 1\r\n"
        b"STATUS : O\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n"
    )
    assert FIELDS.without(header) == (
        b"X-Status-Of-Things: stays\r\nSubject: Status: x\r\n X-UID: 1\r\nContent-Type: text/plain\r\n"
    )
    assert FIELDS.without(b"Subject: x\nStatus: R") == b"Subject: x\n"
    assert FIELDS.without(b"") == b""


LINES = st.lists(
    st.sampled_from(
        [b"Status: R", b"X-UID:1", b"X-Uidx: 1", b" y", b"\tz", b"A: 1", b"", b"\r", b":", b"status", b"X-Status \t: O"]
    )
)


@given(LINES, st.sampled_from([b"\n", b"\r\n"]))
def test_leaving_out_fields_is_what_a_look_at_every_line_finds(lines: list[bytes], end: bytes) -> None:
    kept, dropping = [], False
    for line in lines:
        if line[:1] not in (b" ", b"\t"):
            name, colon, _value = line.partition(b":")
            dropping = bool(colon) and name.rstrip().lower() in STORE_FIELDS
        if not dropping:
            kept.append(line)
    assert FIELDS.without(b"".join(line + end for line in lines)) == b"".join(line + end for line in kept)


@pytest.mark.parametrize(
    ("line", "date"),
    [
        (b"From a@b Wed Nov 12 17:54:41 2008", "2008-11-12T17:54:41+00:00"),
        (b"From 1628@xxx Tue Mar 19 09:13:51 +0000 2019", "2019-03-19T09:13:51+00:00"),
        (b"From a  Sat Jan  3 01:05:34 1996 -0500", "1996-01-03T01:05:34-05:00"),
        (b"From a Sat Jan  3 01:05:34 EST 1996 remote from uucp", "1996-01-03T01:05:34+00:00"),
        (b"From a Sat Jan  3 01:05 96", "1996-01-03T01:05:00+00:00"),
        (b"From a Fri, 5 Aug 2016 10:57:20 +0200", "2016-08-05T10:57:20+02:00"),
        (b"From a 2016-08-05 10:57:20+02:00", "2016-08-05T10:57:20+02:00"),
        (b"From ???@??? Fri Nov 05 10:11:12 1999\r\n", "1999-11-05T10:11:12+00:00"),
        (b"From nobody Mon Sep 17 00:00:00 2001", None),
        (b"From a Sat Jan 33 01:05:34 1996", None),
        (b"From a Thu Jan  1 00:00:00 1970", None),
        (b"From a Thu Jan  1 00:00:00 2970", None),
        (b"From a Thu Jan  1 00:00:00 +9999 2010", None),
        (b"From a", None),
    ],
)
def test_dates_of_from_lines(line: bytes, date: str | None) -> None:
    found = dates.of_from_line(line)
    assert (found.isoformat() if found else None) == date


RECEIVED = b"Received: from a by b; Wed, 12 Nov 2008 20:54:40 +0300\nReceived: x; Mon, 1 Jan 2001 00:00:00 +0000\n"
DATE = b"Date: Wed, 12 Nov 2008 20:50:00 +0300\n"


@pytest.mark.parametrize(
    ("line", "header", "date"),
    [
        (b"From a Wed Nov 12 17:54:41 2008", b"", "2008-11-12T17:54:41+00:00"),
        # The same moment in the zone of whoever wrote the line: Received is exact.
        (b"From a Wed Nov 12 21:54:41 2008", RECEIVED, "2008-11-12T20:54:40+03:00"),
        # Days apart: the message lay somewhere, and the line tells when it came.
        (b"From a Fri Nov 14 21:54:41 2008", RECEIVED, "2008-11-14T21:54:41+00:00"),
        (b"From a Wed Nov 12 21:54:41 +0000 2008", RECEIVED, "2008-11-12T21:54:41+00:00"),
        # Thunderbird and Python write when the message was filed.
        (b"From - Fri Aug 05 10:57:20 2016", RECEIVED + DATE, "2008-11-12T20:54:40+03:00"),
        (b"From MAILER-DAEMON Fri Aug 05 10:57:20 2016", DATE, "2008-11-12T20:50:00+03:00"),
        (b"From - Fri Aug 05 10:57:20 2016", b"", "2016-08-05T10:57:20+00:00"),
        (b"From nobody Mon Sep 17 00:00:00 2001", b"Received: no date\n" + DATE, "2008-11-12T20:50:00+03:00"),
        (b"From nobody Mon Sep 17 00:00:00 2001", b"Date: yesterday\n", None),
    ],
)
def test_when_a_message_was_received(line: bytes, header: bytes, date: str | None) -> None:
    found = dates.received(line, headers.fields(header))
    assert (found.isoformat() if found else None) == date


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_are_a_date_with_a_zone_or_none(line: bytes, field: bytes) -> None:
    for found in (
        dates.received(b"From " + line, {b"date": field, b"received": b";" + field}),
        dates.of_seconds(len(line)),
    ):
        assert found is None or (found.utcoffset() is not None and found > datetime(1970, 1, 1, tzinfo=UTC))

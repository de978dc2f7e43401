"""Wire form and the digests that tell messages apart."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.body import CHUNK, MemoryBody, SpooledBody
from connectors.wire import digest_bytes, header_digest, to_wire, wire_bytes

MESSAGE = (
    b"Received: by a.example\r\nFrom: Ann <ann@a.example>\r\nTo: bob@b.example\r\nSubject: one\r\n two\r\n"
    b"Date: Mon, 1 Jan 2024 10:00:00 +0100\r\nMessage-ID: <1@a.example>\r\n\r\nbody\r\n"
)
#: Bytes in which line ends, From_ lines and header ends are likely.
RAW = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"From ", b"a: b", b" x", b"\0", b"\xff", b"text"])
).map(b"".join)


@given(RAW)
def test_wire_form_is_reached_in_one_step(data: bytes) -> None:
    wire = wire_bytes(data)
    if not wire.startswith(b"From "):
        assert wire_bytes(wire) == wire
    assert wire.count(b"\n") == wire.count(b"\r\n")


@given(RAW)
def test_wire_form_changes_line_ends_only(data: bytes) -> None:
    kept = data.partition(b"\n")[2] if data.startswith(b"From ") else data
    assert wire_bytes(data).replace(b"\r\n", b"\n") == kept.replace(b"\r\n", b"\n")


def test_bare_carriage_returns_stay() -> None:
    assert wire_bytes(b"a\rb\r\r\nc\n") == b"a\rb\r\r\nc\r\n"


def test_a_from_line_goes_only_from_the_start() -> None:
    assert wire_bytes(b"From ann Mon Jan 1\nSubject: x\n\nFrom here\n") == b"Subject: x\r\n\r\nFrom here\r\n"
    assert wire_bytes(b"From: ann\r\n\r\n") == b"From: ann\r\n\r\n"


@given(
    shift=st.integers(-3, 3),
    ends=st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\n"]),
    mbox=st.booleans(),
)
def test_spooled_and_memory_bodies_agree_whatever_falls_on_a_chunk_border(
    tmp_path_factory: pytest.TempPathFactory, shift: int, ends: bytes, mbox: bool
) -> None:
    spool = tmp_path_factory.mktemp("spool")
    head = (b"From ann\n" if mbox else b"") + b"Subject: x\nMessage-ID: <a@b>\n\n"
    data = head + b"x" * (CHUNK - len(head) + shift) + ends + b"tail" + ends
    spooled = SpooledBody(spool)
    spooled.write(data)
    one, digests = to_wire(spooled, spool)
    other, expected = to_wire(MemoryBody(data), spool)
    with one.open() as left, other.open() as right:
        assert left.read() == right.read() == wire_bytes(data)
    assert digests == expected
    one.release()
    assert list(spool.iterdir()) == []


def test_bytes_in_wire_form_are_not_copied(tmp_path: Path) -> None:
    body = MemoryBody(MESSAGE)
    assert to_wire(body, tmp_path)[0] is body


def test_the_source_digest_is_of_the_bytes_as_read(tmp_path: Path) -> None:
    raw = MESSAGE.replace(b"\r\n", b"\n")
    _, digests = to_wire(MemoryBody(raw), tmp_path)
    assert digests.source == hashlib.sha256(raw).digest()
    assert digests.wire == hashlib.sha256(MESSAGE).digest()


def test_the_core_digest_survives_transport_headers_and_folding() -> None:
    moved = b"X-Spam: no\r\n" + MESSAGE.replace(b"one\r\n two", b"one two").replace(b"From:", b"FROM:")
    assert digest_bytes(moved).core == digest_bytes(MESSAGE).core
    assert digest_bytes(moved).wire != digest_bytes(MESSAGE).wire


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"body", b"corps"), (b"bob@", b"eve@"), (b"<1@", b"<2@"), (b"\r\n\r\n", b"\r\nContent-Type: text/html\r\n\r\n")],
)
def test_the_core_digest_tells_content_apart(old: bytes, new: bytes) -> None:
    assert digest_bytes(MESSAGE.replace(old, new)).core != digest_bytes(MESSAGE).core


def test_the_header_digest_survives_another_body_and_needs_four_fields() -> None:
    digest = digest_bytes(MESSAGE).header
    assert digest_bytes(MESSAGE.replace(b"body", b"corps")).header == digest
    assert digest_bytes(MESSAGE.replace(b"one", b"two")).header != digest
    fields = b"Subject: one\r\n two\r\nMessage-ID: <1@a.example>\r\nFrom: Ann <ann@a.example>\r\n"
    assert header_digest(fields + b"Date: Mon, 1 Jan 2024 10:00:00 +0100\r\n") == digest


def test_message_id_and_date_are_read_from_the_header() -> None:
    digests = digest_bytes(MESSAGE)
    assert digests.message_id == "<1@a.example>"
    assert digests.date == datetime(2024, 1, 1, 10, tzinfo=timezone(timedelta(hours=1)))
    assert digest_bytes(b"Subject: none\r\n\r\nMessage-ID: <in@body>\r\n").message_id is None


@pytest.mark.parametrize(
    "date", [b"", b"yesterday", b"Mon, 99 Jan 2024 10:00:00 +0100", b"\xff\xfe", b"1 Jan 20240000 9:9"]
)
def test_a_date_that_is_none_is_no_error(date: bytes) -> None:
    assert digest_bytes(b"Date: " + date + b"\r\n\r\n").date is None


def test_a_date_without_a_zone_counts_as_utc() -> None:
    assert digest_bytes(b"Date: Mon, 1 Jan 2024 10:00:00 -0000\r\n\r\n").date == datetime(2024, 1, 1, 10, tzinfo=UTC)


@given(st.binary(max_size=300))
def test_any_bytes_have_digests(data: bytes) -> None:
    assert len(digest_bytes(wire_bytes(data)).core) == 32


@pytest.mark.parametrize("kept", [b"cafXX aXb", b"caf\x80\x80 a\x80b", b"caf\xc3\xa9 a\0b"])
def test_the_header_digest_survives_raw_bytes_that_a_server_replaces(kept: bytes) -> None:
    sent = b"Subject: caf\xc3\xa9 a\0b\r\nMessage-ID: <1@example.org>\r\n"
    assert header_digest(sent.replace(b"caf\xc3\xa9 a\0b", kept)) == header_digest(sent)
    assert header_digest(sent.replace(b"caf", b"cof")) != header_digest(sent)

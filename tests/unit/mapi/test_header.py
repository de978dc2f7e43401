"""A header that arrived stays as it was; one that must be made says what is known, and nothing else."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.archives.contract import Problem
from tests.unit.mapi.items import Ansi, Message, Tag, context, parsed, read, written

ARRIVED = (
    "Received: from a by b;\r\n\tMon, 2 Mar 2020 10:00:00 +0000\r\n"
    "from:  Anna   <anna@example.org>\r\n"
    "X-Long: one\r\n  two\r\n"
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    "Date: Mon, 2 Mar 2020 11:00:00 +0100\r\n"
    "Message-ID: <1@example.org>\r\n"
)
OF_BODY = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n\tboundary=old\r\ncontent-LANGUAGE: de\r\n"
SENT = datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC)
LATER = datetime(2020, 1, 1, tzinfo=UTC)
ANNA: dict[Tag, object] = {0x0C1A: "Anna Berg", 0x0C1E: "SMTP", 0x0C1F: "anna@example.org"}
EXCHANGE: dict[Tag, object] = {0x0C1A: "Anna Berg", 0x0C1E: "EX", 0x0C1F: "/O=ORG/OU=X/CN=ANNA"}


def kept(item: Message) -> bytes:
    """What stands before our own fields."""
    return written(item).partition(b"MIME-Version: 1.0\r\n")[0]


def test_a_header_that_arrived_is_kept_in_order_and_to_the_byte() -> None:
    assert kept(Message({0x7D: ARRIVED})) == ARRIVED.encode()


def test_what_told_of_the_old_body_is_left_out_with_its_folded_lines() -> None:
    head, tail = ARRIVED[:70], ARRIVED[70:]
    between = head[: head.rindex("\r\n") + 2]
    assert kept(Message({0x7D: between + OF_BODY + head[len(between) :] + tail + OF_BODY})) == ARRIVED.encode()


@pytest.mark.parametrize("page", [1252, 1251, 932, 65001])
def test_8_bit_text_becomes_the_bytes_that_it_was(page: int) -> None:
    text = {1252: "Grüße €", 1251: "Привет", 932: "日本語", 65001: "ü ж 日"}[page]
    raw = f"From: a@example.org\r\nSubject: {text}\r\nDate: x\r\n".encode(f"cp{page}" if page < 65000 else "utf-8")
    assert kept(Message({0x7D: raw.decode(f"cp{page}" if page < 65000 else "utf-8"), 0x3FDE: page})) == raw
    assert kept(Message({0x7D: Ansi(raw, "latin-1"), 0x3FDE: page})) == raw


def test_outlooks_own_first_line_and_what_lies_behind_an_empty_one_is_no_header() -> None:
    told = "Microsoft Mail Internet Headers Version 2.0\r\n" + ARRIVED + "\r\nContent-Type: text/plain\r\n\r\nbody"
    assert kept(Message({0x7D: told})) == ARRIVED.encode()


def test_a_line_that_is_no_field_belongs_to_the_field_before_it() -> None:
    told = ARRIVED + "not a field\r\n--=_1_0: x\r\n\rX: y"
    lines = kept(Message({0x7D: told}))[len(ARRIVED) :].split(b"\r\n")
    assert lines == [b" not a field", b" --=_1_0: x", b" X: y", b""]


def test_a_piece_of_a_header_is_made_up_for() -> None:
    message = read(Message({0x7D: "X-MS-Something: 1\r\n", 0x37: "Hello", 0x39: SENT, **ANNA}))
    assert message.keys()[:3] == ["X-MS-Something", "Date", "From"]
    assert message["Subject"] == "Hello"


def test_bcc_of_what_was_sent_is_kept_whatever_header_there_is() -> None:
    bcc: dict[Tag, object] = {0x0C15: 3, 0x3001: "Bea", 0x3002: "SMTP", 0x3003: "bea@example.org"}
    assert read(Message({0x7D: ARRIVED, 0x0E02: "Bea"}, [bcc]))["Bcc"] == "Bea <bea@example.org>"
    assert read(Message(ANNA, [bcc]))["Bcc"] == "Bea <bea@example.org>"


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({0x39: SENT, 0x0E06: LATER, 0x3007: LATER}, SENT),
        ({0x0E06: SENT, 0x3007: LATER}, SENT),
        ({0x3007: SENT, 0x3008: LATER}, SENT),
        ({0x39: datetime(4501, 1, 1, tzinfo=UTC), 0x0E06: SENT}, SENT),
    ],
)
def test_the_date_is_that_of_sending_then_of_delivery_then_of_making(
    times: dict[Tag, object], expected: datetime
) -> None:
    assert email.utils.parsedate_to_datetime(read(Message(times))["Date"]) == expected


def test_without_any_time_no_date_is_made_up() -> None:
    assert read(Message({0x37: "x"}))["Date"] is None


def test_the_message_id_is_its_own_or_one_that_every_copy_has() -> None:
    own = read(Message({0x1035: "<1@example.org>", 0x300B: b"key"}))
    copies = [read(Message({0x300B: b"key", 0x0E06: moment})) for moment in (SENT, LATER)]
    assert own["Message-ID"] == "<1@example.org>"
    assert copies[0]["Message-ID"] == copies[1]["Message-ID"]
    assert copies[0]["Message-ID"].endswith("@bascule.invalid>")
    assert copies[0]["Message-ID"] != read(Message({0x300B: b"other"}))["Message-ID"]


def test_threads_are_kept() -> None:
    message = read(Message({0x1042: "<1@a>", 0x1039: " <0@a>\r\n <1@a>", 0x70: "Plan", 0x71: bytes(range(22))}))
    assert message["In-Reply-To"] == "<1@a>"
    assert message["References"] == "<0@a> <1@a>"
    assert message["Thread-Topic"] == "Plan"


def test_an_x500_address_is_written_by_the_table_whatever_its_case() -> None:
    known = context(addresses={"/o=org/ou=x/cn=anna": "anna@example.org"})
    assert read(Message(EXCHANGE), known)["From"] == "Anna Berg <anna@example.org>"
    assert known.unknown_addresses() == {}


def test_an_unknown_x500_address_is_counted_and_no_address_is_made_up() -> None:
    known = context()
    to: dict[Tag, object] = {0x0C15: 1, 0x3001: "Ünal; Can", 0x3002: "EX", 0x3003: "/o=org/cn=can"}
    message = read(Message(EXCHANGE, [to]), known)
    assert known.unknown_addresses() == {"/O=ORG/OU=X/CN=ANNA": 1, "/o=org/cn=can": 1}
    assert (message["From"].addresses, message["To"].addresses) == ((), ())
    assert [group.display_name for group in (*message["From"].groups, *message["To"].groups)] == [
        "Anna Berg",
        "Ünal; Can",
    ]
    assert "@" not in str(message["From"]) + str(message["To"])


def test_reading_a_header_counts_its_addresses_and_reports_nothing() -> None:
    """Looking into an archive reads headers alone, and has to tell which addresses are unknown."""
    from connectors.mapi.message import header

    problems: list[Problem] = []
    known = context(problems)
    header(Message({**EXCHANGE, 0x7D: "x" * (5 << 20)}), known)
    assert known.unknown_addresses() == {"/O=ORG/OU=X/CN=ANNA": 1}
    assert not problems


def test_a_smtp_address_beside_the_x500_one_is_taken() -> None:
    assert read(Message(EXCHANGE | {0x5D01: "anna@example.org"}))["From"] == "Anna Berg <anna@example.org>"


def test_who_sent_for_somebody_else_is_the_sender() -> None:
    message = read(Message(ANNA | {0x42: "Board", 0x64: "SMTP", 0x65: "board@example.org"}))
    assert (message["From"], message["Sender"]) == ("Board <board@example.org>", "Anna Berg <anna@example.org>")
    assert read(Message(ANNA | {0x42: "A", 0x64: "SMTP", 0x65: "ANNA@example.org"}))["Sender"] is None


def test_replies_go_where_their_entries_say() -> None:
    one_off = (
        bytes(4) + bytes.fromhex("812b1fa4bea310199d6e00dd010f5402") + b"\0\0\x01\x90"
        + "Desk\0SMTP\0desk@example.org\0".encode("utf-16-le")
    )  # fmt: skip
    entries = (1).to_bytes(4, "little") + (len(one_off) + 4).to_bytes(4, "little") + len(one_off).to_bytes(4, "little")
    assert read(Message(ANNA | {0x4F: entries + one_off}))["Reply-To"] == "Desk <desk@example.org>"


def test_importance_sensitivity_and_receipts_are_what_their_author_asked_for() -> None:
    message = read(Message(ANNA | {0x17: 2, 0x36: 2, 0x29: True}))
    assert message["Importance"] == "high"
    assert message["X-Priority"] == "1 (Highest)"
    assert message["Sensitivity"] == "Private"
    assert message["Disposition-Notification-To"] == "Anna Berg <anna@example.org>"
    # Nobody can send a receipt to whom no address is known of.
    assert read(Message(EXCHANGE | {0x29: True}))["Disposition-Notification-To"] is None


@given(st.text(max_size=400))
def test_any_subject_is_read_back(text: str) -> None:
    item = Message({0x37: "\x01" + "\x05" + text if text.startswith("\x01") else text, 0x39: SENT})
    data = written(item)
    head = data.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    shown = str(parsed(data)["Subject"] or "")
    expected = text.encode("utf-8", "replace").decode()
    assert "".join(shown.split()) == "".join(_visible(expected).split())


@given(st.text(max_size=120), st.emails() | st.text(max_size=60))
def test_any_name_and_address_are_written_as_mail_allows(name: str, address: str) -> None:
    values: dict[Tag, object] = {0x0C1A: name, 0x0C1E: "SMTP", 0x0C1F: address, 0x39: SENT}
    data = written(Message(values))
    head = data.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert head.count(b"\r\nFrom:") <= 1
    assert b"\r\nX-" not in head


def _visible(text: str) -> str:
    return "".join(" " if one < " " or one in "\x7f\x85\u2028\u2029" else one for one in text)

"""What the stand-in of Microsoft 365 reads and judges, without any connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from imapclient.imap_utf7 import encode as encode_utf7

from migrate.sandbox.microsoft.commands import Command, read_command
from migrate.sandbox.microsoft.faults import Fault, Faults
from migrate.sandbox.microsoft.graph.errors import GraphError
from migrate.sandbox.microsoft.graph.filters import read_filter
from migrate.sandbox.microsoft.graph.types import check_body, properties_of
from migrate.sandbox.microsoft.graph_ids import folder_id, folder_of, message_id, message_of
from migrate.sandbox.microsoft.words import fault_of_name, folder_key, longest_line, missing_parents, takes


def _read(data: bytes, limit: int = 1 << 20) -> tuple[list[Command], list[int]]:
    """The commands of a stream, and how often a literal was asked for."""
    asked: list[int] = []

    async def read() -> list[Command]:
        async def proceed() -> None:
            asked.append(1)

        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        found = []
        while (command := await read_command(reader, proceed, lambda: limit, lambda _read: None)) is not None:
            found.append(command)
        return found

    return asyncio.run(read()), asked


@given(some.lists(some.binary(max_size=200), min_size=1, max_size=5))
def test_messages_come_out_of_a_stream_as_they_went_in(messages: list[bytes]) -> None:
    stream = b"".join(b"a%d APPEND INBOX (\\Seen) {%d+}\r\n%s\r\n" % (n, len(m), m) for n, m in enumerate(messages))
    commands, _ = _read(stream)
    assert [command.message for command in commands] == messages
    assert not any(command.more for command in commands)


def test_a_literal_in_another_place_is_an_argument_and_is_forwarded_whole() -> None:
    (command,), asked = _read(b"a SELECT {5}\r\nINBOX\r\n")
    assert (command.name, command.arguments, asked) == ("SELECT", (b"INBOX",), [1])
    assert command.raw == b"a SELECT {5+}\r\nINBOX\r\n"
    (command,), _ = _read(b"a APPEND {5+}\r\nINBOX {2+}\r\nab\r\n")
    assert (command.arguments, command.message) == ((b"INBOX",), b"ab")


def test_what_goes_on_behind_a_message_is_seen() -> None:
    commands, _ = _read(b"a APPEND INBOX {2+}\r\nab {2+}\r\ncd\r\n")
    assert commands[0].more
    commands, _ = _read(b"a APPEND INBOX {2+}\r\nab x\r\n")
    assert commands[0].more


def test_a_message_over_the_limit_is_read_and_not_kept() -> None:
    commands, _ = _read(b"a APPEND INBOX {5+}\r\nabcde\r\nb NOOP\r\n", limit=4)
    assert [(one.name, one.message, one.announced) for one in commands] == [("APPEND", b"", 5), ("NOOP", None, 0)]


@pytest.mark.parametrize(
    ("command", "good"),
    [
        (b"UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT MODSEQ)])", True),
        (b"UID FETCH 1 BODY.PEEK[]<0.1000>", True),
        (b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE 5)", False),
        (b"UID FETCH 1:* (UID EMAILID)", False),
        (b"UID FETCH 1:* BINARY.PEEK[]", False),
        (b"STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)", True),
        (b"STATUS INBOX (MESSAGES SIZE)", False),
        (b'LIST "" "*"', True),
        (b'LIST (SUBSCRIBED) "" "*" RETURN (SPECIAL-USE)', False),
        (b"UID SEARCH RETURN (ALL) UNSEEN", False),
        (b"UID SEARCH HEADER MESSAGE-ID x", True),
        (b"UID STORE 1 +FLAGS.SILENT (\\Flagged)", True),
        (b"UID STORE 1 (UNCHANGEDSINCE 5) +FLAGS (\\Flagged)", False),
    ],
)
def test_arguments_of_extensions_are_not_taken(command: bytes, good: bool) -> None:
    (read,), _ = _read(b"a " + command + b"\r\n")
    assert takes(read.name, read.arguments, read.raw) is good


@given(some.lists(some.binary(max_size=30).filter(lambda line: b"\r" not in line and b"\n" not in line), max_size=80))
def test_the_longest_line_is_found(lines: list[bytes]) -> None:
    assert longest_line(b"\r\n".join([*lines, b"x" * 1000])) == 1000
    assert longest_line(b"\r\n".join(lines)) == max(map(len, lines), default=0)


@given(some.text(min_size=1, max_size=20).filter(lambda text: "/" not in text and "\\" not in text))
def test_a_folder_is_not_made_twice_however_it_is_written(name: str) -> None:
    held = encode_utf7(name)
    for other in (name, name.upper(), name.lower(), f"{name} ", f"{name}."):
        if folder_key(encode_utf7(other)) == folder_key(held):
            assert fault_of_name(encode_utf7(other), [held], depth=300, subfolders=100) is not None


def test_parents_are_made_first_and_only_where_there_are_none() -> None:
    assert missing_parents(b"a/b/c", [b"A"]) == [b"a/b"]
    assert missing_parents(b"a", []) == []


@given(some.binary(max_size=40), some.integers(0, 1 << 32), some.integers(0, 1 << 32))
def test_ids_lead_back_and_nothing_else_does(folder: bytes, validity: int, uid: int) -> None:
    assert message_of(message_id(folder, validity, uid)) == (folder, validity, uid)
    assert folder_of(folder_id(folder)) == folder
    assert message_of(folder_id(folder)) is None


@given(some.text(max_size=40))
def test_no_text_brings_the_reading_of_an_id_down(text: str) -> None:
    assert message_of(f"AAMk{text}") is None or text


_ITEM = {
    "displayName": "Léa O'Neil", "accountEnabled": True, "mail": None, "proxyAddresses": ["SMTP:lea@x.example"],
    "createdDateTime": "2026-01-02T03:04:05Z", "assignedLicenses": [{"skuId": "6fd2c87f-b296-42f0-b197-1e91e994b900"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("displayName eq 'léa o''neil'", True),
        ("displayName ne 'x' and accountEnabled eq true", True),
        ("not (accountEnabled eq true)", False),
        ("mail eq null or startswith(displayName, 'x')", True),
        ("endswith(displayName,'NEIL')", True),
        ("proxyAddresses/any(p:p eq 'smtp:LEA@x.example')", True),
        ("assignedLicenses/any(l:l/skuId eq 6fd2c87f-b296-42f0-b197-1e91e994b900)", True),
        ("createdDateTime ge 2026-01-01T00:00:00Z", True),
        ("createdDateTime lt 2026-01-01T00:00:00Z", False),
        ("displayName in ('a', 'Léa O''Neil')", True),
    ],
)
def test_filters_say_what_odata_means(text: str, found: bool) -> None:
    assert read_filter("user", text)(_ITEM) is found


_WORDS = some.sampled_from(
    ["displayName", "accountEnabled", "eq", "ge", "'x'", "7", "true", "null", "(", ")", "and", "not", "in", ",", ":",
     "startswith", "proxyAddresses/any", "p", "2026-01-01", "'", "%"]
)  # fmt: skip


@given(some.lists(_WORDS, max_size=9).map(" ".join) | some.text(max_size=60))
def test_no_filter_does_anything_but_find_or_be_refused(text: str) -> None:
    answers = []
    with contextlib.suppress(GraphError):
        answers.append(read_filter("user", text)(_ITEM))
    assert answers in ([], [True], [False])


@pytest.mark.parametrize(
    ("kind", "body", "good"),
    [
        ("user", {"accountEnabled": True, "businessPhones": ["1"]}, True),
        ("user", {"accountEnabled": 1}, False),
        ("user", {"nothing": 1}, False),
        ("user", {"createdDateTime": "2026-01-01T00:00:00Z"}, False),
        ("user", {"passwordProfile": {"password": "x", "forceChangePasswordNextSignIn": False}}, True),
        ("user", {"passwordProfile": {"secret": "x"}}, False),
        ("assignedLicense", {"skuId": "6fd2c87f-b296-42f0-b197-1e91e994b900"}, True),
        ("assignedLicense", {"skuId": "Business"}, False),
        ("message", {"flag": {"flagStatus": "flagged"}}, True),
        ("message", {"flag": {"flagStatus": "red"}}, False),
        ("message", {"receivedDateTime": "2026-01-01"}, False),
        ("message", {"toRecipients": [{"emailAddress": {"address": "a@b.example"}}]}, True),
        ("message", {"toRecipients": [{"address": "a@b.example"}]}, False),
        ("group", [], False),
    ],
)
def test_bodies_are_judged_by_the_vendors_types(kind: str, body: Any, good: bool) -> None:
    if good:
        assert check_body(kind, body, "directory") == body
    else:
        with pytest.raises(GraphError):
            check_body(kind, body, "directory")


def test_a_type_has_what_its_bases_have() -> None:
    known: Mapping[str, Any] = properties_of("message")
    assert {"id", "categories", "subject"} <= set(known)
    assert properties_of("user")["proxyAddresses"]["read_only"]


def test_a_fault_strikes_those_that_it_was_planned_for() -> None:
    faults = Faults()
    faults.plan(Fault(what="drop", on="APPEND", nth=2, times=2, mailbox="a@x.example"))
    struck = [faults.due(command, mailbox) is not None for command, mailbox in (
        ("APPEND", "a@x.example"), ("APPEND", "b@x.example"), ("FETCH", "a@x.example"), ("APPEND", "a@x.example"),
        ("APPEND", "a@x.example"), ("APPEND", "a@x.example"),
    )]  # fmt: skip
    assert struck == [False, False, False, True, True, False]

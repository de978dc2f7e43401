"""The rules of Google's stand-in that are written by hand, each with what it takes and what it refuses."""

from __future__ import annotations

import pytest

from migrate.sandbox.google.call import page_token, read_token
from migrate.sandbox.google.discovery import routes
from migrate.sandbox.google.errors import ApiError
from migrate.sandbox.google.headers import check_senders, read_head, sent_at, topic_of
from migrate.sandbox.google.labels import Labels, check_name
from migrate.sandbox.google.mailbox import Mailbox
from migrate.sandbox.google.query import parse
from migrate.sandbox.google.quota import Bucket
from migrate.sandbox.google.schemas import Schemas
from migrate.sandbox.google.selection import parse as parse_fields
from migrate.sandbox.google.selection import select


@pytest.mark.parametrize(
    "name", ["Projects", "Projects/2026/Lyon", "Été", "INBOX/old", "x" * 225, "Trash 2", "muted/a"]
)
def test_labels_may_be_called_so(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    ["", " ", "inbox", "Inbox", "UNREAD", "Muted", "a//b", "/a", "a/", " a", "a ", "a /b", "x" * 226, "Unread\r"],
)
def test_labels_may_not_be_called_so(name: str) -> None:
    with pytest.raises(ApiError) as refused:
        check_name(name)
    assert (refused.value.code, refused.value.reason) == (400, "invalidArgument")


def test_two_labels_differ_by_more_than_case_and_there_is_an_end_to_them() -> None:
    labels = Labels()
    first = labels.create("Straße", {}, 2)
    with pytest.raises(ApiError) as taken:
        labels.create("STRASSE", {}, 2)
    assert (taken.value.code, taken.value.reason) == (409, "aborted")
    labels.create("B", {}, 2)
    with pytest.raises(ApiError):
        labels.create("C", {}, 2)
    labels.change(first.id, "straße", {})
    with pytest.raises(ApiError):
        labels.change(first.id, "b", {})
    labels.remove(first.id)
    assert labels.create("C", {}, 2).id != first.id


@pytest.mark.parametrize(
    "field",
    [
        b"anna@example.org",
        b"Anna <anna@example.org>",
        b'"Berg, Anna" <a@b>',
        b"=?utf-8?q?=C3=89va?= <e@b.org>",
        b"a@b, c@d",
    ],
)
def test_a_sender_with_an_address_is_taken(field: bytes) -> None:
    check_senders(read_head(b"From: " + field + b"\r\n\r\nx").senders)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"To: a@b\r\n", "Invalid From header"),
        (b"From: \r\n", "Invalid From header"),
        (b"From: MAILER-DAEMON\r\n", "Invalid From header"),
        (b"From: a@b\r\nFROM: c@d\r\n", "Expected a single 'From' header"),
    ],
)
def test_a_message_without_exactly_one_usable_sender_is_refused(head: bytes, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        check_senders(read_head(head + b"\r\nFrom: in@the.body\r\n").senders)
    assert refused.value.message == message


def test_a_head_is_read_folded_in_any_case_and_not_beyond_its_end() -> None:
    head = read_head(
        b"FROM: a@b\nmessage-id:\n <1@x>\nSubject: Re: Fwd: one\n two\nReferences: <2@x>\n <3@x>\n\nDate: no\n"
    )
    assert head.message_id == "1@x"
    assert head.topic == topic_of("one two") != topic_of("one")
    assert head.answers == ("2@x", "3@x")
    assert head.date is None


@pytest.mark.parametrize(
    ("value", "moment"),
    [("Wed, 01 Jan 2025 01:00:00 +0100", 1735689600000), ("yesterday", None), ("", None), (None, None)],
)
def test_a_date_is_a_moment_or_nothing(value: str | None, moment: int | None) -> None:
    assert sent_at(value) == moment


_JAN_2 = 1735776000000


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("rfc822msgid:1@x", "1"),
        ("rfc822msgid:<2@x>", "2"),
        ("-rfc822msgid:1@x", "2"),
        ("from:example.org", "1"),
        ("from:xample.org", ""),
        ("from:@example.org OR to:@example.org", "12"),
        ("{from:example.org to:example.org} is:unread", "2"),
        ("(from:example.org subject:one) -is:unread", "1"),
        ("label:projects-2026-lyon", "1"),
        ("in:inbox", "2"),
        ("is:starred is:unread", ""),
        ("is:read", "1"),
        ("after:2025/01/02", "2"),
        ("before:2025/01/02", "1"),
        ("after:1735776000", "2"),
        ("larger:100", "2"),
        ("smaller:100", "1"),
        ("cc:nobody", ""),
    ],
)
def test_a_search_finds_what_its_operators_say(query: str, found: str) -> None:
    mailbox = Mailbox(lambda *_: None)
    label = mailbox.labels.create("Projects 2026/Lyon", {}, 10)
    mailbox.put(b"From: A <a@example.org>\r\nMessage-ID: <1@x>\r\nSubject: one\r\n\r\n", [label.id], _JAN_2 - 1)
    mailbox.put(b"From: b@y\r\nTo: a@example.org\r\nMessage-ID: <2@x>\r\n\r\n" + b"x" * 99, ["INBOX", "UNREAD"], _JAN_2)
    search = parse(query, mailbox.labels)
    assert "".join(str(one.head.message_id)[0] for one in mailbox if search.matches(one)) == found


@pytest.mark.parametrize(
    "query", ["has:attachment", "invoice", "is:muted", "after:soon", "larger:big", "(from:a", "from:a)"]
)
def test_a_search_that_the_stand_in_does_not_know_is_refused_rather_than_finding_nothing(query: str) -> None:
    with pytest.raises(ApiError):
        parse(query, Labels())


def test_history_has_gaps_goes_on_and_is_forgotten() -> None:
    mailbox = Mailbox(lambda *_: None)
    start = mailbox.history_id
    stored = [mailbox.put(b"From: a@b\r\n\r\n", ["INBOX"], 0) for _ in range(3)]
    mailbox.relabel(stored[0], {"TRASH"})
    mailbox.remove(stored[1])
    told = [(event.kind, event.message) for event in mailbox.since(start)]
    assert told == [
        *(("messageAdded", one.id) for one in stored),
        ("labelAdded", stored[0].id), ("labelRemoved", stored[0].id), ("messageDeleted", stored[1].id),
    ]  # fmt: skip
    assert mailbox.since(mailbox.history_id) == []
    assert mailbox.history_id - start > len(told)
    mailbox.forget_history()
    for gone in (start, mailbox.history_id + 1):
        with pytest.raises(ApiError) as refused:
            mailbox.since(gone)
        assert refused.value.code == 404


def test_a_listing_is_by_date_newest_first_and_goes_on_where_it_was() -> None:
    mailbox = Mailbox(lambda *_: None)
    stored = [mailbox.put(b"From: a@b\r\n\r\n", [], date) for date in (5, 1, 9, 5)]
    assert [one.internal_date for one in mailbox.newest_first()] == [9, 5, 5, 1]
    rest = list(mailbox.newest_first(before=stored[3].order))
    mailbox.remove(stored[3])
    assert list(mailbox.newest_first(before=stored[3].order)) == rest == [stored[0], stored[1]]


def test_a_bucket_fills_evenly_and_no_higher_than_a_burst() -> None:
    bucket = Bucket(10.0, 0.0)
    assert [bucket.take(5, 60, 10, 0.0) for _ in range(3)] == [True, True, False]
    assert not bucket.take(5, 60, 10, 4.9)
    assert bucket.take(5, 60, 10, 5.0)
    assert [bucket.take(5, 60, 10, 1000.0) for _ in range(3)] == [True, True, False]


def test_every_schema_of_the_documents_can_be_checked() -> None:
    bodies = {name: method.body for name, method in routes().methods.items() if method.body is not None}
    assert len(bodies) > 80
    for name, check in bodies.items():
        assert check({}, "") == {}, name
        with pytest.raises(ApiError):
            check({"no such field": 1}, "")


_SCHEMAS = Schemas(
    {
        "Tree": {
            "type": "object",
            "properties": {
                "kind": {"type": "string", "enum": ["leaf", "node"]},
                "below": {"type": "array", "items": {"$ref": "Tree"}},
                "size": {"type": "string", "format": "uint64"},
                "count": {"type": "integer", "format": "int32"},
                "raw": {"type": "string", "format": "byte"},
                "good": {"type": "boolean"},
                "page": {"type": "integer", "format": "int32", "minimum": "1", "maximum": "500"},
                "more": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }
    }
)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ({"below": [{"kind": "leaf"}]}, {"below": [{"kind": "leaf"}]}),
        ({"size": 7}, {"size": "7"}),
        ({"size": str(2**64 - 1)}, {"size": str(2**64 - 1)}),
        ({"raw": "_-8"}, {"raw": b"\xff\xef"}),
        ({"raw": "/+8="}, {"raw": b"\xff\xef"}),
        ({"good": "true", "kind": None}, {"good": True}),
        ({"more": {"any": "thing"}}, {"more": {"any": "thing"}}),
        ({"page": 1}, {"page": 1}),
    ],
)
def test_a_body_that_fits_its_schema_is_read(body: object, read: object) -> None:
    assert _SCHEMAS.check("Tree")(body, "") == read


@pytest.mark.parametrize(
    "body",
    [
        [], {"kind": "root"}, {"below": {}}, {"below": [{"kind": "root"}]}, {"size": -1}, {"size": str(2**64)},
        {"count": 2**31}, {"count": True}, {"count": "1.5"}, {"raw": "*"}, {"raw": 1}, {"good": "yes"},
        {"more": {"any": 1}}, {"good": 1}, {"good": 0}, {"count": "\u0663"}, {"page": 0}, {"page": 501},
    ],
)  # fmt: skip
def test_a_body_that_does_not_fit_its_schema_is_refused(body: object) -> None:
    with pytest.raises(ApiError) as refused:
        _SCHEMAS.check("Tree")(body, "")
    assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ("id", {"id": 1}),
        ("a/b", {"a": [{"b": 2}, {}]}),
        ("a(b,c),id", {"id": 1, "a": [{"b": 2, "c": 3}, {"c": 4}]}),
        ("a/b,a/c", {"a": [{"b": 2, "c": 3}, {"c": 4}]}),
        ("*", {"id": 1, "a": [{"b": 2, "c": 3}, {"c": 4}]}),
    ],
)
def test_fields_keep_what_they_name(fields: str, left: object) -> None:
    assert select({"id": 1, "a": [{"b": 2, "c": 3}, {"c": 4}]}, parse_fields(fields)) == left


@pytest.mark.parametrize("fields", ["", "a(b", "a)", "a//b", ",a", "a("])
def test_fields_that_cannot_be_read_are_refused(fields: str) -> None:
    with pytest.raises(ApiError):
        parse_fields(fields)


@pytest.mark.parametrize("told", [{"at": "x"}, {"at": 1, "q": "a"}, {}, {"date": 1}, ["at"]])
def test_a_page_token_of_somebody_elses_making_is_refused(told: object) -> None:
    assert read_token(page_token({"at": 100}), at=int) == {"at": 100}
    with pytest.raises(ApiError) as refused:
        read_token(page_token(told), at=int)  # type: ignore[arg-type]  # which it never is
    assert refused.value.code == 400


def test_without_bodies_nothing_of_a_message_is_written_down_and_conversations_go_on_after_a_restart() -> None:
    written: list[tuple[dict[str, object], bytes]] = []
    raw = b"From: a@b\r\nSubject: Re: salary\r\nMessage-ID: <1@x>\r\n\r\nbody"
    first = Mailbox(lambda change, body: written.append((change, body))).put(raw, ["INBOX"], _JAN_2, keep=False)
    assert b"salary" not in repr(written).encode() + b"".join(body for _, body in written)
    again = Mailbox(lambda *_: None)
    for change, body in written:
        again.restore(change, body)
    (found,) = again.with_message_id("1@x")
    assert (found.size, found.digest, found.head.topic) == (len(raw), first.digest, topic_of("salary"))
    with pytest.raises(ApiError) as refused:
        parse("subject:salary", Labels()).matches(found)
    assert refused.value.code == 501

"""The Gmail API of Google's stand-in, asked by Google's own client library."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.http import MediaInMemoryUpload, MediaIoBaseUpload

from tests.servers.google import GoogleForTests, refusal_of

_WRITER = ["gmail.modify", "gmail.labels"]
_DATE = "Wed, 01 Jan 2025 00:00:00 +0000"
_SHOWN = {"labelListVisibility": "labelShow", "messageListVisibility": "show"}
#: What a stranger to mail would say cannot be mail: 8-bit, NUL, bare line feeds and carriage returns.
_ODD = b"caf\xe9 \x00 bare\nbare\rend"


@pytest.fixture
def anna(google: GoogleForTests) -> str:
    return google.person()


@pytest.fixture
def users(google: GoogleForTests, anna: str) -> Any:
    return google.service("gmail.v1", anna, _WRITER).users()


def test_a_message_arrives_byte_for_byte_by_every_kind_of_upload(google: GoogleForTests, users: Any, anna: str) -> None:
    sent = [_mail(f"{number}@kinds", _ODD) for number in range(3)]
    messages = users.messages()
    messages.import_(userId="me", body={"raw": _raw(sent[0]), "labelIds": ["INBOX"]}).execute()
    messages.import_(userId="me", media_body=MediaInMemoryUpload(sent[1], "message/rfc822")).execute()
    pieces = MediaIoBaseUpload(
        io.BytesIO(sent[2] + bytes(600_000)), "message/rfc822", chunksize=256 * 1024, resumable=True
    )
    messages.import_(userId="me", body={"labelIds": ["SENT"]}, media_body=pieces).execute()
    held = google.stand_in.mailbox(anna)
    assert [one.raw for one in held] == [sent[0], sent[1], sent[2] + bytes(600_000)]
    assert [one.labels for one in held] == [{"INBOX"}, set(), {"SENT"}]
    told = messages.get(userId="me", id=held[0].id, format="raw").execute()
    assert base64.urlsafe_b64decode(told["raw"]) == sent[0]


def test_messages_of_the_corpus_come_back_as_they_went_in(
    google: GoogleForTests, users: Any, anna: str, shared_corpus: Path
) -> None:
    google.stand_in.manners(dedupe=False)
    taken = []
    for path in sorted((shared_corpus / "eml").glob("*.eml"))[:60]:
        raw = path.read_bytes()
        asked = users.messages().insert(userId="me", media_body=MediaInMemoryUpload(raw, "message/rfc822"))
        if refusal_of(lambda asked=asked: asked) is None:
            taken.append(raw)
    assert [one.raw for one in google.stand_in.mailbox(anna)] == taken
    assert len(taken) > 10


def test_import_goes_by_the_date_field_and_insert_by_the_clock_unless_told_otherwise(
    google: GoogleForTests, users: Any, anna: str
) -> None:
    before = datetime.now(UTC)
    for number, (how, options) in enumerate(
        [
            (users.messages().import_, {}),
            (users.messages().import_, {"internalDateSource": "receivedTime"}),
            (users.messages().insert, {}),
            (users.messages().insert, {"internalDateSource": "dateHeader"}),
        ]
    ):
        how(userId="me", body={"raw": _raw(_mail(f"{number}@dates"))}, **options).execute()
    dates = [one.internal_date for one in google.stand_in.mailbox(anna)]
    told = datetime(2025, 1, 1, tzinfo=UTC)
    assert [date == told for date in dates] == [True, False, False, True]
    assert dates[1] >= before.replace(microsecond=0)
    assert dates[2] >= before.replace(microsecond=0)


@pytest.mark.parametrize(
    ("body", "options", "refusal"),
    [
        ({"raw": ""}, {}, (400, "invalidArgument")),
        ({}, {}, (400, "required")),
        ({"raw": "RnJvbTogeA0KDQo="}, {}, (400, "invalidArgument")),
        ({"labelIds": ["Label_99"]}, {}, (400, "invalidArgument")),
        ({"labelIds": ["CHAT"]}, {}, (400, "invalidArgument")),
        ({"labelIds": "INBOX"}, {}, (400, "invalid")),
        ({"threadId": "18c0000000009999"}, {}, (404, "notFound")),
        ({"labels": ["INBOX"]}, {}, (400, "invalid")),
        ({}, {"userId": "somebody@else.example"}, (403, "forbidden")),
    ],
)
def test_a_message_that_gmail_would_not_take_is_refused_and_not_kept(
    google: GoogleForTests,
    users: Any,
    anna: str,
    body: dict[str, Any],
    options: dict[str, Any],
    refusal: tuple[int, str],
) -> None:
    whole = body if refusal[1] == "required" else {"raw": _raw(_mail("1@refused")), **body}
    asked = users.messages().insert(**{"userId": "me", "body": whole, **options})
    assert refusal_of(lambda: asked) == refusal
    assert google.stand_in.mailbox(anna) == []


def test_parameters_are_those_of_the_discovery_document(google: GoogleForTests, users: Any) -> None:
    for wrong in (
        "internalDateSource=yesterday",
        "neverMarkSpam=perhaps",
        "nosuch=1",
        "fields=nosuch",
        "fields=id&fields=id",
    ):
        asked = users.messages().import_(userId="me", body={"raw": _raw(_mail("1@parameters"))})
        asked.uri += f"&{wrong}"
        refusal = refusal_of(lambda asked=asked: asked)
        assert refusal is not None, wrong
        assert refusal[0] == 400, wrong
    asked = users.messages().list(userId="me")
    asked.uri = asked.uri.replace("/messages", "/nosuch")
    assert refusal_of(lambda: asked) == (404, "notFound")


def test_a_second_copy_is_merged_or_not_as_the_manners_say(google: GoogleForTests, users: Any, anna: str) -> None:
    def sent(labels: list[str]) -> str:
        body = {"raw": _raw(_mail("twin@x", bytes(str(labels), "ascii"))), "labelIds": labels}
        return str(users.messages().import_(userId="me", body=body).execute()["id"])

    first = sent(["INBOX"])
    assert sent(["STARRED"]) == first
    users.messages().trash(userId="me", id=first).execute()
    assert sent(["SENT"]) == first
    assert [(one.labels, b"INBOX" in one.raw) for one in google.stand_in.mailbox(anna)] == [({"STARRED", "SENT"}, True)]
    google.stand_in.manners(dedupe=False)
    assert sent(["INBOX"]) != first
    assert len(google.stand_in.mailbox(anna)) == 2


def test_a_search_sees_a_new_message_when_the_index_has_caught_up(google: GoogleForTests, users: Any) -> None:
    google.stand_in.manners(index_delay=20)
    made = users.messages().import_(userId="me", body={"raw": _raw(_mail("late@x"))}).execute()["id"]

    def found(**options: Any) -> list[str]:
        return [one["id"] for one in users.messages().list(userId="me", **options).execute().get("messages", [])]

    assert found(q="rfc822msgid:late@x") == []
    assert found() == [made]
    google.stand_in.advance(21)
    assert found(q="rfc822msgid:late@x") == [made]


def test_listings_come_in_pages_and_leave_out_spam_and_trash(google: GoogleForTests, users: Any, anna: str) -> None:
    put = google.stand_in.put
    ids = put(anna, [_mail(f"{number}@pages") for number in range(7)], ["INBOX"])
    away = put(anna, [_mail("spam@pages")], ["SPAM"]) + put(anna, [_mail("trash@pages")], ["TRASH"])
    assert set(_pages(users.messages(), maxResults=3)) == set(ids)
    assert set(_pages(users.messages(), maxResults=3, includeSpamTrash=True)) == {*ids, *away}
    assert _pages(users.messages(), labelIds=["TRASH"]) == away[1:]
    assert _pages(users.messages(), q="in:spam") == away[:1]
    assert refusal_of(lambda: users.messages().list(userId="me", pageToken="bm9uc2Vuc2U=")) == (400, "invalidArgument")


def test_labels_are_made_nested_found_renamed_and_taken_off_with_their_messages_kept(
    google: GoogleForTests, users: Any, anna: str
) -> None:
    labels = users.labels()
    made = labels.create(userId="me", body={"name": "Projects/Lyon", **_SHOWN}).execute()["id"]
    assert refusal_of(lambda: labels.create(userId="me", body={"name": "projects/lyon", **_SHOWN})) == (409, "aborted")
    assert refusal_of(lambda: labels.create(userId="me", body={"name": "Muted", **_SHOWN})) == (400, "invalidArgument")
    assert refusal_of(lambda: labels.delete(userId="me", id="INBOX")) == (400, "invalidArgument")
    labels.patch(userId="me", id=made, body={"name": "Projects/Paris"}).execute()
    (message,) = google.stand_in.put(anna, [_mail("1@labels")], ["Projects/Paris", "UNREAD"])
    told = labels.get(userId="me", id=made).execute()
    assert (told["name"], told["messagesTotal"], told["messagesUnread"]) == ("Projects/Paris", 1, 1)
    labels.delete(userId="me", id=made).execute()
    assert [(one.id, one.labels) for one in google.stand_in.mailbox(anna)] == [(message, {"UNREAD"})]
    google.stand_in.manners(max_labels=1)
    labels.create(userId="me", body={"name": "One", **_SHOWN}).execute()
    assert refusal_of(lambda: labels.create(userId="me", body={"name": "Two", **_SHOWN})) == (400, "invalidArgument")


def test_labels_of_many_messages_change_at_once_and_the_history_tells(
    google: GoogleForTests, users: Any, anna: str
) -> None:
    ids = google.stand_in.put(anna, [_mail(f"{number}@many") for number in range(3)], ["INBOX", "UNREAD"])
    start = users.getProfile(userId="me").execute()["historyId"]
    change = {"ids": [*ids, "nosuch"], "addLabelIds": ["STARRED"], "removeLabelIds": ["UNREAD"]}
    users.messages().batchModify(userId="me", body=change).execute()
    google.stand_in.remove(anna, ids[2])
    assert [one.labels for one in google.stand_in.mailbox(anna)] == [{"INBOX", "STARRED"}] * 2
    told, token, pages = [], None, 0
    while pages == 0 or token:
        page = users.history().list(userId="me", startHistoryId=start, maxResults=2, pageToken=token).execute()
        told += page.get("history", [])
        token, pages = page.get("nextPageToken"), pages + 1
    assert pages == 2
    assert [sorted(one.keys() - {"id", "messages"}) for one in told] == [["labelsAdded", "labelsRemoved"]] * 3 + [
        ["messagesDeleted"]
    ]
    refused = [{"ids": ids, "addLabelIds": ["SENT"]}, {"ids": []}, {"ids": [str(one) for one in range(1001)]}]
    for wrong in refused:
        assert refusal_of(lambda wrong=wrong: users.messages().batchModify(userId="me", body=wrong)) == (
            400,
            "invalidArgument",
        )
    google.stand_in.control("forget_history", address=anna)
    assert refusal_of(lambda: users.history().list(userId="me", startHistoryId=start)) == (404, "notFound")


def test_answers_join_the_conversation_whose_subject_they_share(google: GoogleForTests, users: Any) -> None:
    def thread(message_id: str, subject: str, answers: str = "") -> str:
        raw = _mail(message_id, head=f"Subject: {subject}\r\n" + (f"In-Reply-To: <{answers}>\r\n" if answers else ""))
        return str(users.messages().import_(userId="me", body={"raw": _raw(raw)}).execute()["threadId"])

    first = thread("1@thread", "Lunch")
    assert thread("2@thread", "Re: Lunch", "1@thread") == first
    assert thread("3@thread", "Dinner", "1@thread") != first
    assert thread("4@thread", "Lunch") != first


def test_import_files_spam_unless_told_never_to_and_touches_no_calendar_unless_told_to(
    google: GoogleForTests, users: Any, anna: str
) -> None:
    gtube = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    for number, (how, options) in enumerate(
        [
            (users.messages().import_, {}),
            (users.messages().import_, {"neverMarkSpam": True}),
            (users.messages().insert, {}),
        ]
    ):
        body = {"raw": _raw(_mail(f"{number}@spam", gtube)), "labelIds": ["INBOX"]}
        how(userId="me", body=body, **options).execute()
    assert [sorted(one.labels) for one in google.stand_in.mailbox(anna)] == [["SPAM"], ["INBOX"], ["INBOX"]]
    for number, options in enumerate([{}, {"processForCalendar": True}]):
        body = {"raw": _raw(_mail(f"{number}@calendar", head="Content-Type: text/calendar\r\n"))}
        users.messages().import_(userId="me", body=body, **options).execute()
    assert google.stand_in.control("summary")["users"][anna]["calendar"] == 1


def test_formats_and_fields_tell_what_is_asked_for(google: GoogleForTests, anna: str) -> None:
    (message,) = google.stand_in.put(anna, [_mail("1@formats", b"hello")], ["INBOX"])
    reader = google.service("gmail.v1", anna, ["gmail.metadata"]).users().messages()
    told = reader.get(userId="me", id=message, format="metadata", metadataHeaders=["Message-ID"]).execute()
    assert told["payload"]["headers"] == [{"name": "Message-ID", "value": "<1@formats>"}]
    assert reader.get(userId="me", id=message, format="minimal", fields="id,sizeEstimate").execute().keys() == {
        "id", "sizeEstimate",
    }  # fmt: skip
    for wrong in (
        lambda: reader.get(userId="me", id=message, format="raw"),
        lambda: reader.get(userId="me", id=message),
        lambda: reader.list(userId="me", q="in:inbox"),
    ):
        assert refusal_of(wrong) == (403, "forbidden")
    whole = google.service("gmail.v1", anna, ["gmail.readonly"]).users().messages()
    body = whole.get(userId="me", id=message).execute()["payload"]["body"]
    assert base64.urlsafe_b64decode(body["data"]) == b"hello"


def test_calls_of_a_batch_are_answered_each_for_itself(google: GoogleForTests, anna: str) -> None:
    ids = google.stand_in.put(anna, [_mail(f"{number}@batch") for number in range(3)])
    service = google.service("gmail.v1", anna, ["gmail.readonly"])
    # The library leaves a connection open where a batch is the first to need a token.
    service.users().getProfile(userId="me").execute()
    told: dict[str, Any] = {}
    batch = service.new_batch_http_request(lambda name, answer, refused: told.update({name: answer or refused}))
    for one in (*ids, "nosuch"):
        batch.add(service.users().messages().get(userId="me", id=one, format="minimal"), request_id=one)
    # The library takes the address from the document: Google's own.
    batch._batch_uri = f"{google.stand_in.endpoint}/batch"
    batch.execute()
    assert [told[one]["id"] for one in ids] == ids
    assert told["nosuch"].status_code == 404
    assert google.stand_in.answers()["gmail.users.messages.get 200"] == 3


def test_what_is_too_large_is_read_to_its_end_and_refused(google: GoogleForTests, users: Any, anna: str) -> None:
    google.stand_in.manners(max_message=1_000_000)
    for resumable in (False, True):
        sent = MediaInMemoryUpload(_mail("large@x", bytes(1_000_001)), "message/rfc822", resumable=resumable)
        asked = users.messages().import_(userId="me", media_body=sent)
        assert refusal_of(lambda asked=asked: asked) == (413, "uploadTooLarge")
    assert google.stand_in.mailbox(anna) == []


def test_without_bodies_everything_but_the_bytes_is_there(google: GoogleForTests, users: Any, anna: str) -> None:
    google.stand_in.manners(keep_bodies=False)
    users.messages().import_(userId="me", body={"raw": _raw(_mail("gone@x", bytes(5000)))}).execute()
    (held,) = google.stand_in.mailbox(anna)
    assert (held.size, len(held.raw) < 200, held.message_id) == (len(_mail("gone@x", bytes(5000))), True, "gone@x")
    assert refusal_of(lambda: users.messages().get(userId="me", id=held.id, format="raw")) == (501, "notImplemented")


def test_messages_come_back_from_the_trash_or_go_for_good(google: GoogleForTests, users: Any, anna: str) -> None:
    ids = google.stand_in.put(anna, [_mail(f"{number}@gone") for number in range(4)], ["INBOX"])
    messages = users.messages()
    messages.trash(userId="me", id=ids[0]).execute()
    assert messages.untrash(userId="me", id=ids[0]).execute()["labelIds"] == []
    assert refusal_of(lambda: messages.delete(userId="me", id=ids[1])) == (403, "insufficientPermissions")
    owner = google.service("gmail.v1", anna, ["gmail.readonly"]).users().messages()
    assert refusal_of(lambda: owner.trash(userId="me", id=ids[1])) == (403, "insufficientPermissions")
    google.stand_in.remove(anna, ids[1])
    google.stand_in.relabel(anna, ids[2], ["Kept"])
    assert {(one.id, one.labels) for one in google.stand_in.mailbox(anna)} == {
        (ids[0], frozenset()), (ids[2], frozenset({"Kept"})), (ids[3], frozenset({"INBOX"})),
    }  # fmt: skip
    told = messages.modify(userId="me", id=ids[3], body={"addLabelIds": ["SPAM"]}).execute()
    assert told["labelIds"] == ["SPAM"]
    raw = {"raw": _raw(_mail("vault@gone"))}
    vaulted = messages.import_(userId="me", body=raw, deleted=True).execute()["id"]
    assert refusal_of(lambda: messages.get(userId="me", id=vaulted)) == (404, "notFound")
    labels = users.labels()
    made = {one["name"]: one for one in labels.list(userId="me").execute()["labels"]}
    assert {"INBOX", "TRASH", "Kept"} <= made.keys()
    changed = {"id": made["Kept"]["id"], "name": "Held", **_SHOWN}
    assert labels.update(userId="me", id=made["Kept"]["id"], body=changed).execute()["name"] == "Held"


def test_bytes_are_changed_where_the_manners_say_so(google: GoogleForTests, users: Any, anna: str) -> None:
    google.stand_in.manners(trace_field=True, crlf=True)
    users.messages().insert(userId="me", body={"raw": _raw(_mail("1@changed", b"bare\nend\r\n"))}).execute()
    (held,) = google.stand_in.mailbox(anna)
    assert held.raw.startswith(b"Received: from ")
    assert held.raw.endswith(b"\r\n\r\nbare\r\nend\r\n")


def _mail(message_id: str, body: bytes = b"", head: str = "") -> bytes:
    return f"From: anna@example.org\r\nDate: {_DATE}\r\nMessage-ID: <{message_id}>\r\n{head}\r\n".encode() + body


def _raw(mail: bytes) -> str:
    return base64.urlsafe_b64encode(mail).decode()


def _pages(messages: Any, **options: Any) -> list[str]:
    found, asked = [], messages.list(userId="me", **options)
    while asked is not None:
        page = asked.execute()
        found += [one["id"] for one in page.get("messages", [])]
        asked = messages.list_next(asked, page)
    return found

"""Contacts and distribution lists become vCards; marks of a message become a side-car."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.archives.contract import Nature, Problem
from connectors.mapi import tags
from connectors.mapi.context import Context
from connectors.mapi.marks import marks_of
from connectors.mapi.nature import nature_of
from connectors.mapi.personal import personal_item
from tests.unit.mapi.items import Attachment, Bag, Message, Tag, by_value, context, read

A = tags.ADDRESS
ANNA: dict[Tag, object] = {
    0x1A: "IPM.Contact", 0x3001: "Dr. Anna Berg", 0x3A11: "Berg", 0x3A06: "Anna", 0x3A45: "Dr.", 0x3A16: "Org; Ltd",
    0x3A18: "Sales", 0x3A17: "Head", 0x3A08: "+49 1", 0x3A1C: "+49 2", 0x3A24: "+49 3",
    0x3A42: datetime(1980, 5, 6, tzinfo=UTC),
    (A, 0x8082): "SMTP", (A, 0x8083): "anna@example.org", (A, 0x8092): "EX", (A, 0x8093): "/o=org/cn=anna",
    (A, 0x8094): "anna@intern.example",
    (A, 0x8045): "Straße 1\r\nHof", (A, 0x8046): "Köln", (A, 0x8049): "Deutschland",
    0x3A59: "Bonn", 0x1000: "A note,\r\nof two lines", (tags.PUBLIC_STRINGS, "Keywords"): ("Friends",), 0x300B: b"k",
}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def card(
    values: dict[Tag, object], nature: Nature = Nature.CONTACT, known: Context | None = None, **more: object
) -> vobject.base.Component:
    found = personal_item(Message(values, **more), nature, known or context())  # type: ignore[arg-type]
    assert found.suffix == ".vcf"
    return vobject.readOne(found.data.decode())


def test_a_contact_is_a_card_with_all_that_it_says() -> None:
    anna = card(ANNA)
    assert (anna.fn.value, anna.n.value.family, anna.n.value.prefix) == ("Dr. Anna Berg", "Berg", "Dr.")
    assert (anna.org.value, anna.title.value) == (["Org; Ltd", "Sales"], "Head")
    assert [one.value for one in anna.email_list] == ["anna@example.org", "anna@intern.example"]
    assert [(one.value, one.params["TYPE"]) for one in anna.tel_list] == [
        ("+49 1", ["WORK", "VOICE"]),
        ("+49 2", ["CELL", "VOICE"]),
        ("+49 3", ["WORK", "FAX"]),
    ]
    work, home = anna.adr_list
    assert (work.value.street, work.value.city, work.params["TYPE"]) == ("Straße 1\nHof", "Köln", ["WORK"])
    assert home.value.city == "Bonn"
    assert (anna.bday.value, anna.note.value) == ("1980-05-06", "A note,\nof two lines")
    assert anna.categories.value == ["Friends"]


def test_the_address_of_an_exchange_contact_is_that_of_the_table() -> None:
    known = context(addresses={"/O=ORG/CN=ANNA": "a@example.org"})
    assert [one.value for one in card(ANNA, known=known).email_list] == ["anna@example.org", "a@example.org"]
    unknown = context()
    values = ANNA | {(A, 0x8094): "Anna Berg"}
    assert [one.value for one in card(values, known=unknown).email_list] == ["anna@example.org"]
    assert unknown.unknown_addresses() == {"/o=org/cn=anna": 1}


def test_a_contact_keeps_its_photo_and_other_files_are_told() -> None:
    problems: list[Problem] = []
    photo = Attachment({0x3705: 1, 0x3701: PNG, 0x7FFF: True})
    anna = card(ANNA, known=context(problems), attached=[photo, by_value(b"x", "x.doc")])
    assert (anna.photo.value, anna.photo.params["TYPE"]) == (PNG, ["PNG"])
    assert [one.code for one in problems] == ["attachment-left-out"]


def test_a_contact_without_a_name_is_called_by_what_it_has() -> None:
    assert card({(A, 0x8083): "a@example.org"}).fn.value == "a@example.org"
    assert card({}).fn.value == "-"


def one_off(name: str, kind: str, address: str) -> bytes:
    texts = "\0".join((name, kind, address, "")).encode("utf-16-le")
    return bytes(4) + bytes.fromhex("812b1fa4bea310199d6e00dd010f5402") + b"\0\0\x01\x90" + texts


def test_a_distribution_list_is_a_group_that_names_its_members() -> None:
    members = (one_off("Bob", "SMTP", "bob@example.org"), one_off("Can", "EX", "/o=org/cn=can"), b"nonsense")
    known = context()
    group = card({(A, 0x8053): "Team", (A, 0x8054): members}, Nature.LIST, known)
    assert (group.fn.value, group.kind.value) == ("Team", "group")
    assert [one.value for one in group.member_list] == ["mailto:bob@example.org"]
    assert group.note.value == "Bob <bob@example.org>\nCan"
    assert known.unknown_addresses() == {"/o=org/cn=can": 1}


def test_an_attached_contact_is_a_card() -> None:
    message = read(Message({}, attached=[Attachment({0x3705: 5, 0x3001: "Anna"}, Message(ANNA))]))
    (part,) = message.iter_attachments()
    assert (part.get_content_type(), part.get_filename()) == ("text/vcard", "Anna.vcf")


@given(st.text(max_size=60))
@settings(max_examples=80)
def test_any_contact_is_a_card(text: str) -> None:
    tags_of_text = [one for one, value in ANNA.items() if isinstance(value, str)]
    made = card(dict.fromkeys(tags_of_text, text) | {(A, 0x8053): text, (A, 0x8054): (one_off(text, text, text),)})
    assert made.fn.value is not None


@pytest.mark.parametrize(
    ("name", "nature"),
    [
        ("IPM.Note", Nature.MAIL), ("ipm.note.SMIME", Nature.MAIL), ("IPM.Appointment.Custom", Nature.APPOINTMENT),
        ("IPM.Schedule.Meeting.Request", Nature.MAIL), ("IPM.Contact", Nature.CONTACT), ("IPM.Contacts2", Nature.MAIL),
        ("IPM.DistList", Nature.LIST), ("IPM.TaskRequest", Nature.MAIL), ("IPM.Task", Nature.TASK),
        ("IPM.StickyNote", Nature.NOTE), ("IPM.Activity", Nature.OTHER), ("REPORT.IPM.Note.NDR", Nature.MAIL),
        ("IPM.Invoice", Nature.MAIL), ("", Nature.MAIL), (None, Nature.MAIL),
    ],
)  # fmt: skip
def test_what_nobody_thought_of_is_mail_and_travels(name: str | None, nature: Nature) -> None:
    assert nature_of(Bag({} if name is None else {0x1A: name})) is nature


def test_marks_are_what_its_owner_did_and_never_stand_in_the_message() -> None:
    due = datetime(2020, 5, 6, tzinfo=UTC)
    values: dict[Tag, object] = {
        0x37: "x", 0x300B: b"k", 0x0E07: 1, 0x1081: 103, 0x1090: 2, (tags.COMMON, 0x8530): "Call back",
        (tags.TASK, 0x8105): due, (tags.COMMON, 0x8503): True, (tags.COMMON, 0x8502): due, 0x17: 2, 0x36: 3,
        (tags.PUBLIC_STRINGS, "Keywords"): ("Red", "with blank", "Red"),
    }  # fmt: skip
    marks = marks_of(Message(values))
    assert marks.flags() == {"\\Seen", "\\Answered", "\\Flagged", "Red"}
    told = json.loads(json.dumps(marks.as_json()))
    assert (told["request"], told["due"], told["reminder"]) == ("Call back", "2020-05-06T00:00:00+00:00", told["due"])
    assert (told["importance"], told["sensitivity"], told["categories"]) == (
        "high",
        "confidential",
        ["Red", "with blank"],
    )
    bare = {0x37: "x", 0x300B: b"k", 0x17: 2, 0x36: 3}
    assert read(Message(values)).as_bytes() == read(Message(bare)).as_bytes()


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        ({0x0E07: 0}, set()), ({0x0E07: 8}, {"\\Draft"}), ({0x0E07: 1, 0x1081: 104}, {"\\Seen", "$Forwarded"}),
        ({0x1080: 0x105}, {"\\Answered"}), ({0x1080: 0x106}, {"$Forwarded"}), ({0x1090: 1}, set()),
    ],
)  # fmt: skip
def test_flags_are_those_of_imap(values: dict[Tag, object], flags: set[str]) -> None:
    assert marks_of(Message(values)).flags() == flags

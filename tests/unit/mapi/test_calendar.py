"""Appointments, with their series and time zones, tasks and notes become entries that other calendars show alike."""

# ruff: noqa: DTZ001  # local times, which have no zone of their own

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Component

from connectors.archives.contract import Damaged, Nature, Problem
from connectors.mapi import tags
from connectors.mapi.personal import personal_item
from connectors.mapi.recurrence import recurrence
from connectors.mapi.zones import Zone, zone_of
from tests.unit.mapi import blobs
from tests.unit.mapi.items import Attachment, Bag, Message, Tag, by_value, context, read

A, C, T, M = tags.APPOINTMENT, tags.COMMON, tags.TASK, tags.MEETING
BASE: dict[Tag, object] = {
    0x1A: "IPM.Appointment",
    0x37: "Weekly; plan, and more",
    0x1000: "Line 1\r\nLine 2",
    0x3008: datetime(2020, 2, 1, tzinfo=UTC),
    0x300B: b"k",
    (A, 0x820D): datetime(2020, 3, 3, 8, 0, tzinfo=UTC),
    (A, 0x820E): datetime(2020, 3, 3, 9, 0, tzinfo=UTC),
    (A, 0x8208): "Room 5",
    (A, 0x8205): 2,
}
TUESDAY = datetime(2020, 3, 3)


def entries(values: dict[Tag, object], problems: list[Problem] | None = None, **more: object) -> list[Component]:
    item = Message(values, **more)  # type: ignore[arg-type]
    data = personal_item(item, Nature.APPOINTMENT, context(problems)).data
    assert b"\n" not in data.replace(b"\r\n", b"")
    return list(Calendar.from_ical(data).subcomponents)


def series(blob: bytes, **more: object) -> list[Component]:
    zone = {(A, 0x8260): blobs.definition()}
    return entries(BASE | zone | {(A, 0x8223): True, (A, 0x8216): blob} | more.pop("values", {}), **more)  # type: ignore[operator, arg-type]


def rule(blob: bytes) -> dict[str, object]:
    event = next(one for one in series(blob) if one.name == "VEVENT")
    return {name: value[0] if len(value) == 1 else list(value) for name, value in event["rrule"].items()}


def test_a_single_appointment_is_an_instant_of_time() -> None:
    (event,) = entries(BASE)
    assert event.decoded("dtstart") == datetime(2020, 3, 3, 8, tzinfo=UTC)
    assert event.decoded("dtend") == datetime(2020, 3, 3, 9, tzinfo=UTC)
    assert (event["summary"], event["location"]) == ("Weekly; plan, and more", "Room 5")
    assert event["description"] == "Line 1\nLine 2"
    assert (event["transp"], event["x-microsoft-cdo-busystatus"]) == ("OPAQUE", "BUSY")


@pytest.mark.parametrize("offset", [-10, -5, 0, 1, 5.5, 9])
def test_an_all_day_appointment_has_days_whatever_the_zone_it_was_made_in(offset: float) -> None:
    midnight = datetime(2020, 3, 3, tzinfo=timezone(timedelta(hours=offset))).astimezone(UTC)
    times = {(A, 0x8215): True, (A, 0x820D): midnight, (A, 0x820E): midnight + timedelta(days=2)}
    (event,) = entries(BASE | times)
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (date(2020, 3, 3), date(2020, 3, 5))


@pytest.mark.parametrize(
    ("blob", "expected"),
    [
        ((0x200A, 0, 1440 * 3, ()), {"FREQ": "DAILY", "INTERVAL": 3}),
        ((0x200A, 1, 1, (0b0111110,)), {"FREQ": "WEEKLY", "INTERVAL": 1, "BYDAY": ["MO", "TU", "WE", "TH", "FR"]}),
        ((0x200B, 1, 2, (0b0000100,)), {"FREQ": "WEEKLY", "INTERVAL": 2, "BYDAY": "TU", "WKST": "MO"}),
        ((0x200C, 2, 1, (3,)), {"FREQ": "MONTHLY", "INTERVAL": 1, "BYMONTHDAY": 3}),
        ((0x200C, 2, 1, (31,)), {"FREQ": "MONTHLY", "INTERVAL": 1, "BYMONTHDAY": -1}),
        ((0x200C, 2, 1, (30,)), {"FREQ": "MONTHLY", "INTERVAL": 1, "BYMONTHDAY": [28, 29, 30], "BYSETPOS": -1}),
        ((0x200C, 3, 2, (0b0000100, 1)), {"FREQ": "MONTHLY", "INTERVAL": 2, "BYDAY": "1TU"}),
        ((0x200C, 3, 1, (0b0111110, 5)), {
            "FREQ": "MONTHLY", "INTERVAL": 1, "BYDAY": ["MO", "TU", "WE", "TH", "FR"], "BYSETPOS": -1}),
        ((0x200D, 2, 12, (3,)), {"FREQ": "YEARLY", "INTERVAL": 1, "BYMONTH": 3, "BYMONTHDAY": 3}),
        ((0x200D, 3, 12, (0b0000001, 5)), {"FREQ": "YEARLY", "INTERVAL": 1, "BYMONTH": 3, "BYDAY": "-1SU"}),
    ],
)  # fmt: skip
def test_every_pattern_becomes_a_rule(blob: tuple[int, int, int, tuple[int, ...]], expected: dict[str, object]) -> None:
    assert rule(blobs.recurrence(*blob, TUESDAY)) == expected


def test_a_series_ends_as_it_says() -> None:
    after = blobs.recurrence(0x200B, 1, 1, (4,), TUESDAY, end=(blobs.AFTER, 5, date(2020, 3, 31)))
    on = blobs.recurrence(0x200B, 1, 1, (4,), TUESDAY, end=(blobs.ON, 5, date(2020, 4, 7)))
    assert rule(after)["COUNT"] == 5
    # Nine in the morning, when summer time has begun.
    assert rule(on)["UNTIL"] == datetime(2020, 4, 7, 7, tzinfo=UTC)


def test_a_series_is_told_by_the_clocks_of_its_zone() -> None:
    zone, event = series(blobs.recurrence(0x200B, 1, 1, (4,), TUESDAY))
    assert zone["tzid"] == event["dtstart"].params["TZID"] == "W. Europe Standard Time"
    assert event["dtstart"].to_ical() == b"20200303T090000"
    told = {one.name: one for one in zone.subcomponents}
    assert told["STANDARD"]["rrule"].to_ical() == b"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"
    assert told["DAYLIGHT"]["tzoffsetto"].td == timedelta(hours=2)
    assert told["STANDARD"]["dtstart"].to_ical() == b"16011028T030000"


def test_occurrences_that_were_deleted_or_changed_are_told() -> None:
    changed = blobs.Occurrence(
        datetime(2020, 3, 17, 9),
        datetime(2020, 3, 18, 14),
        datetime(2020, 3, 18, 15),
        "Moved é日",
        "Room 日",
    )
    day = blobs.Occurrence(datetime(2020, 3, 24, 9), datetime(2020, 3, 24), datetime(2020, 3, 25), all_day=True)
    blob = blobs.recurrence(0x200B, 1, 1, (4,), TUESDAY, deleted=[date(2020, 3, 10)], exceptions=[changed, day])
    _zone, event, first, second = series(blob)
    assert event["exdate"].to_ical() == b"20200310T090000"
    assert first["recurrence-id"].to_ical() == b"20200317T090000"
    assert first["dtstart"].to_ical() == b"20200318T140000"
    assert (first["summary"], first["location"], first["uid"]) == ("Moved é日", "Room 日", event["uid"])
    assert second["summary"] == event["summary"]
    assert (second.decoded("dtstart"), second.decoded("dtend")) == (date(2020, 3, 24), date(2020, 3, 25))


def test_a_changed_occurrence_says_what_it_says_and_else_what_the_series_says() -> None:
    moved = [
        blobs.Occurrence(datetime(2020, 3, day, 9), datetime(2020, 3, day, 11), datetime(2020, 3, day, 12))
        for day in (17, 31)
    ]
    said: dict[Tag, object] = {(A, 0x8228): datetime(2020, 3, 31, 7, tzinfo=UTC), 0x1000: "Of this day alone"}
    blob = blobs.recurrence(0x200B, 1, 1, (4,), TUESDAY, exceptions=moved)
    problems: list[Problem] = []
    attached = [Attachment({0x3705: 5}, Message(said)), Attachment({0x3705: 5}, Message({0x37: "another message"}))]
    _zone, event, first, second = series(blob, attached=attached, problems=problems)
    assert (first["description"], second["description"]) == (event["description"], "Of this day alone")
    assert [one.code for one in problems] == ["attachment-left-out"]


def test_damaged_exceptions_cost_the_exceptions_and_are_told() -> None:
    one = blobs.Occurrence(datetime(2020, 3, 17, 9), datetime(2020, 3, 18, 14), datetime(2020, 3, 18, 15), "x" * 50)
    blob = blobs.recurrence(0x200B, 1, 1, (4,), TUESDAY, exceptions=[one])
    problems: list[Problem] = []
    found = series(blob[: blob.index(b"x" * 50) + 10], problems=problems)
    assert [component.name for component in found] == ["VTIMEZONE", "VEVENT"]
    assert [problem.code for problem in problems] == ["exceptions-unreadable"]


def test_a_damaged_series_is_its_first_occurrence_and_is_told() -> None:
    problems: list[Problem] = []
    (event,) = series(b"\x04\x30\x04\x30\x0b", problems=problems)
    assert "rrule" not in event
    assert [problem.code for problem in problems] == ["recurrence-unreadable"]


def test_a_meeting_names_its_people_and_their_answers() -> None:
    meeting: dict[Tag, object] = {
        (A, 0x8217): 1, 0x42: "Anna", 0x64: "SMTP", 0x65: "anna@example.org", (C, 0x8503): True, (C, 0x8501): 30,
    }  # fmt: skip
    people: list[dict[Tag, object]] = [
        {0x3001: "Anna", 0x3002: "SMTP", 0x3003: "anna@example.org", 0x5FFD: 3},
        {0x3001: "Bob", 0x3002: "SMTP", 0x3003: "bob@example.org", 0x0C15: 1, 0x5FFF: 3},
        {0x3001: "Can", 0x3002: "EX", 0x3003: "/o=x/cn=can", 0x0C15: 2},
        {0x3001: "Room", 0x3002: "SMTP", 0x3003: "room@example.org", 0x0C15: 3},
    ]
    (event,) = entries(BASE | meeting, to=people)
    assert event["organizer"] == "mailto:anna@example.org"
    bob, can, room = event["attendee"]
    assert (bob, bob.params["PARTSTAT"], bob.params["ROLE"]) == (
        "mailto:bob@example.org",
        "ACCEPTED",
        "REQ-PARTICIPANT",
    )
    assert (can, can.params["CN"], can.params["ROLE"]) == ("invalid:nomail", "Can", "OPT-PARTICIPANT")
    assert room.params["CUTYPE"] == "RESOURCE"
    (alarm,) = event.subcomponents
    assert (alarm["trigger"].dt, alarm["description"]) == (timedelta(minutes=-30), event["summary"])


def test_the_uid_is_that_of_every_copy_of_a_meeting() -> None:
    head = bytes.fromhex("040000008200E00074C5B7101A82E008")
    told = head + bytes.fromhex("07E40311") + bytes(20) + b"12345678"
    (event,) = entries(BASE | {(M, 3): told})
    assert event["uid"] == (head + bytes(24) + b"12345678").hex().upper()
    (event,) = entries(BASE | {(M, 3): head + bytes(24) + b"vCal-Uid\x01\0\0\0abc@example.org\0"})
    assert event["uid"] == "abc@example.org"


def test_a_request_is_mail_that_every_calendar_understands() -> None:
    values = BASE | {0x1A: "IPM.Schedule.Meeting.Request", (A, 0x8217): 1, 0x0C1A: "A", 0x0C1E: "SMTP", 0x0C1F: "a@b.c"}
    message = read(Message(values))
    _text, told = message.iter_parts()
    assert told.get_content_type() == "text/calendar"
    assert told["Content-Type"].params["method"] == "REQUEST"
    calendar = Calendar.from_ical(told.get_payload(decode=True))
    assert calendar["method"] == "REQUEST"
    assert calendar.subcomponents[0]["organizer"] == "mailto:a@b.c"
    # What has no time is still mail.
    assert read(Message({0x1A: "IPM.Schedule.Meeting.Request", 0x1000: "x"})).get_content_type() == "text/plain"


def test_an_answer_says_who_gives_it_and_to_whom() -> None:
    values = BASE | {0x1A: "IPM.Schedule.Meeting.Resp.Neg", 0x0C1A: "B", 0x0C1E: "SMTP", 0x0C1F: "b@b.c"}
    message = read(Message(values, [{0x0C15: 1, 0x3002: "SMTP", 0x3003: "a@b.c", 0x3001: "A"}]))
    event = Calendar.from_ical(list(message.iter_parts())[1].get_payload(decode=True)).subcomponents[0]
    assert (event["organizer"], event["attendee"], event["attendee"].params["PARTSTAT"]) == (
        "mailto:a@b.c",
        "mailto:b@b.c",
        "DECLINED",
    )


def test_an_attached_appointment_is_a_calendar_file() -> None:
    message = read(Message({}, attached=[Attachment({0x3705: 5, 0x3001: "Plan"}, Message(BASE))]))
    (part,) = message.iter_attachments()
    assert (part.get_content_type(), part.get_filename()) == ("text/calendar", "Plan.ics")
    assert Calendar.from_ical(part.get_payload(decode=True)).subcomponents[0]["location"] == "Room 5"


def test_files_stay_with_their_appointment_and_what_has_no_place_is_told() -> None:
    problems: list[Problem] = []
    attached = [by_value(b"plan", "plan.txt"), by_value(bytes(5 << 20), "film.avi")]
    (event,) = entries(BASE, problems, attached=attached)
    assert event["attach"].params["FILENAME"] == "plan.txt"
    assert [one.code for one in problems] == ["attachment-left-out"]


def test_an_appointment_without_any_time_is_damaged() -> None:
    with pytest.raises(Damaged):
        personal_item(Message({0x1A: "IPM.Appointment"}), Nature.APPOINTMENT, context())


def test_a_task_is_a_to_do() -> None:
    day = datetime(2020, 3, 5, tzinfo=UTC)
    values: dict[Tag, object] = {
        0x37: "Report", (T, 0x8101): 1, (T, 0x8102): 0.25, (T, 0x8104): day, (T, 0x8105): day + timedelta(days=1),
        (T, 0x8116): blobs.recurrence(0x200B, 1, 1, (4,), TUESDAY)[:-30],
        (tags.PUBLIC_STRINGS, "Keywords"): ("Red, blue", "x"), 0x36: 2, 0x17: 2,
    }  # fmt: skip
    found = personal_item(Message(values), Nature.TASK, context())
    (task,) = Calendar.from_ical(found.data).subcomponents
    assert (found.suffix, task.name, task["status"], task["percent-complete"]) == (".ics", "VTODO", "IN-PROCESS", 25)
    assert (task.decoded("dtstart"), task.decoded("due")) == (date(2020, 3, 5), date(2020, 3, 6))
    assert [str(one) for one in task["categories"].cats] == ["Red, blue", "x"]
    assert (task["class"], task["priority"]) == ("PRIVATE", 1)
    done = Message({(T, 0x811C): True, (T, 0x810F): day})
    (task,) = Calendar.from_ical(personal_item(done, Nature.TASK, context()).data).subcomponents
    assert (task["status"], task.decoded("completed")) == ("COMPLETED", day)


@pytest.mark.parametrize("nature", [Nature.NOTE, Nature.OTHER])
def test_a_note_or_a_journal_entry_is_a_journal(nature: Nature) -> None:
    item = Message({0x37: "Idea", 0x1000: "Idea\r\nwith text", 0x3007: datetime(2020, 3, 5, tzinfo=UTC)})
    (journal,) = Calendar.from_ical(personal_item(item, nature, context()).data).subcomponents
    assert (journal.name, journal["summary"], journal["description"]) == ("VJOURNAL", "Idea", "Idea\nwith text")


def zone() -> Zone:
    found = zone_of(Bag({(A, 0x8233): blobs.ZONE, (A, 0x8234): "Berlin"}))
    assert found is not None
    return found


@given(st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)).map(lambda one: one.replace(tzinfo=UTC, microsecond=0)))
def test_local_time_is_that_of_the_zones_rule(moment: datetime) -> None:
    local = zone().local(moment)
    assert local - moment.replace(tzinfo=None) in (timedelta(hours=1), timedelta(hours=2))
    again = zone().utc(local)
    assert again == moment or zone().local(again) == local


@pytest.mark.parametrize(
    ("utc", "hour"),
    [((2020, 3, 29, 0, 59), 1), ((2020, 3, 29, 1, 0), 3), ((2020, 10, 25, 0, 59), 2), ((2020, 10, 25, 1), 2)],
)
def test_clocks_change_when_the_rule_says(utc: tuple[int, ...], hour: int) -> None:
    assert zone().local(datetime(*utc, tzinfo=UTC)).hour == hour  # type: ignore[misc, arg-type]


@given(
    st.binary(max_size=300)
    | st.binary(max_size=60).map(lambda data: blobs.recurrence(0x200B, 1, 1, (4,), TUESDAY)[:10] + data)
)
@settings(max_examples=300)
def test_any_recurrence_is_read_or_damaged(data: bytes) -> None:
    with suppress(Damaged):
        recurrence(data)
    item = Message(BASE | {(A, 0x8223): True, (A, 0x8216): data, (A, 0x8260): data, (A, 0x8233): data})
    with suppress(Damaged):
        icalendar.Calendar.from_ical(personal_item(item, Nature.APPOINTMENT, context()).data)


@given(st.text(max_size=60), st.dates(), st.integers(0, 1 << 31))
@settings(max_examples=60)
def test_any_appointment_is_an_entry_or_damaged(text: str, day: date, number: int) -> None:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    values = BASE | {
        0x37: text, 0x1000: text, (A, 0x8208): text, (A, 0x820D): moment, (A, 0x820E): moment, (C, 0x8503): True,
        (C, 0x8501): number, (A, 0x8217): 1, 0x0C1A: text, 0x3008: moment, 0x3007: moment,
    }  # fmt: skip
    try:
        found = entries(values)
    except Damaged:
        return
    assert found[0]["dtstart"] is not None

"""Contacts, calendars, tasks and notes of Outlook for Mac, as files that other programs import."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import vobject
from icalendar import Calendar

from connectors.archives.contract import Nature, Reading
from tests.unit.olm.opened import everything, opened
from tests.unit.olm.writer import OlmWriter, element, people, text

ZONE = """BEGIN:VCALENDAR
BEGIN:VTIMEZONE
TZID:Paris
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
END:VCALENDAR""".replace("\n", "\r\n")


def made(reading: Reading, name: str, xml: str, codes: list[str] | None = None) -> tuple[Nature, bytes]:
    """The one item of a file of this name."""
    with opened(OlmWriter().raw(f"Local/Folder/{name}", xml), reading) as archive:
        [(folder, item)] = everything(archive)
        found = archive.personal_item(folder, item.key)
        assert found == archive.personal_item(folder, item.key)
        assert found.nature is item.nature
        assert [problem.code for problem in archive.problems()] == (codes or [])
        return found.nature, found.data


def record(kind: str, prefix: str, fields: dict[str, str], more: str = "") -> str:
    inner = "".join(text(f"{prefix}{name}", value) for name, value in fields.items())
    return element(f"{kind}s", element(kind, inner + more), elementCount="1")


def event(reading: Reading, fields: dict[str, str], more: str = "", codes: list[str] | None = None) -> Any:
    xml = record("appointment", "OPFCalendarEvent", fields, more)
    nature, data = made(reading, "Calendar.xml", xml, codes)
    assert nature is Nature.APPOINTMENT
    [found] = Calendar.from_ical(data).walk("VEVENT")
    return found


def test_a_contact_is_a_card(reading: Reading) -> None:
    fields = {
        "CopyDisplayName": "Anna Ève Berg", "CopyFirstName": "Anna", "CopyLastName": "Berg", "CopyMiddleName": "Ève",
        "CopyBusinessCompany": "Bergwerk; & Co", "CopyBusinessDepartment": "Sales", "CopyBusinessTitle": "Director",
        "CopyBusinessPhone": "+33 1", "CopyCellPhone": "+33 6", "CopyHomeFax": "+33 2", "CopyNickName": "Ann",
        "CopyBusinessStreetAddress": "1, rue du Lac", "CopyBusinessCity": "Paris", "CopyBusinessZip": "75001",
        "CopyHomeCountry": "Italia", "CopyBirthday": "1970-02-03T00:00:00", "CopyNotesPlain": "Line 1\nLine 2, more",
        "CopyBusinessHomePage": "https://example.org", "CopySpousesName": "Bert",
    }  # fmt: skip
    addresses = [
        element("contactEmailAddress", OPFContactEmailAddressAddress=address)
        for address in ("anna@example.org", "ANNA@example.org", "berg@example.net")
    ]
    more = element("OPFContactCopyEmailAddressList", "".join(addresses))
    nature, data = made(reading, "Contacts.xml", record("contact", "OPFContact", fields, more))
    card = vobject.readOne(data.decode())
    assert nature is Nature.CONTACT
    assert card.fn.value == "Anna Ève Berg"
    assert (card.n.value.family, card.n.value.given, card.n.value.additional) == ("Berg", "Anna", "Ève")
    assert card.org.value == ["Bergwerk; & Co", "Sales"]
    assert [one.value for one in card.email_list] == ["anna@example.org", "berg@example.net"]
    assert {(one.value, tuple(one.params["TYPE"])) for one in card.tel_list} == {
        ("+33 1", ("WORK", "VOICE")), ("+33 6", ("CELL",)), ("+33 2", ("HOME", "FAX")),
    }  # fmt: skip
    assert {one.type_param: (one.value.street, one.value.city, one.value.country) for one in card.adr_list} == {
        "WORK": ("1, rue du Lac", "Paris", ""), "HOME": ("", "", "Italia"),
    }  # fmt: skip
    assert card.bday.value == "1970-02-03"
    assert card.note.value == "Line 1\nLine 2, more\n\nSpousesName: Bert"
    assert card.title.value == "Director"


def test_a_contact_with_nothing_but_an_address_has_a_name(reading: Reading) -> None:
    more = element("OPFContactCopyEmailAddressList", element("contactEmailAddress", "x@example.org"))
    _, data = made(reading, "Contacts.xml", record("contact", "OPFContact", {}, more))
    assert vobject.readOne(data.decode()).fn.value == "x@example.org"


def test_a_group_names_its_members(reading: Reading) -> None:
    more = people("OPFGroupCopyMemberList", ("Anna", "a@example.org"), ("", "b@example.org"))
    nature, data = made(reading, "Groups.xml", record("group", "OPFGroup", {"CopyDisplayName": "Board"}, more))
    card = vobject.readOne(data.decode())
    assert nature is Nature.LIST
    assert card.fn.value == "Board"
    assert card.note.value == "Anna <a@example.org>\nb@example.org"


def test_an_appointment_keeps_its_time_zone(reading: Reading) -> None:
    fields = {
        "CopySummary": "Comité", "CopyLocation": "Salle 3", "CopyStartTime": "2014-07-01T07:00:00",
        "CopyEndTime": "2014-07-01T08:30:00", "CopyUUID": "U-1", "GetStartTimeZoneICSData": ZONE,
        "CopyDescription": "<html><p>Ordre &amp; jour</p></html>", "GetHasReminder": "1E0", "CopyReminderDelta": "30",
        "CopyFreeBusyStatus": "2", "GetIsPrivate": "1", "CopyOrganizer": "anna@example.org",
        "CopyModDate": "2014-06-01T00:00:00",
    }  # fmt: skip
    attendee = element(
        "appointmentAttendee", OPFCalendarAttendeeAddress="b@example.org", OPFCalendarAttendeeName='B "x"'
    )
    found = event(reading, fields, element("OPFCalendarEventCopyAttendeeList", attendee))
    begin, end = found["dtstart"].dt, found["dtend"].dt
    assert begin.utcoffset() == timedelta(hours=2)
    assert begin.replace(tzinfo=None) == datetime(2014, 7, 1, 9, 0)  # noqa: DTZ001  # the clock on the wall
    assert end.astimezone(UTC) == datetime(2014, 7, 1, 8, 30, tzinfo=UTC)
    assert (found["summary"], found["location"], found["uid"]) == ("Comité", "Salle 3", "U-1")
    assert found["description"] == "Ordre & jour"
    assert found["class"] == "PRIVATE"
    assert found["status"] == "TENTATIVE"
    assert str(found["attendee"]) == "mailto:b@example.org"
    assert str(found["organizer"]) == "mailto:anna@example.org"
    [alarm] = found.walk("VALARM")
    assert alarm["trigger"].dt == timedelta(minutes=-30)


def test_a_day_is_a_day_wherever_its_midnight_was(reading: Reading) -> None:
    for start, end, zone in [
        ("2014-07-13T22:00:00", "2014-07-14T22:00:00", ZONE), ("2014-07-13T22:00:00", "2014-07-14T22:00:00", ""),
        ("2014-07-14T05:00:00", "2014-07-15T05:00:00", ""), ("2014-07-14T00:00:00", "", ""),
    ]:  # fmt: skip
        fields = {
            "CopyStartTime": start,
            "CopyEndTime": end,
            "GetIsAllDayEvent": "1E0",
            "GetStartTimeZoneICSData": zone,
        }
        found = event(reading, fields)
        assert (found["dtstart"].dt, found["dtend"].dt) == (date(2014, 7, 14), date(2014, 7, 15))


def recurring(pattern: dict[str, str], days: tuple[str, ...] = (), **end: str) -> str:
    inner = "".join(text(f"OPFRecurrencePattern{name}", value) for name, value in pattern.items())
    if days:
        inner += element(
            "OPFRecurrencePatternDaysOfWeek", "".join(text(day, "1E0") for day in days) + text("friday", "0")
        )
    told = element("OPFRecurrencePattern", inner) + "".join(
        text(f"OPFRecurrence{name}", value) for name, value in end.items()
    )
    return element("OPFCalendarEventCopyRecurrence", told)


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        (recurring({"Type": "OPFRecurrencePatternDaily", "Interval": "2E0"}), "FREQ=DAILY;INTERVAL=2"),
        (
            recurring({"Type": "OPFRecurrencePatternWeekly", "Interval": "1"}, ("monday", "wednesday"),
                      IsNumbered="1", GetOccurenceCount="1.2E1"),
            "FREQ=WEEKLY;COUNT=12;BYDAY=MO,WE",
        ),
        (recurring({"Type": "OPFRecurrencePatternWeekly"}, ("weekdays",)), "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        (recurring({"Type": "OPFRecurrencePatternWeekly"}), "FREQ=WEEKLY;BYDAY=TU"),
        (
            recurring({"Type": "OPFRecurrencePatternAbsoluteMonthly", "DayOfMonth": "31"}, HasEndDate="1",
                      CopyEndDate="2015-01-31T00:00:00"),
            "FREQ=MONTHLY;UNTIL=20150131T235959Z;BYMONTHDAY=31",
        ),
        (
            recurring({"Type": "OPFRecurrencePatternRelativeMonthly", "Week": "5"}, ("thursday",)),
            "FREQ=MONTHLY;BYDAY=TH;BYSETPOS=-1",
        ),
        (
            recurring({"Type": "OPFRecurrencePatternAbsoluteYearly", "DayOfMonth": "14", "Month": "7"}),
            "FREQ=YEARLY;BYMONTHDAY=14;BYMONTH=7",
        ),
    ],
)  # fmt: skip
def test_recurrences_are_rules(reading: Reading, told: str, rule: str) -> None:
    found = event(reading, {"CopyStartTime": "2014-07-01T07:00:00", "GetStartTimeZoneICSData": ZONE}, told)
    assert found["rrule"].to_ical().decode() == rule


@pytest.mark.parametrize(
    "pattern", [{"Type": "OPFRecurrencePatternLunar"}, {"Type": "OPFRecurrencePatternRelativeMonthly"}, {},
                {"Type": "OPFRecurrencePatternAbsoluteYearly", "Month": "13"}],
)  # fmt: skip
def test_a_recurrence_that_cannot_be_told_is_a_problem_and_no_guess(reading: Reading, pattern: dict[str, str]) -> None:
    found = event(reading, {"CopyStartTime": "2014-07-01T07:00:00"}, recurring(pattern), codes=["recurrence"])
    assert "rrule" not in found


def test_a_task_and_a_note(reading: Reading) -> None:
    fields = {
        "CopyName": "Write", "CopyNotePlain": "soon", "CopyStartDateTime": "2014-07-01T00:00:00", "GetPriority": "1",
        "CopyDueDateTime": "2014-07-04T00:00:00", "CopyCompletedDateTime": "2014-07-03T10:00:00",
    }  # fmt: skip
    nature, data = made(reading, "Tasks.xml", record("task", "OPFTask", fields))
    [task] = Calendar.from_ical(data).walk("VTODO")
    assert nature is Nature.TASK
    assert (task["summary"], task["description"], task["status"]) == ("Write", "soon", "COMPLETED")
    assert (task["dtstart"].dt, task["due"].dt, task["priority"]) == (date(2014, 7, 1), date(2014, 7, 4), 1)
    fields = {
        "CopyTitle": "",
        "CopyText": "<p>First line</p>\n\n\n<p>second</p>",
        "CopyCreationDate": "2014-07-01T10:00:00",
    }
    nature, data = made(reading, "Notes.xml", record("note", "OPFNote", fields))
    [note] = Calendar.from_ical(data).walk("VJOURNAL")
    assert nature is Nature.NOTE
    assert (note["summary"], note["description"]) == ("First line", "First line\n\nsecond")
    assert note["dtstart"].dt == date(2014, 7, 1)


def test_many_contacts_are_read_once_in_their_order(reading: Reading) -> None:
    some = "".join(
        element(
            "contact", text("OPFContactCopyDisplayName", f"n{number}") + text("OPFContactCopyModDate", "2020-01-01")
        )
        for number in range(600)
    )
    with opened(OlmWriter().raw("Local/Address Book/Contacts.xml", element("contacts", some)), reading) as archive:
        found = everything(archive)
        names = [vobject.readOne(archive.personal_item(*pair).data.decode()).fn.value for pair in keyed(found)]
        assert names == [f"n{number}" for number in range(600)]
        first = keyed(found)[0]
        assert b"FN:n0" in archive.personal_item(*first).data


def keyed(found: list[tuple[Any, Any]]) -> list[tuple[Any, str]]:
    return [(folder, item.key) for folder, item in found]

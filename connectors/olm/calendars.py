"""Appointments, tasks and notes as iCalendar (RFC 5545)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from html import unescape
from typing import Any, cast

from icalendar import Alarm, Calendar, Event, Journal, Timezone, Todo, vCalAddress, vText

from connectors.language import _
from connectors.olm.record import Record
from connectors.olm.recurrence import rule_of

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TAGS = re.compile(r"<(?:!--.*?--|style\b.*?</style|[^>]*)>", re.DOTALL | re.IGNORECASE)
_FREE, _TENTATIVE = 1, 2
_ROLES = {"2": "OPT-PARTICIPANT", "3": "NON-PARTICIPANT"}
_PRIORITIES = {1: 1, 2: 3, 4: 7, 5: 9}

Tell = Callable[[str, str], None]


def appointment(record: Record, own: str, tell: Tell) -> bytes:
    def field(name: str) -> str:
        return _plain(record.text(f"OPFCalendarEvent{name}"))

    calendar, entry = _calendar(), Event()
    zone = _zone(record.text("OPFCalendarEventGetStartTimeZoneICSData"), calendar)
    begin, end = record.time("OPFCalendarEventCopyStartTime"), record.time("OPFCalendarEventCopyEndTime")
    all_day = record.flag("OPFCalendarEventGetIsAllDayEvent")
    _begin(entry, field("CopyUUID") or own, record.time("OPFCalendarEventCopyModDate"))
    _span(entry, begin, end, zone, all_day=all_day)
    entry.add("summary", field("CopySummary"))
    _text(entry, "location", field("CopyLocation"))
    _text(entry, "description", field("CopyDescriptionPlain") or _stripped(field("CopyDescription")))
    busy = record.number("OPFCalendarEventCopyFreeBusyStatus")
    entry.add("transp", "TRANSPARENT" if busy == _FREE else "OPAQUE")
    if busy == _TENTATIVE:
        entry.add("status", "TENTATIVE")
    if record.flag("OPFCalendarEventGetIsPrivate"):
        entry.add("class", "PRIVATE")
    if begin is not None:
        _recurrence(entry, record, "OPFCalendarEvent", begin, zone if not all_day else None, tell)
    _categories(entry, record, "OPFCalendarEventCopyCategoryList")
    _people(entry, record)
    if record.flag("OPFCalendarEventGetHasReminder"):
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", field("CopySummary"))
        minutes = min(max(record.number("OPFCalendarEventCopyReminderDelta", 15), 0), 60 * 24 * 366)
        alarm.add("trigger", timedelta(minutes=-minutes))
        entry.add_component(alarm)
    if record.attributes("OPFCalendarEventCopyAttachmentList"):
        tell("attachments", _("An appointment has attachments; they stay in the archive."))
    calendar.add_component(entry)
    return bytes(calendar.to_ical())


def task(record: Record, own: str, tell: Tell) -> bytes:
    calendar, entry = _calendar(), Todo()
    _begin(entry, own, record.time("OPFTaskCopyModDate"))
    entry.add("summary", _plain(record.text("OPFTaskCopyName")))
    _text(
        entry, "description", _plain(record.text("OPFTaskCopyNotePlain")) or _stripped(record.text("OPFTaskCopyNote"))
    )
    begin, due = record.time("OPFTaskCopyStartDateTime"), record.time("OPFTaskCopyDueDateTime")
    if begin is not None and (due is None or begin <= due):
        entry.add("dtstart", begin.date())
    if due is not None:
        entry.add("due", due.date())
    if (done := record.time("OPFTaskCopyCompletedDateTime")) is not None:
        entry.add("completed", done)
        entry.add("status", "COMPLETED")
    priority = _PRIORITIES.get(int(record.number("OPFTaskGetPriority", 3)))
    if priority is not None:
        entry.add("priority", priority)
    if begin is not None:
        _recurrence(entry, record, "OPFTask", begin, None, tell)
    _categories(entry, record, "OPFTaskCopyCategoryList")
    calendar.add_component(entry)
    return bytes(calendar.to_ical())


def note(record: Record, own: str) -> bytes:
    calendar, entry = _calendar(), Journal()
    written = record.time("OPFNoteCopyCreationDate", "OPFNoteCopyModDate")
    _begin(entry, own, record.time("OPFNoteCopyModDate"))
    text = record.text("OPFNoteCopyText")
    text = _stripped(text) if _TAGS.search(text) else _plain(text)
    entry.add("summary", _plain(record.text("OPFNoteCopyTitle")) or text[:80].partition("\n")[0])
    _text(entry, "description", text)
    if written is not None:
        entry.add("dtstart", written.date())
    _categories(entry, record, "OPFNoteCopyCategoryList")
    calendar.add_component(entry)
    return bytes(calendar.to_ical())


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Bascule//archive//EN")
    return calendar


def _begin(entry: Any, own: str, changed: datetime | None) -> None:
    entry.add("uid", own)
    # Always the same bytes: the time of writing is nothing that the archive knows.
    entry.add("dtstamp", changed or datetime(1970, 1, 1, tzinfo=UTC))


def _span(entry: Event, begin: datetime | None, end: datetime | None, zone: tzinfo | None, *, all_day: bool) -> None:
    if begin is None:
        return
    end = end if end is not None and end >= begin else None
    if not all_day:
        entry.add("dtstart", begin.astimezone(zone) if zone is not None else begin)
        if end is not None:
            entry.add("dtend", end.astimezone(zone) if zone is not None else end)
        return
    # Midnight where its owner was, which is a day's evening or noon in UTC.
    first = _day(begin, zone)
    entry.add("dtstart", first)
    entry.add("dtend", max(_day(end, zone) if end is not None else first, first + timedelta(days=1)))


def _day(moment: datetime, zone: tzinfo | None) -> date:
    if zone is not None:
        moment = moment.astimezone(zone)
    return (moment + timedelta(hours=12)).date() if zone is None else moment.date()


def _zone(text: str, calendar: Calendar) -> tzinfo | None:
    """The time zone that an appointment was made in, which its recurrences follow; added to the calendar."""
    begin, end = text.find("BEGIN:VTIMEZONE"), text.find("END:VTIMEZONE")
    if begin < 0 or end < begin or end - begin > 1 << 16:
        return None
    try:
        told = cast("Timezone", Timezone.from_ical(text[begin : end + len("END:VTIMEZONE")] + "\r\n"))
        zone: tzinfo = told.to_tz(lookup_tzid=False)
        datetime(2020, 7, 1, tzinfo=UTC).astimezone(zone).utcoffset()
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
        return None  # times stay in UTC then, which is the same moment
    calendar.add_component(told)
    return zone


def _recurrence(entry: Any, record: Record, prefix: str, begin: datetime, zone: tzinfo | None, tell: Tell) -> None:
    told = record.element.child(f"{prefix}CopyRecurrence")
    if told is None:
        return
    rule = rule_of(told, begin.astimezone(zone) if zone is not None else begin, whole_days=prefix == "OPFTask")
    if rule is None:
        tell("recurrence", _("How an entry recurs could not be told; it stands there once."))
        return
    entry.add("rrule", rule)


def _people(entry: Event, record: Record) -> None:
    organizer = record.text("OPFCalendarEventCopyOrganizer").strip()
    told = record.attributes("OPFCalendarEventCopyAttendeeList")
    if "@" in organizer and told:
        entry.add("organizer", vCalAddress(f"mailto:{_address(organizer)}"))
    for one in told:
        address = one.get("OPFCalendarAttendeeAddress", "").strip()
        if "@" not in address:
            continue
        person = vCalAddress(f"mailto:{_address(address)}")
        if name := _plain(one.get("OPFCalendarAttendeeName", "")):
            person.params["cn"] = vText(name.replace('"', "'"))
        person.params["role"] = vText(_ROLES.get(one.get("OPFCalendarAttendeeType", ""), "REQ-PARTICIPANT"))
        entry.add("attendee", person, encode=False)


def _address(text: str) -> str:
    found = re.search(r"[^\s<>\"'():;,]+@[^\s<>\"'():;,]+", text)
    return found[0] if found else ""


def _categories(entry: Any, record: Record, field: str) -> None:
    if names := record.categories(field):
        entry.add("categories", [_plain(name) for name in names])


def _text(entry: Any, name: str, value: str) -> None:
    if value:
        entry.add(name, value)


def _stripped(text: str) -> str:
    """HTML without its tags: better than with them, where there is no plain text."""
    return _plain(re.sub(r"[ \t]*\n\s*\n+", "\n\n", unescape(_TAGS.sub("", text))))


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).strip()

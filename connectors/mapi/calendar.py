"""Appointments, tasks, notes and journal entries as iCalendar (RFC 5545, [MS-OXCICAL] 2.1.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from icalendar import Alarm, Calendar, Component, Event, Journal, Todo, vCalAddress, vText

from connectors.archives.contract import Damaged, Nature
from connectors.language import _
from connectors.mapi import tags
from connectors.mapi.addresses import Person, person
from connectors.mapi.body import text_of
from connectors.mapi.context import Context
from connectors.mapi.made import date as date_of
from connectors.mapi.made import seed, subject
from connectors.mapi.marks import categories_of
from connectors.mapi.properties import MapiItem, Properties
from connectors.mapi.recurrence import Changed, Recurrence, recurrence
from connectors.mapi.words import clean
from connectors.mapi.zones import Zone, zone_of

_LOCATION, _START, _END, _ALL_DAY, _RECURRING, _RECUR = 0x8208, 0x820D, 0x820E, 0x8215, 0x8223, 0x8216
_BUSY, _SEQUENCE, _STATE = 0x8205, 0x8201, 0x8217
_COMMON_START, _COMMON_END = 0x8516, 0x8517
_REMINDER_SET, _REMINDER_DELTA, _REMINDER_TIME = 0x8503, 0x8501, 0x8502
_START_DATE, _END_DATE = 0x0060, 0x0061
_GLOBAL_ID, _CLEAN_ID = 0x0003, 0x0023
_TASK_STATUS, _PERCENT, _TASK_START, _TASK_DUE, _TASK_DONE, _TASK_COMPLETE, _TASK_RECUR = (
    0x8101, 0x8102, 0x8104, 0x8105, 0x810F, 0x811C, 0x8116,
)  # fmt: skip
_LOG_TYPE, _LOG_START = 0x8700, 0x8706
_MEETING, _CANCELLED = 0x1, 0x4
_BUSY_WORDS = {0: "FREE", 1: "TENTATIVE", 2: "BUSY", 3: "OOF", 4: "WORKINGELSEWHERE"}
_CLASSES = {1: "PRIVATE", 2: "PRIVATE", 3: "CONFIDENTIAL"}
_PRIORITIES = {0: 9, 2: 1}
_STATES = {1: "IN-PROCESS", 2: "COMPLETED"}
_ANSWERS = {2: "TENTATIVE", 3: "ACCEPTED", 4: "DECLINED"}
_ROLES = {1: "REQ-PARTICIPANT", 2: "OPT-PARTICIPANT", 3: "NON-PARTICIPANT"}
_ORGANIZER = 0x2
#: Where a UID of another program lies in a global object identifier ([MS-OXCICAL] 2.1.3.1.1.20.26).
_OTHERS_UID = b"vCal-Uid\x01\0\0\0"
#: What stands for an address that nobody knows; the same that Exchange writes.
_NOBODY = "invalid:nomail"
#: What iCalendar may not hold (RFC 5545 3.3.11).
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def calendar_file(item: MapiItem, nature: Nature, context: Context) -> bytes:
    """The item alone, as a calendar with the time zone that it needs.  Raises Damaged for one without a time."""
    calendar = calendar_of()
    if nature is Nature.APPOINTMENT:
        for component in appointment(item, context):
            calendar.add_component(component)
    elif nature is Nature.TASK:
        calendar.add_component(_task(item, context))
    else:
        calendar.add_component(_journal(item, context))
    return written(calendar)


def calendar_of(method: str | None = None) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Bascule//Outlook items//EN")
    calendar.add("version", "2.0")
    if method is not None:
        calendar.add("method", method)
    return calendar


def written(calendar: Calendar) -> bytes:
    data: bytes = calendar.to_ical()
    return data


def appointment(item: MapiItem, context: Context) -> Iterator[Component]:
    """The time zone where one is needed, the appointment, and each of its occurrences that differs."""
    properties = item.properties
    event, zone = Event(), zone_of(properties)
    all_day = properties.named(tags.APPOINTMENT, _ALL_DAY) is True
    series = _series(properties, context)
    _describe(event, item, context)
    event.add("uid", uid(properties))
    _text(event, "location", properties.named(tags.APPOINTMENT, _LOCATION))
    _busy(event, properties.named(tags.APPOINTMENT, _BUSY))
    sequence = properties.named(tags.APPOINTMENT, _SEQUENCE)
    event.add("sequence", sequence if isinstance(sequence, int) and sequence >= 0 else 0)
    state = properties.named(tags.APPOINTMENT, _STATE)
    if isinstance(state, int) and state & _MEETING:
        _people(event, item, context)
        if state & _CANCELLED:
            event.add("status", "CANCELLED")
    reminder = _reminder(properties)
    if series is None:
        start, end = _times(properties)
        _add_times(event, _day(start, zone) if all_day else start, _day(end, zone) if all_day else end, None)
        _alarm(event, reminder)
        yield event
        return
    if zone is not None and not all_day:
        yield zone.component()
    used = None if all_day else zone
    _add_times(event, _local(series.start, all_day), _local(series.end, all_day), used)
    _add_rule(event, series, used, all_day=all_day)
    _alarm(event, reminder)
    yield event
    for changed in series.changed:
        yield _occurrence(event, changed, used, series_all_day=all_day)


def uid(properties: Properties) -> str:
    """The same in every copy of the appointment, its organizer's included ([MS-OXCICAL] 2.1.3.1.1.20.26)."""
    for identifier in (_CLEAN_ID, _GLOBAL_ID):
        told = properties.named(tags.MEETING, identifier)
        if isinstance(told, bytes) and len(told) > 40:
            if told[40:52] == _OTHERS_UID:
                return clean(told[52:].rstrip(b"\0").decode("utf-8", "replace")).strip() or told.hex().upper()
            # The date of one occurrence of a series is no part of its name.
            return (told[:16] + bytes(4) + told[20:]).hex().upper()
    return seed(properties)


def _series(properties: Properties, context: Context) -> Recurrence | None:
    if properties.named(tags.APPOINTMENT, _RECURRING) is not True:
        return None
    told = properties.named(tags.APPOINTMENT, _RECUR)
    if not isinstance(told, bytes):
        return None
    try:
        series = recurrence(told)
    except Damaged as damaged:
        context.problem(damaged.code, str(damaged))
        return None
    if not series.is_whole:
        context.problem(
            "exceptions-unreadable",
            _("Changed occurrences of an appointment are damaged; the others are as they were."),
        )
    return series


def _times(properties: Properties) -> tuple[datetime, datetime]:
    start = _first_date(properties, (_START, _COMMON_START), _START_DATE)
    end = _first_date(properties, (_END, _COMMON_END), _END_DATE)
    if start is None:
        start = end
    if start is None:
        raise Damaged("appointment-without-time", _("An appointment has no time that can be read."))
    return start, end if end is not None and end >= start else start


def _first_date(properties: Properties, appointment: tuple[int, int], plain: int) -> datetime | None:
    own, common = appointment
    values = (properties.named(tags.APPOINTMENT, own), properties.get(plain), properties.named(tags.COMMON, common))
    return next((one for one in values if isinstance(one, datetime) and 1601 < one.year < 4500), None)


def _day(moment: datetime, zone: Zone | None) -> date:
    """The day that an all-day appointment's midnight begins; where no zone is known, the nearest one."""
    local = zone.local(moment) if zone is not None else moment.replace(tzinfo=None)
    return (local + timedelta(hours=12)).date()


def _local(moment: datetime, all_day: bool) -> date:  # a pair of times is made by it
    return moment.date() if all_day else moment


def _add_times(component: Component, start: date, end: date, zone: Zone | None) -> None:
    """Instants, days, or times of a zone's clocks."""
    if not isinstance(start, datetime) and end <= start:
        end = start + timedelta(days=1)
    told = {"TZID": zone.name} if zone is not None else {}
    component.add("dtstart", start, parameters=told)
    component.add("dtend", end, parameters=told)


def _add_rule(event: Event, series: Recurrence, zone: Zone | None, *, all_day: bool) -> None:
    rule = dict(series.rule)
    if series.count is not None:
        rule["COUNT"] = series.count
    elif series.until is not None:
        last = datetime.combine(series.until, series.start.time())
        event.add("rrule", rule | {"UNTIL": series.until if all_day else zone.utc(last) if zone is not None else last})
        rule = {}
    if rule:
        event.add("rrule", rule)
    told = {"TZID": zone.name} if zone is not None else {}
    for day in series.deleted:
        event.add("exdate", day if all_day else datetime.combine(day, series.start.time()), parameters=told)


def _occurrence(series: Event, changed: Changed, zone: Zone | None, *, series_all_day: bool) -> Event:
    event = Event()
    for name in ("uid", "summary", "location", "dtstamp", "class", "sequence", "organizer", "attendee", "categories"):
        if name in series:
            event[name] = series[name]
    told = {"TZID": zone.name} if zone is not None else {}
    event.add("recurrence-id", _local(changed.original, series_all_day), parameters=told)
    all_day = series_all_day if changed.all_day is None else changed.all_day
    _add_times(event, _local(changed.start, all_day), _local(changed.end, all_day), None if all_day else zone)
    for name, text in (("summary", changed.subject), ("location", changed.location)):
        if text is not None:
            event.pop(name, None)
            _text(event, name, text)
    _busy(event, changed.busy)
    _alarm(event, changed.reminder)
    return event


def _busy(event: Event, told: object) -> None:
    if isinstance(told, int) and told in _BUSY_WORDS:
        event.add("transp", "TRANSPARENT" if told == 0 else "OPAQUE")
        event.add("x-microsoft-cdo-busystatus", _BUSY_WORDS[told])


def _reminder(properties: Properties) -> int | None:
    if properties.named(tags.COMMON, _REMINDER_SET) is not True:
        return None
    delta = properties.named(tags.COMMON, _REMINDER_DELTA)
    return delta if isinstance(delta, int) else None


def _alarm(component: Component, minutes: int | None) -> None:
    # 0x5AE980E1 stands for "as everywhere" ([MS-OXORMDR] 2.2.1.3): a quarter of an hour.
    if minutes is None or minutes < 0:
        return
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", "Reminder")
    alarm.add("trigger", timedelta(minutes=-(15 if minutes > 0xFFFFFF else minutes)))
    component.add_component(alarm)


def _people(event: Event, item: MapiItem, context: Context) -> None:
    organizer = person(item.properties, tags.REPRESENTING, context) or person(item.properties, tags.SENDER, context)
    if organizer is not None:
        event.add("organizer", _address(organizer))
    for recipient in item.recipients():
        found = person(recipient, tags.RECIPIENT, context)
        flags = recipient.get(tags.RECIPIENT_FLAGS)
        if found is None or (isinstance(flags, int) and flags & _ORGANIZER):
            continue
        address = _address(found)
        kind = recipient.get(tags.RECIPIENT_TYPE)
        kind = kind & 0xF if isinstance(kind, int) else 1
        address.params["ROLE"] = vText(_ROLES.get(kind, "REQ-PARTICIPANT"))
        if kind == 3:
            address.params["CUTYPE"] = vText("RESOURCE")
        answer = recipient.get(tags.TRACK_STATUS)
        address.params["PARTSTAT"] = vText(
            _ANSWERS.get(answer, "NEEDS-ACTION") if isinstance(answer, int) else "NEEDS-ACTION"
        )
        event.add("attendee", address, encode=False)


def _address(one: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{one.address}" if one.address is not None else _NOBODY)
    if one.name:
        address.params["CN"] = vText(one.name.replace('"', "'"))
    return address


def _describe(component: Component, item: MapiItem, context: Context) -> None:
    """What every kind has: title, text, categories, times of making and changing."""
    properties = item.properties
    _text(component, "summary", subject(properties))
    _text(component, "description", text_of(properties, context))
    categories = [clean(name) for name in categories_of(properties)]
    if categories:
        component.add("categories", categories)
    sensitivity, importance = properties.get(tags.SENSITIVITY), properties.get(tags.IMPORTANCE)
    if isinstance(sensitivity, int) and sensitivity in _CLASSES:
        component.add("class", _CLASSES[sensitivity])
    if isinstance(importance, int) and importance in _PRIORITIES:
        component.add("priority", _PRIORITIES[importance])
    changed, made = properties.get(tags.MODIFICATION_TIME), properties.get(tags.CREATION_TIME)
    stamp = changed if isinstance(changed, datetime) else date_of(properties)
    component.add("dtstamp", stamp or datetime(1970, 1, 1, tzinfo=UTC))
    for name, moment in (("created", made), ("last-modified", changed)):
        if isinstance(moment, datetime):
            component.add(name, moment)


def _text(component: Component, name: str, value: object) -> None:
    if isinstance(value, str) and (text := _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()):
        component.add(name, text)


def _task(item: MapiItem, context: Context) -> Todo:
    properties, task = item.properties, Todo()
    _describe(task, item, context)
    task.add("uid", uid(properties))
    start, due = (_task_day(properties, identifier) for identifier in (_TASK_START, _TASK_DUE))
    if start is not None:
        task.add("dtstart", start)
    if due is not None:
        task.add("due", due if start is None or due >= start else start)
    done = properties.named(tags.TASK, _TASK_DONE)
    if isinstance(done, datetime) and 1601 < done.year < 4500:
        task.add("completed", done)
    percent = properties.named(tags.TASK, _PERCENT)
    if isinstance(percent, float) and 0 <= percent <= 1:
        task.add("percent-complete", round(percent * 100))
    state = properties.named(tags.TASK, _TASK_STATUS)
    is_done = properties.named(tags.TASK, _TASK_COMPLETE) is True
    task.add(
        "status",
        "COMPLETED" if is_done else _STATES.get(state, "NEEDS-ACTION") if isinstance(state, int) else "NEEDS-ACTION",
    )
    told = properties.named(tags.TASK, _TASK_RECUR)
    if isinstance(told, bytes) and start is not None:
        try:
            series = recurrence(told)
        except Damaged as damaged:
            context.problem(damaged.code, str(damaged))
        else:
            more = (
                {"COUNT": series.count} if series.count is not None else {"UNTIL": series.until} if series.until else {}
            )
            task.add("rrule", series.rule | more)
    moment = properties.named(tags.COMMON, _REMINDER_TIME)
    if properties.named(tags.COMMON, _REMINDER_SET) is True and isinstance(moment, datetime):
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", "Reminder")
        alarm.add("trigger", moment)
        task.add_component(alarm)
    return task


def _task_day(properties: Properties, identifier: int) -> date | None:
    """Tasks have days: midnight, without a zone ([MS-OXOTASK] 2.2.2.2.4)."""
    moment = properties.named(tags.TASK, identifier)
    return moment.date() if isinstance(moment, datetime) and 1601 < moment.year < 4500 else None


def _journal(item: MapiItem, context: Context) -> Journal:
    """A note, a journal entry, or whatever else is no mail: its title, its text and its day."""
    properties, journal = item.properties, Journal()
    _describe(journal, item, context)
    journal.add("uid", seed(properties))
    began = properties.named(tags.LOG, _LOG_START)
    moment = began if isinstance(began, datetime) else date_of(properties)
    if moment is not None:
        journal.add("dtstart", moment)
    kind = properties.named(tags.LOG, _LOG_TYPE)
    _text(journal, "x-bascule-kind", kind)
    return journal

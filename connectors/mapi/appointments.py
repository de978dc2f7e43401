"""Appointments and meetings, with their series, as iCalendar ([MS-OXCICAL] 2.1.3.1.1, [MS-OXOCAL] 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from icalendar import Component, Event, vCalAddress, vText

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.mapi import tags
from connectors.mapi.addresses import Person, person
from connectors.mapi.attachments import is_embedded, left_out
from connectors.mapi.body import text_of
from connectors.mapi.components import add_alarm, add_text, describe, uid
from connectors.mapi.context import Context
from connectors.mapi.properties import MapiItem, Properties
from connectors.mapi.recurrence import Changed, Recurrence, recurrence
from connectors.mapi.zones import Zone, zone_of

_LOCATION, _START, _END, _ALL_DAY, _RECURRING, _RECUR = 0x8208, 0x820D, 0x820E, 0x8215, 0x8223, 0x8216
_BUSY, _SEQUENCE, _STATE = 0x8205, 0x8201, 0x8217
_COMMON_START, _COMMON_END = 0x8516, 0x8517
_REMINDER_SET, _REMINDER_DELTA = 0x8503, 0x8501
#: When a changed occurrence would have been.
_REPLACED = 0x8228
_START_DATE, _END_DATE = 0x0060, 0x0061
_MEETING, _CANCELLED = 0x1, 0x4
_BUSY_WORDS = {0: "FREE", 1: "TENTATIVE", 2: "BUSY", 3: "OOF", 4: "WORKINGELSEWHERE"}
_ANSWERS = {2: "TENTATIVE", 3: "ACCEPTED", 4: "DECLINED"}
_ROLES = {1: "REQ-PARTICIPANT", 2: "OPT-PARTICIPANT", 3: "NON-PARTICIPANT"}
_ORGANIZER = 0x2
#: What stands for an address that nobody knows; the same that Exchange writes.
_NOBODY = "invalid:nomail"


def appointment(item: MapiItem, context: Context, answer: str | None = None) -> Iterator[Component]:
    """The time zone where one is needed, the appointment, and each of its occurrences that differs.

    ``answer``: what the item's sender answers to a meeting's organizer, whom it is written to (RFC 5546 3.2.3).
    """
    properties = item.properties
    event, zone = Event(), zone_of(properties)
    all_day = properties.named(tags.APPOINTMENT, _ALL_DAY) is True
    series = _series(properties, context)
    describe(event, item, context)
    event.add("uid", uid(properties))
    add_text(event, "location", properties.named(tags.APPOINTMENT, _LOCATION))
    _busy(event, properties.named(tags.APPOINTMENT, _BUSY))
    sequence = properties.named(tags.APPOINTMENT, _SEQUENCE)
    event.add("sequence", sequence if isinstance(sequence, int) and sequence >= 0 else 0)
    state = properties.named(tags.APPOINTMENT, _STATE)
    if answer is not None:
        _answer(event, item, answer, context)
    elif isinstance(state, int) and state & _MEETING:
        _people(event, item, context)
        if state & _CANCELLED:
            event.add("status", "CANCELLED")
    reminder = _reminder(properties)
    if series is None:
        _said_of(item, context)
        start, end = _times(properties)
        _add_times(event, _day(start, zone) if all_day else start, _day(end, zone) if all_day else end, None)
        add_alarm(event, reminder)
        yield event
        return
    if zone is not None and not all_day:
        yield zone.component()
    used = None if all_day else zone
    _add_times(event, _local(series.start, all_day), _local(series.end, all_day), used)
    _add_rule(event, series, used, all_day=all_day)
    add_alarm(event, reminder)
    yield event
    said = _said_of(item, context)
    for changed in series.changed:
        original = zone.utc(changed.original) if zone is not None else changed.original.replace(tzinfo=UTC)
        yield _occurrence(event, changed, used, said.get(original), series_all_day=all_day)


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


def _said_of(item: MapiItem, context: Context) -> dict[datetime, str]:
    """What changed occurrences say, by when they would have been: each is an attached item ([MS-OXOCAL] 2.2.10.2)."""
    said: dict[datetime, str] = {}
    for attachment in item.attachments():
        if not is_embedded(attachment.properties):
            continue
        inner = attachment.embedded()
        replaced = None if inner is None else inner.properties.named(tags.APPOINTMENT, _REPLACED)
        if inner is None or not isinstance(replaced, datetime):
            left_out(context)
        else:
            said[replaced] = text_of(inner.properties, context)
    return said


def _occurrence(series: Event, changed: Changed, zone: Zone | None, said: str | None, *, series_all_day: bool) -> Event:
    event = Event()
    add_text(event, "description", said or series.get("description"))
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
            add_text(event, name, text)
    _busy(event, changed.busy)
    add_alarm(event, changed.reminder)
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


def _answer(event: Event, item: MapiItem, answer: str, context: Context) -> None:
    organizer = next((one for told in item.recipients() if (one := person(told, tags.RECIPIENT, context))), None)
    attendee = person(item.properties, tags.REPRESENTING, context) or person(item.properties, tags.SENDER, context)
    if organizer is not None:
        event.add("organizer", _address(organizer))
    if attendee is not None:
        address = _address(attendee)
        address.params["PARTSTAT"] = vText(answer)
        event.add("attendee", address, encode=False)


def _address(one: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{one.address}" if one.address is not None else _NOBODY)
    if one.name:
        address.params["CN"] = vText(one.name.replace('"', "'"))
    return address

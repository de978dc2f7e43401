"""What all entries of a calendar have in common (RFC 5545, [MS-OXCICAL] 2.1.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Component, Event, vBinary, vText

from connectors.mapi import tags
from connectors.mapi.attachments import EMBEDDED, small
from connectors.mapi.body import text_of
from connectors.mapi.context import Context
from connectors.mapi.made import date, seed, subject
from connectors.mapi.marks import categories_of
from connectors.mapi.properties import MapiItem, Properties
from connectors.mapi.words import clean

_GLOBAL_ID, _CLEAN_ID = 0x0003, 0x0023
_CLASSES = {1: "PRIVATE", 2: "PRIVATE", 3: "CONFIDENTIAL"}
_PRIORITIES = {0: 9, 2: 1}
#: Where a UID of another program lies in a global object identifier ([MS-OXCICAL] 2.1.3.1.1.20.26).
_OTHERS_UID = b"vCal-Uid\x01\0\0\0"
#: Bytes of attachments that a calendar entry takes along; its changed occurrences are attached items, and told as such.
_ATTACHED = 4 << 20
#: What iCalendar may not hold (RFC 5545 3.3.11).
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


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


def describe(component: Component, item: MapiItem, context: Context) -> None:
    """What every kind has: title, text, categories, times of making and changing."""
    properties = item.properties
    add_text(component, "summary", subject(properties))
    add_text(component, "description", text_of(properties, context))
    categories = [clean(name) for name in categories_of(properties)]
    if categories:
        component.add("categories", categories)
    sensitivity, importance = properties.get(tags.SENSITIVITY), properties.get(tags.IMPORTANCE)
    if isinstance(sensitivity, int) and sensitivity in _CLASSES:
        component.add("class", _CLASSES[sensitivity])
    if isinstance(importance, int) and importance in _PRIORITIES:
        component.add("priority", _PRIORITIES[importance])
    changed, made = properties.get(tags.MODIFICATION_TIME), properties.get(tags.CREATION_TIME)
    for name, data in small(
        item, context, _ATTACHED, frozenset((EMBEDDED,)) if isinstance(component, Event) else frozenset()
    ):
        attached = vBinary(data)
        attached.params["FILENAME"] = vText(name.replace('"', "'"))
        component.add("attach", attached)
    stamp = changed if isinstance(changed, datetime) else date(properties)
    component.add("dtstamp", stamp or datetime(1970, 1, 1, tzinfo=UTC))
    for name, moment in (("created", made), ("last-modified", changed)):
        if isinstance(moment, datetime):
            component.add(name, moment)


def add_text(component: Component, name: str, value: object) -> None:
    if isinstance(value, str) and (text := _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()):
        component.add(name, text)


def add_alarm(component: Component, minutes: int | None) -> None:
    # 0x5AE980E1 stands for "as everywhere" ([MS-OXORMDR] 2.2.1.3): a quarter of an hour.
    if minutes is None or minutes < 0:
        return
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", component.get("summary", "-"))
    alarm.add("trigger", timedelta(minutes=-(15 if minutes > 0xFFFFFF else minutes)))
    component.add_component(alarm)

"""Calendar entries, contacts, tasks, notes and distribution lists as files that other programs import."""

from __future__ import annotations

from icalendar import Calendar, Journal

from connectors.archives.contract import Nature, PersonalItem
from connectors.mapi import tags
from connectors.mapi.context import Context
from connectors.mapi.made import seed, subject
from connectors.mapi.properties import MapiItem


def personal_item(item: MapiItem, nature: Nature, context: Context) -> PersonalItem:
    """An item that is no mail.  Raises :class:`~connectors.archives.contract.Damaged` when it cannot be told."""
    calendar, entry = Calendar(), Journal()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Bascule//EN")
    entry.add("uid", seed(item.properties))
    entry.add("summary", subject(item.properties))
    text = item.properties.get(tags.BODY)
    entry.add("description", text if isinstance(text, str) else "")
    calendar.add_component(entry)
    return PersonalItem(nature, ".ics", calendar.to_ical())

"""What of an export is no mail: contacts and groups as vCard 3.0 (RFC 2426), the rest as iCalendar (RFC 5545)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from connectors.archives.contract import Nature, PersonalItem
from connectors.olm import calendars, contacts
from connectors.olm.record import Record
from connectors.olm.xml import Element

NATURES = {
    "contact": Nature.CONTACT,
    "group": Nature.LIST,
    "appointment": Nature.APPOINTMENT,
    "task": Nature.TASK,
    "note": Nature.NOTE,
}
#: Fields that change without anybody having changed the item, and numbers of the export's own files.
_PASSING = ("ModDate", "ModifiedTime", "URL", "ExchangeID")

#: Told the code and the words of what an item lost on its way into a file.
Tell = Callable[[str, str], None]


def personal_item(record: Record, key: str, tell: Tell) -> PersonalItem:
    """``key`` names the item where it has no name of its own.  ``tell``: of what the file cannot hold."""
    nature = NATURES[record.name]
    own = sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    if nature is Nature.CONTACT:
        return PersonalItem(nature, ".vcf", contacts.card(record, own))
    if nature is Nature.LIST:
        return PersonalItem(nature, ".vcf", contacts.group_card(record, own))
    if nature is Nature.NOTE:
        return PersonalItem(nature, ".ics", calendars.note(record, own))
    made = calendars.appointment if nature is Nature.APPOINTMENT else calendars.task
    return PersonalItem(nature, ".ics", made(record, own, tell))


def personal_identity(record: Record) -> bytes:
    """What tells an item from others, whichever export it is in."""
    told = sha256()
    _feed(record.element, told.update)
    return told.digest()


def _feed(element: Element, update: Callable[[bytes], None]) -> None:
    if element.name.endswith(_PASSING):
        return
    attributes = sorted(item for item in element.attributes.items() if not item[0].endswith(_PASSING))
    update(repr((element.name, attributes, element.text.strip())).encode("utf-8", "replace"))
    for one in element.children:
        _feed(one, update)
    update(b"/")

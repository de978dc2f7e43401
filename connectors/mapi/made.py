"""The header of a message that arrived with none: made from its properties ([MS-OXCMAIL] 2.1.3).

More than half of what lies in old archives is such mail: all that was sent, all that stayed within one Exchange.
What somebody did to a message later (categories, flags for follow-up) never gets into its header: the message is the
same bytes before and after; see :mod:`connectors.mapi.marks`.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime

from connectors.mapi import tags
from connectors.mapi.addresses import Person, from_entry, person
from connectors.mapi.context import Context
from connectors.mapi.properties import MapiItem, Properties
from connectors.mapi.words import clean, date_time, structured, unstructured

_IMPORTANCE = {0: ("low", "5 (Lowest)"), 2: ("high", "1 (Highest)")}
_SENSITIVITY = {1: "Personal", 2: "Private", 3: "Company-Confidential"}
_FIELDS = ((1, b"To"), (2, b"Cc"), (3, b"Bcc"))
_ID = re.compile(r"<?([^\s<>\x00-\x1f\x7f]+@[^\s<>\x00-\x1f\x7f]+)>?")
_IDS = re.compile(r"<[^\s<>]+>")
#: Outlook's way to say that there is no date.
_NEVER = 4500


def made(item: MapiItem, context: Context) -> dict[bytes, bytes]:
    """Fields by their names in lower case, each with its line end, in the order they are written in."""
    properties = item.properties
    fields: dict[bytes, bytes] = {}
    if moment := date_field(properties):
        fields[b"date"] = moment
    _senders(properties, context, fields)
    _recipients(item, context, fields)
    subject_text = subject(properties)
    if subject_text:
        fields[b"subject"] = unstructured("Subject", subject_text)
    fields[b"message-id"] = structured("Message-ID", [message_id(properties)])
    _threads(properties, fields)
    _wishes(properties, fields)
    return fields


def date_field(properties: Properties) -> bytes:
    """The field Date with its line end; empty where nothing tells of a time."""
    moment = date(properties)
    return f"Date: {date_time(moment)}\r\n".encode("ascii") if moment is not None else b""


def bcc(item: MapiItem, context: Context) -> bytes:
    """The field Bcc with its line end, empty without such recipients."""
    members = _members(item, context)[3]
    return structured("Bcc", members) if members else b""


def date(properties: Properties) -> datetime | None:
    """When it was submitted; else delivered, created or last changed."""
    for identifier in (tags.SUBMIT_TIME, tags.DELIVERY_TIME, tags.CREATION_TIME, tags.MODIFICATION_TIME):
        moment = properties.get(identifier)
        if isinstance(moment, datetime) and 1601 < moment.year < _NEVER:
            return moment
    return None


def subject(properties: Properties) -> str:
    """The subject as people read it; a PST marks the length of its prefix ([MS-PST] 2.5.3.1.1.1)."""
    text = properties.get(tags.SUBJECT)
    if not isinstance(text, str):
        return ""
    return text[2:] if text.startswith("\x01") else text


def message_id(properties: Properties) -> str:
    """The message's own identifier; else one made from what names it in every copy, the same each time."""
    found = own_message_id(properties)
    return found if found is not None else f"<{seed(properties)}@bascule.invalid>"


def own_message_id(properties: Properties) -> str | None:
    """What the message calls itself (PidTagInternetMessageId), None when it does not."""
    text = properties.get(tags.INTERNET_MESSAGE_ID)
    if isinstance(text, str) and text.isascii() and (found := _ID.fullmatch(text.strip())):
        return f"<{found[1]}>"
    return None


def seed(properties: Properties) -> str:
    """32 hexadecimal digits that stand for the item: made of its search key, else its record key, else what it says."""
    for identifier in (tags.SEARCH_KEY, tags.RECORD_KEY):
        key = properties.get(identifier)
        if isinstance(key, bytes) and key.strip(b"\0"):
            return hashlib.sha256(key).hexdigest()[:32]
    told = [
        properties.get(one) for one in (tags.INTERNET_MESSAGE_ID, tags.SUBJECT, tags.REPRESENTING[0], tags.DISPLAY_TO)
    ]
    sizes = [properties.size(one) for one in (tags.BODY, tags.HTML, tags.RTF_COMPRESSED)]
    return hashlib.sha256(repr((date(properties), told, sizes)).encode("utf-8", "replace")).hexdigest()[:32]


def _senders(properties: Properties, context: Context, fields: dict[bytes, bytes]) -> None:
    """From is whom the message is of, Sender who sent it for them (RFC 5322 3.6.2)."""
    sender = person(properties, tags.SENDER, context)
    author = person(properties, tags.REPRESENTING, context) or sender
    if author is None:
        return
    fields[b"from"] = structured("From", [author.written()])
    if sender is not None and not _same(sender, author):
        fields[b"sender"] = structured("Sender", [sender.written()])


def _same(one: Person, other: Person) -> bool:
    if one.address is not None and other.address is not None:
        return one.address.casefold() == other.address.casefold()
    return one.name == other.name


def _recipients(item: MapiItem, context: Context, fields: dict[bytes, bytes]) -> None:
    """Reply-To, To, Cc and Bcc: the last is on what was sent, and stays."""
    replies = [one.written() for one in _reply_to(item.properties, context)]
    if replies:
        fields[b"reply-to"] = structured("Reply-To", replies)
    members = _members(item, context)
    if not any(members.values()):
        members = _displayed(item.properties)
    for place, name in _FIELDS:
        if members[place]:
            fields[name.lower()] = structured(name.decode("ascii"), members[place])


def _members(item: MapiItem, context: Context) -> dict[int, list[str]]:
    members: dict[int, list[str]] = {1: [], 2: [], 3: []}
    for recipient in item.recipients():
        kind = recipient.get(tags.RECIPIENT_TYPE)
        place = kind & 0xF if isinstance(kind, int) else 1
        if place in members and (found := person(recipient, tags.RECIPIENT, context)) is not None:
            members[place].append(found.written())
    return members


def _displayed(properties: Properties) -> dict[int, list[str]]:
    """Names that are shown where there is no table of recipients."""
    shown: dict[int, list[str]] = {}
    for place, identifier in ((1, tags.DISPLAY_TO), (2, tags.DISPLAY_CC), (3, tags.DISPLAY_BCC)):
        text = properties.get(identifier)
        names = clean(text).split(";") if isinstance(text, str) else []
        shown[place] = [Person(name.strip(), None).written() for name in names if name.strip()]
    return shown


def _reply_to(properties: Properties, context: Context) -> Iterator[Person]:
    """PidTagReplyRecipientEntries: a list of entry identifiers, each with its length ([MS-OXCDATA] 2.3.3)."""
    data = properties.get(tags.REPLY_ENTRIES)
    if not isinstance(data, bytes):
        return
    names = properties.get(tags.REPLY_NAMES)
    shown = names.split(";") if isinstance(names, str) else []
    at, place = 8, 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "little")
        kind, address, name = from_entry(data[at + 4 : at + 4 + length])
        name = name or (shown[place].strip() if place < len(shown) else "")
        found = context.address(address) if kind == "EX" and address else address if "@" in address else None
        if found is not None or name:
            yield Person(name, found)
        at += 4 + ((length + 3) & ~3)
        place += 1


def _threads(properties: Properties, fields: dict[bytes, bytes]) -> None:
    for name, identifier in (("In-Reply-To", tags.IN_REPLY_TO), ("References", tags.INTERNET_REFERENCES)):
        text = properties.get(identifier)
        if isinstance(text, str) and text.isascii() and (found := _IDS.findall(clean(text))):
            fields[name.lower().encode("ascii")] = structured(name, found, "")
    topic = properties.get(tags.CONVERSATION_TOPIC)
    if isinstance(topic, str) and topic:
        fields[b"thread-topic"] = unstructured("Thread-Topic", topic)
    index = properties.get(tags.CONVERSATION_INDEX)
    if isinstance(index, bytes) and 22 <= len(index) <= 512:
        words = re.findall(".{1,60}", b64encode(index).decode("ascii"))
        fields[b"thread-index"] = structured("Thread-Index", words, "")


def _wishes(properties: Properties, fields: dict[bytes, bytes]) -> None:
    """What the author asked for: importance, sensitivity, receipts."""
    importance = properties.get(tags.IMPORTANCE)
    if isinstance(importance, int) and importance in _IMPORTANCE:
        word, number = _IMPORTANCE[importance]
        fields[b"importance"] = f"Importance: {word}\r\nX-Priority: {number}\r\n".encode("ascii")
    sensitivity = properties.get(tags.SENSITIVITY)
    if isinstance(sensitivity, int) and sensitivity in _SENSITIVITY:
        fields[b"sensitivity"] = f"Sensitivity: {_SENSITIVITY[sensitivity]}\r\n".encode("ascii")
    back = fields.get(b"from", b"").partition(b":")[2]
    if back and not back.rstrip().endswith(b":;"):
        if properties.get(tags.READ_RECEIPT_REQUESTED) is True:
            fields[b"disposition-notification-to"] = b"Disposition-Notification-To:" + back
        if properties.get(tags.DELIVERY_REPORT_REQUESTED) is True:
            fields[b"return-receipt-to"] = b"Return-Receipt-To:" + back

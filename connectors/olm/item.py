"""A message of an export as an item of Outlook's: it is written as mail in the one way in which all of them are."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO
from uuid import UUID

from connectors.mapi import tags
from connectors.mapi.properties import MapiItem, Properties
from connectors.olm.record import Addressee, Record

_READ, _UNSENT = 0x1, 0x8
_COMPLETE, _FLAGGED = 1, 2
_LOW, _HIGH = 0, 2
_BY_VALUE = 1
_TO, _CC, _BCC = 1, 2, 3
_RECIPIENTS = (
    (_TO, "OPFMessageCopyToAddresses"),
    (_CC, "OPFMessageCopyCCAddresses"),
    (_BCC, "OPFMessageCopyBCCAddresses"),
)
_HTML = re.compile(
    r"<(?:!doctype|html|head|body|meta|div|p|br|span|table|font|a|b|i|ul|ol|h[1-6]|img)\b", re.IGNORECASE
)
_END_OF_HEADER = re.compile(r"\r?\n\r?\n|\r\r")
_EX = re.compile(r"/(?:o|cn)=", re.IGNORECASE)

#: Opens what an attachment's address in the archive leads to; None when nothing lies there.
Opener = Callable[[str], BinaryIO | None]


class Bag:
    """Properties in memory; those of ``opens`` are read from where they lie.  See ``Properties``."""

    def __init__(
        self, values: Mapping[int, object], opens: Mapping[int, Callable[[], BinaryIO | None]] | None = None
    ) -> None:
        self._values = {tag: value for tag, value in values.items() if value not in (None, "", b"")}
        self._opens = opens or {}
        self.categories: tuple[str, ...] = ()

    def get(self, identifier: int) -> object | None:
        return self._values.get(identifier)

    def named(self, group: UUID, name: int | str) -> object | None:
        return (self.categories or None) if (group, name) == (tags.PUBLIC_STRINGS, "Keywords") else None

    def size(self, identifier: int) -> int | None:
        value = self._values.get(identifier)
        if isinstance(value, str):
            return 2 * len(value)
        return len(value) if isinstance(value, bytes) else None

    def open(self, identifier: int) -> BinaryIO | None:
        opener = self._opens.get(identifier)
        return opener() if opener is not None else None

    def is_unicode(self, identifier: int) -> bool:
        return True

    def identifiers(self) -> Iterator[int]:
        return iter(sorted({*self._values, *self._opens}))


class Attachment:
    """A file beside the message.  See ``MapiAttachment``."""

    def __init__(self, properties: Properties) -> None:
        self.properties = properties

    def embedded(self) -> MapiItem | None:
        return None

    def storage(self) -> BinaryIO | None:
        return None


class Message:
    """See ``MapiItem``."""

    def __init__(self, record: Record, opener: Opener) -> None:
        self._record = record
        self._opener = opener
        values = _values(record)
        plain, html = bodies(record)
        self.properties = Bag({**values, tags.BODY: plain, tags.HTML: html})
        self.properties.categories = record.categories("OPFMessageCopyCategoryList")

    def recipients(self) -> Iterator[Properties]:
        for kind, field in _RECIPIENTS:
            for person in self._record.people(field):
                yield Bag({**_person(person, tags.RECIPIENT), tags.RECIPIENT_TYPE: kind})

    def attachments(self) -> Iterator[Attachment]:
        for told in self._record.attributes("OPFMessageCopyAttachmentList"):
            place = told.get("OPFAttachmentURL", "")
            yield self._attachment(place, told)
        meeting = self._record.text("OPFMessageCopyMeetingData").strip()
        if meeting.lower().endswith(".ics"):
            yield self._attachment(
                meeting, {"OPFAttachmentName": "meeting.ics", "OPFAttachmentContentType": "text/calendar"}
            )

    def _attachment(self, place: str, told: Mapping[str, str]) -> Attachment:
        name, end = told.get("OPFAttachmentName", "").strip(), told.get("OPFAttachmentContentExtension", "").strip()
        values = {
            tags.ATTACH_METHOD: _BY_VALUE,
            tags.ATTACH_LONG_NAME: name or (f"attachment.{end}" if end else "attachment"),
            tags.ATTACH_MIME_TAG: told.get("OPFAttachmentContentType", "").strip(),
            tags.ATTACH_CONTENT_ID: told.get("OPFAttachmentContentID", "").strip(),
        }
        return Attachment(Bag(values, {tags.ATTACH_DATA: lambda: self._opener(place)}))


def bodies(record: Record) -> tuple[str, str]:
    """Plain text and HTML.

    Outlook for Mac puts either of them into either field, and says of all messages that they have HTML.
    """
    plain, html = "", ""
    for text in (record.text("OPFMessageCopyHTMLBody"), record.text("OPFMessageCopyBody")):
        if _HTML.search(text):
            html = html or text
        else:
            plain = plain or text
    return plain, html


def source_of(record: Record) -> tuple[str, str]:
    """Header and body of the message as it came over the wire, where the export has it: mostly the header alone."""
    source = record.text("OPFMessageCopySource")
    end = _END_OF_HEADER.search(source)
    return (source[: end.start()], source[end.end() :]) if end else (source, "")


def identity(record: Record) -> bytes:
    """What tells a message from others: none of what its owner does to it, nor of how it lies in the export."""
    people = [
        record.people(field) for field in ("OPFMessageCopyFromAddresses", *(field for _kind, field in _RECIPIENTS))
    ]
    told: list[object] = [
        record.text("OPFMessageCopyMessageID").strip(),
        record.time("OPFMessageCopySentTime"),
        record.text("OPFMessageCopySubject"),
        [[person.address.lower() or person.name for person in some] for some in people],
    ]
    if not told[0]:
        told += [record.time("OPFMessageCopyReceivedTime"), *bodies(record), record.text("OPFMessageCopySource")]
        told += [one.get("OPFAttachmentName") for one in record.attributes("OPFMessageCopyAttachmentList")]
    return sha256(repr(told).encode("utf-8", "replace")).digest()


def _values(record: Record) -> dict[int, object]:
    sender = next(iter(record.people("OPFMessageCopySenderAddress")), None)
    author = next(iter(record.people("OPFMessageCopyFromAddresses")), None) or sender
    reply = record.people("OPFMessageCopyReplyToAddresses")
    return {
        tags.MESSAGE_CLASS: "IPM.Note",
        tags.SEARCH_KEY: identity(record),
        tags.SUBJECT: record.text("OPFMessageCopySubject"),
        tags.SUBMIT_TIME: record.time("OPFMessageCopySentTime"),
        tags.DELIVERY_TIME: record.time("OPFMessageCopyReceivedTime"),
        tags.MODIFICATION_TIME: record.time("OPFMessageCopyModDate"),
        tags.MESSAGE_FLAGS: (_READ if record.flag("OPFMessageGetIsRead") else 0)
        | (_UNSENT if _is_draft(record) else 0),
        tags.FLAG_STATUS: _follow_up(record),
        tags.FLAG_COMPLETE_TIME: record.time("OPFMessageCopyCompletedDateTime"),
        tags.IMPORTANCE: _importance(record.number("OPFMessageGetPriority", 3)),
        tags.INTERNET_MESSAGE_ID: record.text("OPFMessageCopyMessageID").strip(),
        tags.IN_REPLY_TO: _in_brackets(record.text("OPFMessageCopyInReplyTo")),
        tags.INTERNET_REFERENCES: _in_brackets(record.text("OPFMessageCopyReferences")),
        tags.CONVERSATION_TOPIC: record.text("OPFMessageCopyThreadTopic"),
        tags.CONVERSATION_INDEX: _decoded(record.text("OPFMessageCopyThreadIndex")),
        tags.TRANSPORT_HEADERS: source_of(record)[0],
        tags.REPLY_ENTRIES: _entries(reply),
        **(_person(author, tags.REPRESENTING) if author is not None else {}),
        **(_person(sender or author, tags.SENDER) if sender or author else {}),
    }


def _is_draft(record: Record) -> bool:
    return record.flag("OPFMessageIsOutgoing") and not record.flag("OPFMessageGetWasSent")


def _follow_up(record: Record) -> int:
    if isinstance(record.time("OPFMessageCopyCompletedDateTime"), datetime):
        return _COMPLETE
    return _FLAGGED if record.flag("OPFMessageCopyGetFlagStatus") else 0


def _importance(priority: float) -> int:
    """1 is the highest, 3 what most have, 5 the lowest."""
    return _HIGH if priority in (1, 2) else _LOW if priority in (4, 5) else 1


def _person(person: Addressee | None, places: tuple[int, int, int, int, int]) -> dict[int, object]:
    if person is None:
        return {}
    name, kind, address, smtp, _entry = places
    if _EX.match(person.address):
        return {name: person.name, kind: "EX", address: person.address}
    return {name: person.name, smtp: person.address}


#: A one-off entry identifier ([MS-OXCDATA] 2.2.5.1): the only form in which an item names whom to reply to.
_ONE_OFF = bytes(4) + bytes.fromhex("812b1fa4bea310199d6e00dd010f5402") + bytes.fromhex("00000190")


def _entries(people: list[Addressee]) -> bytes | None:
    """A list of entry identifiers ([MS-OXCDATA] 2.3.3)."""
    written = b""
    for person in people:
        texts = "\0".join((person.name, "SMTP", person.address, ""))
        entry = _ONE_OFF + texts.encode("utf-16-le", "replace")
        written += len(entry).to_bytes(4, "little") + entry + bytes(-len(entry) % 4)
    return len(people).to_bytes(4, "little") + len(written).to_bytes(4, "little") + written if people else None


def _in_brackets(text: str) -> str:
    """Identifiers of messages stand in angle brackets, which the export leaves out of some."""
    text = text.strip()
    return text if not text or "<" in text else " ".join(f"<{one}>" for one in text.split())


def _decoded(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True) if text else None
    except (ValueError, binascii.Error):
        return None

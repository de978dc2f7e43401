"""Many calendar entries in one ``.ics``, many contacts in one ``.vcf``.  Pure.

RFC 5545 3.4 (a calendar object holds any number of components), RFC 6350 3.3 (cards follow each other).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_HEAD = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Bascule//archive//EN\r\n"
_TAIL = b"END:VCALENDAR\r\n"
_ZONE = b"VTIMEZONE"
#: What Google Calendar takes in one file, in bytes, and Google Contacts in one import.
CALENDAR_BYTES = 1_000_000
CONTACTS = 3_000


class NotAFile(ValueError):
    """The bytes are no calendar, or no card."""


@dataclass(frozen=True, slots=True)
class Component:
    """A component of a calendar with its lines, CRLF after each."""

    name: bytes
    text: bytes

    @property
    def zone(self) -> bytes:
        """The name of the time zone that it defines."""
        found = re.search(rb"^TZID(?:;[^:\r\n]*)?:([^\r\n]*)", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else b""


def components(data: bytes) -> Iterator[Component]:
    """The components of all calendars in ``data``.  Raises :class:`NotAFile`."""
    depth, name, lines, found = 0, b"", [], False
    for line in _lines(data):
        word, _colon, value = line.partition(b":")
        word, value = word.upper(), value.strip().upper()
        if word == b"BEGIN" and value == b"VCALENDAR" and depth == 0:
            found, depth = True, 1
        elif word == b"END" and value == b"VCALENDAR" and depth == 1:
            depth = 0
        elif depth == 0:
            raise NotAFile
        else:
            if word == b"BEGIN":
                name = value if depth == 1 else name
                depth += 1
            elif depth == 1:
                continue  # a property of the calendar itself
            lines.append(line)
            if word == b"END":
                depth -= 1
                if depth == 1:
                    yield Component(name, b"".join(one + b"\r\n" for one in lines))
                    lines = []
    if depth or not found:
        raise NotAFile


def _lines(data: bytes) -> Iterator[bytes]:
    return (line for found in _LINE.finditer(data) if (line := found[0].rstrip(b"\r\n")))


@dataclass
class CalendarFile:
    """One ``.ics`` as it grows: time zones stand in it once, before what names them first."""

    size: int = len(_HEAD) + len(_TAIL)
    items: int = 0
    _zones: dict[bytes, bytes] = field(default_factory=dict)

    def room_for(self, data: bytes) -> bool:
        """Whether it may hold this item as well.  Raises :class:`NotAFile`."""
        if not self.items:
            return True
        zones = [one for one in components(data) if one.name == _ZONE]
        same = all(self._zones.get(one.zone, one.text) == one.text for one in zones)
        return same and self.size + len(data) <= CALENDAR_BYTES

    def take(self, data: bytes) -> bytes:
        """What is written for an item.  Raises :class:`NotAFile`."""
        parts = list(components(data))
        if not any(one.name != _ZONE for one in parts):
            raise NotAFile
        written = b"" if self.items else _HEAD
        for one in parts:
            if one.name == _ZONE:
                if one.zone in self._zones:
                    continue
                self._zones[one.zone] = one.text
            written += one.text
        self.size += len(written)
        self.items += 1
        return written

    def end(self) -> bytes:
        return _TAIL


@dataclass
class ContactFile:
    """One ``.vcf`` as it grows."""

    items: int = 0

    def room_for(self, data: bytes) -> bool:
        return self.items < CONTACTS

    def take(self, data: bytes) -> bytes:
        """What is written for an item.  Raises :class:`NotAFile`."""
        lines = list(_lines(data))
        begins = sum(line.upper() == b"BEGIN:VCARD" for line in lines)
        ends = sum(line.upper() == b"END:VCARD" for line in lines)
        if not begins or begins != ends or lines[0].upper() != b"BEGIN:VCARD" or lines[-1].upper() != b"END:VCARD":
            raise NotAFile
        self.items += 1
        return b"".join(line + b"\r\n" for line in lines)

    def end(self) -> bytes:
        return b""

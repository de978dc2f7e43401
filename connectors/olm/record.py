"""A record of an export, asked for values: texts, times and numbers as Outlook for Mac writes them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.olm.xml import Element

_ADDRESS, _NAME = "OPFContactEmailAddressAddress", "OPFContactEmailAddressName"
_CATEGORY = "OPFCategoryCopyName"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody whom a record names; one of the two may be empty."""

    name: str
    address: str


class Record:
    """One message, contact, appointment, task or note."""

    __slots__ = ("element",)

    def __init__(self, element: Element) -> None:
        self.element = element

    @property
    def name(self) -> str:
        """What kind of record it is: ``email``, ``contact``…"""
        return self.element.name

    def text(self, *fields: str) -> str:
        """The first of these fields that is not empty, else nothing."""
        for field in fields:
            found = self.element.child(field)
            if found is not None and found.text:
                return found.text
        return ""

    def number(self, field: str, default: float = 0) -> float:
        """Outlook for Mac writes 1 as ``1`` or as ``1E0``."""
        return number(self.text(field), default)

    def flag(self, field: str) -> bool:
        text = self.text(field).strip().lower()
        return text in ("true", "yes") or number(text) != 0

    def time(self, *fields: str) -> datetime | None:
        """A time in UTC, which is what a time without a zone is in."""
        return time(self.text(*fields))

    def people(self, field: str) -> list[Addressee]:
        return [person for one in self._below(field) if (person := addressee(one)) is not None]

    def categories(self, field: str) -> tuple[str, ...]:
        names = (one.attributes.get(_CATEGORY, "").strip() for one in self._below(field))
        return tuple(dict.fromkeys(name for name in names if name))

    def attributes(self, field: str) -> list[dict[str, str]]:
        """Those of each element in a field."""
        return [one.attributes for one in self._below(field)]

    def _below(self, field: str) -> Iterator[Element]:
        found = self.element.child(field)
        return iter(found.children if found is not None else ())


def addressee(element: Element) -> Addressee | None:
    name = element.attributes.get(_NAME, "").strip()
    address = (element.attributes.get(_ADDRESS, "") or element.text).strip()
    return Addressee(name, address) if name or address else None


def number(text: str, default: float = 0) -> float:
    try:
        found = float(text)
    except ValueError:
        return default
    return found if math.isfinite(found) else default


def time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    try:
        found = found.astimezone(UTC)
    except OverflowError:
        return None
    return found if 1900 <= found.year < 4000 else None

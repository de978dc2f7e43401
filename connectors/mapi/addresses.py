"""Who wrote and who was written to: names and addresses of items, X.500 ones by the organisation's table.

An address is never made up.  Whom no mail address is known of is written as a group without members,
``"Anna Berg":;`` (RFC 5322 3.4, in From since RFC 6854): readers show the name, and none can take it for an address.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from uuid import UUID

from connectors.mapi.context import Context
from connectors.mapi.properties import Properties
from connectors.mapi.words import clean, phrase, quoted

#: What may stand in angle brackets as it is: dot-atom, @, dot-atom or literal.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.\[\]:_-]+")
_DOMAIN = re.compile(r"[A-Za-z0-9.\[\]:_-]+")
_DOTS = re.compile(r"^\.|\.\.|\.@")
_ONE_OFF = UUID("a41f2b81-a3be-1910-9d6e-00dd010f5402").bytes_le
_EXCHANGE = UUID("c840a7dc-42c0-1a10-b4b9-08002b2fe182").bytes_le


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a header field; without an address, whom only a name is known of."""

    name: str
    address: str | None

    def written(self) -> str:
        """As a member of an address field, ASCII."""
        if self.address is None:
            return f"{phrase(self.name)}:;"
        address: str | None = self.address
        if not _ADDRESS.fullmatch(self.address) or _DOTS.search(self.address):
            address = _careful(self.address)
            if address is None:
                return f"{phrase(f'{self.name} {self.address}'.strip())}:;"
        if not self.name or self.name == self.address:
            return address if address == self.address else f"<{address}>"
        return f"{phrase(self.name)} <{address}>"


def person(properties: Properties, places: tuple[int, int, int, int, int], context: Context) -> Person | None:
    """Who stands in a set of properties (see :mod:`connectors.mapi.tags`), None when nobody does."""
    name_tag, kind_tag, address_tag, smtp_tag, entry_tag = places
    name = _text(properties, name_tag)
    kind = _text(properties, kind_tag).upper()
    address = _text(properties, address_tag)
    smtp = _text(properties, smtp_tag)
    if not kind and not address and not smtp:
        entry = properties.get(entry_tag)
        if isinstance(entry, bytes):
            kind, address, entry_name = from_entry(entry)
            name = name or entry_name
    found = _mail_address(kind, address, smtp, context)
    if found is None and not name:
        # Nothing else is known of this person: the last part of the X.500 address is what Outlook shows as well.
        name = address.rpartition("=")[2]
    if found is None and not name:
        return None
    return Person(_unquoted(name), found)


def from_entry(entry: bytes) -> tuple[str, str, str]:
    """Address type, address and name of an entry identifier ([MS-OXCDATA] 2.2.5), empty when it tells none."""
    provider = entry[4:20]
    if provider == _ONE_OFF and len(entry) >= 24:
        flags = struct.unpack_from("<H", entry, 22)[0]
        texts = _texts(entry[24:], unicode=bool(flags & 0x8000))
        if len(texts) >= 3:
            return texts[1].upper(), texts[2], texts[0]
    if provider == _EXCHANGE and len(entry) > 28:
        return "EX", entry[28:].split(b"\0")[0].decode("ascii", "replace"), ""
    return "", "", ""


def _texts(data: bytes, *, unicode: bool) -> list[str]:
    if unicode:
        return data[: len(data) & ~1].decode("utf-16-le", "replace").split("\0")
    return data.decode("windows-1252", "replace").split("\0")


def _mail_address(kind: str, address: str, smtp: str, context: Context) -> str | None:
    if "@" in smtp:
        return smtp
    if kind == "EX" or address[:3].casefold() in ("/o=", "/cn"):
        return context.address(address) if address else None
    if "@" in address:
        return address
    return None


def _text(properties: Properties, identifier: int) -> str:
    value = properties.get(identifier)
    return clean(value).strip() if isinstance(value, str) else ""


def _unquoted(name: str) -> str:
    """Outlook puts names that are addresses into quotes of its own."""
    return name[1:-1] if len(name) > 2 and name[0] == name[-1] == "'" else name


def _careful(address: str) -> str | None:
    """An address with signs that must be quoted; None for one that ASCII cannot hold."""
    local, at, domain = clean(address).strip().strip("<>").rpartition("@")
    try:
        domain = domain.strip().encode("idna").decode("ascii")
    except UnicodeError:
        return None
    if not local or not local.isascii() or not _DOMAIN.fullmatch(domain):
        return None
    if not _ADDRESS.fullmatch(f"{local}@x") or _DOTS.search(f"{local}@"):
        local = quoted(local)
    return f"{local}{at}{domain}"

"""Contacts and distribution lists as vCards ([MS-OXVCARD] 2.1.3, RFC 2426; KIND and MEMBER as in RFC 6350)."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import datetime

import vobject

from connectors.archives.contract import Damaged
from connectors.mapi import tags
from connectors.mapi.addresses import Person, from_entry
from connectors.mapi.attachments import left_out
from connectors.mapi.body import text_of
from connectors.mapi.context import Context
from connectors.mapi.made import seed, subject
from connectors.mapi.marks import categories_of
from connectors.mapi.properties import MapiItem, Properties

_NAME = (0x3A11, 0x3A06, 0x3A44, 0x3A45, 0x3A05)
_TEXTS = ((0x3A4F, "nickname"), (0x3A17, "title"), (0x3A46, "role"))
_PHONES = (
    (0x3A1A, ("PREF", "VOICE")), (0x3A08, ("WORK", "VOICE")), (0x3A1B, ("WORK", "VOICE")), (0x3A09, ("HOME", "VOICE")),
    (0x3A2F, ("HOME", "VOICE")), (0x3A1C, ("CELL", "VOICE")), (0x3A1F, ("VOICE",)), (0x3A21, ("PAGER",)),
    (0x3A24, ("WORK", "FAX")), (0x3A25, ("HOME", "FAX")), (0x3A23, ("FAX",)), (0x3A1E, ("CAR",)),
    (0x3A2D, ("ISDN",)), (0x3A57, ("WORK", "MSG")),
)  # fmt: skip
#: Address type, address, name: of the three that a contact may have ([MS-OXOCNTC] 2.2.1.2).
_MAILS = ((0x8082, 0x8083, 0x8084), (0x8092, 0x8093, 0x8094), (0x80A2, 0x80A3, 0x80A4))
#: Post office box, street, city, state, code, country.
_HOME = (0x3A5E, 0x3A5D, 0x3A59, 0x3A5C, 0x3A5B, 0x3A5A)
_OTHER = (0x3A64, 0x3A63, 0x3A5F, 0x3A62, 0x3A61, 0x3A60)
_BUSINESS = (0x3A2B, 0x3A29, 0x3A27, 0x3A28, 0x3A2A, 0x3A26)
_WORK = (0x804A, 0x8045, 0x8046, 0x8047, 0x8048, 0x8049)
_COMPANY, _DEPARTMENT, _OFFICE = 0x3A16, 0x3A18, 0x3A19
_PAGES = (0x3A51, 0x3A50)
_PAGE, _CHAT, _FILE_UNDER = 0x802B, 0x8062, 0x8005
_BIRTHDAY, _ANNIVERSARY = 0x3A42, 0x3A41
_PHOTO = 0x7FFF
_MORE = ((0x3A48, "x-spouse"), (0x3A4E, "x-manager"), (0x3A30, "x-assistant"), (_OFFICE, "x-ms-office-location"))
_MEMBERS, _ONE_OFFS, _LIST_NAME = 0x8055, 0x8054, 0x8053
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: A photo is a small picture; members and bytes that are read at most.
_MOST_PHOTO, _MOST_MEMBERS = 4 << 20, 20_000


def contact_file(item: MapiItem, context: Context) -> bytes:
    """The contact as a vCard 3.0."""
    properties, card = item.properties, vobject.vCard()
    family, given, more, before, behind = (_text(properties.get(identifier)) for identifier in _NAME)
    card.add("n").value = vobject.vcard.Name(family, given, more, before, behind)
    company = _text(properties.get(_COMPANY))
    shown = _text(properties.get(tags.DISPLAY_NAME)) or " ".join(filter(None, (given, family)))
    mails = list(_mails(properties, context))
    names = (shown, _text(properties.named(tags.ADDRESS, _FILE_UNDER)), company, subject(properties))
    card.add("fn").value = next((name for name in names if name), mails[0] if mails else "-")
    if company or _text(properties.get(_DEPARTMENT)):
        card.add("org").value = [part for part in (company, _text(properties.get(_DEPARTMENT))) if part]
    for identifier, name in (*_TEXTS, *_MORE):
        _add(card, name, properties.get(identifier))
    for address in mails:
        _add(card, "email", address, ("INTERNET",))
    for identifier, kinds in _PHONES:
        _add(card, "tel", properties.get(identifier), kinds)
    _addresses(card, properties)
    pages = [properties.get(identifier) for identifier in _PAGES] + [properties.named(tags.ADDRESS, _PAGE)]
    for page in dict.fromkeys(map(_text, pages)):
        _add(card, "url", page)
    _add(card, "impp", properties.named(tags.ADDRESS, _CHAT))
    for identifier, name in ((_BIRTHDAY, "bday"), (_ANNIVERSARY, "x-anniversary")):
        moment = properties.get(identifier)
        if isinstance(moment, datetime) and 1601 < moment.year < 4500:
            card.add(name).value = moment.date().isoformat()
    _common(card, item, context)
    _photo(card, item, context)
    return _written(card)


def list_file(item: MapiItem, context: Context) -> bytes:
    """A distribution list as a group; its members are named in the note as well, for programs that know no groups."""
    properties, card = item.properties, vobject.vCard()
    name = _text(properties.named(tags.ADDRESS, _LIST_NAME)) or _text(properties.get(tags.DISPLAY_NAME))
    card.add("fn").value = name or subject(properties) or "-"
    card.add("n").value = vobject.vcard.Name(name or subject(properties) or "-")
    card.add("kind").value = "group"
    shown: list[str] = []
    for member in _members(properties, context):
        shown.append(f"{member.name} <{member.address}>" if member.address else member.name)
        if member.address:
            card.add("member").value = f"mailto:{member.address}"
    _common(card, item, context, "\n".join(shown))
    return _written(card)


def _members(properties: Properties, context: Context) -> list[Person]:
    """By their one-off entries, which name everybody; those of the other list point into address books."""
    told = properties.named(tags.ADDRESS, _ONE_OFFS)
    entries = told if isinstance(told, tuple) and told else properties.named(tags.ADDRESS, _MEMBERS)
    found: list[Person] = []
    for entry in entries[:_MOST_MEMBERS] if isinstance(entries, tuple) else ():
        if not isinstance(entry, bytes):
            continue
        kind, address, name = from_entry(entry)
        mail: str | None = address if "@" in address else None
        if kind == "EX":
            mail = context.address(address) if address else None
        if mail or name or address:
            found.append(Person(_text(name) or _text(address), _text(mail) or None))
    return found


def _mails(properties: Properties, context: Context) -> list[str]:
    found: dict[str, None] = {}
    for kind_tag, address_tag, shown_tag in _MAILS:
        kind = _text(properties.named(tags.ADDRESS, kind_tag)).upper()
        address = _text(properties.named(tags.ADDRESS, address_tag))
        shown = _text(properties.named(tags.ADDRESS, shown_tag))
        if kind == "EX" or address[:3].casefold() == "/o=":
            # Outlook keeps the mail address of such a contact as the name that it was shown by.
            address = (context.known_address(address) or (shown if "@" in shown and " " not in shown else "")) or (
                context.address(address) or "" if address else ""
            )
        if "@" in address:
            found[address] = None
    return list(found)


def _addresses(card: vobject.base.Component, properties: Properties) -> None:
    work = [_text(properties.named(tags.ADDRESS, identifier)) for identifier in _WORK]
    if not any(work):
        work = [_text(properties.get(identifier)) for identifier in _BUSINESS]
    others = ([_text(properties.get(identifier)) for identifier in place] for place in (_HOME, _OTHER))
    for kinds, told in zip((("WORK",), ("HOME",), ("POSTAL",)), (work, *others), strict=True):
        if any(told):
            box, street, city, state, code, country = told
            entry = card.add("adr")
            entry.value = vobject.vcard.Address(street, city, state, code, country, box)
            entry.params["TYPE"] = list(kinds)


def _common(card: vobject.base.Component, item: MapiItem, context: Context, note: str = "") -> None:
    properties = item.properties
    _add(card, "note", "\n\n".join(filter(None, (note, text_of(properties, context).strip()))))
    categories = [_text(name) for name in categories_of(properties)]
    if categories:
        card.add("categories").value = categories
    changed = properties.get(tags.MODIFICATION_TIME)
    if isinstance(changed, datetime):
        card.add("rev").value = changed.strftime("%Y%m%dT%H%M%SZ")
    card.add("uid").value = seed(properties)


def _photo(card: vobject.base.Component, item: MapiItem, context: Context) -> None:
    try:
        for attachment in item.attachments():
            size = attachment.properties.size(tags.ATTACH_DATA)
            is_photo = attachment.properties.get(_PHOTO) is True and size is not None and size <= _MOST_PHOTO
            data = attachment.properties.get(tags.ATTACH_DATA) if is_photo and "photo" not in card.contents else None
            if not isinstance(data, bytes):
                left_out(context)
            else:
                entry = card.add("photo")
                entry.value = b64encode(data).decode("ascii")
                entry.params.update({"ENCODING": ["b"], "TYPE": ["PNG" if data[:4] == b"\x89PNG" else "JPEG"]})
                entry.encoded = True
    except Damaged as damaged:
        context.problem(damaged.code, str(damaged))


def _add(card: vobject.base.Component, name: str, value: object, kinds: tuple[str, ...] = ()) -> None:
    if text := _text(value):
        entry = card.add(name)
        entry.value = text
        if kinds:
            entry.params["TYPE"] = list(kinds)


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _written(card: vobject.base.Component) -> bytes:
    text: str = card.serialize()
    return text.encode("utf-8", "replace")

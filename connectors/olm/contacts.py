"""Contacts and groups as vCard 3.0, which every address book takes."""

from __future__ import annotations

import re
from typing import Any

import vobject
from vobject.vcard import Address, Name

from connectors.olm.record import Addressee, Record, addressee
from connectors.olm.xml import Element

#: Control characters that no card holds.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_EMAILS = ("OPFContactCopyDefaultEmailAddress", "OPFContactCopyEmailAddressList", "OPFContactCopyEmailAddressList1",
           "OPFContactCopyEmailAddressList2", "OPFContactCopyEmailAddressList3")  # fmt: skip
_PHONES = {
    "BusinessPhone": "WORK,VOICE", "BusinessPhone2": "WORK,VOICE", "BusinessFax": "WORK,FAX",
    "HomePhone": "HOME,VOICE", "HomePhone2": "HOME,VOICE", "HomeFax": "HOME,FAX", "CellPhone": "CELL",
    "MobilePhone": "CELL", "Pager": "PAGER", "CarPhone": "CAR", "RadioPhone": "VOICE", "OtherPhone": "VOICE",
    "OtherFax": "FAX", "AssistantPhone": "VOICE", "PrimaryPhone": "PREF,VOICE",
}  # fmt: skip
_ADDRESSES = {"Business": "WORK", "Home": "HOME", "Other": "POSTAL"}
_UNPLACED = ("SpousesName", "AssistantName", "Children", "Anniversary")
_PAGES = ("BusinessHomePage", "HomeWebPage")


def card(record: Record, own: str) -> bytes:
    """``own``: a name for the card, the same each time."""
    made = vobject.vCard()

    def text(field: str) -> str:
        return _plain(record.text(f"OPFContactCopy{field}"))

    people = _addresses(record)
    company, parts = text("BusinessCompany"), (text("LastName"), text("FirstName"), text("MiddleName"))
    shown = text("DisplayName") or " ".join(part for part in parts[1::-1] if part) or company
    shown = shown or next((person.name or person.address for person in people), "")
    made.add("n").value = Name(parts[0], parts[1], parts[2], text("Title"), text("SetNameSuffix") or text("Suffix"))
    made.add("fn").value = shown or "?"
    _add(made, "uid", own)
    _add(made, "nickname", text("NickName"))
    _add(made, "title", text("BusinessTitle"))
    if company or text("BusinessDepartment"):
        made.add("org").value = [part for part in (company, text("BusinessDepartment"), text("BusinessOffice")) if part]
    for person in people:
        _add(made, "email", _plain(person.address), "INTERNET")
    for field, kinds in _PHONES.items():
        _add(made, "tel", text(field), *kinds.split(","))
    for field, kind in _ADDRESSES.items():
        _address(made, text, field, kind)
    for page in _PAGES:
        _add(made, "url", text(page))
    if (born := record.time("OPFContactCopyBirthday")) is not None:
        _add(made, "bday", f"{born:%Y-%m-%d}")
    if names := record.categories("OPFContactCopyCategoryList"):
        made.add("categories").value = [_plain(name) for name in names]
    _add(made, "note", "\n\n".join(_notes(record)))
    return _written(made)


def group_card(record: Record, own: str) -> bytes:
    """A group as Apple's address book has it, since vCard 3.0 has none; its members stand in the note as well."""
    made = vobject.vCard()
    name = _plain(record.text("OPFGroupCopyDisplayName")) or "?"
    made.add("n").value = Name(name)
    made.add("fn").value = name
    _add(made, "uid", own)
    _add(made, "x-addressbookserver-kind", "group")
    members = record.people("OPFGroupCopyMemberList")
    for member in members:
        if member.address:
            _add(made, "x-addressbookserver-member", f"mailto:{_plain(member.address)}")
    told = (f"{member.name} <{member.address}>" if member.name else member.address for member in members)
    _add(made, "note", "\n".join(_plain(one) for one in told))
    return _written(made)


def _addresses(record: Record) -> list[Addressee]:
    """Mail addresses, the default one first, each once."""
    found: dict[str, Addressee] = {}
    for field in _EMAILS:
        for element in _children(record, field):
            person = addressee(element)
            if person is not None and person.address:
                found.setdefault(person.address.casefold(), person)
    return list(found.values())


def _children(record: Record, field: str) -> list[Element]:
    element = record.element.child(field)
    return [] if element is None else element.children or [element]


def _address(made: Any, text: Any, field: str, kind: str) -> None:
    parts = {
        "street": text(f"{field}StreetAddress"), "city": text(f"{field}City"), "region": text(f"{field}State"),
        "code": text(f"{field}Zip"), "country": text(f"{field}Country"),
    }  # fmt: skip
    if any(parts.values()):
        one = made.add("adr")
        one.value = Address(**parts)
        one.type_param = kind


def _notes(record: Record) -> list[str]:
    """Notes, and what a card has no field for."""
    told = {field: _plain(record.text(f"OPFContactCopy{field}")) for field in _UNPLACED}
    own = _plain(record.text("OPFContactCopyNotesPlain", "OPFContactCopyNotes"))
    return [note for note in (own, *(f"{field}: {value}" for field, value in told.items() if value)) if note]


def _add(made: Any, field: str, value: str, *kinds: str) -> None:
    if value:
        one = made.add(field)
        one.value = value
        if kinds:
            one.type_param = list(kinds)


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _written(made: Any) -> bytes:
    text: str = made.serialize(validate=False)
    return text.encode("utf-8", "replace")

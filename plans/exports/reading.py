"""Reading an export: which format it is, who is in it, and what of it was not understood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.language import _
from plans.addresses import cleaned, is_address
from plans.csv_file import BrokenQuotesError, lines_of, separator_of, simplified, text_of
from plans.exports.formats import FORMATS, Format
from plans.exports.found import Export, Found, NotAnExport, PassedOver, Record
from plans.exports.records import is_zimbra, ldif_records, list_records, looks_like_list, zimbra_records
from plans.exports.values import addresses_of, groups_of, is_type_name, primary_of, readable

#: Headings of secrets: their columns are never looked into.
_SECRET = re.compile(r"password|passwd|mot de passe|passwort|pwd")
#: Microsoft's own domain of a tenant: its addresses lead nowhere else.
_TENANT = ".onmicrosoft.com"


def read_export(data: bytes, key: str | None = None) -> Export:
    """Read an export in the format of this name (see :data:`FORMATS`), or in the one it is recognised as.

    Raises :class:`NotAnExport`.
    """
    text = text_of(data)
    if text is None or "\0" in text:
        raise NotAnExport(
            _("This is no text file. Export the list again as CSV or LDIF; a workbook (.xlsx) is not read.")
        )
    if not text.strip():
        raise NotAnExport(_("This file is empty."))
    if key is not None and FORMATS[key].shape != "table":
        return _of_records(FORMATS[key], text)
    if key is None and (format_ := _recognised_text(text)):
        return _of_records(format_, text)
    table = _Table.read(text)
    format_ = FORMATS[key] if key is not None else _recognised_table(table)
    if not table.finds_addresses(format_):
        raise NotAnExport(_no_addresses(format_ if key is not None else None, table))
    return _export(format_, table.records, table)


def heading(text: str) -> str:
    """A heading as formats name it: simplified, without what stands in brackets."""
    return simplified(re.sub(r"\[[^\]]*\]|\([^)]*\)", " ", text))


@dataclass(frozen=True)
class _Table:
    """A CSV of unknown columns.  May hold passwords: no repr of its rows."""

    headings: Sequence[str]
    records: Sequence[Record] = field(repr=False)

    @classmethod
    def read(cls, text: str) -> _Table:
        # PowerShell says what it exported on a line of its own.
        typed = text.startswith("#TYPE ")
        if typed:
            text = text.partition("\n")[2]
        if not text.strip():
            raise NotAnExport(_("This file is empty."))
        separator, said = separator_of(text)
        try:
            rows = list(lines_of(text, separator))[1 if said else 0 :]
        except BrokenQuotesError as error:
            message = _("Line {line}: a double quote from this line on has no partner. Export the list again.")
            raise NotAnExport(message.format(line=error.line + typed)) from None
        if not rows:
            raise NotAnExport(_("This file is empty."))
        names = [heading(cell) for cell in rows[0][1]]
        records = []
        for line, cells in rows[1:]:
            values: dict[str, list[str]] = {}
            for name, cell in zip(names, cells, strict=False):
                if name and cell.strip() and not _SECRET.search(name):
                    values.setdefault(name, []).append(readable(cell.strip()))
            records.append(Record(line + typed, values))
        return cls([cell.strip() for cell in rows[0][1] if cell.strip()], records)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(heading(one) for one in self.headings)

    def finds_addresses(self, format_: Format) -> bool:
        parts = format_.local_and_domain
        whole = any(_match(self.names, (*format_.address, *format_.aliases)))
        return whole or (parts is not None and set(parts) <= self.names)


def _recognised_text(text: str) -> Format | None:
    if re.match(r"(?:\s*(?:#.*)?\n)*\s*(?:version: *\d+\s+)?(?:#.*\n|\s)*dn::? ", text):
        return FORMATS["ldif"]
    if re.search(r"^# name \S+@\S+$", text, re.MULTILINE):
        return FORMATS["zimbra"]
    if looks_like_list(text):
        return FORMATS["zimbra"] if is_zimbra(text) else FORMATS["list"]
    return None


def _recognised_table(table: _Table) -> Format:
    known = (one for one in FORMATS.values() if any(signs <= table.names for signs in one.signs))
    return next(known, FORMATS["csv"])


def _no_addresses(asked: Format | None, table: _Table) -> str:
    headings = ", ".join(table.headings[:12])
    if asked is not None:
        message = _("This is no export of {title}: none of its columns holds an address. Its columns are: {headings}.")
        return message.format(title=_(asked.title), headings=headings)
    message = _(
        "No column of this file is known to hold mail addresses. Its first line must hold the headings, and one of "
        'them must be "address" or "email". Its columns are: {headings}.'
    )
    return message.format(headings=headings)


def _of_records(format_: Format, text: str) -> Export:
    read = {"ldif": ldif_records, "zimbra": zimbra_records, "list": list_records}[format_.shape]
    records = list(read(text))
    if not any(is_address(value) for record in records for value in _all(record.values, format_.address)):
        raise NotAnExport(_("There is no mail address in this file."))
    return _export(format_, records, None)


def _export(format_: Format, records: Sequence[Record], table: _Table | None) -> Export:
    people: dict[str, Found] = {}
    passed_over: list[PassedOver] = []
    for record in records:
        found = _person(format_, record)
        if isinstance(found, PassedOver):
            passed_over.append(found)
        elif found.address.lower() in people:
            passed_over.append(PassedOver(record.line, _("this address is in the file already")))
        else:
            people[found.address.lower()] = found
    ignored = [one for one in table.headings if not _is_used(heading(one), format_)] if table else ()
    return Export(format_, list(people.values()), passed_over, ignored, list(_notes(format_, records, table)))


def _person(format_: Format, record: Record) -> Found | PassedOver:
    values = {name: [one for one in many if one and not is_type_name(one)] for name, many in record.values.items()}
    for name, reasons in format_.passed_over.items():
        for value in values.get(name, ()):
            # csvde writes all the classes of an entry into one cell.
            for word in (simplified(value).replace(" ", ""), *re.split(r"[;|]", simplified(value))):
                if word in reasons:
                    return PassedOver(record.line, _(reasons[word]))
    address = _address(format_, values)
    if not address:
        return PassedOver(record.line, _("there is no address"))
    if "#ext#" in address.lower():
        return PassedOver(record.line, _("a guest of another organisation"))
    if not is_address(address):
        return PassedOver(record.line, _("its address is no mail address"))
    return Found(
        address=address,
        name=_name(format_, values),
        aliases=tuple(_aliases(address, addresses_of(_all(values, format_.aliases)))),
        groups=tuple(dict.fromkeys(groups_of(_all(values, format_.groups)))),
        licence=_licence(_first(values, format_.licence)),
        shared=_says(values, format_.shared),
        blocked=_says(values, format_.blocked),
    )


def _address(format_: Format, values: Mapping[str, Sequence[str]]) -> str:
    if primary := primary_of(_all(values, format_.aliases)):
        return primary
    address = cleaned(_first(values, format_.address))
    if "@" not in address and format_.local_and_domain is not None:
        local, domain = (_first(values, (name,)) for name in format_.local_and_domain)
        if local and domain:
            return f"{local.partition('@')[0]}@{domain}"
    return address


def _name(format_: Format, values: Mapping[str, Sequence[str]]) -> str:
    # Outlook puts the address behind the name.
    name = re.sub(r"\s*[(<]\S+@\S+[)>]", "", _first(values, format_.name))
    if name and not is_address(name):
        return " ".join(name.split())
    return " ".join(" ".join(part.split()) for part in dict.fromkeys(_all(values, format_.name_parts)))


def _aliases(address: str, found: Iterable[str]) -> Iterator[str]:
    seen = {address.lower()}
    for alias in found:
        tenants = alias.lower().endswith(_TENANT) and not address.lower().endswith(_TENANT)
        if alias.lower() not in seen and not tenants:
            seen.add(alias.lower())
            yield alias


def _licence(text: str) -> str:
    """Microsoft joins licences by a plus, and has a word for none."""
    return "" if simplified(text) in ("unlicensed", "sans licence") else " + ".join(re.split(r"\s*\+\s*", text))


def _says(values: Mapping[str, Sequence[str]], wanted: Mapping[str, frozenset[str]]) -> bool:
    return any(
        simplified(value).replace(" ", "") in words for name, words in wanted.items() for value in values.get(name, ())
    )


def _notes(format_: Format, records: Sequence[Record], table: _Table | None) -> Iterator[str]:
    if table is None:
        return
    if any(_SECRET.search(name) for name in table.names):
        yield _("The passwords in this file were not read: they belong into the site's passwords file.")
    unreadable = [
        one
        for one in table.headings
        if _is_used(heading(one), format_)
        and any(is_type_name(value) for record in records for value in record.values.get(heading(one), ()))
    ]
    for one in unreadable:
        example = f"@{{n='{one}';e={{$_.{one} -join '|'}}}}"
        message = _(
            'The column "{name}" holds the name of a type and not its values. In PowerShell, export it with '
            "Select-Object {example}."
        )
        yield message.format(name=one, example=example)


def _is_used(name: str, format_: Format) -> bool:
    used = (
        *format_.address, *(format_.local_and_domain or ()), *format_.name, *format_.name_parts, *format_.aliases,
        *format_.groups, *format_.licence, *format_.shared, *format_.passed_over, *format_.blocked,
    )  # fmt: skip
    return any(_match((name,), used))


def _match(names: Iterable[str], wanted: Sequence[str]) -> Iterator[str]:
    """The names that one of ``wanted`` stands for, in the order of ``wanted``."""
    names = list(names)
    for one in wanted:
        for name in names:
            if name == one or (one.endswith("*") and name.startswith(one[:-1])):
                yield name


def _first(values: Mapping[str, Sequence[str]], wanted: Sequence[str]) -> str:
    return next(iter(_all(values, wanted)), "")


def _all(values: Mapping[str, Sequence[str]], wanted: Sequence[str]) -> list[str]:
    return [value for name in _match(values, wanted) for value in values[name] if value]

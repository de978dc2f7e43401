"""Exports that are no tables: LDIF (RFC 2849), zmprov's listing, plain addresses; each becomes records."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from plans.addresses import cleaned, is_address
from plans.exports.found import Record

#: The accounts that Zimbra makes for itself.
_ZIMBRA_OWN = re.compile(r"(galsync|virus-quarantine|spam|ham)[.\w-]*@", re.IGNORECASE)
_NAMED = re.compile(r"\s*(?P<name>.*?)\s*<(?P<address>[^<>]+)>\s*")


def ldif_records(text: str) -> Iterator[Record]:
    for line, lines in _blocks(text):
        values: dict[str, list[str]] = {}
        for entry in _unfolded(lines):
            name, colon, value = entry.partition(":")
            if not colon or entry.startswith("#"):
                continue
            if value.startswith(":"):
                value = _from_base64(value[1:])
            elif value.startswith("<"):
                continue  # the URL of a value that is elsewhere
            values.setdefault(name.partition(";")[0].strip().lower(), []).append(value.strip())
        if set(values) - {"version", "search", "result"}:
            yield Record(line, values)


def zimbra_records(text: str) -> Iterator[Record]:
    """Of ``zmprov -l gaa`` (addresses alone) and of ``zmprov -l gaa -v`` (``# name ADDRESS``, then attributes)."""
    if not re.search(r"^# name \S", text, re.MULTILINE):
        yield from list_records(text)
        return
    record: Record | None = None
    values: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# name "):
            if record is not None:
                yield record
            values = {"address": [line.removeprefix("# name ").strip()]}
            values["system"] = ["yes"] if _ZIMBRA_OWN.match(values["address"][0]) else []
            record = Record(number, values)
        elif found := re.fullmatch(r"(\w+): (.*)", line):
            values.setdefault(found[1].lower(), []).append(found[2].strip())
    if record is not None:
        yield record


def list_records(text: str) -> Iterator[Record]:
    """Addresses, a line each or several in one, alone or as ``Name <address>``."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        for part in _entries(line):
            found = _NAMED.fullmatch(part)
            address = cleaned(found["address"] if found else part)
            name = found["name"].strip("\"' ") if found else ""
            system = ["yes"] if _ZIMBRA_OWN.match(address) else []
            yield Record(number, {"address": [address], "name": [name], "system": system})


def looks_like_list(text: str) -> bool:
    """Whether every entry is an address."""
    records = list(list_records(text))
    return bool(records) and all(is_address(record.values["address"][0]) for record in records)


def is_zimbra(text: str) -> bool:
    return any(record.values["system"] for record in list_records(text)) or "# name " in text


def _entries(line: str) -> Iterator[str]:
    """The entries of a line: a comma between ``<`` and ``>``, or inside quotes, separates nothing."""
    for part in re.findall(r'(?:"[^"]*"|<[^>]*>|[^,;"<])+', line):
        if part.strip():
            yield part.strip()


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """What stands between empty lines, with the number of its first line."""
    block: list[str] = []
    first = 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            if not block:
                first = number
            block.append(line)
        elif block:
            yield first, block
            block = []


def _unfolded(lines: list[str]) -> Iterator[str]:
    whole = ""
    for line in lines:
        if line.startswith(" "):
            whole += line[1:]
        else:
            if whole:
                yield whole
            whole = line
    if whole:
        yield whole


def _from_base64(value: str) -> str:
    try:
        return base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""  # a photograph or a certificate

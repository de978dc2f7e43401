"""What directories put into one value: typed addresses, distinguished names, values in hexadecimal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from plans.addresses import cleaned, is_address
from plans.cells import split

#: Between the addresses of one cell.  A plus separates only where a type follows: anna+news@… is an address.
_BETWEEN = re.compile(r"[\s,;|]+|\+(?=[A-Za-z0-9]+:)")
_HEXADECIMAL = re.compile(r"X'((?:[0-9a-fA-F]{2})*)'")
#: What PowerShell writes for a list that nobody joined.
_TYPE_NAME = re.compile(r"(Microsoft|System)\.[\w.+`]+(\[.*\])?")


def readable(value: str) -> str:
    """A value as its owner typed it: csvde writes what is not ASCII as ``X'c389'``."""
    found = _HEXADECIMAL.fullmatch(value)
    return bytes.fromhex(found[1]).decode("utf-8", "replace") if found else value


def is_type_name(value: str) -> bool:
    return _TYPE_NAME.fullmatch(value) is not None


def primary_of(values: Iterable[str]) -> str:
    """The address behind ``SMTP:`` in capitals, which Exchange gives to the primary one; empty when there is none."""
    return next((address for kind, address in _typed(values) if kind == "SMTP" and is_address(address)), "")


def addresses_of(values: Iterable[str]) -> Iterator[str]:
    """The mail addresses in some values; those of other kinds (sip:, X500:) are left out."""
    return (address for kind, address in _typed(values) if kind.lower() in ("", "smtp") and is_address(address))


def groups_of(values: Iterable[str]) -> Iterator[str]:
    """Names of groups, from plain names or from distinguished ones (``CN=Sales,OU=…``)."""
    for value in values:
        if re.match(r"\s*cn=", value, re.IGNORECASE):
            for name in re.findall(r"(?:^|[;|])\s*cn=((?:\\.|[^,\\;|])+)", value, re.IGNORECASE):
                yield re.sub(r"\\(.)", r"\1", name).strip()
        else:
            yield from split(value)


def _typed(values: Iterable[str]) -> Iterator[tuple[str, str]]:
    for value in values:
        for part in _BETWEEN.split(value):
            kind, colon, address = part.partition(":")
            yield (kind, cleaned(address)) if colon else ("", cleaned(part))

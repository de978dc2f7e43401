"""Bodies against the schemas of a discovery document, compiled once into functions.

What fits is told by https://developers.google.com/discovery/v1/type-format; how a body that does not is refused, by
what Google's APIs answer to one ("Invalid JSON payload received").
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from migrate.sandbox.google.errors import malformed

#: Takes a value and where it stands; gives it back as the API understands it, or raises ApiError.
Check = Callable[[Any, str], Any]

_RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
#: How a description narrows the range of its format.
_ENDS = ("minimum", "maximum")
_INTEGER = re.compile(r"-?[0-9]+")


class Schemas:
    """The schemas of one document.  ``check(name)`` gives the function for one of them."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self._described = described
        self._made: dict[str, Check] = {}

    def check(self, name: str) -> Check:
        """The check of the schema ``name``; a schema may hold itself."""
        if name not in self._made:
            self._made[name] = lambda value, where: self._made[name](value, where)
            self._made[name] = self.compile(self._described[name])
        return self._made[name]

    def fields(self, name: str) -> Mapping[str, Any]:
        """The properties of the schema ``name``."""
        found: Mapping[str, Any] = self._described[name].get("properties", {})
        return found

    def inner(self, described: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The properties that lie below a property, through arrays and references; None when it is plain."""
        while True:
            if "$ref" in described:
                described = self._described[described["$ref"]]
            elif "items" in described:
                described = described["items"]
            else:
                below: Mapping[str, Any] | None = described.get("properties")
                return below

    def compile(self, described: Mapping[str, Any]) -> Check:
        """The check of one description: a schema, a property or a parameter."""
        if "$ref" in described:
            name = described["$ref"]
            return lambda value, where: self.check(name)(value, where)
        kind = described.get("type", "any")
        if kind == "object":
            return self._object(described)
        if kind == "array":
            return _array(self.compile(described["items"]))
        if kind == "any":
            return lambda value, _: value
        if kind == "boolean":
            return _boolean
        if kind in ("integer", "number"):
            return _number if kind == "number" else _integer(described, as_text=False)
        return _text(described)

    def _object(self, described: Mapping[str, Any]) -> Check:
        known = {name: self.compile(one) for name, one in described.get("properties", {}).items()}
        other = described.get("additionalProperties")
        rest = self.compile(other) if other is not None else None

        def check(value: Any, where: str) -> Any:
            if not isinstance(value, dict):
                raise malformed(f"Invalid value at '{where or 'body'}', expected an object.")
            found = {}
            for name, one in value.items():
                if one is None:
                    continue
                inner = known.get(name, rest)
                if inner is None:
                    at = f" at '{where}'" if where else ""
                    raise malformed(
                        f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.',
                        field_name=where or None,
                    )
                found[name] = inner(one, f"{where}.{name}" if where else name)
            return found

        return check


def _array(item: Check) -> Check:
    def check(value: Any, where: str) -> Any:
        if not isinstance(value, list):
            raise malformed(f"Invalid value at '{where}', expected a list.", field_name=where)
        return [item(one, f"{where}[{number}]") for number, one in enumerate(value)]

    return check


def _boolean(value: Any, where: str) -> Any:
    if value is True or value == "true":
        return True
    if value is False or value == "false":
        return False
    raise _bad(where, "TYPE_BOOL", value)


def _number(value: Any, where: str) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _bad(where, "TYPE_DOUBLE", value) from None


def _integer(described: Mapping[str, Any], *, as_text: bool) -> Check:
    form = described.get("format", "int32")
    low, high = (int(described.get(end, of_format)) for end, of_format in zip(_ENDS, _RANGES[form], strict=True))

    def check(value: Any, where: str) -> Any:
        plain = isinstance(value, int) and not isinstance(value, bool)
        if not plain and not (isinstance(value, str) and _INTEGER.fullmatch(value)):
            raise _bad(where, f"TYPE_{form.upper()}", value)
        number = int(value)
        if not low <= number <= high:
            raise _bad(where, f"TYPE_{form.upper()}", value)
        return str(number) if as_text else number

    return check


def _text(described: Mapping[str, Any]) -> Check:
    form = described.get("format")
    if form in ("int64", "uint64"):
        return _integer(described, as_text=True)
    if "enum" in described:
        return _choice(frozenset(described["enum"]))
    if form == "byte":
        return _base64
    if form in ("date-time", "google-datetime", "date"):
        return _moment(date if form == "date" else datetime)
    pattern = re.compile(described["pattern"]) if "pattern" in described else None

    def check(value: Any, where: str) -> Any:
        if not isinstance(value, str) or (pattern is not None and not pattern.search(value)):
            raise _bad(where, "TYPE_STRING", value)
        return value

    return check


def _choice(allowed: frozenset[str]) -> Check:
    def check(value: Any, where: str) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise _bad(where, "TYPE_ENUM", value)
        return value

    return check


def _moment(kind: type[date]) -> Check:
    def check(value: Any, where: str) -> Any:
        try:
            kind.fromisoformat(value)
        except (TypeError, ValueError):
            raise _bad(where, "TYPE_STRING", value) from None
        return value

    return check


def _base64(value: Any, where: str) -> Any:
    """Bytes travel as base64url; protobuf's JSON takes the plain alphabet and missing padding too."""
    try:
        plain = value.encode("ascii").translate(_TO_PLAIN).rstrip(b"=")
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error):
        raise malformed(
            f"Invalid value at '{where}' (TYPE_BYTES), Base64 decoding failed", field_name=where
        ) from None  # fmt: skip


_TO_PLAIN = bytes.maketrans(b"-_", b"+/")


def _bad(where: str, kind: str, value: Any) -> Exception:
    """What does not fit; a value is only quoted where it is short and plain, as it might be a secret."""
    told = f', "{value}"' if isinstance(value, str | int | float) and len(str(value)) <= 40 else ""
    if where.rpartition(".")[2] == "password":
        told = ""
    return malformed(f"Invalid value at '{where}' ({kind}){told}", field_name=where)

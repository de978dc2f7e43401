"""Judging values by Graph's types; the table is made by ``scripts/graph_types.py``."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from uuid import UUID

from migrate.sandbox.microsoft.graph.errors import GraphError, bad_request

Service = Literal["directory", "mail"]
Property = Mapping[str, Any]

_INT32 = 1 << 31


@cache
def properties_of(kind: str) -> Mapping[str, Property]:
    """All properties of a type, those of its bases too."""
    table = _table()[kind]
    inherited = properties_of(table["base"]) if table["base"] else {}
    return {**inherited, **table["properties"]}


@cache
def _table() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(files(__package__).joinpath("types.json").read_text(encoding="utf-8"))
    return loaded


def check_body(kind: str, body: Any, service: Service, *, may_set: frozenset[str] = frozenset()) -> dict[str, Any]:
    """``body`` is an object of this type with nothing in it that cannot be set; raises :class:`GraphError`.

    ``may_set``: read-only properties that this request sets all the same.
    """
    if not isinstance(body, dict):
        raise _unreadable(service, "Unable to read JSON request payload. Please ensure Content-Type header is set and"
                          " payload is of valid JSON format.")  # fmt: skip
    known = properties_of(kind)
    for name, value in body.items():
        if name.startswith("@odata.") or "@odata." in name:
            continue
        described = known.get(name)
        if described is None:
            if service == "directory":
                raise bad_request(f"Invalid property '{name}'.")
            raise _unreadable(
                service,
                f"The property '{name}' does not exist on type 'microsoft.graph.{kind}'. Make sure to only use property"
                " names that are defined by the type.",
            )
        if described.get("read_only") and name not in may_set:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        _check(name, value, described, service)
    return body


def check_select(kind: str, text: str | None) -> list[str] | None:
    """The properties that ``$select`` names; raises :class:`GraphError` for one that there is none of."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = properties_of(kind)
    for name in names:
        if name != "*" and name.partition("/")[0] not in known:
            raise unknown_property(name, kind)
    return None if "*" in names else names


def unknown_property(name: str, kind: str) -> GraphError:
    return bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.{kind}'.", code="BadRequest")


def _check(name: str, value: Any, described: Property, service: Service) -> None:
    if value is None:
        return
    if described.get("many"):
        if not isinstance(value, list):
            raise _wrong(name, f"Collection({described['type']})", service)
        for one in value:
            _check_one(name, one, described, service)
        return
    _check_one(name, value, described, service)


def _check_one(name: str, value: Any, described: Property, service: Service) -> None:
    kind = str(described["type"])
    if "enum" in described:
        if not isinstance(value, str) or value.lower() not in {one.lower() for one in described["enum"]}:
            raise _wrong(name, f"microsoft.graph.{kind}", service)
    elif kind.startswith("Edm."):
        if not _fits(value, kind):
            raise _wrong(name, kind, service)
    elif kind in _table():
        check_body(kind, value, service)
    elif not isinstance(value, dict):
        raise _wrong(name, f"microsoft.graph.{kind}", service)


def _fits(value: Any, kind: str) -> bool:
    if kind == "Edm.Boolean":
        return isinstance(value, bool)
    if kind == "Edm.Int32":
        return isinstance(value, int) and not isinstance(value, bool) and -_INT32 <= value < _INT32
    if kind == "Edm.Double":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    try:
        if kind == "Edm.Guid":
            UUID(value)
        elif kind == "Edm.DateTimeOffset":
            return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value)).tzinfo is not None
        elif kind == "Edm.Date":
            return re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is not None
        elif kind == "Edm.Binary":
            base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return False
    return True


def _wrong(name: str, kind: str, service: Service) -> GraphError:
    return _unreadable(service, f"Cannot convert the value of property '{name}' to the expected type '{kind}'.")


def _unreadable(service: Service, message: str) -> GraphError:
    return bad_request(message, code="Request_BadRequest" if service == "directory" else "RequestBodyRead")

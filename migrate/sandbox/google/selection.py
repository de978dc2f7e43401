"""The ``fields`` parameter: a part of an answer, checked against its schema.

https://developers.google.com/gmail/api/guides/performance#partial
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from migrate.sandbox.google.errors import ApiError
from migrate.sandbox.google.schemas import Schemas

#: What to keep of an object; None: all of it.
Selection = Mapping[str, Any]


def select(answer: Any, selection: Selection | None) -> Any:
    """What ``selection`` keeps of ``answer``."""
    if selection is None or "*" in selection:
        return answer
    if isinstance(answer, list):
        return [select(one, selection) for one in answer]
    if not isinstance(answer, dict):
        return answer
    return {name: select(value, selection[name]) for name, value in answer.items() if name in selection}


def check_selection(selection: Selection | None, schemas: Schemas, fields: Mapping[str, Any] | None) -> None:
    """Raises ApiError for a field that the answer's schema does not have."""
    for name, inner in (selection or {}).items():
        if name == "*":
            continue
        if fields is None or name not in fields:
            raise _invalid(name)
        check_selection(inner, schemas, schemas.inner(fields[name]))


@lru_cache(maxsize=256)
def parse(text: str) -> Selection:
    """``id,messages(id,labelIds)`` and ``messages/id`` as nested names.  Raises ApiError."""
    selection, rest = _names(text)
    if rest:
        raise _invalid(text)
    return selection


def _names(text: str) -> tuple[dict[str, Any], str]:
    found: dict[str, Any] = {}
    while True:
        name, inner, rest = _name(text)
        found[name] = _merged(found[name], inner) if name in found else inner
        if not rest.startswith(","):
            return found, rest
        text = rest[1:]


def _name(text: str) -> tuple[str, dict[str, Any] | None, str]:
    """One name, what is wanted below it, and the rest of the text."""
    end = next((at for at, letter in enumerate(text) if letter in ",()/"), len(text))
    name, rest = text[:end].strip(), text[end:]
    if not name:
        raise _invalid(text)
    if rest.startswith("/"):
        below, inner, rest = _name(rest[1:])
        return name, {below: inner}, rest
    if not rest.startswith("("):
        return name, None, rest
    names, rest = _names(rest[1:])
    if not rest.startswith(")"):
        raise _invalid(text)
    return name, names, rest[1:]


def _merged(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    if one is None or other is None:
        return None
    return one | {name: _merged(one[name], inner) if name in one else inner for name, inner in other.items()}


def _invalid(text: str) -> ApiError:
    return ApiError(
        400, f"Invalid field selection {text}", "invalidParameter", "INVALID_ARGUMENT",
        entry={"location": "fields", "locationType": "parameter"},
    )  # fmt: skip

"""One call of one method, checked: what the handlers of the APIs get."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, TypeVar

from migrate.sandbox.google.discovery import Method
from migrate.sandbox.google.errors import ApiError, Json, not_authorised
from migrate.sandbox.google.world import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """Parameters by name (a list where one may be repeated), a body that fits its schema, and who calls."""

    world: World
    method: Method
    parameters: Mapping[str, Any]
    body: Json
    media: bytes | None
    #: The caller's id.
    user: str
    scopes: frozenset[str]

    def as_admin(self) -> None:
        """Raises ApiError unless an administrator calls."""
        if not self.world.users[self.user]["admin"]:
            raise not_authorised()

    def page(self, rows: list[T], key: str, show: Callable[[T], Json], *, size: int, largest: int) -> Json:
        """One page of ``rows`` under ``key``, each as ``show`` tells it, and the token of the next one."""
        wanted = min(self.parameters.get("maxResults") or size, largest)
        start = read_token(self.parameters.get("pageToken"), at=int).get("at", 0)
        told: Json = {key: [show(row) for row in rows[start : start + wanted]]} if rows[start:] else {}
        if start + wanted < len(rows):
            told["nextPageToken"] = page_token({"at": start + wanted})
        return told


#: Answers a call: with what the method's schema says, or nothing.
Handler = Callable[[Call], Json | None]


def page_token(told: Json) -> str:
    """Where a listing goes on, for the client to give back."""
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def read_token(token: str | None, **kinds: type | UnionType) -> Json:
    """What :func:`page_token` was told, each of its kind.  Raises ApiError for a token of somebody else's making."""
    if token is None:
        return {}
    try:
        told = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        told = None
    if (
        not isinstance(told, dict)
        or told.keys() != kinds.keys()
        or not all(isinstance(told[name], kind) for name, kind in kinds.items())
    ):
        raise ApiError(400, "Invalid pageToken value", "invalidArgument", "INVALID_ARGUMENT")
    return told

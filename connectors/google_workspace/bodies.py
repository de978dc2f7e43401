"""Messages as they are: read whole, or for their header."""

from __future__ import annotations

import base64
from typing import Any

from connectors.body import SPOOL_OVER, MemoryBody, SpooledBody
from connectors.contract import Body, Resources
from connectors.google_workspace import units
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.line import Line
from connectors.google_workspace.listing import State, is_gone, state_of

_WHOLE = "id,labelIds,internalDate,sizeEstimate,historyId,raw"
#: Bytes of base64 that are decoded at a time; a multiple of four.
_PIECE = 1 << 20


class Garbled(Exception):
    """What Gmail hands out for a message is no message."""


def read_whole(line: Line, key: str, resources: Resources) -> tuple[State, Body] | None:
    """A message and its bytes; None when it is gone.  Raises Garbled."""
    told = _told(line, key)
    return None if told is None else (state_of(told), _body(_raw(told), resources))


def read_bytes(line: Line, key: str) -> tuple[State, bytes] | None:
    """As :func:`read_whole`, for who looks at the bytes and lets them go."""
    told = _told(line, key)
    return None if told is None else (state_of(told), _decoded(_raw(told)))


def _told(line: Line, key: str) -> dict[str, Any] | None:
    try:
        return line.get(f"messages/{key}", units.READ, format="raw", fields=_WHOLE)
    except Denied as answer:
        if is_gone(answer):
            return None
        raise


def _raw(told: dict[str, Any]) -> str:
    raw = told.pop("raw", None)
    if not isinstance(raw, str):
        raise Garbled
    return raw


def _body(text: str, resources: Resources) -> Body:
    if len(text) * 3 // 4 <= SPOOL_OVER:
        return MemoryBody(_decoded(text))
    body = SpooledBody(resources.spool)
    try:
        for start in range(0, len(text), _PIECE):
            body.write(_decoded(text[start : start + _PIECE]))
    except BaseException:
        body.release()
        raise
    return body


def _decoded(text: str) -> bytes:
    """base64url (RFC 4648 5), with or without what fills it up."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise Garbled from None

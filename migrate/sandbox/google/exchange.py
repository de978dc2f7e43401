"""A request and its answer, as the server, the service and the control side pass them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

JSON = {"Content-Type": "application/json; charset=UTF-8"}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names in lower case."""

    verb: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Answer:
    """One HTTP answer, and what is to become of it on its way."""

    code: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    #: Seconds it waits.
    delay: float = 0.0
    #: What is taken until it is sent, as the quotas call it.
    place: str | None = None
    #: "nothing" or "half" of it is sent before the connection is closed.
    cut: str | None = None

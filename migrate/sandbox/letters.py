"""A message to put on a stand-in before anything is copied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """``data`` is in wire form (CRLF).  ``flags`` are the system's own; ``received`` knows its zone."""

    folder: tuple[str, ...]
    data: bytes
    flags: frozenset[str]
    received: datetime

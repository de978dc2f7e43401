"""Whether mail was read, for sources that do not say so: the plan decides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_DAYS = re.compile(r"(\d{1,4})\s*(?:d|days?|j|jours?)")


def days_of(text: str) -> timedelta | None:
    """Whole days as a plan spells them everywhere, ``30 days`` or ``30 jours``; None for anything else."""
    found = _DAYS.fullmatch(text.strip().lower())
    return timedelta(days=int(found[1])) if found and int(found[1]) else None


@dataclass(frozen=True, slots=True)
class ReadRule:
    """All was read, but for what is newer than ``unless_newer`` when it is copied."""

    unless_newer: timedelta | None = None

    def flags(self, received: datetime | None, now: datetime) -> frozenset[str]:
        new = self.unless_newer is not None and received is not None and received > now - self.unless_newer
        return frozenset() if new else frozenset({"\\Seen"})

"""Which messages are left out by date and size.  Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.reasons import Reason


@dataclass(frozen=True, slots=True)
class MessageRules:
    """Message rules of a site.

    ``before``: the first moment that travels, ``after``: the first one that travels no more, both with their time
    zone; ``larger_than``: the longest message that travels, in bytes.  A message whose date or size is not known is not
    left out by that rule.
    """

    before: datetime | None = None
    larger_than: int | None = None
    after: datetime | None = None

    def left_out(self, received: datetime | None, size: int | None) -> Reason | None:
        """Why this message is left out, None when it travels.  ``received`` has a time zone, ``size`` is in bytes."""
        if self.before is not None and received is not None and received < self.before:
            return Reason.RULE_DATE
        if self.after is not None and received is not None and received >= self.after:
            return Reason.RULE_DATE
        if self.larger_than is not None and size is not None and size > self.larger_than:
            return Reason.RULE_SIZE
        return None

    def digest(self) -> str:
        """A sha256 in hex that changes when, and only when, the rules do."""
        before, after = (None if day is None else day.astimezone(UTC).isoformat() for day in (self.before, self.after))
        rules = [before, self.larger_than] if after is None else [before, self.larger_than, after]
        return hashlib.sha256(json.dumps(rules).encode("ascii")).hexdigest()

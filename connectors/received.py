"""When a message was received, by its own header: for systems that keep no date of their own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: A field with its folded continuation lines (RFC 5322 2.2.3).
_TRACE = re.compile(rb"^received[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE | re.IGNORECASE)
_DATE = re.compile(rb"^date[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE | re.IGNORECASE)
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
#: Clocks are wrong by hours, and zones by a day.
_AHEAD = timedelta(days=2)
_LONGEST = 4096


def received_by_header(head: bytes, now: datetime) -> datetime | None:
    """The date of the topmost Received field that can be believed, else that of Date; None without either.

    What lies before 1970 or after ``now`` is not believed.
    """
    for value in (_last_word(_TRACE.search(head)), _DATE.search(head)):
        date = _parsed(value) if isinstance(value, bytes) else _parsed(value[1]) if value else None
        if date is not None and _EARLIEST <= date <= now + _AHEAD:
            return date
    return None


def _last_word(found: re.Match[bytes] | None) -> bytes | None:
    """What stands behind the last semicolon (RFC 5322 3.6.7)."""
    return found[1].rpartition(b";")[2] if found else None


def _parsed(value: bytes) -> datetime | None:
    try:
        date = parsedate_to_datetime(b" ".join(value[:_LONGEST].split()).decode("ascii", "replace"))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

"""When a message was received, by its own header: for systems and files that keep no date of their own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: A field with its folded continuation lines (RFC 5322 2.2.3).
_TRACE = re.compile(rb"^received[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE | re.IGNORECASE)
_DATE = re.compile(rb"^date[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.MULTILINE | re.IGNORECASE)
#: Clocks that know no time start with the epoch's first day.
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
#: Clocks are wrong by hours, and zones by a day.
_AHEAD = timedelta(days=2)
_LONGEST = 4096


def received_by_header(head: bytes, now: datetime) -> datetime | None:
    """The date (UTC) of the topmost Received field if it can be believed, else that of Date; None without either."""
    trace, sent = _TRACE.search(head), _DATE.search(head)
    date = date_of_trace(trace[1] if trace else b"", now) or date_of_field(sent[1] if sent else b"", now)
    return date and date.astimezone(UTC)


def date_of_trace(value: bytes, now: datetime) -> datetime | None:
    """The date behind the last semicolon of a Received field (RFC 5322 3.6.7), as :func:`date_of_field`."""
    return date_of_field(value.rpartition(b";")[2], now)


def date_of_field(value: bytes, now: datetime) -> datetime | None:
    """The date that a field tells, in its own zone; None where there is none or it is not to be believed."""
    try:
        date = parsedate_to_datetime(b" ".join(value[:_LONGEST].split()).decode("ascii", "replace"))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return believed(date if date.tzinfo else date.replace(tzinfo=UTC), now)


def believed(date: datetime, now: datetime) -> datetime | None:
    """The date, or None where mail cannot be of it: before 1970, or after ``now``."""
    try:
        at = date.astimezone(UTC)
    except OverflowError:
        return None
    return date if _EARLIEST <= at <= now + _AHEAD else None

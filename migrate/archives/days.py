"""Counting the mail of a source by day, received and sent apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from connectors.archives.contract import Nature
from connectors.contract import Folder, Role, Source
from migrate.archives.coverage import Way

#: Headers asked for at a time.
_BATCH = 500


@dataclass(slots=True)
class Days:
    """Messages by day, on the clocks of one zone."""

    zone: tzinfo
    ways: dict[Way, Counter[date]] = field(default_factory=lambda: {"received": Counter(), "sent": Counter()})
    #: Messages without a date that can be understood.
    undated: int = 0

    def newest(self, until: date) -> date | None:
        """The last day up to ``until`` of which there is mail, sent or received."""
        return max((day for way in self.ways.values() for day in way if day <= until), default=None)

    def add(self, other: Days) -> None:
        """Count all that ``other`` counted."""
        for way, days in other.ways.items():
            self.ways[way].update(days)
        self.undated += other.undated

    def take(self, role: Role | None, moment: datetime | None) -> None:
        """Count a message of a folder.  A draft was neither sent nor received."""
        if role is Role.DRAFTS:
            return
        try:
            day = None if moment is None else moment.astimezone(self.zone).date()
        except OverflowError:  # the first and the last day that there are
            day = None
        if day is None:
            self.undated += 1
        else:
            self.ways["sent" if role is Role.SENT else "received"][day] += 1


def count_source(source: Source, days: Days) -> None:
    """Count the mail of a server or an archive.  Where its listing has no date, the header's own is taken.

    Raises what the source raises.
    """
    for folder in source.folders():
        undated: list[str] = []
        for window in source.entries(folder, None):
            for entry in window.entries:
                if entry.nature is not Nature.MAIL:
                    continue
                if entry.received is None:
                    undated.append(entry.key)
                else:
                    days.take(folder.role, entry.received)
        for at in range(0, len(undated), _BATCH):
            _count_headers(source, folder, undated[at : at + _BATCH], days)


def _count_headers(source: Source, folder: Folder, keys: list[str], days: Days) -> None:
    for headers in source.headers(folder, keys):
        days.take(folder.role, _date_of(headers.fields))


def _date_of(fields: bytes) -> datetime | None:
    try:
        moment = parsedate_to_datetime(str(BytesHeaderParser().parsebytes(fields)["Date"]))
    except (ValueError, TypeError, OverflowError):
        return None
    # A zone of -0000 is a moment in UTC whose place is not known (RFC 5322 3.3).
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

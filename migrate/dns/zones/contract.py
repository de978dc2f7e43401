"""What a zone must be able to do so that a domain's records can be changed without a gap.

A set of records (one name, one type) is replaced at once.  Between taking the old MX out and putting the new one in, a
domain would have none, and whoever asks in that moment remembers it (RFC 2308): mail would go to the web server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RecordSet:
    """All records of one name and type, as a zone file has them: names end in a dot, texts stand in quotes."""

    #: Without a dot at its end.
    name: str
    type: str
    #: Seconds.
    ttl: int
    values: frozenset[str]


class ZoneError(Exception):
    """The zone could not be read or changed.  ``detail`` is a status or code of whoever keeps it, never a secret."""

    def __init__(self, what: str, *, detail: str = "", denied: bool = False) -> None:
        super().__init__(what)
        self.detail = detail
        #: Whether the credentials are what is wrong.
        self.denied = denied


class Zone(Protocol):
    """One zone, opened for changes."""

    #: Who keeps it, for people.
    title: str

    def read(self, name: str, kind: str) -> RecordSet | None:
        """The records that are there now; None when there are none.  Raises ZoneError."""

    def replace(self, sets: Sequence[RecordSet]) -> None:
        """Each of these sets in the place of what its name and type have now.  Raises ZoneError.

        What was asked for is published together where whoever keeps the zone can; each set is replaced whole anyway.
        """

    def publish(self) -> None:
        """Have name servers say what was changed here: a run that was cut off may have left that undone.

        Nothing where each change is published at once.  Raises ZoneError.
        """

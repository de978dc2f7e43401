"""What systems are documented to reach, for as long as nothing was measured.  Each figure with where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.language import _, mark
from migrate.rollout.estimate import Pace, Rate

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Documented:
    """One mailbox's pace on a kind of system, and the source in a sentence."""

    pace: Pace
    source: str

    @property
    def source_text(self) -> str:
        return _(self.source)


#: Any server that mail is read from or written to over the network, unless more is known.
_ANY = Documented(
    Pace(Rate(20.0, 1_000_000.0), Rate(7.0, 350_000.0)),
    mark("a cautious guess for hosted servers; two servers of one's own are many times faster"),
)
_KINDS: Mapping[str, Documented] = {
    "google_workspace": Documented(
        # Of an older project; what the plan says of units bounds it.
        Pace(Rate(10.0, 750_000_000 / _HOUR), Rate(0.65, 250_000_000 / _HOUR)),
        mark(
            "Google's quota (4 imports a second and mailbox for projects since May 2026, 10 before: its page Usage"
            " limits of the Gmail API), and what migration services promise (250 to 750 MB an hour and mailbox)"
        ),
    ),
    "microsoft365": Documented(
        Pace(Rate(20.0, 750_000_000 / _HOUR), Rate(7.0, 250_000_000 / _HOUR)),
        mark("what migration services promise for Microsoft 365 (250 to 750 MB an hour and mailbox)"),
    ),
}


def documented(source_kind: str, target_kind: str) -> Documented:
    """For a pair of connectors: the slower of both, and the source of that."""
    one, other = (_KINDS.get(kind, _ANY) for kind in (source_kind, target_kind))
    slower = one if one.pace.typical.bytes_per_second < other.pace.typical.bytes_per_second else other
    return Documented(one.pace.within(other.pace), slower.source)

"""Words for how questions ended."""

from __future__ import annotations

from connectors.language import _, mark
from migrate.dns.facts import Outcome

_TEXTS = {
    Outcome.RECORDS: mark("There are records."),
    Outcome.NODATA: mark("The name is there, and has no such record."),
    Outcome.NXDOMAIN: mark("There is no such name."),
    Outcome.SERVFAIL: mark("The servers say that they cannot find out (SERVFAIL)."),
    Outcome.REFUSED: mark("The servers refuse to answer (REFUSED)."),
    Outcome.LAME: mark("The servers do not have the zone, though they are named for it."),
    Outcome.DELEGATED: mark("The servers point to others."),
    Outcome.TIMEOUT: mark("No answer came in time."),
    Outcome.UNREACHABLE: mark("No server can be reached."),
    Outcome.BROKEN: mark("What came back is no proper answer."),
    Outcome.UNASKED: mark("Nobody could be asked."),
}


def outcome_text(outcome: Outcome) -> str:
    """A sentence for people."""
    return _(_TEXTS[outcome])

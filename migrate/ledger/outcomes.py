"""Outcomes as people read them; JSON and ledger keep their codes."""

from __future__ import annotations

from connectors.language import _, mark
from migrate.ledger.schema import Outcome

_WORDS = {
    Outcome.PENDING: mark("pending"),
    Outcome.STORED: mark("stored"),
    Outcome.MERGED: mark("merged"),
    Outcome.ALREADY_THERE: mark("already there"),
    Outcome.LEFT_OUT: mark("left out"),
    Outcome.REFUSED: mark("refused"),
    Outcome.UNCERTAIN: mark("uncertain"),
}


def outcome_text(outcome: Outcome) -> str:
    return _(_WORDS[outcome])

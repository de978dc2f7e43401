"""Words that the tables keep."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """Where a message stands.  Every message seen has exactly one; their counts add up to what was seen."""

    PENDING = "pending"
    STORED = "stored"
    MERGED = "merged"
    ALREADY_THERE = "already_there"
    LEFT_OUT = "left_out"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


#: Outcomes whose message is on the target.
ON_TARGET = (Outcome.STORED, Outcome.MERGED, Outcome.ALREADY_THERE)


class Direction(StrEnum):
    """Which way a message travels, so that the way back is a pass like any other."""

    FORTH = "forth"
    BACK = "back"

    @property
    def opposite(self) -> Direction:
        """The other one."""
        return Direction.BACK if self is Direction.FORTH else Direction.FORTH


class MailboxState(StrEnum):
    """What the last pass over a mailbox came to."""

    NEW = "new"
    COPYING = "copying"
    COPIED = "copied"
    INCOMPLETE = "incomplete"

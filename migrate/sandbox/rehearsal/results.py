"""What a rehearsal came to, mailbox by mailbox.  Data alone, as it is shown and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrate.check.findings import Finding
from migrate.ledger.counts import Tally
from migrate.ledger.schema import Outcome


@dataclass(frozen=True, slots=True)
class Refusal:
    """One message that would not arrive: where it is on the source, and why not.  No part of it."""

    folder: tuple[str, ...]
    key: str
    size: int | None
    #: ISO 8601, in UTC; None when the source does not tell.
    received: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class MailboxResult:
    """One mailbox."""

    mailbox: str
    #: What would travel of the whole mailbox, by the plan's rules.
    messages: int
    size: int
    findings: Sequence[Finding]
    tally: Tally | None
    refusals: Sequence[Refusal] = ()
    errors: Sequence[BaseException] = ()
    complete: bool = False

    @property
    def read(self) -> int:
        """Messages that were read and judged."""
        if self.tally is None:
            return 0
        unread = (Outcome.PENDING, Outcome.LEFT_OUT)
        return sum(count for outcome, count in self.tally.outcomes.items() if outcome not in unread)

    @property
    def would_fail(self) -> bool:
        return bool(self.refusals) or any(finding.kind != "note" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Result:
    """A site."""

    mailboxes: Sequence[MailboxResult]
    interrupted: bool = False
    #: How the target was stood in for, and the longest message it is documented to take.
    stand_in: str = ""
    preset: str | None = None
    max_message: int | None = None
    sample: int | None = None

"""The figures of a verified mailbox.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from migrate.verify.findings import Cause, Finding, Kind
from migrate.verify.grade import Grade, Why, judge
from migrate.verify.matching import Equality
from migrate.verify.sampling import Sample
from migrate.verify.shown import FolderPath


@dataclass(frozen=True, slots=True)
class FolderFigures:
    """One target folder beside the source folders that go to it; counts of messages."""

    sources: Sequence[FolderPath]
    #: Where the messages are, or would be.
    target: FolderPath
    #: What the plan calls it, where the target has quite another name for it.
    wanted: FolderPath | None
    on_source: int
    left_out: int
    on_target: int
    found: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What the verification of one mailbox came to."""

    mailbox: str
    #: None when every message was read.
    sample: Sample | None
    folders: Sequence[FolderFigures]
    #: Source messages in folders that a rule leaves out.
    in_left_out_folders: int
    #: Messages found on the target, wherever they are, by how far they are the same.
    found: Counter[Equality]
    findings: Sequence[Finding]
    only_on_target: int
    #: Of those only on the target: copies of messages that left the source since.
    left_source: int
    #: Messages and bytes whose bodies were read, both sides together.
    read: int
    read_bytes: int
    #: Messages that show the sender's date, on a target that knows no other.
    senders_date: int = 0

    @property
    def on_source(self) -> int:
        return sum(folder.on_source for folder in self.folders) + self.in_left_out_folders

    @property
    def left_out(self) -> int:
        """By a rule of the plan: expected to be absent."""
        return sum(folder.left_out for folder in self.folders) + self.in_left_out_folders

    @property
    def expected(self) -> int:
        """Messages that should be on the target: on_source less left_out; found plus missing."""
        return self.on_source - self.left_out

    def count(self, kind: Kind) -> int:
        return sum(finding.kind is kind for finding in self.findings)

    @property
    def renamed(self) -> int:
        """Folders that the target holds under another name than the plan gives."""
        return sum(folder.wanted is not None for folder in self.folders)

    def but_for_removed(self) -> Verified:
        """The same without the messages that are gone since their person works on the target."""
        return replace(self, findings=[one for one in self.findings if one.cause is not Cause.REMOVED])

    def judged(self) -> tuple[Grade, Sequence[Why]]:
        added, rebuilt = self.found[Equality.FIELDS], self.found[Equality.REBUILT]
        return judge(
            self.expected,
            self.findings,
            fields_added=added,
            rebuilt=rebuilt,
            senders_date=self.senders_date,
            renamed=self.renamed,
        )

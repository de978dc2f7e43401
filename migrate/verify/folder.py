"""One target folder of a mailbox, compared with the source folders that go there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.contract import Folder, FolderMissing
from migrate.copy.job import Job, why_left_out
from migrate.verify.figures import FolderFigures
from migrate.verify.findings import Finding, Kind, of_pair, shows_senders_date
from migrate.verify.ledger_words import LedgerWords
from migrate.verify.matching import Equality, Matched, Spot, match, match_stand_ins
from migrate.verify.reading import SideReader
from migrate.verify.routes import Route
from migrate.verify.sampling import Sample, to_read
from migrate.verify.shown import FolderPath, Shown, as_listed
from migrate.verify.sides import BothSides

#: Times that folders are looked at when one of them is no longer what it was.
_LOOKS = 3


@dataclass(slots=True)
class Group:
    """What the comparison of one target folder came to."""

    path: FolderPath
    figures: FolderFigures
    found: Counter[Equality] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    missing: list[Shown] = field(default_factory=list)
    left: list[Shown] = field(default_factory=list)
    #: Keys of ``left`` whose content the source has too, in this very folder.
    doubles: set[str] = field(default_factory=set)
    #: Pairs with the sender's date on a target that knows no other.
    senders_date: int = 0


@dataclass(frozen=True)
class Comparison:
    """Compares folder by folder."""

    job: Job
    words: LedgerWords
    sides: BothSides
    #: None reads every message.
    sample: Sample | None
    #: Where another source's copy stands for a message of this one, by the message's own spot.
    stand_ins: dict[Spot, Spot]
    #: The target knows no other date than the sender's.
    by_sent: bool

    def compare(self, path: FolderPath, routes: Sequence[Route], share: int) -> Group:
        """Compare one target folder with the source folders that go there; again when one of them changed meanwhile."""
        for look in range(_LOOKS):
            try:
                return self._compare(path, routes, share)
            except FolderMissing:
                if look + 1 == _LOOKS:
                    raise
                self.sides.once_more()
                routes = self._again(routes)
        raise AssertionError("the last look returns or raises")

    def _again(self, routes: Sequence[Route]) -> list[Route]:
        sources, targets = self.sides.folders()
        source, target = ({folder.path: folder for folder in side} for side in (sources, targets))
        return [
            Route(source[route.source.path], route.wanted, target.get(route.target.path) if route.target else None)
            for route in routes
            if route.source.path in source
        ]

    def _compare(self, path: FolderPath, routes: Sequence[Route], share: int) -> Group:
        there = next((route.target for route in routes if route.target), None)
        (sources, left_out), targets = self.sides.together(
            lambda: self._expected(routes), lambda: self.sides.target.listed(there) if there else []
        )
        on_target = len(targets)
        matched, read = self._matched(routes, there, sources, targets, path, share)
        group = Group(
            path,
            FolderFigures(
                sources=[route.source.path for route in routes],
                target=path,
                wanted=next((route.wanted for route in routes if route.renamed), None),
                on_source=len(matched.pairs) + len(matched.missing) + left_out,
                left_out=left_out,
                on_target=on_target,
                found=len(matched.pairs),
            ),
            Counter(pair.equality for pair in matched.pairs),
            [finding for pair in matched.pairs for finding in of_pair(pair, path, by_sent=self.by_sent)],
            matched.missing,
            matched.left,
            senders_date=self.senders_dates(matched),
        )
        contents = {shown.content.even for shown in read if shown.content}
        group.doubles = {shown.key for shown in matched.left if shown.content and shown.content.even in contents}
        if there is None and not matched.missing:
            group.findings += [
                Finding(Kind.NO_FOLDER, route.source.path, expected_in=path)
                for route in routes
                if route.source.for_mail
            ]
        return group

    def senders_dates(self, matched: Matched) -> int:
        return sum(map(shows_senders_date, matched.pairs)) if self.by_sent else 0

    def _expected(self, routes: Sequence[Route]) -> tuple[list[Shown], int]:
        """What should be on the target, and how many messages a rule leaves out."""
        expected: list[Shown] = []
        left_out = 0
        for route in routes:
            for entry in self.sides.source.entries(route.source):
                if why_left_out(self.job.rules, entry):
                    left_out += 1
                else:
                    expected.append(as_listed(route.source.path, entry))
        return expected, left_out

    def _matched(
        self,
        routes: Sequence[Route],
        there: Folder | None,
        sources: list[Shown],
        targets: list[Shown],
        path: FolderPath,
        share: int,
    ) -> tuple[Matched, Sequence[Shown]]:
        """The messages of both sides in pairs, and those of the source that were read."""
        believed, left = [], []
        if self.sample is not None:
            plan = to_read(sources, targets, self.sample.draw(self.job.mailbox, path, sources, share))
            believed, left = list(plan.listed), list(plan.left)
            sources, targets = list(plan.sources), list(plan.targets)
        read, read_there = self.sides.together(
            lambda: _read_all(self.sides.source, [route.source for route in routes], sources),
            lambda: _read_all(self.sides.target, [there] if there else [], targets),
        )
        read = self.words.with_repairs(read, [route.source for route in routes])
        outlived = self.words.left_source(there) if there else set()
        # Of twins, the copy whose original left the source is the one that is left over.
        matched = match(read, sorted(read_there, key=lambda shown: shown.key in outlived))
        matched.pairs += believed
        match_stand_ins(matched, self.stand_ins)
        matched.left += left
        return matched, read


def _read_all(side: SideReader, folders: Sequence[Folder], listed: Sequence[Shown]) -> list[Shown]:
    by_path: dict[FolderPath, list[Shown]] = defaultdict(list)
    for shown in listed:
        by_path[shown.folder].append(shown)
    return [shown for folder in folders for shown in side.read(folder, by_path[folder.path])]

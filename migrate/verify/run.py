"""Verifying one mailbox: both servers are read afresh, folder by folder, and compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

from connectors.contract import Folder, FolderMissing, Source, Stopped
from migrate.copy.background import Background
from migrate.copy.halt import Halt
from migrate.copy.job import Job, why_left_out
from migrate.copy.sessions import Sessions
from migrate.ledger.store import Ledger
from migrate.verify.figures import FolderFigures, Verified
from migrate.verify.findings import Cause, Finding, Kind, of_pair, shows_senders_date
from migrate.verify.ledger_words import LedgerWords
from migrate.verify.matching import Equality, Matched, Spot, match, match_contents, match_stand_ins
from migrate.verify.reading import SideReader
from migrate.verify.routes import Route, Routes, find_routes
from migrate.verify.sampling import Sample, to_read
from migrate.verify.shown import FolderPath, Shown, as_listed

#: Times that folders are looked at when one of them is no longer what it was.
_LOOKS = 3

_A = TypeVar("_A")
_B = TypeVar("_B")


def verify_mailbox(job: Job, ledger: Ledger | None, halt: Halt, sample: Sample | None = None) -> Verified:
    """Compare what is on the source now with what is on the target now; writes to neither, nor to the ledger.

    Every body is read on both sides; with ``sample`` only those that it draws and those that the listings leave in
    doubt.  ``ledger`` explains differences, None explains none.  Raises ConnectorError, and Stopped once halted.
    """
    with closing(Sessions(job, halt)) as sessions:
        sessions.admit(wait=True)
        one = _Verification(job, LedgerWords(job, ledger), halt, sample)
        return one.run(sessions.source, sessions.target)


@dataclass(slots=True)
class _Group:
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


class _Verification:
    """One mailbox."""

    def __init__(self, job: Job, words: LedgerWords, halt: Halt, sample: Sample | None) -> None:
        self._job = job
        self._words = words
        self._halt = halt
        self._sample = sample
        #: Set when one side failed, so that the other does not read on.
        self._over = Event()
        self._read = self._read_bytes = 0
        self._stand_ins: dict[Spot, Spot] = {}

    def run(self, source: Source, target: Source) -> Verified:
        self._source, self._target = self._reader(source), self._reader(target)
        self._by_sent = target.capabilities().dates == "sent"
        routes = self._routes()
        self._stand_ins = self._words.stand_ins([route.source for route in routes.routes])
        self._announce(routes)
        shares = self._shares(routes)
        groups = [self._group(path, some, shares.get(path, 0)) for path, some in routes.groups()]
        expected_in = {path: group.path for group in groups for path in group.figures.sources}
        matched = self._look_elsewhere(groups, routes)
        findings = [finding for group in groups for finding in group.findings]
        for pair in matched.pairs:
            findings += of_pair(pair, expected_in[pair.source.folder], by_sent=self._by_sent)
        for gone in matched.missing:
            findings.append(Finding(Kind.MISSING, gone.folder, gone, expected_in=expected_in[gone.folder]))
        extra, only, left_source = self._left(groups, matched.left, routes)
        findings = self._words.explain(findings, [route.source for route in routes.routes]) + extra
        found = sum((group.found for group in groups), Counter[Equality]())
        found.update(pair.equality for pair in matched.pairs)
        elsewhere: dict[FolderPath, set[str]] = defaultdict(set)
        for pair in matched.pairs:
            elsewhere[pair.target.folder].add(pair.target.key)
        only += sum(self._only_there(folder, elsewhere[folder.path]) for folder in routes.others)
        return Verified(
            mailbox=self._job.label,
            sample=self._sample,
            folders=[group.figures for group in groups],
            in_left_out_folders=sum(self._count(self._source, folder) for folder in routes.left_out),
            found=found,
            findings=sorted(findings, key=_in_order),
            only_on_target=only - len(extra),
            left_source=left_source,
            read=self._read,
            read_bytes=self._read_bytes,
            senders_date=sum(group.senders_date for group in groups) + self._senders_dates(matched),
        )

    def _reader(self, side: Source) -> SideReader:
        like = self._job.beside_rebuilt or self._words.knows_rebuilt()
        return SideReader(side, self._job.resources, (self._halt.stop, self._over), self._heard, like=like)

    def _heard(self, messages: int, size: int) -> None:
        self._read += messages
        self._read_bytes += size
        self._job.progress.copied(self._job.mailbox, messages, size)

    def _routes(self) -> Routes:
        sources, targets = self._both(self._source.folders, self._target.folders)
        return find_routes(sources, targets, self._job.rules, self._words.places())

    def _announce(self, routes: Routes) -> None:
        """How many bodies will be read at most."""
        if self._sample is not None:
            self._job.progress.to_copy(self._job.mailbox, 2 * self._sample.messages, 0)
            return
        targets = {route.target.path: route.target for route in routes.routes if route.target}
        folders = [*(route.source for route in routes.routes), *targets.values()]
        self._job.progress.to_copy(self._job.mailbox, sum(folder.messages or 0 for folder in folders), 0)

    def _shares(self, routes: Routes) -> dict[FolderPath, int]:
        if self._sample is None:
            return {}
        counts = {
            path: sum(self._count(self._source, route.source) for route in some) for path, some in routes.groups()
        }
        return self._sample.shares(self._job.mailbox, counts)

    @staticmethod
    def _count(side: SideReader, folder: Folder) -> int:
        if folder.messages is not None:
            return folder.messages
        with suppress(FolderMissing):
            return len(side.entries(folder))
        return 0

    # -- one target folder --------------------------------------------------------------------------------------

    def _group(self, path: FolderPath, routes: Sequence[Route], share: int) -> _Group:
        """Compare one target folder with the source folders that go there; again when one of them changed meanwhile."""
        for look in range(_LOOKS):
            try:
                return self._compare(path, routes, share)
            except FolderMissing:
                if look + 1 == _LOOKS:
                    raise
                self._over.clear()
                routes = self._again(routes)
        raise AssertionError("the last look returns or raises")

    def _again(self, routes: Sequence[Route]) -> list[Route]:
        sources, targets = self._both(self._source.folders, self._target.folders)
        source, target = ({folder.path: folder for folder in side} for side in (sources, targets))
        return [
            Route(source[route.source.path], route.wanted, target.get(route.target.path) if route.target else None)
            for route in routes
            if route.source.path in source
        ]

    def _compare(self, path: FolderPath, routes: Sequence[Route], share: int) -> _Group:
        there = next((route.target for route in routes if route.target), None)
        (sources, left_out), targets = self._both(
            lambda: self._expected(routes), lambda: self._target.listed(there) if there else []
        )
        on_target = len(targets)
        matched, read = self._matched(routes, there, sources, targets, path, share)
        group = _Group(
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
            [finding for pair in matched.pairs for finding in of_pair(pair, path, by_sent=self._by_sent)],
            matched.missing,
            matched.left,
            senders_date=self._senders_dates(matched),
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

    def _senders_dates(self, matched: Matched) -> int:
        return sum(map(shows_senders_date, matched.pairs)) if self._by_sent else 0

    def _expected(self, routes: Sequence[Route]) -> tuple[list[Shown], int]:
        """What should be on the target, and how many messages a rule leaves out."""
        expected: list[Shown] = []
        left_out = 0
        for route in routes:
            for entry in self._source.entries(route.source):
                if why_left_out(self._job.rules, entry):
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
        if self._sample is not None:
            plan = to_read(sources, targets, self._sample.draw(self._job.mailbox, path, sources, share))
            believed, left = list(plan.listed), list(plan.left)
            sources, targets = list(plan.sources), list(plan.targets)
        read, read_there = self._both(
            lambda: self._read_all(self._source, [route.source for route in routes], sources),
            lambda: self._read_all(self._target, [there] if there else [], targets),
        )
        read = self._words.with_repairs(read, [route.source for route in routes])
        outlived = self._words.left_source(there) if there else set()
        # Of twins, the copy whose original left the source is the one that is left over.
        matched = match(read, sorted(read_there, key=lambda shown: shown.key in outlived))
        matched.pairs += believed
        match_stand_ins(matched, self._stand_ins)
        matched.left += left
        return matched, read

    @staticmethod
    def _read_all(side: SideReader, folders: Sequence[Folder], listed: Sequence[Shown]) -> list[Shown]:
        by_path: dict[FolderPath, list[Shown]] = defaultdict(list)
        for shown in listed:
            by_path[shown.folder].append(shown)
        return [shown for folder in folders for shown in side.read(folder, by_path[folder.path])]

    # -- the whole mailbox --------------------------------------------------------------------------------------

    def _look_elsewhere(self, groups: Sequence[_Group], routes: Routes) -> Matched:
        """What no folder's comparison could pair, looked for in all other places of the target."""
        matched = Matched(missing=[shown for group in groups for shown in group.missing])
        left = [shown for group in groups for shown in group.left]
        if not matched.missing:
            matched.left = left
            return matched
        seconds = {shown.second for shown in matched.missing}
        sizes = {shown.size for shown in matched.missing}

        missing = {(shown.folder, shown.key) for shown in matched.missing}
        # Another source's copy may have another date and size; where it is said to be, it is looked for.
        said = {there for source, there in self._stand_ins.items() if source in missing}

        def alike(shown: Shown) -> bool:
            return shown.second in seconds or shown.size in sizes or (shown.folder, shown.key) in said

        by_path = {route.target.path: route.target for route in routes.routes if route.target}
        matched.left = [shown for shown in left if shown.content is not None or not alike(shown)]
        for folder in [*by_path.values(), *routes.others]:
            with suppress(FolderMissing):
                if folder.path in by_path:
                    there = [one for one in left if one.folder == folder.path and one.content is None and alike(one)]
                else:
                    there = [one for one in self._target.listed(folder) if alike(one)]
                matched.left += self._target.read(folder, there)
        match_contents(matched)
        match_stand_ins(matched, self._stand_ins)
        return matched

    def _only_there(self, folder: Folder, paired: set[str]) -> int:
        """How many messages of a target folder in which nothing was looked for no source of the mailbox has."""
        brought = self._words.of_other_sources(folder)
        if not brought:
            return self._count(self._target, folder) - len(paired)
        with suppress(FolderMissing):
            return sum(one.key not in brought and one.key not in paired for one in self._target.entries(folder))
        return 0

    def _left(self, groups: Sequence[_Group], left: Sequence[Shown], routes: Routes) -> tuple[list[Finding], int, int]:
        """Of what was left over in the folders that were compared: messages that the target has more often than the
        source, how many no other source brought, and how many of those outlived their original.
        """
        there = {route.target.path: route.target for route in routes.routes if route.target}
        by_path: dict[FolderPath, list[Shown]] = defaultdict(list)
        for shown in left:
            if shown.folder in there:
                by_path[shown.folder].append(shown)
        doubles = {group.path: group.doubles for group in groups}
        findings: list[Finding] = []
        only = outlived = 0
        for path, some in by_path.items():
            keys = self._words.left_source(there[path])
            brought = self._words.of_other_sources(there[path])
            for shown in some:
                if shown.key in brought:
                    continue
                only += 1
                if shown.key in doubles[path]:
                    cause = Cause.LEFT_SOURCE if shown.key in keys else None
                    findings.append(Finding(Kind.EXTRA, path, target=shown, cause=cause))
                elif shown.key in keys:
                    outlived += 1
        return findings, only, outlived

    def _both(self, of_source: Callable[[], _A], of_target: Callable[[], _B]) -> tuple[_A, _B]:
        """Work on both sides at once.  When one of them fails the other stops."""
        done: list[_A] = []

        def work() -> None:
            try:
                done.append(of_source())
            except BaseException:
                self._over.set()
                raise

        background = Background(work, f"verify {self._job.mailbox}")
        try:
            there = of_target()
        except Stopped:
            background.finish()  # raises what stopped this side
            raise
        except BaseException:
            self._over.set()
            with suppress(Stopped):
                background.finish()
            raise
        background.finish()
        return done[0], there


def _in_order(finding: Finding) -> tuple[int, FolderPath, int, str]:
    shown = finding.shown
    key = shown.key if shown else ""
    return list(Kind).index(finding.kind), finding.folder, int(key) if key.isdigit() else 0, key

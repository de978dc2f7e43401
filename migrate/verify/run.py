"""Verifying one mailbox: both servers are read afresh, folder by folder, and compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing, suppress

from connectors.contract import Folder, FolderMissing
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.copy.sessions import Sessions
from migrate.ledger.store import Ledger
from migrate.verify.figures import Verified
from migrate.verify.findings import Cause, Finding, Kind, of_pair
from migrate.verify.folder import Comparison, Group
from migrate.verify.ledger_words import LedgerWords
from migrate.verify.matching import Equality, Matched, match_contents, match_stand_ins
from migrate.verify.routes import Routes, find_routes
from migrate.verify.sampling import Sample
from migrate.verify.shown import FolderPath, Shown
from migrate.verify.sides import BothSides, count


def verify_mailbox(job: Job, ledger: Ledger | None, halt: Halt, sample: Sample | None = None) -> Verified:
    """Compare what is on the source now with what is on the target now; writes to neither, nor to the ledger.

    Every body is read on both sides; with ``sample`` only those that it draws and those that the listings leave in
    doubt.  ``ledger`` explains differences, None explains none.  Raises ConnectorError, and Stopped once halted.
    """
    words = LedgerWords(job, ledger)
    with closing(Sessions(job, halt)) as sessions:
        sessions.admit(wait=True)
        like = job.beside_rebuilt or words.knows_rebuilt()
        sides = BothSides(job, sessions.source, sessions.target, halt, like=like)
        by_sent = sessions.target.capabilities().dates == "sent"
        routes = find_routes(*sides.folders(), job.rules, words.places())
        stand_ins = words.stand_ins([route.source for route in routes.routes])
        return _Verification(Comparison(job, words, sides, sample, stand_ins, by_sent), routes).run()


class _Verification:
    """One mailbox, once its folders are known."""

    def __init__(self, folders: Comparison, routes: Routes) -> None:
        self._folders = folders
        self._job, self._words, self._sides = folders.job, folders.words, folders.sides
        self._sample = folders.sample
        self._stand_ins = folders.stand_ins
        self._routes = routes

    def run(self) -> Verified:
        routes = self._routes
        self._announce()
        shares = self._shares()
        groups = [self._folders.compare(path, some, shares.get(path, 0)) for path, some in routes.groups()]
        expected_in = {path: group.path for group in groups for path in group.figures.sources}
        matched = self._look_elsewhere(groups)
        findings = [finding for group in groups for finding in group.findings]
        for pair in matched.pairs:
            findings += of_pair(pair, expected_in[pair.source.folder], by_sent=self._folders.by_sent)
        for gone in matched.missing:
            findings.append(Finding(Kind.MISSING, gone.folder, gone, expected_in=expected_in[gone.folder]))
        extra, only, left_source = self._left(groups, matched.left)
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
            in_left_out_folders=sum(count(self._sides.source, folder) for folder in routes.left_out),
            found=found,
            findings=sorted(findings, key=_in_order),
            only_on_target=only - len(extra),
            left_source=left_source,
            read=self._sides.read,
            read_bytes=self._sides.read_bytes,
            senders_date=sum(group.senders_date for group in groups) + self._folders.senders_dates(matched),
        )

    def _announce(self) -> None:
        """How many bodies will be read at most."""
        if self._sample is not None:
            self._job.progress.to_copy(self._job.mailbox, 2 * self._sample.messages, 0)
            return
        routes = self._routes.routes
        targets = {route.target.path: route.target for route in routes if route.target}
        folders = [*(route.source for route in routes), *targets.values()]
        self._job.progress.to_copy(self._job.mailbox, sum(folder.messages or 0 for folder in folders), 0)

    def _shares(self) -> dict[FolderPath, int]:
        if self._sample is None:
            return {}
        source = self._sides.source
        counts = {path: sum(count(source, route.source) for route in some) for path, some in self._routes.groups()}
        return self._sample.shares(self._job.mailbox, counts)

    def _look_elsewhere(self, groups: Sequence[Group]) -> Matched:
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

        by_path = {route.target.path: route.target for route in self._routes.routes if route.target}
        matched.left = [shown for shown in left if shown.content is not None or not alike(shown)]
        for folder in [*by_path.values(), *self._routes.others]:
            with suppress(FolderMissing):
                if folder.path in by_path:
                    there = [one for one in left if one.folder == folder.path and one.content is None and alike(one)]
                else:
                    there = [one for one in self._sides.target.listed(folder) if alike(one)]
                matched.left += self._sides.target.read(folder, there)
        match_contents(matched)
        match_stand_ins(matched, self._stand_ins)
        return matched

    def _only_there(self, folder: Folder, paired: set[str]) -> int:
        """How many messages of a target folder in which nothing was looked for no source of the mailbox has."""
        brought = self._words.of_other_sources(folder)
        if not brought:
            return count(self._sides.target, folder) - len(paired)
        with suppress(FolderMissing):
            return sum(one.key not in brought and one.key not in paired for one in self._sides.target.entries(folder))
        return 0

    def _left(self, groups: Sequence[Group], left: Sequence[Shown]) -> tuple[list[Finding], int, int]:
        """Of what was left over in the folders that were compared: messages that the target has more often than the
        source, how many no other source brought, and how many of those outlived their original.
        """
        there = {route.target.path: route.target for route in self._routes.routes if route.target}
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


def _in_order(finding: Finding) -> tuple[int, FolderPath, int, str]:
    shown = finding.shown
    key = shown.key if shown else ""
    return list(Kind).index(finding.kind), finding.folder, int(key) if key.isdigit() else 0, key

"""Asking the ledger about findings.  Nothing is written to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from connectors.contract import Folder
from migrate.copy.job import Job
from migrate.ledger import fates, folders, mailboxes, sources
from migrate.ledger.fates import Fate, SentOtherwise
from migrate.ledger.folders import FolderRow
from migrate.ledger.store import Ledger
from migrate.verify.causes import cause_of
from migrate.verify.findings import Cause, Finding, Kind
from migrate.verify.matching import Spot
from migrate.verify.shown import FolderPath, Shown


class LedgerWords:
    """What the ledger has to say of one mailbox; nothing at all when there is no ledger."""

    def __init__(self, job: Job, ledger: Ledger | None) -> None:
        self._job = job
        self._ledger = ledger
        self._mailbox_id: int | None = None
        self._last_pass: float | None = None
        self._went_live = False
        self._rows: dict[FolderPath, FolderRow] = {}
        self._places: dict[int, FolderPath] = {}
        if ledger is None:
            return
        with ledger.read() as connection:
            row = mailboxes.get(connection, job.mailbox)
            if row is None:
                return
            self._mailbox_id, self._last_pass = row.id, row.last_pass
            self._went_live = row.went_live is not None
            known = folders.of_mailbox(connection, row.id, job.direction, job.source)
            self._rows = {one.path: one for one in known}
            self._places = fates.places(connection, row.id, job.direction, job.source)

    def places(self) -> dict[FolderPath, FolderPath]:
        """By source folder, the target folder that its messages were put in."""
        return {path: self._places[row.id] for path, row in self._rows.items() if row.id in self._places}

    def knows_rebuilt(self) -> bool:
        """Whether a source of the mailbox was ever read whose mail is rebuilt."""
        if self._ledger is None or self._mailbox_id is None:
            return False
        with self._ledger.read() as connection:
            return sources.any_rebuilt(connection, self._mailbox_id)

    def stand_ins(self, there: Sequence[Folder]) -> dict[Spot, Spot]:
        """Where other sources' copies are said to lie that stand for messages of these folders."""
        found: dict[Spot, Spot] = {}
        for folder in there:
            row = self._rows.get(folder.path)
            if self._ledger is not None and row is not None and row.epoch == folder.epoch:
                with self._ledger.read() as connection:
                    known = fates.stand_ins(connection, row)
                found.update({(folder.path, key): spot for key, spot in known.items()})
        return found

    def explain(self, findings: Iterable[Finding], sources: Sequence[Folder]) -> list[Finding]:
        """The findings with their causes.  ``sources``: the folders as they were when their messages were listed."""
        epochs = {folder.path: folder.epoch for folder in sources}
        by_folder: dict[FolderPath, list[Finding]] = defaultdict(list)
        for finding in findings:
            by_folder[finding.folder].append(finding)
        explained: list[Finding] = []
        for path, some in by_folder.items():
            said = self._fates(path, epochs.get(path), [one.source.key for one in some if one.source])
            otherwise = self._sent_otherwise(path, epochs.get(path))
            seen_until = self._seen_until(path, epochs.get(path))
            for finding in some:
                if finding.source is None or finding.cause is not None:
                    explained.append(finding)
                    continue
                if finding.kind in (Kind.REPAIRED, Kind.ALTERED) and (known := otherwise.get(finding.source.key)):
                    explained.append(_of_otherwise(finding, known))
                    continue
                fate = said.get(finding.source.key)
                is_our_copy = fate is None and self._is_our_copy(finding)
                cause, reason = cause_of(finding, fate, seen_until, is_our_copy=is_our_copy, went_live=self._went_live)
                explained.append(replace(finding, cause=cause, reason=reason))
        return explained

    def with_repairs(self, read: Sequence[Shown], sources: Sequence[Folder]) -> list[Shown]:
        """Messages of the source that were read, those that were repaired with what was sent in their place."""
        otherwise = {folder.path: self._sent_otherwise(folder.path, folder.epoch) for folder in sources}
        shown = []
        for one in read:
            known = otherwise[one.folder].get(one.key)
            if one.content and known and known.original and known.wire and known.core:
                content = one.content.repaired(known.original, known.wire, known.core)
                one = replace(one, content=content)
            shown.append(one)
        return shown

    def _sent_otherwise(self, path: FolderPath, epoch: str | None) -> dict[str, SentOtherwise]:
        row = self._rows.get(path)
        if self._ledger is None or row is None or row.epoch != epoch:
            return {}
        with self._ledger.read() as connection:
            return fates.sent_otherwise(connection, row)

    def _seen_until(self, path: FolderPath, epoch: str | None) -> float | None:
        """What came to a folder later than this, no pass has seen; None when there was no pass."""
        row = self._rows.get(path)
        if self._ledger is None or self._last_pass is None:
            return None
        if row is None:  # the folder was made since, or was not named to any pass
            return float("-inf")
        if row.epoch != epoch:
            return self._last_pass
        with self._ledger.read() as connection:
            newest = fates.newest_received(connection, row)
        # A pass takes its time: what came while it ran, after its folder was listed, it has not seen.
        return self._last_pass if newest is None else min(self._last_pass, newest)

    def _is_our_copy(self, finding: Finding) -> bool:
        if (
            self._ledger is None
            or self._mailbox_id is None
            or finding.target is None
            or finding.kind is not Kind.FOLDER
        ):
            return False
        with self._ledger.read() as connection:
            there = finding.target
            return fates.is_copy(connection, self._mailbox_id, self._job.direction, there.folder, there.key)

    def _fates(self, path: FolderPath, epoch: str | None, keys: Sequence[str]) -> dict[str, Fate]:
        row = self._rows.get(path)
        if self._ledger is None or row is None or row.epoch != epoch:
            return {}
        with self._ledger.read() as connection:
            return fates.of_keys(connection, row, list(dict.fromkeys(keys)))

    def left_source(self, there: Folder) -> set[str]:
        """Keys of the copies in a target folder whose messages left the source."""
        if self._ledger is None or self._mailbox_id is None:
            return set()
        with self._ledger.read() as connection:
            return fates.left_source(connection, self._mailbox_id, self._job.direction, there.path, there.epoch)

    def of_other_sources(self, there: Folder) -> set[str]:
        """Keys of the copies in a target folder that other sources of the mailbox brought."""
        if self._ledger is None or self._mailbox_id is None:
            return set()
        job = self._job
        with self._ledger.read() as connection:
            return fates.of_other_sources(
                connection, self._mailbox_id, job.direction, job.source, there.path, there.epoch
            )


def _of_otherwise(finding: Finding, known: SentOtherwise) -> Finding:
    """A repair explains only what is there as it was repaired, an alteration only what was seen when it was stored."""
    if finding.kind is Kind.REPAIRED:
        return replace(finding, cause=Cause.REPAIRED, rules=known.rules)
    there = finding.target.content if finding.target else None
    if known.found is not None and there is not None and there.is_of(known.found):
        return replace(finding, cause=Cause.ALTERED_BY_TARGET, rules=known.rules)
    return finding

"""Adoption: what a target folder held before we write to it is matched with the source, and not sent again.

Needed when a folder is not empty at our first write, when the ledger was lost, and when the target gave the folder a
new epoch.  Pairs are one to one.  Received second and header digest make a pair; where they leave a doubt - several
alike, no Message-ID, another size - the content decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from connectors.contract import Entry, Folder, FolderMissing, Message, Source, Target
from connectors.contract import Reason as Why
from connectors.wire import header_digest, to_wire
from migrate.copy.batches import Place
from migrate.copy.headers import names_itself
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.repaired_before import pair_repaired
from migrate.ledger import adoption, copies, folders, messages, round_trips
from migrate.ledger.adoption import Trait, Unplaced
from migrate.ledger.schema import Outcome


@dataclass(frozen=True, slots=True)
class _Pair:
    row: Unplaced
    entry: Entry
    evidence: str


def adopt(job: Job, hold: Hold, source: Source, target: Target, places: Sequence[Place]) -> int:
    """Adopt for every source folder where that was not done yet; returns how many messages are there already."""
    by_target: dict[int, list[Place]] = defaultdict(list)
    for place in places:
        if not place.adopted:
            by_target[place.row.id].append(place)
    return sum(_adopt_folder(job, hold, source, target, group) for group in by_target.values())


def _adopt_folder(job: Job, hold: Hold, source: Source, target: Target, group: Sequence[Place]) -> int:
    place = group[0]
    count = 0
    if place.target.messages != 0:
        from_folders = {one.folder_id: one.source for one in group}
        # The date first; what a careless tool brought before us with its own date is known by its size and content.
        # A system of labels has dates and sizes of its own.
        by_label = target.capabilities().layout == "labels"
        traits: tuple[Trait, ...] = () if by_label else ("received", "size")
        for by in traits:
            reader = _Reader(job, source, target, place.target, from_folders)
            pairs = _match(job, hold, reader, target, place, list(from_folders), by)
            _record(job, hold, place, reader, pairs)
            count += len(pairs)
        if by_label:
            count += _adopt_by_header(job, hold, source, target, place, from_folders)
        if job.repair and job.kept is not None:
            count += _adopt_repaired(job, hold, source, target, place, from_folders)
    with hold.ledger.write() as connection:
        for one in group:
            folders.mark_adopted(connection, one.folder_id, one.row.id)
    return count


def _adopt_by_header(
    job: Job, hold: Hold, source: Source, target: Target, place: Place, from_folders: dict[int, Folder]
) -> int:
    """On a system whose dates and sizes tell nothing: alike by the header, and the content decides."""
    entries = _unclaimed(job, hold, target, place)
    if not entries:
        return 0
    with hold.ledger.read() as connection:
        rows = adoption.all_unplaced(connection, hold.mailbox.id, place.row, list(from_folders))
    reader = _Reader(job, source, target, place.target, from_folders)
    reader.read_headers(rows, entries)
    alike: dict[bytes, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.key in reader.entry_headers:
            alike[reader.entry_headers[entry.key]].append(entry)
    waiting: dict[bytes, list[Unplaced]] = defaultdict(list)
    for row in rows:
        header = reader.row_header(row)
        if header in alike:
            waiting[header].append(row)
    pairs = [pair for header, some in waiting.items() for pair in reader.pair_by_content(some, alike[header])]
    _record(job, hold, place, reader, pairs)
    return len(pairs)


def _unclaimed(job: Job, hold: Hold, target: Target, place: Place) -> list[Entry]:
    """What a folder of a system of labels holds and no row accounts for."""
    entries: list[Entry] = []
    for window in target.entries(place.target, None):
        with hold.ledger.read() as connection:
            # Where messages have labels, one that a row owns is listed in another folder once its person labels it.
            entries += [one for one in window.entries if _is_free(connection, job, hold, place, one.key, anywhere=True)]
    return entries


def _is_free(connection: Connection, job: Job, hold: Hold, place: Place, key: str, *, anywhere: bool = False) -> bool:
    """Whether no row accounts for a message of the target folder, in neither direction."""
    return not copies.is_claimed(connection, place.row.id, key, anywhere=anywhere) and not round_trips.is_original(
        connection, hold.mailbox.id, job.direction.opposite, job.target, place.target, key
    )


def _adopt_repaired(
    job: Job, hold: Hold, source: Source, target: Target, place: Place, from_folders: dict[int, Folder]
) -> int:
    """What a ledger that is lost had sent repaired: known by the bytes that the rules make of the original."""
    rows, entries = _candidates(job, hold, target, place, list(from_folders), "received")
    reader = _Reader(job, source, target, place.target, from_folders)
    pairs = [
        _Pair(row, entry, "repaired")
        for row, entry in pair_repaired(job, source, target, place.target, from_folders, rows, entries)
    ]
    reader.read_headers([pair.row for pair in pairs], [])
    _record(job, hold, place, reader, pairs)
    return len(pairs)


def _match(
    job: Job, hold: Hold, reader: _Reader, target: Target, place: Place, folder_ids: list[int], by: Trait
) -> list[_Pair]:
    rows, entries = _candidates(job, hold, target, place, folder_ids, by)
    reader.read_headers(rows, entries)
    groups: dict[tuple[int, bytes], tuple[list[Unplaced], list[Entry]]] = defaultdict(lambda: ([], []))
    for row in rows:
        value, header = row.received if by == "received" else row.size, reader.row_header(row)
        if value is not None and header is not None:
            groups[value, header][0].append(row)
    for entry in entries:
        value, header = _value(entry, by), reader.entry_headers.get(entry.key)
        if value is not None and header is not None:
            groups[value, header][1].append(entry)
    return [
        pair
        for some_rows, some_entries in groups.values()
        if some_rows and some_entries
        for pair in _pair(reader, some_rows, some_entries, by)
    ]


def _pair(reader: _Reader, rows: list[Unplaced], entries: list[Entry], by: Trait) -> list[_Pair]:
    """Pair within one group of equal trait and header."""
    named = by == "received" and all(reader.names_itself(entry) for entry in entries)
    if named and len(rows) == len(entries) == 1 and rows[0].size == entries[0].size:
        return [_Pair(rows[0], entries[0], "received+header")]
    pairs = reader.pair_by_content(rows, entries)
    paired = {pair.row.id for pair in pairs}, {pair.entry.key for pair in pairs}
    rows = [row for row in rows if row.id not in paired[0]]
    entries = [entry for entry in entries if entry.key not in paired[1]]
    if named and len({reader.row_content(row) for row in rows}) == 1:
        # The target altered their bodies; as the rows are all alike, it does not matter which is which.
        pairs += [_Pair(row, entry, "received+header") for row, entry in zip(rows, entries, strict=False)]
    return pairs


def _candidates(
    job: Job, hold: Hold, target: Target, place: Place, folder_ids: list[int], by: Trait
) -> tuple[list[Unplaced], list[Entry]]:
    """Rows and unclaimed target messages that share the trait."""
    with hold.ledger.read() as connection:
        wanted = adoption.traits(connection, hold.mailbox.id, place.row, folder_ids, by)
    entries: list[Entry] = []
    if wanted:
        for window in target.entries(place.target, None):
            alike = [entry for entry in window.entries if _value(entry, by) in wanted]
            with hold.ledger.read() as connection:
                entries += [e for e in alike if _is_free(connection, job, hold, place, e.key)]
    values = sorted({value for entry in entries if (value := _value(entry, by)) is not None})
    with hold.ledger.read() as connection:
        return adoption.unplaced(connection, hold.mailbox.id, place.row, folder_ids, by, values), entries


def _value(entry: Entry, by: Trait) -> int | None:
    return adoption.second(entry.received) if by == "received" else entry.size


def _record(job: Job, hold: Hold, place: Place, reader: _Reader, pairs: Sequence[_Pair]) -> None:
    now = job.clock.now()
    with hold.ledger.write() as connection:
        for pair in pairs:
            if pair.row.was_copied:
                copies.record_key(connection, pair.row.id, place.row.id, pair.entry.key)
                continue
            there = copies.stored(
                pair.row.id,
                place.row.id,
                pair.entry.key,
                now,
                synced=messages.flags_text(pair.row.flags_seen),
                ours="",
                theirs=messages.flags_text(pair.entry.flags or ()),
                outcome=Outcome.ALREADY_THERE,
                reason=Why.ADOPTED,
                evidence=pair.evidence,
            )
            copies.record_stored(connection, [there])
            # By these the message is known again when the source gives it another key.
            adoption.record_digests(
                connection, pair.row.id, reader.row_header(pair.row), reader.known_content(pair.row)
            )


class _Reader:
    """Headers and contents of both sides, read once each."""

    def __init__(
        self, job: Job, source: Source, target: Target, there: Folder, from_folders: dict[int, Folder]
    ) -> None:
        self._job = job
        self._source = source
        self._target = target
        self._there = there
        self._from = from_folders
        self._row_headers: dict[int, bytes] = {}
        self._row_contents: dict[int, bytes | None] = {}
        self._named: set[str] = set()
        self.entry_headers: dict[str, bytes] = {}

    def read_headers(self, rows: Sequence[Unplaced], entries: Sequence[Entry]) -> None:
        by_folder: dict[int, dict[str, int]] = defaultdict(dict)
        for row in rows:
            if row.header_digest is None and row.folder_id in self._from:
                by_folder[row.folder_id][row.key] = row.id
        for folder_id, keys in by_folder.items():
            with suppress(FolderMissing):
                for headers in self._source.headers(self._from[folder_id], list(keys)):
                    self._row_headers[keys[headers.key]] = header_digest(headers.fields)
        if entries:
            for headers in self._target.headers(self._there, [entry.key for entry in entries]):
                self.entry_headers[headers.key] = header_digest(headers.fields)
                if names_itself(headers.fields):
                    self._named.add(headers.key)

    def row_header(self, row: Unplaced) -> bytes | None:
        return row.header_digest or self._row_headers.get(row.id)

    def names_itself(self, entry: Entry) -> bool:
        """Whether a Message-ID is in its header."""
        return entry.key in self._named

    def pair_by_content(self, rows: Sequence[Unplaced], entries: Sequence[Entry]) -> list[_Pair]:
        """One to one by core digest."""
        free: dict[bytes, list[Entry]] = defaultdict(list)
        for entry in entries:
            content = self._core(self._target, self._there, entry.key)
            if content is not None:
                free[content].append(entry)
        pairs = []
        for row in rows:
            content = self.row_content(row)
            if content is not None and free[content]:
                pairs.append(_Pair(row, free[content].pop(0), "content"))
        return pairs

    def row_content(self, row: Unplaced) -> bytes | None:
        """The row's core digest; None when the message cannot be read."""
        if row.core_digest is not None:
            return row.core_digest
        if row.id not in self._row_contents and row.folder_id in self._from:
            self._row_contents[row.id] = self._core(self._source, self._from[row.folder_id], row.key)
        return self._row_contents.get(row.id)

    def known_content(self, row: Unplaced) -> bytes | None:
        """The row's core digest as far as it was read."""
        return row.core_digest or self._row_contents.get(row.id)

    def _core(self, side: Source, folder: Folder, key: str) -> bytes | None:
        with suppress(FolderMissing):
            for answer in side.read(folder, [key]):
                if isinstance(answer, Message):
                    body, digests = to_wire(answer.body, self._job.resources.spool)
                    body.release()
                    return digests.core
        return None

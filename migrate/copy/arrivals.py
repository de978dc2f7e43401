"""What arrived on the target while dual delivery was on: looked for in all its folders, and remembered.

An arrival is a message, not a place: its person may move it, and it is still the one that arrived; they may delete it,
and it did arrive.  So a message of the source that comes later, or is listed later, is known for what it is.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event
from typing import TypeVar

from connectors.contract import Entry, Folder, FolderMissing, Target
from migrate.copy.arrival_reading import read_arrivals
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.ledger import arrivals, attempts, copies, folders
from migrate.ledger.arrivals import Arrival, NewArrival, OwnCopy

#: Times that the folders are gone through while somebody moves mail or renames a folder, so that nothing is missed.
_ROUNDS = 3

_T = TypeVar("_T")


@dataclass(slots=True)
class _Listing:
    """One folder, as it was last listed in this look."""

    folder: Folder
    cursor: str | None = None
    #: Of what was received in the window.
    keys: set[str] = field(default_factory=set)
    times: int = 0


def look_for_arrivals(job: Job, hold: Hold, target: Target, since: float, stop: Event) -> None:
    """Find what arrived since then (seconds since 1970) and is not known yet, and what became of what is known.

    Reads the target, writes the ledger alone.  An interrupted look has seen nothing.
    """
    look = _Look(job, hold, target, since)
    for _number in range(_ROUNDS):
        moved = look.round(stop)
        if stop.is_set():
            return
        if not moved:
            break
    look.record()


class _Look:
    """One look at all folders of the target."""

    def __init__(self, job: Job, hold: Hold, target: Target, since: float) -> None:
        self._job = job
        self._hold = hold
        self._target = target
        self._since = since
        with hold.ledger.read() as connection:
            self._known = arrivals.every(connection, hold.mailbox.id, job.direction)
            self._tokens = arrivals.tokens(connection, hold.mailbox.id, job.direction)
        self._known_at = {(one.target_folder_id, one.target_key) for one in self._known if not one.gone}
        self._folders: dict[int, Folder] = {}
        self._listings: dict[int, _Listing] = {}
        #: By folder and key, what is new; and as much of it as could be read.
        self._asked: set[tuple[int, str]] = set()
        self._read: dict[tuple[int, str], NewArrival] = {}

    def round(self, stop: Event) -> bool:
        """List the folders that moved since they were last listed, and read what is new; whether there were any.

        As long as there are, somebody may have put a message where it was looked for already.
        """
        there = list(self._target.folders())
        with self._hold.ledger.write() as connection:
            where = self._hold.mailbox.id, self._job.direction
            self._folders = {folders.target(connection, *where, folder).id: folder for folder in there}
        moved = False
        for row, folder in self._folders.items():
            if self._is_unmoved(row, folder):
                continue
            moved = True
            try:
                fresh = self._list(row, folder)
            except FolderMissing:
                self._listings.pop(row, None)
                continue
            self._asked.update((row, one.key) for one in fresh)
            for one in read_arrivals(self._job, self._target, row, folder, fresh, stop):
                self._read[row, one.target_key] = one
        return moved

    def _is_unmoved(self, row: int, folder: Folder) -> bool:
        before = self._listings.get(row)
        if before is None:
            return folder.token is not None and self._mark(folder) == self._tokens.get(row)
        # Where no token tells, once more has to do.
        return before.folder.token == folder.token and (folder.token is not None or before.times > 1)

    def _mark(self, folder: Folder) -> str | None:
        """The token with the moment back to which all is known: an earlier one has the folder listed again."""
        return None if folder.token is None else f"{self._since:.0f} {folder.token}"

    def _list(self, row: int, folder: Folder) -> list[Entry]:
        """What of a folder is new.  Raises FolderMissing when it went away meanwhile."""
        before = self._listings.pop(row, _Listing(folder))
        keys, gone = set[str](), set[str]()
        fresh: list[Entry] = []
        complete, cursor = True, before.cursor
        # Where messages have labels, one of ours is listed in another folder once its person labels it.
        anywhere = self._target.capabilities().layout == "labels"
        for window in self._target.entries(folder, before.cursor):
            complete, cursor = window.complete, window.cursor
            gone.update(window.gone)
            recent = [one for one in window.entries if one.received is None or one.received.timestamp() >= self._since]
            keys.update(one.key for one in recent)
            new = [one for one in recent if (row, one.key) not in self._known_at and (row, one.key) not in self._read]
            with self._hold.ledger.read() as connection:
                fresh += [one for one in new if not copies.is_claimed(connection, row, one.key, anywhere=anywhere)]
        if not complete:
            keys |= before.keys - gone
        self._listings[row] = _Listing(folder, cursor, keys, before.times + 1)
        return fresh

    def record(self) -> None:
        """Put what was seen into the ledger, in one transaction."""
        now = self._job.clock.now()
        where = self._hold.mailbox.id, self._job.direction
        with self._hold.ledger.read() as connection:
            flying = {row.header_digest for row in attempts.unsettled(connection, *where)}
            # What may be a copy of ours that is still in flight is nobody's yet: settling comes first.
            settled = {at: one for at, one in self._read.items() if one.header_digest not in flying}
            headers = sorted({one.header_digest for one in settled.values()})
            own = arrivals.copies_like(connection, *where, headers, self._since)
        new = [one for at, one in settled.items() if self._is_there(*at)]
        vanished = self._vanished()
        moved, arrived = _paired(vanished, new, self._gone_from_their_place(own))
        passed = _not_among(new, [one for at, one in settled.items() if not self._is_there(*at)])
        open_ = {row for row, key in self._asked - settled.keys() if self._is_there(row, key)}
        open_ |= {one.target_folder_id for one in passed}
        with self._hold.ledger.write() as connection:
            for arrival, one in moved:
                arrivals.relocate(connection, arrival.id, one.target_folder_id, one.target_key)
            found = {arrival.id for arrival, _one in moved}
            arrivals.mark_gone(connection, [one.id for one in vanished if one.id not in found], now)
            arrivals.add(connection, self._hold.mailbox.id, [*arrived, *passed])
            for row, listing in self._listings.items():
                arrivals.save_token(connection, row, None if row in open_ else self._mark(listing.folder))

    def _is_there(self, row: int, key: str) -> bool:
        """Whether a message was in a folder when that was last listed."""
        return row in self._listings and key in self._listings[row].keys

    def _vanished(self) -> list[Arrival]:
        """Arrivals that are no longer where they were."""
        return [
            one
            for one in self._known
            if one.gone
            # Its folder is gone, or was made anew.
            or one.target_folder_id not in self._folders
            or (one.target_folder_id in self._listings and not self._is_there(one.target_folder_id, one.target_key))
        ]

    def _gone_from_their_place(self, own: Sequence[OwnCopy]) -> list[OwnCopy]:
        """Those copies of ours that are no longer where we put them."""
        by_folder: dict[int, list[str]] = defaultdict(list)
        for one in own:
            if one.target_key is not None:
                by_folder[one.target_folder_id].append(one.target_key)
        there: set[tuple[int, str | None]] = set()
        for row, keys in by_folder.items():
            if row in self._folders:
                with suppress(FolderMissing):
                    there.update((row, state.key) for state in self._target.states(self._folders[row], keys))
        return [one for one in own if (one.target_folder_id, one.target_key) not in there]


def _paired(
    vanished: Sequence[Arrival], new: Sequence[NewArrival], own: Sequence[OwnCopy]
) -> tuple[list[tuple[Arrival, NewArrival]], list[NewArrival]]:
    """What is new in its place, and what of it only moved there: an arrival that was known, or a copy of ours."""
    moved: list[tuple[Arrival, NewArrival]] = []
    arrived: list[NewArrival] = []
    # What is there was moved before what was gone came back.
    in_order = sorted(vanished, key=lambda one: (one.gone, one.id))
    before = _by_digest(in_order, lambda one: one.core_digest)
    of_ours = _by_digest(own, lambda one: one.header_digest)
    for one in new:
        if before[one.core_digest]:
            moved.append((before[one.core_digest].popleft(), one))
        elif of_ours[one.header_digest]:
            arrived.append(replace(one, claimed=of_ours[one.header_digest].popleft().id))
        else:
            arrived.append(one)
    return moved, arrived


def _by_digest(items: Iterable[_T], digest: Callable[[_T], bytes]) -> dict[bytes, deque[_T]]:
    found: dict[bytes, deque[_T]] = defaultdict(deque)
    for one in items:
        found[digest(one)].append(one)
    return found


def _not_among(there: Sequence[NewArrival], passed: Sequence[NewArrival]) -> list[NewArrival]:
    """What was read and then was nowhere: it arrived, and went for good.  The rest was read again in its new place."""
    again = Counter(one.core_digest for one in there)
    gone: list[NewArrival] = []
    for one in passed:
        if again[one.core_digest] > 0:
            again[one.core_digest] -= 1
        else:
            gone.append(one)
    return gone

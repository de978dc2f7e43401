"""Cutting what is pending into batches: the engine cuts them, not the connector, so that intents come first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Condition, Event
from typing import TypeVar

from connectors.body import SPOOL_OVER
from connectors.contract import Folder
from migrate.ledger import messages
from migrate.ledger.folders import TargetFolderRow
from migrate.ledger.messages import PendingRow
from migrate.ledger.store import Ledger

#: A batch holds no more than this many bytes, unless one message alone does.
BATCH_BYTES = 4 << 20
#: What a message is taken for when its source does not tell its size.
UNKNOWN_SIZE = 1 << 17
_ROWS = 2000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the messages of one source folder go."""

    folder_id: int
    source: Folder
    target: Folder
    row: TargetFolderRow
    #: What the target folder held without our knowledge was compared with this one's messages.
    adopted: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that are read, intended and written together."""

    place: Place
    rows: Sequence[PendingRow]

    @property
    def size(self) -> int:
        """Bytes as listed."""
        return sum(listed_size(row) for row in self.rows)

    @property
    def oversize(self) -> bool:
        """One message that is spooled to disk, alone."""
        return len(self.rows) == 1 and listed_size(self.rows[0]) > SPOOL_OVER


def cut(rows: Iterable[_T], most: int, size_of: Callable[[_T], int]) -> Iterator[list[_T]]:
    """Rows in order, in pieces of at most ``most`` messages and :data:`BATCH_BYTES` bytes; large ones alone."""
    piece: list[_T] = []
    size = 0
    for row in rows:
        if piece and (len(piece) == most or size + size_of(row) > BATCH_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(row)
        size += size_of(row)
    if piece:
        yield piece


class BatchQueue:
    """The pending messages of a mailbox, handed out batch by batch to any number of pairs.

    Places may be added while pairs are at work, until the queue is closed.
    """

    def __init__(self, ledger: Ledger, *, most: int, hold_back: frozenset[int] = frozenset()) -> None:
        self._ledger = ledger
        self._most = most
        self._hold_back = hold_back
        self._changed = Condition()
        self._places: deque[Place] = deque()
        self._current: Iterator[Batch] = iter(())
        #: Cut, and not taken.
        self._cut: Batch | None = None
        #: Questions that were taken and not read.
        self._returned: list[list[Batch]] = []
        self._closed = False
        #: Messages that were taken so far.
        self.handed_out = 0

    def add(self, *places: Place) -> None:
        with self._changed:
            self._places.extend(places)
            self._changed.notify_all()

    def close(self) -> None:
        """No place will be added any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, stop: Event, most: int) -> list[Batch]:
        """The next batches, up to ``most`` of one place; one that is spooled comes alone.

        Waits as long as places may come.  Empty after the last batch, or once ``stop`` is set.
        """
        with self._changed:
            while not stop.is_set():
                batches = self._next(most)
                if batches:
                    self.handed_out += _count(batches)
                    return batches
                if self._closed:
                    return []
                self._changed.wait(timeout=0.2)
        return []

    def take_elsewhere(self, most: int) -> list[Batch]:
        """As ``take``, once nothing is left of the place that was taken from, and without waiting.

        Empty as long as there is, and when the next batch is one that is spooled.
        """
        with self._changed:
            self._cut = self._cut or next(self._current, None)
            if self._cut is not None or self._returned:
                return []
            batches = self._next(most)
            if batches and batches[0].oversize:
                (self._cut,) = batches
                return []
            self.handed_out += _count(batches)
            return batches

    def give_back(self, batches: list[Batch]) -> None:
        """What was taken and not read is somebody else's to take."""
        if batches:
            with self._changed:
                self.handed_out -= _count(batches)
                self._returned.append(batches)
                self._changed.notify_all()

    def _next(self, most: int) -> list[Batch]:
        if self._returned:
            return self._returned.pop()
        while not (batches := self._cut_off(most)) and self._places:
            self._current = self._batches(self._places.popleft())
        return batches

    def _cut_off(self, most: int) -> list[Batch]:
        taken: list[Batch] = []
        while len(taken) < most:
            batch, self._cut = self._cut or next(self._current, None), None
            if batch is None:
                break
            if taken and batch.oversize:
                self._cut = batch
                break
            taken.append(batch)
            if batch.oversize:
                break
        return taken

    def _batches(self, place: Place) -> Iterator[Batch]:
        for rows in cut(self._pending(place), self._most, listed_size):
            yield Batch(place, rows)

    def _pending(self, place: Place) -> Iterator[PendingRow]:
        after = 0
        while True:
            with self._ledger.read() as connection:
                rows = messages.pending(connection, place.folder_id, place.source.epoch, after, _ROWS)
            if not rows:
                return
            after = rows[-1].id
            yield from (row for row in rows if row.id not in self._hold_back)


def _count(batches: Iterable[Batch]) -> int:
    return sum(len(batch.rows) for batch in batches)


def listed_size(row: PendingRow) -> int:
    """Bytes as listed."""
    return UNKNOWN_SIZE if row.size is None else row.size

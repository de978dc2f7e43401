"""Batches that are asked for together: each message arrives once, in its batch, within the memory of one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock, Thread
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.body import SPOOL_OVER, ByteBudget, MemoryBody
from connectors.contract import Folder, FolderMissing, Message, Reason, Resources, Source, Unread
from migrate.copy import reader
from migrate.copy.batches import Batch, BatchQueue, Place
from migrate.copy.channel import Channel
from migrate.copy.job import Job
from migrate.copy.reader import PreparedBatch, read_batches
from migrate.ledger.folders import TargetFolderRow
from migrate.ledger.messages import PendingRow
from tests.unit.passes.world import EverythingGoes, mail, when

_FOLDER = Folder(("INBOX",), None, "1")
_PLACE = Place(1, _FOLDER, _FOLDER, cast("TargetFolderRow", None), adopted=True)


class Listed:
    """A queue of given batches, and how many were asked for each time."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self._queue = BatchQueue(cast("object", None), most=100)  # type: ignore[arg-type]  # batches are given
        self._queue._current = iter(batches)
        self._queue.close()
        self.asked: list[int] = []

    def take(self, stop: Event, most: int) -> list[Batch]:
        batches = self._queue.take(stop, most)
        self.asked.append(len(batches))
        return batches

    def take_elsewhere(self, most: int) -> list[Batch]:
        return self._queue.take_elsewhere(most)

    def give_back(self, batches: list[Batch]) -> None:
        self._queue.give_back(batches)


class Told:
    """A source that answers in an order of its own."""

    def __init__(self, resources: Resources, order: dict[str, int], gone: frozenset[str] = frozenset()) -> None:
        self._resources = resources
        self._order = order
        self._gone = gone
        self.most_reserved = 0

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        for key in sorted(keys, key=lambda key: self._order.get(key, int(key))):
            self.most_reserved = max(self.most_reserved, self._resources.budget.used)
            if key in self._gone:
                yield Unread(key, Reason.GONE)
            else:
                yield Message(key, when(int(key)), frozenset(), MemoryBody(mail(int(key))))


def batches_of(sizes: Sequence[int], size: int = 1000) -> list[Batch]:
    numbers = iter(range(1, 10_000))
    return [Batch(_PLACE, [PendingRow(n := next(numbers), str(n), size, None) for _ in range(many)]) for many in sizes]


def read_all(
    source: Told, queue: Listed | BatchQueue, resources: Resources, stop: Event | None = None
) -> list[PreparedBatch]:
    job = Job(
        "anna", "paris", "old", lambda _: cast("Source", source), lambda _: None, EverythingGoes(), resources
    )  # type: ignore[arg-type,return-value]  # only the source is read  # fmt: skip
    channel: Channel[PreparedBatch] = Channel(2)
    read: list[PreparedBatch] = []

    failed: list[FolderMissing] = []

    def work() -> None:
        try:
            read_batches(job, cast("Source", source), cast("BatchQueue", queue), channel, stop or Event(), Lock())
        except FolderMissing as error:
            failed.append(error)
        finally:
            channel.end()

    thread = Thread(target=work)
    thread.start()
    while True:
        try:
            batch = channel.get(10)
        except Exception:  # noqa: BLE001  # Closed: the end
            break
        assert batch is not None
        read.append(batch)
        batch.release()
    thread.join(timeout=10)
    assert not thread.is_alive()
    if failed:
        raise failed[0]
    return read


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=12),
    st.dictionaries(st.integers(1, 72).map(str), st.integers(0, 100), max_size=20),
    st.frozensets(st.integers(1, 72).map(str), max_size=10),
)
def test_each_message_comes_once_whatever_the_order_of_the_answers(
    sizes: list[int], order: dict[str, int], gone: frozenset[str]
) -> None:
    resources = Resources(ByteBudget(), Path("/nonexistent"))
    batches = batches_of(sizes)
    source = Told(resources, order, gone)
    read = read_all(source, Listed(batches), resources)
    rows = {row.id: number for number, batch in enumerate(batches) for row in batch.rows}
    told = [item.row for batch in read for item in batch.items] + [row for batch in read for row, _, _ in batch.unread]
    assert sorted(told) == sorted(rows)
    for batch in read:
        mine = [item.row for item in batch.items] + [row for row, _, _ in batch.unread]
        assert len({rows[row] for row in mine}) == 1, "no batch is larger than it was cut"
        assert [item.outgoing.ordinal for item in batch.items] == list(range(len(batch.items)))
    assert resources.budget.used == 0


def test_more_is_asked_at_once_while_batches_go_through_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    resources = Resources(ByteBudget(), Path("/nonexistent"))
    queue = Listed(batches_of([2] * 30))
    assert len(read_all(Told(resources, {}), queue, resources)) == 30
    assert queue.asked[:4] == [1, 2, 8, 8]

    monkeypatch.setattr(reader, "_QUICK", 0.0)
    queue = Listed(batches_of([2] * 5))
    assert len(read_all(Told(resources, {}), queue, resources)) == 5
    assert queue.asked == [1, 1, 1, 1, 1, 0]


def test_memory_is_held_for_one_batch_beside_those_that_wait_for_the_writer() -> None:
    resources = Resources(ByteBudget(), Path("/nonexistent"))
    source = Told(resources, {})
    read_all(source, Listed(batches_of([3] * 20, size=1000)), resources)
    # One that is filled, two in the channel, one that the writer has just taken.
    assert source.most_reserved <= 4 * 3000


def test_a_spooled_message_is_asked_for_alone() -> None:
    resources = Resources(ByteBudget(), Path("/nonexistent"))
    small = batches_of([1] * 8)
    large = Batch(_PLACE, [PendingRow(99, "99", SPOOL_OVER + 1, None)])
    queue = Listed([*small[:2], large, *small[2:]])
    read = read_all(Told(resources, {}), queue, resources)
    assert [batch.items[0].row for batch in read] == [1, 2, 99, 3, 4, 5, 6, 7, 8]
    assert queue.asked[:4] == [1, 1, 1, 6]


def test_an_interruption_ends_the_reading_behind_the_batch_in_hand() -> None:
    resources = Resources(ByteBudget(), Path("/nonexistent"))
    stop = Event()

    class Stopping(Told):
        def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
            for answer in super().read(folder, keys):
                if answer.key == "6":
                    stop.set()
                yield answer

    read = read_all(Stopping(resources, {}), Listed(batches_of([2] * 20)), resources, stop)
    assert [item.row for batch in read for item in batch.items] == [1, 2, 3, 4, 5, 6]
    assert resources.budget.used == 0


class Given(BatchQueue):
    """A queue of two folders with given messages."""

    def __init__(self, rows: Sequence[Sequence[PendingRow]]) -> None:
        super().__init__(cast("object", None), most=2)  # type: ignore[arg-type]  # rows are given
        self._rows = rows
        folders = [Folder((f"F{number}",), None, "1") for number in range(len(rows))]
        self.add(*(replace(_PLACE, folder_id=number, source=folder) for number, folder in enumerate(folders)))
        self.close()

    def _pending(self, place: Place) -> Iterator[PendingRow]:
        return iter(self._rows[place.folder_id])


class Foretold(Told):
    """Notes what it is asked for, and what it was told to come behind that."""

    def __init__(self, resources: Resources, missing: str = "") -> None:
        super().__init__(resources, {})
        self._missing = missing
        self._next: tuple[str, list[str]] | None = None
        self.asked: list[tuple[str, list[str], tuple[str, list[str]] | None]] = []

    def lists_next(self, folders: Sequence[Folder]) -> None: ...

    def reads_next(self, folder: Folder, keys: Sequence[str]) -> None:
        self._next = folder.path[0], list(keys)

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        following, self._next = self._next, None
        self.asked.append((folder.path[0], list(keys), following))
        if folder.path[0] == self._missing:
            raise FolderMissing("gone")
        yield from super().read(folder, keys)


def _folders_of(*counts: int, size: int = 1000) -> list[list[PendingRow]]:
    numbers = iter(range(1, 10_000))
    return [[PendingRow(n := next(numbers), str(n), size, None) for _ in range(count)] for count in counts]


def test_the_next_folder_is_told_behind_the_last_question_of_one() -> None:
    resources = Resources(ByteBudget(), Path("/nonexistent"))
    source = Foretold(resources)
    read = read_all(source, Given(_folders_of(5, 1, 1, 2)), resources)
    assert sorted(item.row for batch in read for item in batch.items) == list(range(1, 10))
    assert [folder for folder, _keys, _following in source.asked] == ["F0", "F0", "F1", "F2", "F3"]
    told = [following for _folder, _keys, following in source.asked]
    assert told == [None, *((folder, keys) for folder, keys, _ in source.asked[2:]), None]
    assert resources.budget.used == 0


def test_a_message_that_is_spooled_is_not_told_ahead() -> None:
    resources = Resources(ByteBudget(), Path("/nonexistent"))
    source = Foretold(resources)
    first, second = _folders_of(4, 1)
    read_all(source, Given([first, [replace(second[0], size=SPOOL_OVER + 1)]]), resources)
    assert [(folder, following) for folder, _keys, following in source.asked] == [
        ("F0", None),
        ("F0", None),
        ("F1", None),
    ]


def test_what_was_taken_ahead_is_given_back_when_its_reader_fails() -> None:
    resources = Resources(ByteBudget(), Path("/nonexistent"))
    queue = Given(_folders_of(2, 2, 2))
    with pytest.raises(FolderMissing):
        read_all(Foretold(resources, missing="F1"), queue, resources)
    assert queue.handed_out == 4, "of the third folder none is in hand"
    left = queue.take(Event(), 8)
    assert [row.key for batch in left for row in batch.rows] == ["5", "6"]

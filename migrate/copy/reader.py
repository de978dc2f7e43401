"""The reading half of a pair: batches are read ahead, brought into wire form and digested."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event, Lock

from connectors.attachments import likeness
from connectors.body import CHUNK, MemoryBody
from connectors.contract import (
    ConnectionLost,
    Message,
    Outgoing,
    Reason,
    Resources,
    Source,
    Stopped,
    Unread,
    foretell_reading,
)
from connectors.language import _
from connectors.repairs import traits_of
from connectors.wire import Digests, to_wire
from migrate.copy.batches import BATCH_BYTES, Batch, BatchQueue, Place
from migrate.copy.channel import Channel
from migrate.copy.job import Job
from migrate.ledger.messages import PendingRow, flags_text
from migrate.ledger.schema import Outcome

#: Batches that wait, read, for the writer.
AHEAD = 2
#: Batches that are asked for in one question, while each goes through within so many seconds.
_MOST_AT_ONCE = 8
_QUICK = 1.0
#: Messages that are asked for alone once the line broke again and again, and may be given up in a row.
_ALONE, _MOST_GIVEN_UP = 16, 20
#: Bytes with which a batch is handed over, whatever was listed.
_MOST_HELD = 2 * BATCH_BYTES


@dataclass(slots=True)
class Prepared:
    """A message in wire form with its row."""

    row: int
    outgoing: Outgoing
    #: Of the message as it was read; what is sent has its own in ``outgoing`` once it is repaired.
    digests: Digests
    flags: str
    #: What in it some servers refuse or change, and the rules by which it was repaired.
    traits: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    #: The core digest of the repaired message.
    sent_core: bytes = b""
    #: Under which the target stored it.
    key: str | None = None
    #: What it is recognised by where it is rebuilt.
    likeness: bytes | None = None
    #: Whether it may stand for the same message of another source; if not, a part of it was lost before us.
    is_whole: bool = True


@dataclass(slots=True)
class PreparedBatch:
    """A batch that was read.  ``release`` gives its bytes back; may be called twice."""

    place: Place
    resources: Resources
    reserved: int
    oversize: Lock | None = None
    items: list[Prepared] = field(default_factory=list)
    #: Rows that could not be read.
    unread: list[tuple[int, Outcome, Reason | None]] = field(default_factory=list)

    #: Bytes of messages in memory.
    held: int = 0
    #: Parts of it that are being written.
    flights: int = 0

    def hold(self, item: Prepared) -> None:
        """Add a message, of which the source may have told a smaller size."""
        self.items.append(item)
        body = item.outgoing.body
        self.held += body.size if isinstance(body, MemoryBody) else 0
        if self.held > self.reserved:
            self.resources.budget.exceed(self.held - self.reserved)
            self.reserved = self.held

    def landed(self) -> None:
        """One part less is being written; after the last one its bytes are given back."""
        self.flights -= 1
        if self.flights <= 0:
            self.release()

    def release(self) -> None:
        for item in self.items:
            item.outgoing.body.release()
        self.resources.budget.release(self.reserved)
        self.reserved = 0
        if self.oversize is not None:
            self.oversize.release()
            self.oversize = None


def read_batches(
    job: Job, source: Source, queue: BatchQueue, channel: Channel[PreparedBatch], stop: Event, oversize: Lock
) -> None:
    """Read until the queue is empty, ``stop`` is set or the writer is gone.  Connector errors pass to the caller.

    As long as batches go through quickly, several are asked for at once: with a round trip for each, a source far away
    is waited for more than it is read.  While a slow target writes, a source is left in the middle of no long answer:
    then one batch is asked for at a time, and none ahead.
    """
    reading = _Reading(job, source, channel, stop, oversize)
    ahead: list[Batch] = []
    try:
        while not stop.is_set() and (batches := ahead or queue.take(stop, reading.at_once)):
            # A folder's last question is followed by the next folder's, so that nobody waits for the line in between.
            ahead = queue.take_elsewhere(reading.at_once) if reading.at_once > 1 else []
            if ahead:
                foretell_reading(source, ahead[0].place.source, _keys(ahead))
            reading.read(batches)
    finally:
        queue.give_back(ahead)


def _keys(batches: Sequence[Batch]) -> list[str]:
    return [row.key for batch in batches for row in batch.rows]


class _Reading:
    """One reader's way through the queue.  It holds memory for one batch at a time, the one that it is filling."""

    def __init__(self, job: Job, source: Source, channel: Channel[PreparedBatch], stop: Event, oversize: Lock) -> None:
        self._job = job
        self._source = source
        self._channel = channel
        self._stop = stop
        self._oversize = oversize
        #: Batches that are asked for in one question.
        self.at_once = 1
        #: Messages that were given up, one after the other.
        self._given_up = 0

    def read(self, batches: Sequence[Batch]) -> None:
        """Ask for all messages of these batches, and hand each batch over before another one's are taken."""
        left = [{row.key: row for row in batch.rows} for batch in batches]
        number_of = {key: number for number, rows in enumerate(left) for key in rows}
        number: int | None = 0
        with closing(self._answers(batches[0].place, _keys(batches))) as answers:
            following: Message | Unread | None = None
            while number is not None and not self._stop.is_set():
                # A message that is answered out of turn finds its batch gone, and is one by itself.
                batch = replace(batches[number], rows=list(left[number].values()))
                following = self._fill(batch, left[number], answers, following) or next(answers, None)
                number = None if following is None else number_of[following.key]
                assert following is None or following.key in left[number_of[following.key]], "a key is answered once"

    def _answers(self, place: Place, keys: Sequence[str]) -> Generator[Message | Unread, None, None]:
        """Asked when the first one is wanted: memory comes before.

        A message at which every line breaks is unreadable.  Which one it is shows when they are asked for one by one:
        its answer never comes, and those before it may have been lost with it.
        """
        left = dict.fromkeys(keys)
        alone = 0
        while left:
            asked = list(left)[:1] if alone else list(left)
            try:
                for answer in self._source.read(place.source, asked):
                    left.pop(answer.key, None)
                    yield answer
            except ConnectionLost:
                if alone:
                    if self._given_up == _MOST_GIVEN_UP:
                        raise  # it is the line
                    self._given_up += 1
                    left.pop(asked[0])
                    yield Unread(asked[0], Reason.UNREADABLE)
                alone = _ALONE
                if left:
                    # Who answers this can be reached, and lets us in: what breaks behind it breaks at the message.
                    list(self._source.states(place.source, list(left)[:1]))
            else:
                self._given_up = 0
                alone = max(alone - 1, 0)
                for key in asked:
                    left.pop(key, None)

    def _fill(
        self,
        batch: Batch,
        rows: dict[str, PendingRow],
        answers: Iterator[Message | Unread],
        following: Message | Unread | None,
    ) -> Message | Unread | None:
        """Hand over a batch of ``following`` and what comes behind it; returns an answer that is no part of it."""
        began = time.monotonic()
        with _released_on_error(_reserve(self._job, batch, self._stop, self._oversize)) as prepared:
            following = following or next(answers, None)
            # What is larger than it was listed makes several batches of one.
            while following is not None and following.key in rows and prepared.held <= _MOST_HELD:
                self._add(prepared, rows.pop(following.key), following)
                following = next(answers, None) if rows else None
            if prepared.items or prepared.unread:
                self._channel.put(prepared)
            else:
                prepared.release()
        took = time.monotonic() - began
        self.at_once = min(self.at_once * 2, _MOST_AT_ONCE) if took < _QUICK else 1
        return following

    def _add(self, prepared: PreparedBatch, row: PendingRow, answer: Message | Unread) -> None:
        if isinstance(answer, Unread):
            prepared.unread.append((row.id, Outcome.REFUSED, answer.reason))
        else:
            prepared.hold(_prepare(row.id, len(prepared.items), answer, self._job))


@contextmanager
def _released_on_error(prepared: PreparedBatch) -> Iterator[PreparedBatch]:
    try:
        yield prepared
    except BaseException:
        prepared.release()
        raise


def _reserve(job: Job, batch: Batch, stop: Event, oversize: Lock) -> PreparedBatch:
    """Memory for the whole batch at once; a spooled message needs little, but there is one at a time."""
    if batch.oversize:
        while not oversize.acquire(timeout=0.2):
            if stop.is_set():
                raise Stopped(_("interrupted while another large message is copied"))
        return PreparedBatch(batch.place, job.resources, _reserved(job, CHUNK, stop), oversize)
    return PreparedBatch(batch.place, job.resources, _reserved(job, batch.size, stop))


def _reserved(job: Job, size: int, stop: Event) -> int:
    job.resources.budget.reserve(size, stop)
    return size


def _prepare(row: int, ordinal: int, message: Message, job: Job) -> Prepared:
    body, digests = to_wire(message.body, job.resources.spool)
    # A server that keeps no date of its own leaves the sender's; a message without either is dated today.
    received = message.received or digests.date or datetime.fromtimestamp(job.clock.now(), UTC)
    outgoing = Outgoing(ordinal, body, received, message.flags, digests.wire, digests.header, digests.message_id)
    traits = traits_of(body) if job.repair and job.kept is not None else frozenset[str]()
    like = likeness(body, digests) if job.beside_rebuilt else None
    return Prepared(row, outgoing, digests, flags_text(message.flags), traits, likeness=like, is_whole=message.whole)

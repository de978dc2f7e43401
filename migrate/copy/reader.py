"""The reading half of a pair: batches are read ahead, brought into wire form and digested."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock

from connectors.attachments import likeness
from connectors.body import CHUNK
from connectors.contract import Message, Outgoing, Reason, Resources, Source, Stopped, Unread
from connectors.language import _
from connectors.repairs import traits_of
from connectors.wire import Digests, to_wire
from migrate.copy.batches import Batch, BatchQueue, Place
from migrate.copy.channel import Channel
from migrate.copy.job import Job
from migrate.ledger.messages import flags_text
from migrate.ledger.schema import Outcome

#: Batches that wait, read, for the writer.
AHEAD = 2


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

    #: Parts of it that are being written.
    flights: int = 0

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
    """Read until the queue is empty, ``stop`` is set or the writer is gone.  Connector errors pass to the caller."""
    while (batch := queue.next(stop)) is not None:
        with _released_on_error(_reserve(job, batch, stop, oversize)) as prepared:
            _read(source, batch, prepared, job)
            channel.put(prepared)


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


def _read(source: Source, batch: Batch, prepared: PreparedBatch, job: Job) -> None:
    rows = {row.key: row for row in batch.rows}
    for answer in source.read(batch.place.source, list(rows)):
        row = rows.pop(answer.key)
        if isinstance(answer, Unread):
            prepared.unread.append((row.id, Outcome.REFUSED, answer.reason))
        else:
            prepared.items.append(_prepare(row.id, len(prepared.items), answer, job))


def _prepare(row: int, ordinal: int, message: Message, job: Job) -> Prepared:
    body, digests = to_wire(message.body, job.resources.spool)
    # A server that keeps no date of its own leaves the sender's; a message without either is dated today.
    received = message.received or digests.date or datetime.fromtimestamp(job.clock.now(), UTC)
    outgoing = Outgoing(ordinal, body, received, message.flags, digests.wire, digests.header, digests.message_id)
    traits = traits_of(body) if job.repair and job.kept is not None else frozenset[str]()
    like = likeness(body, digests) if job.beside_rebuilt else None
    return Prepared(row, outgoing, digests, flags_text(message.flags), traits, likeness=like)

"""Reading what arrived on the target: of each message its digests are kept, also as they were before Exchange."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from email.message import Message as Fields
from email.parser import BytesHeaderParser
from threading import Event

from connectors.attachments import likeness
from connectors.contract import Body, Entry, Folder, FolderMissing, Message, Target
from connectors.wire import Digests, header_digest, to_wire
from migrate.copy.batches import UNKNOWN_SIZE, cut
from migrate.copy.job import Job
from migrate.ledger.arrivals import NewArrival

#: Messages read in one question.
_AT_ONCE = 50
#: How much of a header is looked at for the one field.
_HEADER = 1 << 18
_PARENT = "X-MS-Exchange-Parent-Message-Id"


def read_arrivals(
    job: Job, target: Target, row: int, folder: Folder, entries: Sequence[Entry], stop: Event
) -> Iterator[NewArrival]:
    """These messages with their digests, as far as they are still there, until ``stop`` is set."""
    for some in cut(entries, _AT_ONCE, _size):
        if stop.is_set():
            return
        reserved = sum(_size(one) for one in some)
        job.resources.budget.reserve(reserved, stop)
        try:
            with suppress(FolderMissing):
                for answer in target.read(folder, [one.key for one in some]):
                    if isinstance(answer, Message):
                        yield _arrival(job, row, answer)
        finally:
            job.resources.budget.release(reserved)


def _size(entry: Entry) -> int:
    return UNKNOWN_SIZE if entry.size is None else entry.size


def _arrival(job: Job, row: int, answer: Message) -> NewArrival:
    body, digests = to_wire(answer.body, job.resources.spool)
    try:
        parent = _before_exchange(body, digests)
        return NewArrival(
            row,
            answer.key,
            digests.core,
            digests.header,
            likeness(body, digests),
            parent.header if parent else None,
            likeness(body, parent) if parent else None,
        )
    finally:
        body.release()


def _before_exchange(body: Body, digests: Digests) -> Digests | None:
    """The digests with the Message-ID that the message had before a redirection of Exchange gave it another."""
    with body.open() as reader:
        head = reader.read(_HEADER).partition(b"\r\n\r\n")[0]
    if _PARENT.lower().encode() not in head.lower():
        return None
    fields: Fields = BytesHeaderParser().parsebytes(head + b"\r\n\r\n")
    parent = str(fields.get(_PARENT, "")).strip()
    if not parent or parent == digests.message_id:
        return None
    lines = [b"Message-ID: " + parent.encode("ascii", "replace")]
    lines += [line for line in _unfolded(head) if line.partition(b":")[0].strip().lower() != b"message-id"]
    return replace(digests, header=header_digest(b"\r\n".join(lines) + b"\r\n"), message_id=parent)


def _unfolded(head: bytes) -> list[bytes]:
    lines: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line.startswith((b" ", b"\t")) and lines:
            lines[-1] += b"\r\n" + line
        else:
            lines.append(line)
    return lines

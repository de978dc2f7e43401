"""What arrived on the target while dual delivery was on: looked for in all its folders, and remembered.

An arrival is a message, not a place: its person may move it, and it is still the one that arrived; they may delete it,
and it did arrive.  So a message of the source that comes later, or is listed later, is known for what it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.message import Message as Fields
from email.parser import BytesHeaderParser
from threading import Event

from connectors.attachments import likeness
from connectors.contract import Body, Entry, Folder, FolderMissing, Message, Target
from connectors.wire import Digests, header_digest, to_wire
from migrate.copy.batches import UNKNOWN_SIZE, cut
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.ledger import attempts, copies, deliveries, folders
from migrate.ledger.deliveries import Arrival, NewArrival, OwnCopy
from migrate.ledger.schema import Direction

#: Messages read in one question.
_AT_ONCE = 50
#: Times that the folders are gone through when one of them is renamed meanwhile, so that what is in it is not missed.
_LOOKS = 3
#: How much of a header is looked at for the one field.
_HEADER = 1 << 18
_PARENT = "X-MS-Exchange-Parent-Message-Id"


@dataclass(slots=True)
class _Look:
    """What one look at the target's folders shows."""

    #: Arrivals that are no longer where they were.
    vanished: list[Arrival] = field(default_factory=list)
    #: Messages that are no copies of ours, in a place where nothing was known before.
    fresh: list[tuple[int, Folder, list[Entry]]] = field(default_factory=list)
    #: By target folder, the token behind which nothing is unknown.
    tokens: dict[int, str | None] = field(default_factory=dict)
    folders: dict[int, Folder] = field(default_factory=dict)
    #: A folder went away between being named and being listed.
    missing: bool = False


def look_for_arrivals(job: Job, hold: Hold, target: Target, since: float, stop: Event) -> None:
    """Find what arrived since then (seconds since 1970) and is not known yet, and what became of what is known.

    Reads the target, writes the ledger alone.  An interrupted look has seen nothing.
    """
    for _number in range(_LOOKS):
        look = _look(job, hold, target, since)
        if not look.missing:
            break
    new: list[NewArrival] = []
    for row, folder, entries in look.fresh:
        wanted = {entry.key for entry in entries}
        for one in _read(job, target, row, folder, entries, stop):
            new.append(one)
            wanted.discard(one.target_key)
        if wanted:
            # It went away, or cannot be read now: the next look asks for it again.
            look.tokens[row] = None
    if stop.is_set():
        return
    new = _without_those_in_flight(hold, job.direction, look, new)
    with hold.ledger.read() as connection:
        headers = sorted({one.header_digest for one in new})
        own = deliveries.copies_like(connection, hold.mailbox.id, job.direction, headers, since)
    own = [one for one in own if not _is_there(target, look, one)]
    with hold.ledger.write() as connection:
        moved, arrived = _paired(look.vanished, new, own)
        for arrival, one in moved:
            deliveries.relocate(connection, arrival.id, one.target_folder_id, one.target_key)
        found = {arrival.id for arrival, _one in moved}
        gone = [arrival.id for arrival in look.vanished if arrival.id not in found]
        deliveries.mark_gone(connection, gone, job.clock.now())
        deliveries.add(connection, hold.mailbox.id, arrived)
        for row, token in look.tokens.items():
            deliveries.save_token(connection, row, token)


def _look(job: Job, hold: Hold, target: Target, since: float) -> _Look:
    with hold.ledger.read() as connection:
        known = deliveries.arrivals(connection, hold.mailbox.id, job.direction)
        tokens = deliveries.tokens(connection, hold.mailbox.id, job.direction)
    by_folder: dict[int, dict[str, Arrival]] = defaultdict(dict)
    for arrival in known:
        if not arrival.gone:
            by_folder[arrival.target_folder_id][arrival.target_key] = arrival
    look = _Look()
    there = list(target.folders())
    with hold.ledger.write() as connection:
        for folder in there:
            look.folders[folders.target(connection, hold.mailbox.id, job.direction, folder).id] = folder
    for row, folder in look.folders.items():
        here = by_folder.pop(row, {})
        if folder.token is not None and folder.token == tokens.get(row):
            continue
        try:
            _list(hold, target, row, folder, since, here, look)
        except FolderMissing:
            look.missing = True
        else:
            look.tokens[row] = folder.token
    # Folders that are gone, or were made anew.
    look.vanished += [arrival for here in by_folder.values() for arrival in here.values()]
    look.vanished += [arrival for arrival in known if arrival.gone]
    return look


def _list(
    hold: Hold, target: Target, row: int, folder: Folder, since: float, here: dict[str, Arrival], look: _Look
) -> None:
    there: set[str] = set()
    fresh: list[Entry] = []
    # Where messages have labels, one of ours is listed in another folder once its person labels it.
    anywhere = target.capabilities().layout == "labels"
    for window in target.entries(folder, None):
        recent = [one for one in window.entries if one.received is None or one.received.timestamp() >= since]
        there.update(one.key for one in recent)
        with hold.ledger.read() as connection:
            fresh += [
                one
                for one in recent
                if one.key not in here and not copies.is_claimed(connection, row, one.key, anywhere=anywhere)
            ]
    look.vanished += [arrival for key, arrival in here.items() if key not in there]
    if fresh:
        look.fresh.append((row, folder, fresh))


def _read(
    job: Job, target: Target, row: int, folder: Folder, entries: Sequence[Entry], stop: Event
) -> Iterator[NewArrival]:
    """These messages with their digests, as far as they are still there."""
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


def _without_those_in_flight(hold: Hold, direction: Direction, look: _Look, new: list[NewArrival]) -> list[NewArrival]:
    """What may be a copy of ours that is still in flight is nobody's yet: settling comes first."""
    with hold.ledger.read() as connection:
        flying = {row.header_digest for row in attempts.unsettled(connection, hold.mailbox.id, direction)}
    for one in new:
        if one.header_digest in flying:
            look.tokens[one.target_folder_id] = None
    return [one for one in new if one.header_digest not in flying]


def _is_there(target: Target, look: _Look, own: OwnCopy) -> bool:
    """Whether a copy of ours is where we put it."""
    folder = look.folders.get(own.target_folder_id)
    if folder is None or own.target_key is None:
        return False
    with suppress(FolderMissing):
        return any(target.states(folder, [own.target_key]))
    return False


def _paired(
    vanished: Sequence[Arrival], new: Sequence[NewArrival], own: Sequence[OwnCopy]
) -> tuple[list[tuple[Arrival, NewArrival]], list[NewArrival]]:
    """What is new in its place, and what of it only moved there: an arrival that was known, or a copy of ours."""
    moved: list[tuple[Arrival, NewArrival]] = []
    arrived: list[NewArrival] = []
    # What is there was moved before what was gone came back.
    left = sorted(vanished, key=lambda one: (one.gone, one.id))
    of_ours = list(own)
    for one in new:
        before = next((arrival for arrival in left if arrival.core_digest == one.core_digest), None)
        copy = next((copy for copy in of_ours if copy.header_digest == one.header_digest), None)
        if before is not None:
            left.remove(before)
            moved.append((before, one))
        elif copy is not None:
            of_ours.remove(copy)
            arrived.append(replace(one, claimed=copy.id))
        else:
            arrived.append(one)
    return moved, arrived

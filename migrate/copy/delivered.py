"""Mail that reached both sides by itself is not brought a second time, whatever its person has done with it since.

While dual delivery is on, each message reaches both sides, and both copies differ in what servers add on the way.  A
message of the source is one that arrived on the target when its content is the same (the core digest); or, where a
server on the way wrote its body anew, when Message-ID, date, sender, subject and what is attached are; or the same with
the Message-ID that Exchange had replaced.  Pairs are one to one: of two equal messages two must have arrived.

A message that has just come may still be on its way to the other side: it waits for a moment, and for a later pass.
One that never arrived is copied as ever.

The way back asks the same of the old side, whether dual delivery was declared or not: what is there since the switch,
in whatever folder, is not brought there again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event

from connectors.attachments import likeness
from connectors.contract import FolderMissing, Message, Source, Target
from connectors.wire import Digests, header_digest, to_wire
from migrate.copy.arrivals import look_for_arrivals
from migrate.copy.batches import Place
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.ledger import arrivals, deliveries, mailboxes, messages, round_trips
from migrate.ledger.arrivals import Arrival
from migrate.ledger.deliveries import Candidate, Evidence
from migrate.ledger.messages import flags_text

#: Clocks differ, and the switch is told by hand (seconds).
_SKEW = 3600.0
#: For so long after it came to the source, a message may still be on its way to the target (seconds).
PATIENCE = 600.0
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Recognised:
    """What came of it."""

    #: Messages that dual delivery is now known to have brought.
    count: int = 0
    #: Rows that may still arrive by themselves.
    awaited: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Read:
    """A message of the source that may be one that arrived."""

    candidate: Candidate
    digests: Digests
    likeness: bytes | None
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Window:
    """When what is looked for came to the source: seconds since 1970; still comes, without an end."""

    since: float
    until: float | None
    #: Mail is delivered on both sides at this moment: what has just come may still be on its way.
    is_on: bool


def _window(job: Job, hold: Hold) -> _Window | None:
    # Asked each time: it may be switched on while a pass of hours is under way.
    with hold.ledger.read() as connection:
        now = mailboxes.get(connection, hold.mailbox.name)
    assert now is not None
    declared, until = now.dual_delivery_since, now.dual_delivery_until
    is_on = declared is not None and until is None
    if job.is_way_back:
        assert job.since is not None
        return _Window(job.since, None, is_on)
    return None if declared is None else _Window(declared, until, is_on)


def is_delivered_twice(job: Job, hold: Hold) -> bool:
    """Whether anything may have reached both sides by itself: only then is there anything to be recognised."""
    return _window(job, hold) is not None


def recognise(job: Job, hold: Hold, source: Source, target: Target, places: Sequence[Place], stop: Event) -> Recognised:
    """Find out what of the messages to copy arrived by itself.  Nothing is written but the ledger."""
    window = _window(job, hold)
    if window is None:
        return Recognised()
    since = window.since - _SKEW
    until = None if window.until is None else window.until + _SKEW
    look_for_arrivals(job, hold, target, since, stop)
    if stop.is_set():
        return Recognised()
    by_id = {place.folder_id: place for place in places}
    with hold.ledger.read() as connection:
        waiting = deliveries.candidates(connection, hold.mailbox.id, job.direction, list(by_id), since, until)
        known = arrivals.every(connection, hold.mailbox.id, job.direction)
        paired = round_trips.arrivals_with_copies(connection, hold.mailbox.id, job.direction, job.target)
    free = [one for one in known if one.message_id is None and one.id not in paired]
    suspects = _alike(source, by_id, waiting, free) if free else []
    read: list[_Read] = []
    for suspect in suspects:
        if stop.is_set():
            return Recognised()
        one = _read(job, source, by_id, suspect)
        if one is not None:
            read.append(one)
    pairs = _pairs(read, free)
    _record(job, hold, pairs)
    found = {one.candidate.id for one, _arrival, _evidence in pairs}
    now = job.clock.now()
    awaited = frozenset(
        one.id
        for one in waiting
        if one.id not in found and window.is_on and one.received is not None and one.received > now - PATIENCE
    )
    return Recognised(len(pairs), awaited)


def _alike(
    source: Source, places: Mapping[int, Place], waiting: Sequence[Candidate], free: Sequence[Arrival]
) -> list[Candidate]:
    """Those with the header of something that arrived."""
    headers = {one.header_digest for one in free} | {one.parent_header_digest for one in free}
    by_folder: dict[int, dict[str, Candidate]] = defaultdict(dict)
    for one in waiting:
        if places[one.folder_id].source.epoch == one.epoch:
            by_folder[one.folder_id][one.key] = one
    found: list[Candidate] = []
    for folder_id, by_key in by_folder.items():
        keys = list(by_key)
        for start in range(0, len(keys), _AT_ONCE):
            with suppress(FolderMissing):
                answers = source.headers(places[folder_id].source, keys[start : start + _AT_ONCE])
                found.extend(by_key[one.key] for one in answers if header_digest(one.fields) in headers)
    return found


def _read(job: Job, source: Source, places: Mapping[int, Place], one: Candidate) -> _Read | None:
    """One by one, so that no more than one body is in memory."""
    with suppress(FolderMissing):
        for answer in source.read(places[one.folder_id].source, [one.key]):
            if isinstance(answer, Message):
                body, digests = to_wire(answer.body, job.resources.spool)
                try:
                    return _Read(one, digests, likeness(body, digests), answer.flags)
                finally:
                    body.release()
    return None


def _pairs(read: Sequence[_Read], free: Sequence[Arrival]) -> list[tuple[_Read, Arrival, Evidence]]:
    """One to one, the surest first; what is still on the target before what is not."""
    ways: tuple[tuple[Evidence, Callable[[_Read], bytes | None], Callable[[Arrival], bytes | None]], ...] = (
        ("core", lambda one: one.digests.core, lambda arrival: arrival.core_digest),
        ("likeness", lambda one: one.likeness, lambda arrival: arrival.likeness),
        ("parent", lambda one: one.likeness, lambda arrival: arrival.parent_likeness),
    )
    pairs: list[tuple[_Read, Arrival, Evidence]] = []
    left, open_ = list(free), list(read)
    for evidence, of_message, of_arrival in ways:
        by_digest: dict[bytes, list[Arrival]] = defaultdict(list)
        for arrival in reversed(left):
            if (digest := of_arrival(arrival)) is not None:
                by_digest[digest].append(arrival)
        still: list[_Read] = []
        for one in open_:
            digest = of_message(one)
            alike = by_digest[digest] if digest is not None else []
            if alike:
                pairs.append((one, alike.pop(), evidence))
            else:
                still.append(one)
        taken = {arrival.id for _one, arrival, _evidence in pairs}
        left, open_ = [arrival for arrival in left if arrival.id not in taken], still
    return pairs


def _record(job: Job, hold: Hold, pairs: Sequence[tuple[_Read, Arrival, Evidence]]) -> None:
    # Before its people live in the new mailbox it is to look like the old one; later it is theirs.
    carry_flags = hold.mailbox.went_live is None and not job.is_way_back
    with hold.ledger.write() as connection:
        for one, arrival, evidence in pairs:
            digests = {
                "row": one.candidate.id,
                "source": one.digests.source,
                "wire": one.digests.wire,
                "core": one.digests.core,
                "header": one.digests.header,
                "mid": one.digests.message_id,
                "flags": flags_text(one.flags),
                "to": arrival.target_folder_id,
            }
            messages.record_digests(connection, [digests])
            row = one.candidate.id
            deliveries.take(connection, arrival, row, evidence, job.clock.now(), carry_flags=carry_flags)

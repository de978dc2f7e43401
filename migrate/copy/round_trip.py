"""What we brought one way is never brought the other way.

A copy of ours that lies where we put it is known by its key.  Where one is no longer there, a message elsewhere is that
copy, moved or filed under another label, when its content is the same; or, on systems that write a body anew when they
store it, when Message-ID, date, sender and subject are.  Pairs are one to one: a second such message travels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from connectors.contract import Folder, FolderMissing, Message, Source
from connectors.contract import Reason as Why
from connectors.wire import Digests, header_digest, to_wire
from migrate.copy.headers import names_itself
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.pages import to_copy
from migrate.copy.scan import Listed, ask_again
from migrate.ledger import messages, round_trips
from migrate.ledger.round_trips import FreeCopy
from migrate.ledger.schema import Outcome


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A message to copy that has the header of a copy of ours."""

    row: int
    key: str
    folder: Folder
    header: bytes
    #: Whether a Message-ID is in its header.
    names_itself: bool


def leave_what_came_from_there(job: Job, hold: Hold, source: Source, listed: Sequence[Listed]) -> int:
    """Leave out what the other direction brought to this source; how many there were.  Writes the ledger alone."""
    where = hold.mailbox.id, job.direction
    if job.open_opposite is None:
        return 0
    with hold.ledger.read() as connection:
        if not round_trips.any_of(connection, hold.mailbox.id, job.direction.opposite):
            return 0
    with hold.ledger.write() as connection:
        count = round_trips.leave_copies(connection, *where, job.source, job.clock.now())
    by_id = {one.row.id: one for one in listed}
    left: list[_Suspect] = []
    for one in listed:
        for suspects in _headers(hold, source, one):
            headers = sorted({suspect.header for suspect in suspects})
            with hold.ledger.read() as connection:
                seen = round_trips.listed_copies(connection, *where, headers)
            ask_again(job, hold, source, by_id, seen)
            pairs, others = _same_content(job, source, suspects, _free(job, hold, suspects))
            count += _leave(job, hold, pairs)
            left += [suspect for suspect in others if suspect.names_itself]
    # Only when the content of all folders is known: the copy itself may lie in the last of them.
    return count + _leave(job, hold, _same_header(left, _free(job, hold, left)))


def _headers(hold: Hold, source: Source, one: Listed) -> Iterator[list[_Suspect]]:
    """What is to be copied from one folder, some at a time."""
    for rows in to_copy(hold, one.row.id, one.folder.epoch):
        by_key = {row.key: row.id for row in rows}
        with suppress(FolderMissing):
            answers = list(source.headers(one.folder, list(by_key)))
            yield [
                _Suspect(by_key[a.key], a.key, one.folder, header_digest(a.fields), names_itself(a.fields))
                for a in answers
            ]


_Free = Mapping[bytes, list[FreeCopy]]


def _free(job: Job, hold: Hold, suspects: Sequence[_Suspect]) -> _Free:
    """By header, the copies like these that are no longer listed where they were put."""
    headers = sorted({suspect.header for suspect in suspects})
    by_header: dict[bytes, list[FreeCopy]] = defaultdict(list)
    with hold.ledger.read() as connection:
        for one in round_trips.free_copies(connection, hold.mailbox.id, job.direction.opposite, headers):
            by_header[one.header_digest].append(one)
    return by_header


def _same_content(
    job: Job, source: Source, suspects: Sequence[_Suspect], free: _Free
) -> tuple[list[tuple[int, int]], list[_Suspect]]:
    """Rows and the copies that they are; and those that only look like one."""
    pairs: list[tuple[int, int]] = []
    left: list[_Suspect] = []
    for suspect in suspects:
        alike = free.get(suspect.header, [])
        digests = _digests(job, source, suspect) if alike else None
        same = next((one for one in alike if digests is not None and digests.core in one.cores), None)
        if same is not None:
            alike.remove(same)
            pairs.append((suspect.row, same.id))
        elif digests is not None:
            left.append(suspect)
    return pairs, left


def _same_header(suspects: Sequence[_Suspect], free: _Free) -> list[tuple[int, int]]:
    return [(suspect.row, free[suspect.header].pop(0).id) for suspect in suspects if free.get(suspect.header)]


def _leave(job: Job, hold: Hold, pairs: Sequence[tuple[int, int]]) -> int:
    """Leave out the first of each pair, a row that is the copy of the second; how many."""
    if pairs:
        with hold.ledger.write() as connection:
            round_trips.link(connection, pairs)
            decided = [(row, Outcome.LEFT_OUT, Why.CAME_FROM_THERE) for row, _copy in pairs]
            messages.decide(connection, decided, job.clock.now())
    return len(pairs)


def _digests(job: Job, source: Source, suspect: _Suspect) -> Digests | None:
    """One by one, so that no more than one body is in memory; None when the message went away."""
    with suppress(FolderMissing):
        for answer in source.read(suspect.folder, [suspect.key]):
            if isinstance(answer, Message):
                body, digests = to_wire(answer.body, job.resources.spool)
                body.release()
                return digests
    return None

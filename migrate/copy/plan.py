"""Planning a pass without doing it.  Needs a target that is never written and a ledger that may be thrown away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from connectors.contract import Target
from connectors.wrappers.dry_run import NOT_MADE, DryRunTarget
from migrate.copy.actions import Action, Adopt, Copy, Follow, LeaveOut, Make, Mark, Recognise, Refuse
from migrate.copy.adopt import adopt
from migrate.copy.batches import Place
from migrate.copy.delivered import recognise
from migrate.copy.halt import Halt
from migrate.copy.hold import Hold, hold
from migrate.copy.job import Job
from migrate.copy.moves import Moved, find_moved
from migrate.copy.places import Naming, make_places
from migrate.copy.round_trip import leave_what_came_from_there
from migrate.copy.scan import Listed, scan
from migrate.copy.sessions import Sessions
from migrate.ledger import copies, counts, messages
from migrate.ledger.schema import Outcome
from migrate.ledger.store import Ledger


def plan_pass(job: Job, ledger: Ledger, halt: Halt) -> list[Action]:
    """What :func:`migrate.copy.run.run_pass` would do now with one source.  Writes to ``ledger``, and to neither side.

    What another source brought is known by its content, so only the pass itself finds out that it need not be copied.
    Raises what the connectors raise.
    """
    with (
        hold(ledger, job.mailbox, job.site, job.clock.now()) as held,
        closing(Sessions(job, halt)) as sessions,
    ):
        sessions.admit(wait=True)
        target = DryRunTarget(sessions.target)
        there = list(sessions.source.folders())
        listed = scan(job, held, sessions.source, there).listed
        with held.ledger.write() as connection:
            limit = target.capabilities().max_message
            messages.apply_limit(connection, held.mailbox.id, job.direction, limit, job.clock.now())
        leave_what_came_from_there(job, held, sessions.source, listed)
        moved = find_moved(job, held, sessions.source, listed)
        places = make_places(job, held, target, listed, Naming(job, held, there))
        actions: list[Action] = [Make(p.target.path) for p in places.values() if p.target.epoch == NOT_MADE]
        actions += _follows(moved, places)
        delivered = recognise(job, held, sessions.source, target, list(places.values()), halt.stop)
        if delivered.count:
            actions.append(Recognise(delivered.count))
        actions += _adoptions(job, held, sessions, target, places)
        actions += _copies(job, held, listed, places, moved)
        return actions


def _follows(moved: Sequence[Moved], places: Mapping[int, Place]) -> Iterator[Action]:
    counts = Counter(places[one.folder_id].target.path for one in moved if one.folder_id in places)
    yield from (Follow(path, count) for path, count in counts.items())


def _adoptions(
    job: Job, held: Hold, sessions: Sessions, target: Target, places: Mapping[int, Place]
) -> Iterator[Action]:
    for place in places.values():
        count = adopt(job, held, sessions.source, target, [place])
        if count:
            yield Adopt(place.target.path, count)


def _copies(
    job: Job, held: Hold, listed: Sequence[Listed], places: Mapping[int, Place], moved: Sequence[Moved]
) -> Iterator[Action]:
    moving = Counter(one.folder_id for one in moved)
    with held.ledger.read() as connection:
        pending = counts.count_pending(connection, held.mailbox.id, job.direction, job.source)
        left_out = counts.count_by_reason(connection, held.mailbox.id, job.direction, Outcome.LEFT_OUT)
        refused = counts.count_by_reason(connection, held.mailbox.id, job.direction, Outcome.REFUSED)
        marks = copies.count_flags_to_carry(connection, held.mailbox.id, job.direction)
    for one in listed:
        count, size = pending.get(one.row.id, (0, 0))
        if count - moving[one.row.id] and one.row.id in places:
            yield Copy(one.folder.path, places[one.row.id].target.path, count - moving[one.row.id], size)
        for reason, number in left_out.get(one.row.id, {}).items():
            yield LeaveOut(one.folder.path, number, reason)
        for reason, number in refused.get(one.row.id, {}).items():
            yield Refuse(one.folder.path, number, reason)
    if marks:
        yield Mark(marks)

"""A pass over one source of a mailbox: its steps, in order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace

from sqlalchemy import Connection

from connectors.contract import (
    AuthFailed,
    ConnectorError,
    Fatal,
    Folder,
    FolderMissing,
    OverQuota,
    Reason,
    Source,
    Stopped,
    Target,
    Transient,
    Unavailable,
)
from connectors.folder_names import FolderPath
from migrate.copy import settle
from migrate.copy.adopt import adopt
from migrate.copy.batches import BatchQueue, Place
from migrate.copy.compare import TRIED_AGAIN
from migrate.copy.delivered import is_delivered_twice, recognise
from migrate.copy.flags import carry_flags
from migrate.copy.given_flags import set_forgotten
from migrate.copy.halt import Halt
from migrate.copy.hold import Hold, HoldLost
from migrate.copy.identity import is_shared, prepare
from migrate.copy.job import Job
from migrate.copy.late_flags import give_late
from migrate.copy.moves import find_moved, follow
from migrate.copy.oversize import keep_too_large
from migrate.copy.pair import Pair, PairError
from migrate.copy.pairs import joining, run_pairs, worth
from migrate.copy.places import Ahead, Naming, Survey, Surveyed, make_places, place_in_empty
from migrate.copy.portions import Portions
from migrate.copy.round_trip import leave_what_came_from_there
from migrate.copy.scan import Listed, known_folders, scan, wanted
from migrate.copy.sessions import Sessions
from migrate.ledger import attempts, counts, folders, lookalikes, messages, sources
from migrate.ledger.schema import Direction

#: Times that what came back as pending is tried in one pass, as long as each time brings something.
_ROUNDS = 10


class SourcePass:
    """The steps of a pass over one source, in order, on the sessions they share."""

    def __init__(self, job: Job, held: Hold, halt: Halt, to_copy: dict[int, tuple[int, int]]) -> None:
        """``to_copy``: messages and bytes, by source folder, when they were first found; one for the whole mailbox."""
        self.job = _aware(job, held)
        self._hold = held
        self._ledger = held.ledger
        self._halt = halt
        self.errors: list[PairError] = []
        self.unseen: Sequence[FolderMissing] = ()
        self.moved = self.flagged = self.adopted = self.delivered = 0
        #: Rows that dual delivery may still bring, as of the last look.
        self.awaited: frozenset[int] = frozenset()
        self._shared = is_shared(job, held)
        #: Sessions of further pairs that sign in while the source is listed.
        self._extras: list[Sessions] = []
        self._to_copy = to_copy
        self._portions = Portions()

    def run(self) -> None:
        self._settle_opposite()
        if self._halt.stop.is_set():
            return
        with ExitStack() as stack:
            sessions = stack.enter_context(closing(Sessions(self.job, self._halt)))
            sessions.open_ahead(wait=True)
            self._settle_earlier(sessions.target)
            there, surveyed = self._look(sessions)
            self._note_source()
            self._open_extras(stack, sessions, there)
            began = self.job.clock.now()
            naming = Naming(self.job, self._hold, there, surveyed)
            listed, made = self._list(stack, sessions, there, naming)
            again = True
            for number in range(_ROUNDS):
                before, at_once = self._unfinished(), self._portions.at_once
                self._copy_round(sessions, listed, naming, made)
                made = {}
                if not self._halt.stop.is_set():
                    # A pair that failed cut its sessions, to wake its other half.
                    sessions.renew()
                self._settle(sessions.target)
                asked_again = number == 0 and self._ask_again(began)
                after = self._unfinished()
                if not sum(after):
                    # A line that broke behind the last message matters no more: what it left open was found.
                    self.errors = [error for error in self.errors if not isinstance(error, Transient)]
                    break
                if self._halt.stop.is_set() or self._is_hopeless():
                    break
                if after == before and self._portions.at_once == at_once:
                    if not (asked_again or (again and self._may_have_passed())):
                        break
                    again = False  # once, not for ever
            if not self._halt.stop.is_set():
                keep_too_large(self.job, self._hold, sessions.source, listed, self._halt.stop)
                if self._to_copy:
                    self.flagged += set_forgotten(self.job, self._hold, sessions.target)
                    self.flagged += give_late(self.job, self._hold, sessions.target)
                self.flagged += carry_flags(self.job, self._hold, sessions.target)
                self._save_tokens(listed)

    def target_holds_mail(self) -> bool:
        with closing(Sessions(self.job, self._halt)) as sessions:
            sessions.admit(wait=True)
            return any(folder.messages != 0 for folder in sessions.target.folders())

    def adopt_only(self) -> None:
        self._settle_opposite()
        with closing(Sessions(self.job, self._halt)) as sessions:
            sessions.open_ahead(wait=True)
            source, target = sessions.source, sessions.target
            self._settle_earlier(target)
            there = list(source.folders())
            self._note_source()
            scanned = scan(self.job, self._hold, source, there)
            listed, self.unseen = scanned.listed, scanned.unseen
            leave_what_came_from_there(self.job, self._hold, source, listed)
            places = make_places(self.job, self._hold, target, listed, Naming(self.job, self._hold, there))
            self._recognise(source, target, list(places.values()))
            self.adopted = adopt(self.job, self._hold, source, target, list(places.values()))

    def _look(self, sessions: Sessions) -> tuple[list[Folder], Surveyed | None]:
        """The source's folders; and what the target says of its own, if this is a first pass and will need that."""
        if known_folders(self.job, self._hold):
            return list(sessions.source.folders()), None
        survey = Survey(self.job, sessions.target)
        try:
            there = list(sessions.source.folders())
        finally:
            surveyed = survey.told()
        return there, surveyed

    def _note_source(self) -> None:
        """Keep what people call a source that has another name in the ledger: it may be out of reach when asked for."""
        job = self.job
        if job.called and job.called != job.source:
            with self._ledger.write() as connection:
                sources.note(connection, self._hold.mailbox.id, job.source, job.called, rebuilt=job.rebuilt)

    def _settle_earlier(self, target: Target) -> None:
        """What an earlier pass, or the source before this one, left in flight.

        Another source's message is waited for: this one may hold it too, and must not bring it a second time.
        """
        if self._shared:
            self._settle(target)
        else:
            settle.look(self._hold, target, self.job.direction, self.job.clock)

    def _settle_opposite(self) -> None:
        """What a pass the other way left in flight on the side that this one reads is no new mail."""
        with self._ledger.read() as connection:
            open_there = attempts.count_unsettled(connection, self._hold.mailbox.id, self.job.direction.opposite)
        if not open_there or self.job.open_opposite is None:
            return
        permit = self.job.admit(self._halt.stop, True)
        try:
            with closing(self.job.open_opposite(self._halt.stop)) as there, self._halt.cutting(there.abort):
                self._settle(there, self.job.direction.opposite)
        finally:
            permit.release()

    def _list(
        self, stack: ExitStack, sessions: Sessions, there: Sequence[Folder], naming: Naming
    ) -> tuple[Sequence[Listed], Mapping[FolderPath, Folder]]:
        """List the source and make the target's folders.

        The further pairs of a first pass copy meanwhile what is listed already and goes to an empty folder.
        """
        limit = sessions.target.capabilities().max_message
        queue = self._queue(sessions.target)
        pairs = [Pair(self.job, self._hold, extra, queue, self._portions, self._halt) for extra in self._extras]
        self._extras = []
        ahead = Ahead(self.job, self._hold, lambda: sessions.target, there, naming)
        stack.callback(ahead.made)

        def offer(one: Listed) -> None:
            if is_delivered_twice(self.job, self._hold):
                return  # it was switched on meanwhile
            place = place_in_empty(self.job, self._hold, one, ahead)
            if place is not None:
                self._apply_limit(limit)
                self._announce([one.row.id])
                queue.add(place)

        for pair in pairs:
            stack.callback(pair.finish)
            pair.start()
        stack.callback(queue.close)
        scanned = scan(self.job, self._hold, sessions.source, there, offer if pairs else None)
        self.unseen = scanned.unseen
        made = ahead.made()
        queue.close()
        if pairs:
            first = Pair(self.job, self._hold, sessions, queue, self._portions, self._halt)
            count = sum(count for count, _ in self._to_copy.values())
            self._run([first, *pairs], stack, sessions, queue, count)
            if not self._halt.stop.is_set():
                sessions.renew()
        return scanned.listed, made

    def _copy_round(
        self, sessions: Sessions, listed: Sequence[Listed], naming: Naming, made: Mapping[FolderPath, Folder]
    ) -> None:
        source, target = sessions.source, sessions.target
        self._apply_limit(target.capabilities().max_message)
        leave_what_came_from_there(self.job, self._hold, source, listed)
        moved = find_moved(self.job, self._hold, source, listed)
        places = make_places(self.job, self._hold, target, listed, naming, made)
        self.moved += follow(self.job, self._hold, target, moved, places)
        if not self._halt.stop.is_set():
            # Before adopting: what arrived by itself is its person's, and must not follow the source as ours would.
            self._recognise(source, target, list(places.values()))
        self.adopted += adopt(self.job, self._hold, source, target, list(places.values()))
        if self._shared:
            prepare(self.job, self._hold, source, target, list(places.values()))
        count = self._announce(places)
        if count and not self._halt.stop.is_set():
            self._copy(sessions, list(places.values()), count)

    def _recognise(self, source: Source, target: Target, places: Sequence[Place]) -> None:
        """What dual delivery brought is not copied; what it may be bringing at this moment waits."""
        recognised = recognise(self.job, self._hold, source, target, places, self._halt.stop)
        self.delivered += recognised.count
        self.awaited = recognised.awaited

    def _copy(self, sessions: Sessions, places: Sequence[Place], count: int) -> None:
        queue = self._queue(sessions.target)
        queue.add(*places)
        queue.close()
        with ExitStack() as stack:
            pair = Pair(self.job, self._hold, sessions, queue, self._portions, self._halt)
            self._run([pair], stack, sessions, queue, count)

    def _run(self, pairs: Sequence[Pair], stack: ExitStack, sessions: Sessions, queue: BatchQueue, count: int) -> None:
        """Copy by these pairs.  A round that is tried again brings its own troubles; those of the last one count."""
        another = joining(self.job, self._hold, self._halt, stack, sessions, queue, self._portions, count)
        self.errors = _troubles(run_pairs(pairs, another), pairs[0])

    def _announce(self, folder_ids: Collection[int]) -> int:
        """Tell how much there is to copy in all, these folders included; how many messages are pending in them."""
        with self._ledger.read() as connection:
            pending = self._count_pending(connection)
        new = {folder_id: pending[folder_id] for folder_id in pending.keys() & set(folder_ids)}
        if new:
            # What a round before left over is told of already.
            self._to_copy.update({folder_id: new[folder_id] for folder_id in new.keys() - self._to_copy.keys()})
            count, size = (sum(column) for column in zip(*self._to_copy.values(), strict=True))
            self.job.progress.to_copy(self.job.mailbox, count, size)
        return sum(count for count, _ in new.values())

    def _open_extras(self, stack: ExitStack, sessions: Sessions, there: Sequence[Folder]) -> None:
        """On a first pass the further pairs sign in while the source is listed: everything in it will be copied.

        Not beside another source, nor with dual delivery: what those brought has to be known before anything is copied.
        """
        if self._shared or is_delivered_twice(self.job, self._hold) or known_folders(self.job, self._hold):
            return
        count = sum(folder.messages or 0 for folder in wanted(self.job, there))
        for _ in range(worth(self.job, sessions, count) - 1):
            extra = Sessions(self.job, self._halt)
            with suppress(ConnectorError):  # a pair fewer; the first one is at work
                extra.open_ahead(wait=False)
                stack.callback(extra.close)
                self._extras.append(extra)

    def _apply_limit(self, limit: int | None) -> None:
        with self._ledger.write() as connection:
            messages.apply_limit(connection, self._hold.mailbox.id, self.job.direction, limit, self.job.clock.now())

    def _queue(self, target: Target) -> BatchQueue:
        with self._ledger.read() as connection:
            look_alike = lookalikes.in_flight(connection, self._hold.mailbox.id, self.job.direction)
        return BatchQueue(
            self._ledger,
            most=target.capabilities().batch,
            # What may be the same message as one in flight waits until that is settled.
            hold_back=frozenset(new for new, _, _ in look_alike) | self.awaited,
        )

    def _settle(self, target: Target, direction: Direction | None = None) -> None:
        """Wait for what is in flight (in the job's direction unless told), until all is settled or the run stopped."""
        direction = direction or self.job.direction
        while (due_in := settle.look(self._hold, target, direction, self.job.clock)) is not None:
            with self._ledger.read() as connection:
                waiting = attempts.count_unsettled(connection, self._hold.mailbox.id, direction)
            self.job.progress.waiting(self.job.mailbox, due_in, waiting)
            if self.job.clock.wait(due_in, self._halt.stop):
                return

    def _ask_again(self, since: float) -> bool:
        """A refusal without a reason may be the moment's: a Maildir that a killed session still holds, say.

        True when there was one.
        """
        with self._ledger.write() as connection:
            return messages.open_again(connection, self._hold.mailbox.id, self.job.direction, Reason.REFUSED, since)

    def _may_have_passed(self) -> bool:
        """Whether it was a folder that was made anew since it was looked up, or a line that broke."""
        return any(
            isinstance(error, FolderMissing | Transient) and not isinstance(error, Unavailable) for error in self.errors
        )

    def _unfinished(self) -> tuple[int, int]:
        """Messages pending, and how many of them are in flight."""
        with self._ledger.read() as connection:
            pending = self._count_pending(connection)
            in_flight = attempts.count_unsettled(connection, self._hold.mailbox.id, self.job.direction)
        return sum(count for count, _ in pending.values()), in_flight

    def _count_pending(self, connection: Connection) -> dict[int, tuple[int, int]]:
        return counts.count_pending(connection, self._hold.mailbox.id, self.job.direction, self.job.source)

    def _is_hopeless(self) -> bool:
        return any(isinstance(error, AuthFailed | Fatal | OverQuota | HoldLost | Stopped) for error in self.errors)

    def _save_tokens(self, listed: Sequence[Listed]) -> None:
        """A token is kept only where nothing is left to do: the next pass skips what it proves unmoved."""
        with self._ledger.write() as connection:
            open_folders = counts.unfinished_folders(connection, self._hold.mailbox.id, self.job.direction, TRIED_AGAIN)
            for one in listed:
                if not one.skipped and one.row.id not in open_folders:
                    folders.save_token(connection, one.row.id, one.folder.token, one.cursor, self.job.rules.digest())


def _aware(job: Job, held: Hold) -> Job:
    """The job, aware of archives that an earlier pass read and that are out of reach now."""
    with held.ledger.read() as connection:
        return replace(job, beside_rebuilt=job.beside_rebuilt or sources.any_rebuilt(connection, held.mailbox.id))


def _troubles(errors: Sequence[PairError], first: Pair) -> list[PairError]:
    """A further session that is not granted is no trouble as long as the first pair works."""
    return [error for error in errors if error in first.errors or not isinstance(error, Unavailable)]

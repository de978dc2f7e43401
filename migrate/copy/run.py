"""Running a pass from beginning to end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass

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
from migrate.copy.flags import carry_flags
from migrate.copy.given_flags import set_forgotten
from migrate.copy.halt import Halt
from migrate.copy.hold import Hold, HoldLost, hold
from migrate.copy.job import Job
from migrate.copy.moves import find_moved, follow
from migrate.copy.pair import Pair, PairError, run_pairs
from migrate.copy.places import Ahead, Naming, make_places, place_in_empty
from migrate.copy.scan import Listed, known_folders, scan, wanted
from migrate.copy.sessions import Sessions
from migrate.ledger import attempts, copies, counts, folders, lookalikes, mailboxes, messages
from migrate.ledger.counts import Tally
from migrate.ledger.schema import MailboxState, Outcome
from migrate.ledger.store import Ledger, LedgerError

#: A pair more is opened only for so many messages more.
_MESSAGES_A_PAIR = 200
#: Times that what came back as pending is tried in one pass, as long as each time brings something.
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class PassResult:
    """What a pass came to.  ``tally.seen`` is the sum of all outcomes, always."""

    mailbox: str
    tally: Tally
    #: In flight when the pass ended; the next one settles them.
    in_flight: int
    errors: tuple[PairError, ...]
    interrupted: bool
    #: What this pass did itself.
    copied: int = 0
    moved: int = 0
    flagged: int = 0
    adopted: int = 0

    @property
    def complete(self) -> bool:
        """Everything seen is accounted for, and nothing is left to do but what is refused or uncertain."""
        return not self.errors and not self.interrupted and not self.tally.outcomes[Outcome.PENDING]


def run_pass(job: Job, ledger: Ledger, halt: Halt) -> PassResult:
    """One pass over one mailbox.

    Raises :class:`migrate.copy.hold.MailboxBusy` when another pass holds it; what goes wrong with a system is in
    ``PassResult.errors``, with all that was done before recorded.
    """
    with hold(ledger, job.mailbox, job.site, job.clock.now()) as held:
        one = _Pass(job, held, halt)
        try:
            one.run()
        except (ConnectorError, LedgerError) as error:
            one.errors.append(error)
        return one.finish()


def run_adoption(job: Job, ledger: Ledger, halt: Halt) -> PassResult:
    """Scan and adopt only: nothing is written to either side, save the target folders that are not there yet."""
    with hold(ledger, job.mailbox, job.site, job.clock.now()) as held:
        one = _Pass(job, held, halt)
        try:
            one.adopt_only()
        except (ConnectorError, LedgerError) as error:
            one.errors.append(error)
        return one.finish()


class _Pass:
    """The steps of a pass, in order, on the sessions they share."""

    def __init__(self, job: Job, held: Hold, halt: Halt) -> None:
        self._job = job
        self._hold = held
        self._ledger = held.ledger
        self._halt = halt
        self.errors: list[PairError] = []
        self._unseen: Sequence[FolderMissing] = ()
        self._copied = self._moved = self._flagged = self._adopted = 0
        self._before = self._count_on_target()
        #: Sessions of further pairs that sign in while the source is listed.
        self._extras: list[Sessions] = []
        #: Messages and bytes, by source folder, when they were first found.
        self._to_copy: dict[int, tuple[int, int]] = {}

    def run(self) -> None:
        with ExitStack() as stack:
            sessions = stack.enter_context(closing(Sessions(self._job, self._halt)))
            sessions.admit(wait=True)
            settle.look(self._hold, sessions.target, self._job.direction, self._job.clock)
            there = list(sessions.source.folders())
            self._open_extras(stack, sessions, there)
            began = self._job.clock.now()
            naming = Naming(self._job, self._hold, there)
            listed, made = self._list(stack, sessions, there, naming)
            again = True
            for number in range(_ROUNDS):
                before = self._unfinished()
                self._copy_round(sessions, listed, naming, made)
                made = {}
                if not self._halt.stop.is_set():
                    # A pair that failed cut its sessions, to wake its other half.
                    sessions.renew()
                self._settle(sessions.target)
                asked_again = number == 0 and self._ask_again(began)
                after = self._unfinished()
                if not sum(after) or self._halt.stop.is_set() or self._is_hopeless():
                    break
                if after == before:
                    if not (asked_again or (again and self._may_have_passed())):
                        break
                    again = False  # once, not for ever
            if not self._halt.stop.is_set():
                if self._count_on_target() > self._before + self._adopted:
                    self._flagged += set_forgotten(self._job, self._hold, sessions.target)
                self._flagged += carry_flags(self._job, self._hold, sessions.target)
                self._save_tokens(listed)

    def adopt_only(self) -> None:
        with closing(Sessions(self._job, self._halt)) as sessions:
            sessions.admit(wait=True)
            source, target = sessions.source, sessions.target
            settle.look(self._hold, target, self._job.direction, self._job.clock)
            there = list(source.folders())
            scanned = scan(self._job, self._hold, source, there)
            listed, self._unseen = scanned.listed, scanned.unseen
            places = make_places(self._job, self._hold, target, listed, Naming(self._job, self._hold, there))
            self._adopted = adopt(self._job, self._hold, source, target, list(places.values()))

    def finish(self) -> PassResult:
        """Close the pass in the ledger.  A pass whose hold was lost leaves that to its successor."""
        with self._ledger.read() as connection:
            mailbox_id = self._hold.mailbox.id
            tally = counts.tally(connection, [mailbox_id], self._job.direction)[mailbox_id]
            in_flight = attempts.count_unsettled(connection, mailbox_id)
        errors = _distinct([*self.errors, *self._unseen])
        copied = self._count_on_target() - self._before - self._adopted
        result = PassResult(
            self._job.mailbox, tally, in_flight, errors, self._halt.stop.is_set(), copied, self._moved,
            self._flagged, self._adopted,
        )  # fmt: skip
        if not any(isinstance(error, HoldLost) for error in errors):
            state = MailboxState.COPIED if result.complete else MailboxState.INCOMPLETE
            error = str(errors[0]) if errors else None
            with self._ledger.write() as connection:
                mailboxes.finish(connection, mailbox_id, state, self._job.clock.now(), error)
        return result

    def _list(
        self, stack: ExitStack, sessions: Sessions, there: Sequence[Folder], naming: Naming
    ) -> tuple[Sequence[Listed], Mapping[FolderPath, Folder]]:
        """List the source and make the target's folders.

        The further pairs of a first pass copy meanwhile what is listed already and goes to an empty folder.
        """
        limit = sessions.target.capabilities().max_message
        queue = self._queue(sessions.target)
        pairs = [Pair(self._job, self._hold, extra, queue, self._halt) for extra in self._extras]
        self._extras = []
        ahead = Ahead(self._job, self._hold, lambda: sessions.target, there, naming)
        stack.callback(ahead.made)

        def offer(one: Listed) -> None:
            place = place_in_empty(self._job, self._hold, one, ahead)
            if place is not None:
                self._apply_limit(limit)
                self._announce([one.row.id])
                queue.add(place)

        for pair in pairs:
            stack.callback(pair.finish)
            pair.start()
        stack.callback(queue.close)
        scanned = scan(self._job, self._hold, sessions.source, there, offer if pairs else None)
        self._unseen = scanned.unseen
        made = ahead.made()
        queue.close()
        if pairs:
            self._run([Pair(self._job, self._hold, sessions, queue, self._halt), *pairs])
            if not self._halt.stop.is_set():
                sessions.renew()
        return scanned.listed, made

    def _copy_round(
        self, sessions: Sessions, listed: Sequence[Listed], naming: Naming, made: Mapping[FolderPath, Folder]
    ) -> None:
        source, target = sessions.source, sessions.target
        self._apply_limit(target.capabilities().max_message)
        moved = find_moved(self._job, self._hold, source, listed)
        places = make_places(self._job, self._hold, target, listed, naming, made)
        self._moved += follow(self._job, self._hold, target, moved, places)
        self._adopted += adopt(self._job, self._hold, source, target, list(places.values()))
        count = self._announce(places)
        if count and not self._halt.stop.is_set():
            self._copy(sessions, list(places.values()), count)

    def _copy(self, sessions: Sessions, places: Sequence[Place], count: int) -> None:
        queue = self._queue(sessions.target)
        queue.add(*places)
        queue.close()
        with ExitStack() as stack:
            pairs = [Pair(self._job, self._hold, sessions, queue, self._halt)]
            for _ in range(self._more_pairs(sessions.source, sessions.target, count)):
                extra = stack.enter_context(closing(Sessions(self._job, self._halt)))
                pairs.append(Pair(self._job, self._hold, extra, queue, self._halt))
            self._run(pairs)

    def _run(self, pairs: Sequence[Pair]) -> None:
        """Copy by these pairs.  A round that is tried again brings its own troubles; those of the last one count."""
        self.errors = _troubles(run_pairs(pairs), pairs[0])

    def _announce(self, folder_ids: Collection[int]) -> int:
        """Tell how much there is to copy in all, these folders included; how many messages are pending in them."""
        with self._ledger.read() as connection:
            pending = counts.count_pending(connection, self._hold.mailbox.id, self._job.direction)
        new = {folder_id: pending[folder_id] for folder_id in pending.keys() & set(folder_ids)}
        if new:
            # What a round before left over is told of already.
            self._to_copy = new | self._to_copy
            count, size = (sum(column) for column in zip(*self._to_copy.values(), strict=True))
            self._job.progress.to_copy(self._job.mailbox, count, size)
        return sum(count for count, _ in new.values())

    def _open_extras(self, stack: ExitStack, sessions: Sessions, there: Sequence[Folder]) -> None:
        """On a first pass the further pairs sign in while the source is listed: everything in it will be copied."""
        if known_folders(self._job, self._hold):
            return
        count = sum(folder.messages or 0 for folder in wanted(self._job, there))
        for _ in range(self._more_pairs(sessions.source, sessions.target, count)):
            extra = Sessions(self._job, self._halt)
            extra.open_ahead()
            stack.callback(extra.close)
            self._extras.append(extra)

    def _apply_limit(self, limit: int | None) -> None:
        with self._ledger.write() as connection:
            messages.apply_limit(connection, self._hold.mailbox.id, self._job.direction, limit, self._job.clock.now())

    def _queue(self, target: Target) -> BatchQueue:
        with self._ledger.read() as connection:
            look_alike = lookalikes.in_flight(connection, self._hold.mailbox.id, self._job.direction)
        return BatchQueue(
            self._ledger,
            most=target.capabilities().batch,
            # What may be the same message as one in flight waits until that is settled.
            hold_back=frozenset(new for new, _, _ in look_alike),
        )

    def _more_pairs(self, source: Source, target: Target, count: int) -> int:
        """Pairs beside the first: no more than either side bears, and than the work is worth."""
        sides = source.capabilities(), target.capabilities()
        if sides[0].sequential or not sides[1].returns_keys:
            return 0
        most = min(self._job.pairs, *(side.sessions for side in sides))
        return min(most, -(-count // _MESSAGES_A_PAIR)) - 1

    def _settle(self, target: Target) -> None:
        """Wait for what is in flight, until all is settled or somebody stops the run."""
        while (due_in := settle.look(self._hold, target, self._job.direction, self._job.clock)) is not None:
            with self._ledger.read() as connection:
                waiting = attempts.count_unsettled(connection, self._hold.mailbox.id)
            self._job.progress.waiting(self._job.mailbox, due_in, waiting)
            if self._job.clock.wait(due_in, self._halt.stop):
                return

    def _ask_again(self, since: float) -> bool:
        """A refusal without a reason may be the moment's: a Maildir that a killed session still holds, say.

        True when there was one.
        """
        with self._ledger.write() as connection:
            return messages.open_again(connection, self._hold.mailbox.id, self._job.direction, Reason.REFUSED, since)

    def _may_have_passed(self) -> bool:
        """Whether it was a folder that was made anew since it was looked up, or a line that broke."""
        return any(
            isinstance(error, FolderMissing | Transient) and not isinstance(error, Unavailable) for error in self.errors
        )

    def _unfinished(self) -> tuple[int, int]:
        """Messages pending, and how many of them are in flight."""
        with self._ledger.read() as connection:
            pending = counts.count_pending(connection, self._hold.mailbox.id, self._job.direction)
            in_flight = attempts.count_unsettled(connection, self._hold.mailbox.id)
        return sum(count for count, _ in pending.values()), in_flight

    def _is_hopeless(self) -> bool:
        return any(isinstance(error, AuthFailed | Fatal | OverQuota | HoldLost | Stopped) for error in self.errors)

    def _count_on_target(self) -> int:
        with self._ledger.read() as connection:
            return copies.count(connection, self._hold.mailbox.id, self._job.direction)

    def _save_tokens(self, listed: Sequence[Listed]) -> None:
        """A token is kept only where nothing is left to do: the next pass skips what it proves unmoved."""
        with self._ledger.write() as connection:
            open_folders = counts.unfinished_folders(
                connection, self._hold.mailbox.id, self._job.direction, TRIED_AGAIN
            )
            for one in listed:
                if not one.skipped and one.row.id not in open_folders:
                    folders.save_token(connection, one.row.id, one.folder.token, one.cursor, self._job.rules.digest())


def _troubles(errors: Sequence[PairError], first: Pair) -> list[PairError]:
    """A further session that is not granted is no trouble as long as the first pair works."""
    return [error for error in errors if error in first.errors or not isinstance(error, Unavailable)]


def _distinct(errors: Sequence[PairError]) -> tuple[PairError, ...]:
    """Each trouble once; a session that we cut ourselves is told as interruption."""
    told = (error for error in errors if not isinstance(error, Stopped))
    return tuple({str(error): error for error in told}.values())

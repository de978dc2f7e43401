"""Running a pass from beginning to end: hold the mailbox, go over its sources, and say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from connectors.contract import (
    ConnectorError,
    Reason,
    Stopped,
)
from migrate.copy.halt import Halt
from migrate.copy.hold import Hold, HoldLost, hold
from migrate.copy.job import Job
from migrate.copy.metering import Metered
from migrate.copy.pair import PairError
from migrate.copy.source_pass import SourcePass
from migrate.ledger import attempts, counts, mailboxes, pace
from migrate.ledger.counts import Tally
from migrate.ledger.schema import ON_TARGET, Direction, MailboxState, Outcome
from migrate.ledger.store import Ledger, LedgerError


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
    #: Found to have been brought by dual delivery.
    delivered: int = 0
    #: Pending because dual delivery may still be bringing them.
    awaited: int = 0

    @property
    def complete(self) -> bool:
        """Everything seen is accounted for, and nothing is left to do but what is refused or uncertain."""
        return not self.errors and not self.interrupted and not self.tally.outcomes[Outcome.PENDING]


def run_pass(jobs: Sequence[Job], ledger: Ledger, halt: Halt) -> PassResult:
    """One pass over one mailbox: a job for each of its sources, one after the other.

    Raises :class:`migrate.copy.hold.MailboxBusy` when another pass holds it; what goes wrong with a system is in
    ``PassResult.errors``, with all that was done before recorded.
    """
    return _run(jobs, ledger, halt, SourcePass.run, archives_first=True)


def run_adoption(jobs: Sequence[Job], ledger: Ledger, halt: Halt) -> PassResult:
    """Scan and adopt only: nothing is written to either side, save the target folders that are not there yet."""
    return _run(jobs, ledger, halt, SourcePass.adopt_only)


def _run(
    jobs: Sequence[Job],
    ledger: Ledger,
    halt: Halt,
    steps: Callable[[SourcePass], None],
    *,
    archives_first: bool = False,
) -> PassResult:
    first = jobs[0]
    with hold(ledger, first.mailbox, first.site, first.clock.now()) as held:
        before = _state(held, first.direction)
        passes: list[SourcePass] = []
        to_copy: dict[int, tuple[int, int]] = {}
        taken_over = 0
        meters: list[Metered] = []
        for plain in jobs:
            meter = Metered(plain.progress, plain.clock)
            job = replace(plain, progress=meter)
            meters.append(meter)
            one = SourcePass(job, held, halt, to_copy)
            try:
                if archives_first and plain is first and not before.brought and not before.in_flight:
                    taken_over = _take_over(one, jobs[1:], held, halt)
                    # What it shares with others is known only now.
                    one = SourcePass(job, held, halt, to_copy)
                steps(one)
            except (ConnectorError, LedgerError) as error:
                one.errors.append(error)
            passes.append(one)
            # What one source does not give keeps nobody from the next; a lost hold does.
            if halt.stop.is_set() or any(isinstance(error, HoldLost) for error in one.errors):
                break
        return _finish(held, passes, meters, before, interrupted=halt.stop.is_set(), taken_over=taken_over)


def _take_over(first: SourcePass, others: Sequence[Job], held: Hold, halt: Halt) -> int:
    """Adopt for the archives before the first message of any source is sent; how many were there.

    Where the ledger was lost, a message of the server may lie where an archive had put it: who copies the server's
    mail before that is known sends it again.  Raises ConnectorError when the target cannot be asked.
    """
    archives = [job for job in others if job.is_archive]
    if not archives or halt.stop.is_set() or not first.target_holds_mail():
        return 0
    count = 0
    for job in archives:
        one = SourcePass(job, held, halt, {})
        with suppress(ConnectorError):  # its own pass meets it too, and tells
            one.adopt_only()
        count += one.adopted
        if halt.stop.is_set():
            break
    return count


@dataclass(frozen=True, slots=True)
class _State:
    """How a mailbox stands in the ledger."""

    tally: Tally
    in_flight: int

    @property
    def brought(self) -> int:
        """Messages that we stored on the target ourselves, as far as the ledger knows."""
        return self.tally.outcomes[Outcome.STORED] + self.tally.outcomes[Outcome.MERGED]

    @property
    def sent(self) -> int:
        """Messages on the target, without those that another source's copy stands for or dual delivery brought."""
        on_target = sum(self.tally.outcomes[outcome] for outcome in ON_TARGET)
        return on_target - self.tally.reasons[Reason.IN_ANOTHER_SOURCE] - self.tally.reasons[Reason.DUAL_DELIVERED]


def _state(held: Hold, direction: Direction) -> _State:
    with held.ledger.read() as connection:
        tally = counts.tally(connection, [held.mailbox.id], direction)[held.mailbox.id]
        return _State(tally, attempts.count_unsettled(connection, held.mailbox.id, direction))


def _finish(
    held: Hold,
    passes: Sequence[SourcePass],
    meters: Sequence[Metered],
    before: _State,
    *,
    interrupted: bool,
    taken_over: int,
) -> PassResult:
    """Close the pass in the ledger.  A pass whose hold was lost leaves that to its successor."""
    job = passes[0].job
    now = _state(held, job.direction)
    errors = _distinct([error for one in passes for error in (*one.errors, *one.unseen)])
    moved, flagged, adopted, delivered, awaited = (
        sum(done)
        for done in zip(
            *((one.moved, one.flagged, one.adopted, one.delivered, len(one.awaited)) for one in passes), strict=True
        )
    )
    adopted += taken_over
    copied = now.sent - before.sent - adopted
    result = PassResult(
        job.mailbox,
        now.tally,
        now.in_flight,
        errors,
        interrupted,
        copied,
        moved,
        flagged,
        adopted,
        delivered,
        awaited,
    )
    if not any(isinstance(error, HoldLost) for error in errors):
        state = MailboxState.COPIED if result.complete else MailboxState.INCOMPLETE
        error = str(errors[0]) if errors else None
        with held.ledger.write() as connection:
            if job.is_way_back:
                # What the mailbox is known by is how its copy to the new system stands.
                mailboxes.leave(connection, held.mailbox.id, held.mailbox.state)
            else:
                mailboxes.finish(connection, held.mailbox.id, state, job.clock.now(), error)
            for one, meter in zip(passes, meters, strict=True):
                rate = meter.rate()
                # How fast a disk gives its archives says nothing of systems.
                if rate is not None and not one.job.is_archive:
                    pace.note_rate(connection, one.job.source, one.job.target, rate, job.clock.now())
    return result


def _distinct(errors: Sequence[PairError]) -> tuple[PairError, ...]:
    """Each trouble once; a session that we cut ourselves is told as interruption."""
    told = (error for error in errors if not isinstance(error, Stopped))
    return tuple({str(error): error for error in told}.values())

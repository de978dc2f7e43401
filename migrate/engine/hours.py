"""The plan's hours for copying: passes run in them alone, pause when they end, and go on when they come again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Thread
from zoneinfo import ZoneInfo

from connectors.contract import TooManySessions
from migrate.copy.halt import Halt
from migrate.copy.job import Clock
from migrate.copy.run import PassResult
from migrate.engine.local import Done, LocalEngine
from plans import Site
from plans.quantities import HoursOfDay

#: Seconds between looks at the clock while passes run: a stopped run is noticed as soon.
_LOOK = 0.2
#: The longest sleep while the hours are awaited: the clock of a machine that was asleep is looked at again.
_SLEEP = 30.0
#: Times that a pass is run again because the server granted it no session.
_TURNS = 3


@dataclass(frozen=True, slots=True)
class CopyHours:
    """Hours of every day on the clocks of one time zone."""

    hours: HoursOfDay
    zone: ZoneInfo

    @classmethod
    def of(cls, site: Site) -> CopyHours | None:
        """The hours outside which a copy of this site waits.

        None when it may run at any hour: the plan names none, or it names the rate to keep to outside them.
        """
        if site.copy_window is None or site.daytime_limit is not None:
            return None
        return cls(site.copy_window, site.time_zone)

    def hold(self, moment: float) -> bool:
        """Whether ``moment`` (seconds since 1970) lies in them."""
        return self._shown(datetime.fromtimestamp(moment, UTC))

    def opens(self, moment: float) -> datetime:
        """When they begin next, on the zone's clocks; ``moment`` itself when it lies in them.

        Looked for minute by minute: a clock that is put forward may begin them early, or leave them out for a day.
        """
        at = datetime.fromtimestamp(moment, UTC)
        if not self._shown(at):
            shown = at.astimezone(self.zone)
            at -= timedelta(seconds=shown.second, microseconds=shown.microsecond)
            while not self._shown(at):
                at += timedelta(minutes=1)
        return at.astimezone(self.zone)

    def _shown(self, moment: datetime) -> bool:
        return self.hours.hold(moment.astimezone(self.zone).time())


def passes(
    mailboxes: Sequence[str],
    workers: int,
    run_one: Callable[[Halt, str], PassResult],
    halt: Halt,
    hours: CopyHours | None,
    clock: Clock,
    waiting: Callable[[datetime], None],
) -> Iterator[Done[PassResult]]:
    """Run a pass over each mailbox; yields each as its pass ends for good.

    A pass that the end of the hours interrupts finishes its batches in hand and is gone on with when the hours come
    again; what it did before counts as its own.  ``waiting`` hears when that will be.  After ``halt.stop`` no
    further pass is begun.
    """
    left = dict.fromkeys(mailboxes)
    before: dict[str, PassResult] = {}
    while left and (hours is None or _come(hours, halt, clock, waiting)):
        with _within(hours, halt, clock) as inner:
            engine: LocalEngine[PassResult] = LocalEngine(workers)
            engine.submit(list(left))
            for done in engine.run(partial(run_one, inner), inner.stop):
                whole = _whole(before.get(done.mailbox), done)
                if whole.result is not None and whole.result.interrupted and not halt.stop.is_set():
                    before[done.mailbox] = whole.result
                    continue
                del left[done.mailbox]
                yield whole
        if halt.stop.is_set():
            break
    yield from (Done(mailbox, before[mailbox], None) for mailbox in left if mailbox in before)


def joined(before: PassResult, now: PassResult) -> PassResult:
    """Two parts of one pass: what both did, and how the second ended."""
    return replace(
        now,
        copied=before.copied + now.copied,
        moved=before.moved + now.moved,
        flagged=before.flagged + now.flagged,
        adopted=before.adopted + now.adopted,
        delivered=before.delivered + now.delivered,
    )


def in_turn(run_one: Callable[[], PassResult], stop: Event) -> PassResult:
    """A pass whose sessions were refused for the sake of others is run again: it waits for its turn then.

    By that time their number is known to :mod:`migrate.engine.admission`.
    """
    result = run_one()
    for _again in range(_TURNS):
        if stop.is_set() or not any(isinstance(error, TooManySessions) for error in result.errors):
            break
        result = joined(result, run_one())
    return result


def _come(hours: CopyHours, halt: Halt, clock: Clock, waiting: Callable[[datetime], None]) -> bool:
    """Wait for the hours; False when the run was stopped before they came."""
    told: datetime | None = None
    while not hours.hold(now := clock.now()):
        opens = hours.opens(now)
        if opens != told:
            waiting(opens)
            told = opens
        if clock.wait(min(opens.timestamp() - now, _SLEEP), halt.stop):
            return False
    return not halt.stop.is_set()


@contextmanager
def _within(hours: CopyHours | None, halt: Halt, clock: Clock) -> Iterator[Halt]:
    """A halt that follows ``halt``, and stops too when the hours are over."""
    if hours is None:
        yield halt
        return
    inner, over = Halt(), Event()

    def watch() -> None:
        while not over.wait(_LOOK):
            if halt.stop.is_set() or not hours.hold(clock.now()):
                inner.stop.set()
                return

    watching = Thread(target=watch, name="hours for copying", daemon=True)
    with halt.cutting(inner.abort):
        watching.start()
        try:
            yield inner
        finally:
            over.set()
            watching.join()


def _whole(before: PassResult | None, done: Done[PassResult]) -> Done[PassResult]:
    """A pass with what it did before it was paused; its last words count for everything else."""
    return done if before is None or done.result is None else replace(done, result=joined(before, done.result))

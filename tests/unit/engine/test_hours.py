"""The plan's hours for copying: when they begin, and passes that run in them alone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from connectors.contract import Unavailable
from migrate.copy.halt import Halt
from migrate.copy.run import PassResult
from migrate.engine.hours import CopyHours, joined, passes
from migrate.engine.local import Done
from migrate.ledger.counts import Tally
from plans.quantities import HoursOfDay

PARIS = ZoneInfo("Europe/Paris")


def hours(start: str, end: str, zone: ZoneInfo = PARIS) -> CopyHours:
    return CopyHours(HoursOfDay(time.fromisoformat(start), time.fromisoformat(end)), zone)


def moment(text: str) -> float:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        pytest.param(("19:00", "07:00"), "2026-11-22T12:34:56", "2026-11-22T19:00:00+01:00", id="in winter"),
        pytest.param(("19:00", "07:00"), "2026-07-22T12:34:56", "2026-07-22T19:00:00+02:00", id="in summer"),
        pytest.param(("08:00", "09:30"), "2026-11-22T12:34:56", "2026-11-23T08:00:00+01:00", id="tomorrow"),
        pytest.param(("19:00", "07:00"), "2026-11-22T18:00:01", "2026-11-22T19:00:01+01:00", id="now"),
        # On 29 March 2026 the clocks go from 2:00 to 3:00, on 25 October from 3:00 to 2:00.
        pytest.param(("03:30", "06:00"), "2026-03-28T22:00:00", "2026-03-29T03:30:00+02:00", id="after a short night"),
        pytest.param(("02:30", "06:00"), "2026-03-28T22:00:00", "2026-03-29T03:00:00+02:00", id="an hour that is not"),
        pytest.param(("02:10", "02:40"), "2026-03-28T22:00:00", "2026-03-30T02:10:00+02:00", id="no hours that day"),
        pytest.param(("02:30", "06:00"), "2026-10-24T22:00:00", "2026-10-25T02:30:00+02:00", id="an hour twice"),
        pytest.param(("04:00", "06:00"), "2026-10-24T22:00:00", "2026-10-25T04:00:00+01:00", id="after a long night"),
    ],
)
def test_the_hours_begin_by_the_sites_clocks(window: tuple[str, str], now: str, opens: str) -> None:
    found = hours(*window)
    assert found.opens(moment(now)).isoformat() == opens
    assert found.hold(found.opens(moment(now)).timestamp())


def test_hours_of_another_zone_are_other_hours() -> None:
    evening = moment("2026-11-22T18:30:00")
    assert hours("19:00", "07:00").hold(evening)
    assert not hours("19:00", "07:00", ZoneInfo("Europe/London")).hold(evening)


class Turned:
    """A clock that waiting moves, and tests."""

    def __init__(self, now: str) -> None:
        self.seconds = moment(now)
        self.at_wait: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.seconds

    def wait(self, seconds: float, stop: Event) -> bool:
        self.at_wait()
        if not stop.is_set():
            self.seconds += seconds
        return stop.is_set()


def result(mailbox: str, *, copied: int, interrupted: bool = False) -> PassResult:
    return PassResult(mailbox, Tally(Counter(), Counter(), 0), 0, (), interrupted, copied)


class Run:
    """Passes over mailboxes of which each needs as many batches as its number says, in hours from 19:00 to 7:00."""

    def __init__(self, now: str, **batches: int) -> None:
        self.clock = Turned(now)
        self.halt = Halt()
        self.todo = dict(batches)
        self.told: list[str] = []
        self.begun: list[tuple[str, str]] = []
        #: Called after each batch.
        self.after: Callable[[str], None] = lambda _mailbox: None

    def one(self, halt: Halt, mailbox: str) -> PassResult:
        self.begun.append((mailbox, self.clock_shows()))
        copied = 0
        while self.todo[mailbox] and not halt.stop.is_set():
            self.todo[mailbox] -= 1
            copied += 1
            self.after(mailbox)
            if not hours("19:00", "07:00").hold(self.clock.now()):
                assert halt.stop.wait(10), "the end of the hours stops a pass"
        return result(mailbox, copied=copied, interrupted=halt.stop.is_set())

    def clock_shows(self) -> str:
        return f"{datetime.fromtimestamp(self.clock.now(), PARIS):%d %H:%M}"

    def run(self) -> dict[str, Done[PassResult]]:
        ended = passes(
            list(self.todo),
            1,
            self.one,
            self.halt,
            hours("19:00", "07:00"),
            self.clock,
            lambda opens: self.told.append(f"{opens:%d %H:%M}"),
        )
        return {done.mailbox: done for done in ended}


def test_outside_the_hours_nothing_begins_and_it_goes_on_by_itself() -> None:
    run = Run("2026-11-22T12:00:00", anna=2, ben=1)
    done = run.run()
    assert run.told == ["22 19:00"]
    assert run.begun == [("anna", "22 19:00"), ("ben", "22 19:00")]
    assert {name: one.result and one.result.copied for name, one in done.items()} == {"anna": 2, "ben": 1}


def test_the_end_of_the_hours_pauses_and_the_next_evening_goes_on() -> None:
    run = Run("2026-11-22T20:00:00", anna=3, ben=2)

    def dawn(_mailbox: str) -> None:
        if run.todo == {"anna": 1, "ben": 2}:
            run.clock.seconds = moment("2026-11-23T06:00:00")

    run.after = dawn
    done = run.run()
    assert run.told == ["23 19:00"]
    assert run.begun == [("anna", "22 21:00"), ("anna", "23 19:00"), ("ben", "23 19:00")]
    anna = done["anna"].result
    assert anna is not None
    assert (anna.copied, anna.interrupted) == (3, False), "what was done before the pause counts"


def test_a_stop_while_waiting_ends_it_and_begins_nothing() -> None:
    run = Run("2026-11-22T12:00:00", anna=1)
    run.clock.at_wait = run.halt.stop.set
    assert run.run() == {}
    assert run.begun == []


def test_a_stop_after_a_pause_tells_what_was_done_before() -> None:
    run = Run("2026-11-22T20:00:00", anna=2, ben=1)

    def dawn(_mailbox: str) -> None:
        run.clock.seconds = moment("2026-11-23T06:00:00")

    run.after = dawn
    run.clock.at_wait = run.halt.stop.set
    done = run.run()
    assert list(done) == ["anna"]
    assert done["anna"].result is not None
    assert (done["anna"].result.copied, done["anna"].result.interrupted) == (1, True)


def test_a_stop_reaches_a_pass_within_the_hours_and_so_does_a_cut() -> None:
    run = Run("2026-11-22T20:00:00", anna=1)
    cut = threading.Event()

    def hang(halt: Halt, mailbox: str) -> PassResult:
        with halt.cutting(cut.set):
            run.halt.abort()
            assert cut.wait(10)
            assert halt.stop.wait(10)
        return result(mailbox, copied=0, interrupted=True)

    ended = list(passes(["anna"], 1, hang, run.halt, hours("19:00", "07:00"), run.clock, lambda _opens: None))
    assert [done.result is not None and done.result.interrupted for done in ended] == [True]


def test_an_error_of_one_mailbox_is_told_once_and_not_gone_on_with() -> None:
    run = Run("2026-11-22T20:00:00", anna=1)

    def fail(_halt: Halt, _mailbox: str) -> PassResult:
        raise Unavailable("cannot be reached")

    ended = list(passes(["anna"], 1, fail, run.halt, hours("19:00", "07:00"), run.clock, lambda _opens: None))
    assert [type(done.error) for done in ended] == [Unavailable]


def test_a_long_wait_looks_at_the_clock_again_and_again() -> None:
    """A machine that was asleep has a clock that jumped."""
    run = Run("2026-11-22T12:00:00", anna=1)
    looks: list[float] = []

    def wake() -> None:
        looks.append(run.clock.seconds)
        if len(looks) == 2:
            run.clock.seconds += timedelta(hours=20).total_seconds()

    run.clock.at_wait = wake
    run.run()
    assert looks[1] - looks[0] <= 60
    assert run.begun == [("anna", "23 19:00")]
    assert run.told == ["22 19:00", "23 19:00"]


def test_a_pass_that_was_paused_tells_all_that_it_did() -> None:
    did = ("copied", "moved", "flagged", "adopted", "delivered")
    part = PassResult("anna@example.org", Tally(Counter(), Counter(), 0), 0, (), False, *range(1, 6), awaited=3)
    whole = joined(part, part)
    assert [getattr(whole, name) for name in did] == [2 * number for number in range(1, 6)]
    # These are how it stands at the end.
    assert (whole.awaited, whole.in_flight) == (3, 0)

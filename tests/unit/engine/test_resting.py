"""What servers ask for and what a day allows: kept in the ledger and obeyed by every process; on a turned clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import OverQuota, Postponed, Stopped, TooSoon, Transient
from connectors.wrappers import Timekeeper
from migrate.engine.remembered import Remembered
from migrate.engine.resting import BackOffs, DayAllowance, Manner, free_at
from migrate.ledger.limits import Whom

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN: Whom = ("mail.old.example:993", "ann")
BEN: Whom = ("mail.old.example:993", "ben")
ELSEWHERE: Whom = ("mail.new.example:993", "ann")
DAY = 24 * 3600


class World:
    """One clock, and processes that share a ledger."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "ledger.sqlite"
        self.seconds = NOON.timestamp()
        self.told: list[tuple[str, str, str]] = []
        self.during: Callable[[], None] = lambda: None
        self.remembered: list[Remembered] = []

    @property
    def passed(self) -> float:
        return self.seconds - NOON.timestamp()

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.during()

    def manner(self) -> Manner:
        return Manner(
            told=lambda server, until, why: self.told.append((server, f"{until:%H:%M:%S}", why)),
            now=lambda: self.seconds,
            timekeeper=Timekeeper(now=lambda: self.seconds, sleep=self.sleep),
        )

    def process(self) -> Remembered:
        self.remembered.append(Remembered(self.file))
        return self.remembered[-1]

    def back_offs(self) -> BackOffs:
        return BackOffs(self.process(), self.manner())

    def allowance(self, most: int = 1000, whom: Whom = ANN) -> DayAllowance:
        return DayAllowance(self.process(), self.manner(), whom, "read", most)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    for remembered in made.remembered:
        remembered.close()


def never() -> bool:
    return False


def throttled(seconds: float) -> Transient:
    return Transient("asks to be left alone for a while", retry_after=seconds)


def test_a_stated_pause_holds_for_all_accounts_of_the_server_and_no_other(world: World) -> None:
    first = world.back_offs()
    first.note(ANN, throttled(92))
    first.wait(ELSEWHERE, never)
    assert world.passed == 0
    first.wait(BEN, never)
    assert world.passed == pytest.approx(92)
    assert world.told == [(ANN[0], "12:01:32", "asked")]


def test_an_account_that_came_too_soon_waits_alone(world: World) -> None:
    first = world.back_offs()
    first.note(ANN, TooSoon("lets an account sign in only so often", retry_after=10))
    first.wait(BEN, never)
    assert world.passed == 0
    world.back_offs().wait(ANN, never)
    assert world.passed >= 10


def test_another_process_obeys_and_says_so_too(world: World) -> None:
    first, second = world.back_offs(), world.back_offs()
    second.wait(ANN, never)
    first.note(ANN, throttled(92))
    world.seconds += 1
    second.wait(ANN, never)
    assert world.passed == pytest.approx(92)
    assert len(world.told) == 1


def test_a_process_that_starts_later_obeys(world: World) -> None:
    world.back_offs().note(ANN, throttled(200))
    world.seconds += 150
    world.back_offs().wait(BEN, never)
    assert world.passed == pytest.approx(200)


def test_a_pause_that_is_made_longer_meanwhile_is_obeyed(world: World) -> None:
    first, second = world.back_offs(), world.back_offs()
    first.note(ANN, throttled(60))

    def longer() -> None:
        if 29 < world.passed < 31:
            first.note(BEN, throttled(100))

    world.during = longer
    second.wait(ANN, never)
    assert world.passed == pytest.approx(130, abs=2)


def test_a_shorter_pause_does_not_end_a_longer_one(world: World) -> None:
    first = world.back_offs()
    first.note(ANN, throttled(100))
    first.note(ANN, throttled(5))
    world.back_offs().wait(ANN, never)
    assert world.passed == pytest.approx(100)


def test_a_long_pause_is_not_waited_for_and_says_when_it_goes_on(world: World) -> None:
    world.back_offs().note(ANN, throttled(3600))
    with pytest.raises(Postponed) as caught:
        world.back_offs().wait(BEN, never)
    assert "it continues on 2026-11-22 at 13:00 (UTC)" in str(caught.value)
    assert caught.value.until == NOON + timedelta(hours=1)
    assert caught.value.retry_after == pytest.approx(3600)
    assert world.passed == 0


def test_a_used_up_allowance_stops_that_mailbox_alone(world: World) -> None:
    world.back_offs().note(ANN, OverQuota("used up", until=NOON + timedelta(hours=3)))
    later = world.back_offs()
    later.wait(BEN, never)
    with pytest.raises(OverQuota) as caught:
        later.wait(ANN, never)
    assert "it continues on 2026-11-22 at 15:00 (UTC)" in str(caught.value)


def test_a_full_mailbox_and_a_lost_connection_ask_for_no_pause(world: World) -> None:
    back_offs = world.back_offs()
    back_offs.note(ANN, OverQuota("the mailbox is full"))
    back_offs.note(ANN, Transient("the connection was lost"))
    back_offs.wait(ANN, never)
    assert world.passed == 0
    assert not world.file.exists(), "no ledger is made for nothing"


def test_an_interruption_ends_a_wait(world: World) -> None:
    back_offs = world.back_offs()
    back_offs.note(ANN, throttled(200))
    with pytest.raises(Stopped):
        back_offs.wait(ANN, lambda: world.passed > 3)
    assert world.passed < 4


def test_what_a_day_allows_is_counted_over_runs_and_processes(world: World) -> None:
    first = world.allowance()
    first.ask(0, never)
    first.add(600)
    second = world.allowance()
    second.ask(0, never)
    second.add(300)
    world.seconds += 2
    with pytest.raises(OverQuota):
        first.ask(101, never)
    second.add(100)
    with pytest.raises(OverQuota) as caught:
        world.allowance().ask(0, never)
    # The hour that began at noon counts until it has been over for a day.
    assert caught.value.until == NOON + timedelta(days=1, hours=1)
    assert "it continues on 2026-11-23 at 13:00 (UTC)" in str(caught.value)


def test_mailboxes_and_directions_have_allowances_of_their_own(world: World) -> None:
    world.allowance().add(1000)
    world.allowance(whom=BEN).ask(1000, never)
    DayAllowance(world.process(), world.manner(), ANN, "written", 1000).ask(1000, never)


def test_an_allowance_that_is_soon_free_is_waited_for(world: World) -> None:
    world.allowance().add(1000)
    world.seconds += DAY + 3600 - 120
    world.allowance().ask(10, never)
    assert world.passed == DAY + 3600
    assert [why for _, _, why in world.told] == ["allowance"]


def test_no_twenty_four_hours_ever_see_more_than_the_allowance(world: World) -> None:
    """Whatever is taken as soon as it may be."""
    gone: list[tuple[float, int]] = []
    allowance = world.allowance()
    for step in range(400):
        size = 10 + step * 7 % 90
        later = _refused_until(allowance, size)
        if later is not None:
            assert later > world.seconds
            world.seconds = later
            assert _refused_until(allowance, size) is None, "then it goes on"
        allowance.add(size)
        gone.append((world.seconds, size))
        world.seconds += step * 1310 % 9000
    for start, _size in gone:
        assert sum(size for at, size in gone if start <= at < start + DAY) <= 1000


def _refused_until(allowance: DayAllowance, size: int) -> float | None:
    try:
        allowance.ask(size, never)
    except OverQuota as error:
        return error.until and error.until.timestamp()
    return None


@pytest.mark.parametrize(
    ("hours", "size", "free"),
    [
        ({}, 5000, None),
        ({100: 1000}, 0, 125),
        ({100: 999}, 1, None),
        ({100: 999}, 2, 125),
        # A crumb that gets free is not worth going on for.
        ({100: 50, 101: 950}, 1, 126),
        ({100: 50, 101: 50, 102: 900}, 1, 126),
        # One that is larger than a day goes by itself.
        ({100: 10}, 5000, 125),
        # What is older than a day counts no more.
        ({80: 1000, 100: 10}, 900, None),
    ],
)
def test_when_it_is_free_again(hours: dict[int, int], size: int, free: int | None) -> None:
    assert free_at(hours, 105, 1000, size) == (None if free is None else free * 3600)

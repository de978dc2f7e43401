"""Pacing: what is allowed is used, and no minute holds more."""

from __future__ import annotations

from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Stopped
from connectors.google_workspace.units import IMPORT, Allowance, ProjectLimits, Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _times(per_minute: int, cost: float, callers: int, seconds: float) -> list[float]:
    """When calls go that are asked for as soon as the one before of the same caller has gone."""
    clock = Clock()
    allowance = Allowance(per_minute, clock)
    free = [clock.now] * callers
    went = []
    while min(free) < 100.0 + seconds:
        clock.now = min(free)
        at = clock.now + allowance.reserve(cost)
        free[free.index(clock.now)] = at
        went.append(at)
    return sorted(went)


@pytest.mark.parametrize("per_minute", [6_000, 15_000, 1_200_000])
@pytest.mark.parametrize("callers", [1, 4, 40])
def test_nearly_all_of_a_minute_is_used_and_never_more(per_minute: int, callers: int) -> None:
    cost = IMPORT if per_minute < 1_000_000 else 20 * IMPORT
    went = _times(per_minute, cost, callers, 180)
    first = 0
    for last, at in enumerate(went):
        while went[first] <= at - 60:
            first += 1
        assert (last - first + 1) * cost <= per_minute
    steady = [at for at in went if 110 <= at < 230]
    assert len(steady) * cost >= 0.95 * per_minute * 2


def test_a_rest_is_a_rest_for_everybody() -> None:
    clock = Clock()
    allowance = Allowance(6_000, clock)
    allowance.rest(10)
    assert allowance.reserve(1) == pytest.approx(10)
    allowance.rest(1)
    assert allowance.resting == pytest.approx(10)
    clock.now += 11
    assert allowance.reserve(1) == 0


def test_calls_at_a_time_are_halved_at_a_refusal_and_grow_slowly() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert throttle.width == 4
    throttle.too_much()
    throttle.too_much()
    assert throttle.width == 2, "one refusal that several calls hear counts once"
    for _ in range(5):
        clock.now += 2
        throttle.too_much()
    assert throttle.width == 1
    for _ in range(90):
        throttle.went_well()
    assert int(throttle.width) == 1
    for _ in range(2_000):
        throttle.went_well()
    assert throttle.width == Throttle.MOST


def test_no_more_calls_go_than_there_are_places() -> None:
    throttle = Throttle()
    for _ in range(4):
        throttle.enter(lambda: None)
    entered = Event()

    def waits() -> None:
        throttle.enter(lambda: None)
        entered.set()

    waiting = Thread(target=waits)
    waiting.start()
    assert not entered.wait(0.05)
    throttle.leave()
    assert entered.wait(5)
    waiting.join()


def test_who_waits_for_a_place_can_be_stopped() -> None:
    throttle = Throttle()
    for _ in range(4):
        throttle.enter(lambda: None)

    def stopped() -> None:
        raise Stopped("stopped")

    with pytest.raises(Stopped):
        throttle.enter(stopped)


def test_sessions_of_a_mailbox_share_its_limits_and_mailboxes_those_of_the_project() -> None:
    one = ProjectLimits.of("server", "project", 6_000, 60_000)
    assert ProjectLimits.of("server", "project", 6_000, 60_000) is one
    anna, ben = one.mailbox("anna@example.org"), one.mailbox("ben@example.org")
    assert one.mailbox("anna@example.org") is anna
    assert anna.user is not ben.user
    assert anna.project is ben.project


@given(st.lists(st.floats(1, 100), min_size=1, max_size=50))
def test_waits_never_shrink_while_time_stands_still(costs: list[float]) -> None:
    allowance = Allowance(6_000, Clock())
    waits = [allowance.reserve(cost) for cost in costs]
    assert waits == sorted(waits)

"""Bodies and the memory they take."""

from __future__ import annotations

from pathlib import Path
from stat import S_IMODE
from threading import Event, Thread

import pytest

from connectors.body import ByteBudget, MemoryBody, SpooledBody
from connectors.errors import Stopped


def test_a_reservation_waits_until_its_bytes_are_free() -> None:
    budget, granted = ByteBudget(100), Event()
    budget.reserve(80, Event())

    def reserve() -> None:
        budget.reserve(40, Event())
        granted.set()

    waiting = Thread(target=reserve)
    waiting.start()
    assert not granted.wait(0.05)
    budget.release(80)
    assert granted.wait(5)
    waiting.join(5)
    assert budget.used == 40


def test_what_is_larger_than_the_budget_waits_for_an_empty_one() -> None:
    budget = ByteBudget(100)
    budget.reserve(500, Event())
    assert budget.used == 500


def test_the_stop_flag_ends_a_wait_for_memory() -> None:
    budget, stop = ByteBudget(100), Event()
    budget.reserve(100, stop)
    stop.set()
    with pytest.raises(Stopped):
        budget.reserve(1, stop)
    assert budget.used == 100


def test_a_body_in_memory_opens_at_its_start_each_time() -> None:
    body = MemoryBody(b"hello")
    with body.open() as reader:
        assert reader.read(3) == b"hel"
    with body.open() as reader:
        assert reader.read() == b"hello"
    assert body.size == 5
    body.release()
    body.release()


def test_a_spooled_body_is_private_and_leaves_nothing_behind(tmp_path: Path) -> None:
    body = SpooledBody(tmp_path)
    body.write(b"one ")
    body.write(b"two")
    (spooled,) = tmp_path.iterdir()
    assert S_IMODE(spooled.stat().st_mode) == 0o600
    assert body.size == 7
    for _ in range(2):
        with body.open() as reader:
            assert reader.read() == b"one two"
    body.release()
    body.release()
    assert list(tmp_path.iterdir()) == []


def test_a_body_that_was_never_opened_leaves_nothing_behind(tmp_path: Path) -> None:
    body = SpooledBody(tmp_path)
    body.write(b"half a message")
    body.release()
    assert list(tmp_path.iterdir()) == []

"""What sessions did and how long it took."""

from __future__ import annotations

from itertools import count
from threading import Thread
from typing import Any

import pytest

from connectors.contract import FlagChange, Reason, Refused, Transient
from connectors.memory import Cut
from connectors.suite import samples
from connectors.wrappers import MeteredSource, MeteredTarget, Metrics, Tally


def test_reading_counts_messages_bytes_and_time(ann: Any, inbox: Any) -> None:
    system, metrics, ticks = ann(), Metrics(), count()
    keys = [system.mailbox.deliver(b"x" * size) for size in (10, 20, 30)]
    session = MeteredSource(system.source(), metrics, clock=lambda: float(next(ticks)))
    folder = inbox(session)
    assert len(list(session.read(folder, [*keys, "gone"]))) == 4
    assert metrics.snapshot()["read"] == Tally(calls=1, seconds=5.0, messages=3, bytes=60)
    assert metrics.snapshot()["folders"].calls == 1


def test_the_callers_own_time_is_not_counted(ann: Any, inbox: Any, time: Any) -> None:
    system, metrics = ann(), Metrics()
    keys = [system.mailbox.deliver(b"x") for _ in range(3)]
    session = MeteredSource(system.source(), metrics, clock=lambda: time.seconds)
    for _ in session.read(inbox(session), keys):
        time.sleep(10)
    assert metrics.snapshot()["read"].seconds == 0


def test_a_call_that_is_left_half_way_counts_what_it_did(ann: Any, inbox: Any) -> None:
    system, metrics = ann(), Metrics()
    keys = [system.mailbox.deliver(b"x") for _ in range(3)]
    session = MeteredSource(system.source(), metrics)
    reading = session.read(inbox(session), keys)
    next(reading)
    reading.close()
    assert metrics.snapshot()["read"].messages == 1


def test_failures_are_counted_and_pass(ann: Any, inbox: Any) -> None:
    system, metrics = ann(), Metrics()
    session = MeteredSource(system.source(), metrics)
    folder = inbox(session)
    system.world.faults.at("entries", Cut())
    with pytest.raises(Transient):
        list(session.entries(folder, None))
    assert metrics.snapshot()["entries"].failures == 1


def test_writing_counts_what_was_stored(ann: Any) -> None:
    system, metrics = ann(atomic_batch=False), Metrics()
    session = MeteredTarget(system.target(), metrics)
    folder = session.ensure(("Work",), None)
    system.world.faults.at("message", Refused("no", Reason.CONTENT), skip=1)
    sent = samples.batch(samples.mails(3))
    list(session.write(folder, sent, lambda: None))
    tally = metrics.snapshot()["write"]
    assert (tally.calls, tally.messages, tally.bytes) == (1, 2, sent[0].body.size + sent[2].body.size)


def test_every_operation_of_a_target_is_counted(ann: Any, inbox: Any) -> None:
    system, metrics = ann(), Metrics()
    key = system.mailbox.deliver(samples.mail(1).data)
    session = MeteredTarget(system.target(), metrics)
    folder, to = inbox(session), session.ensure(("Work",), None)
    fence = session.fence(folder, [])
    list(session.find(folder, fence, [], frozenset()))
    list(session.states(folder, [key]))
    list(session.headers(folder, [key]))
    list(session.mark(folder, [FlagChange(key)]))
    list(session.move(folder, to, [key]))
    system.world.faults.at("fence", Cut())
    with pytest.raises(Transient):
        session.fence(folder, [])
    counted = metrics.snapshot()
    assert set(counted) == {"folders", "ensure", "fence", "find", "states", "headers", "mark", "move"}
    assert (counted["fence"].calls, counted["fence"].failures) == (2, 1)


def test_a_snapshot_does_not_change_and_threads_lose_nothing() -> None:
    metrics = Metrics()

    def add() -> None:
        for _ in range(1000):
            metrics.add("read", Tally(messages=1))

    before = metrics.snapshot()
    threads = [Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert before == {}
    assert metrics.snapshot()["read"].messages == 4000

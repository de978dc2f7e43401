"""Rate and bandwidth limits."""

from __future__ import annotations

from threading import Event, Lock, Thread
from typing import Any

import pytest

from connectors.contract import Stopped
from connectors.suite import Mail, samples
from connectors.suite.samples import contents, message
from connectors.wrappers import LimitedSource, LimitedTarget, RateLimit
from connectors.wrappers.limit import TokenBucket


def test_what_was_saved_up_goes_at_once_and_the_rest_at_the_rate(time: Any) -> None:
    bucket = TokenBucket(10, 10, time.keeper())
    for _ in range(10):
        bucket.take(1, lambda: False)
    assert time.passed == 0
    for _ in range(21):
        bucket.take(1, lambda: False)
    assert time.passed == pytest.approx(2.0)


def test_idle_time_saves_up_no_more_than_the_burst(time: Any) -> None:
    bucket = TokenBucket(10, 10, time.keeper())
    time.seconds += 1000
    for _ in range(21):
        bucket.take(1, lambda: False)
    assert time.passed == pytest.approx(1001.0)


def test_a_limit_that_does_not_apply_now_delays_nobody(time: Any) -> None:
    by_day = [False]
    limit = RateLimit(bytes_per_second=100, timekeeper=time.keeper(), applies=lambda: by_day[0])
    for _ in range(5):
        limit.take_bytes(1000, lambda: False)
    assert time.passed == 0
    by_day[0] = True
    limit.take_bytes(1000, lambda: False)
    limit.take_bytes(1, lambda: False)
    assert time.passed == pytest.approx(9.0)


def test_more_than_the_burst_delays_who_comes_next(time: Any) -> None:
    bucket = TokenBucket(100, 100, time.keeper())
    bucket.take(1000, lambda: False)
    assert time.passed == 0
    bucket.take(1, lambda: False)
    assert time.passed == pytest.approx(9.0)


def test_sessions_share_one_rate(time: Any) -> None:
    bucket, lock = TokenBucket(1000, 1, time.keeper()), Lock()
    turns: list[float] = []

    def take() -> None:
        for _ in range(50):
            bucket.take(1, lambda: False)
            with lock:
                turns.append(time.seconds)

    takers = [Thread(target=take) for _ in range(4)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(10)
    assert len(turns) == 200
    assert time.passed >= 198 / 1000 - 1e-6


def test_reading_keeps_to_messages_and_bytes_a_second(ann: Any, inbox: Any, time: Any) -> None:
    system = ann()
    keys = [system.mailbox.deliver(b"x" * 1000) for _ in range(10)]
    limit = RateLimit(bytes_per_second=1000, messages_per_second=100, timekeeper=time.keeper())
    session = LimitedSource(system.source(), limit, Event())
    assert len(list(session.read(inbox(session), keys))) == 10
    assert time.passed == pytest.approx(8.0)


def test_bodies_are_paced_while_they_are_sent(ann: Any, time: Any) -> None:
    system = ann()
    limit = RateLimit(bytes_per_second=1000, timekeeper=time.keeper())
    session = LimitedTarget(system.target(), limit, Event())
    folder = session.ensure(("Work",), None)
    sent = samples.batch([Mail(b"a: b\r\n\r\n" + b"x" * 992) for _ in range(6)])
    session.fence(folder, sent)
    assert time.passed == 0
    assert len(list(session.write(folder, sent, lambda: None))) == 6
    assert time.passed == pytest.approx(4.0)
    assert system.mailbox.contents(("Work",)) == [contents(out.body) for out in sent]


def test_messages_a_second_bound_writing(ann: Any, time: Any) -> None:
    system = ann()
    limit = RateLimit(messages_per_second=2, timekeeper=time.keeper())
    session = LimitedTarget(system.target(), limit, Event())
    folder = session.ensure(("Work",), None)
    for _ in range(3):
        batch = samples.batch(samples.mails(4))
        session.fence(folder, batch)
        list(session.write(folder, batch, lambda: None))
    assert time.passed == pytest.approx(3.0)


def test_a_batch_waits_for_its_turn_before_its_fence_and_not_between_intent_and_bytes(ann: Any, time: Any) -> None:
    system = ann()
    limit = RateLimit(messages_per_second=1, bytes_per_second=1000, timekeeper=time.keeper())
    sessions = [LimitedTarget(system.target(), limit, Event()) for _ in range(4)]
    folder = sessions[0].ensure(("Work",), None)
    batch = samples.batch([Mail(b"a: b\r\n\r\n" + b"x" * 9992)] * 10)
    for session in sessions:
        session.fence(folder, batch)
    waited = time.passed
    assert waited == pytest.approx(300 - 1), "each of them waits for those before it, as long as their bytes take"
    list(sessions[0].write(folder, batch, lambda: None))
    assert time.passed - waited == pytest.approx(90 - 1), "its own bytes, and nobody else's"


def test_the_slowest_limit_says_how_fast_a_batch_may_be_sent(ann: Any) -> None:
    inner = ann().target()
    assert inner.capabilities().pace is None
    for outer in (3000.0, 5000.0):
        inner = LimitedTarget(inner, RateLimit(bytes_per_second=outer), Event())
    assert inner.capabilities().pace == 3000
    assert LimitedTarget(inner, RateLimit(messages_per_second=1), Event()).capabilities().pace == 3000


def test_no_limit_costs_no_time(ann: Any, inbox: Any, time: Any) -> None:
    system = ann()
    keys = [system.mailbox.deliver(b"x" * 1000)]
    session = LimitedSource(system.source(), RateLimit(timekeeper=time.keeper()), Event())
    assert message(next(session.read(inbox(session), keys))).body.size == 1000
    assert time.passed == 0


def test_the_stop_flag_ends_a_wait_and_the_body_is_given_back(ann: Any, inbox: Any, time: Any, resources: Any) -> None:
    system, stop = ann(), Event()
    keys = [system.mailbox.deliver(samples.large_mail().data) for _ in range(2)]
    session = LimitedSource(system.source(), RateLimit(bytes_per_second=1000, timekeeper=time.keeper()), stop)
    reading = session.read(inbox(session), keys)
    message(next(reading)).body.release()
    time.during = stop.set
    with pytest.raises(Stopped):
        next(reading)
    assert list(resources.spool.iterdir()) == []


def test_abort_ends_a_wait_and_nothing_is_stored(ann: Any, time: Any) -> None:
    system = ann()
    session = LimitedTarget(system.target(), RateLimit(bytes_per_second=10, timekeeper=time.keeper()), Event())
    folder = session.ensure(("Work",), None)
    time.during = session.abort
    with pytest.raises(Stopped):
        list(session.write(folder, samples.batch(samples.mails(3)), lambda: None))
    assert system.mailbox.contents(("Work",)) == []
    assert system.world.open_sessions("ann") == 0

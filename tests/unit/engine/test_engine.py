from __future__ import annotations

from threading import Barrier, Event, Lock, Thread
from time import monotonic

import pytest

from connectors.contract import Stopped, Unavailable
from migrate.engine.admission import Admission
from migrate.engine.local import LocalEngine


def test_each_mailbox_is_run_once_and_several_at_a_time() -> None:
    together = Barrier(3)
    engine: LocalEngine[str] = LocalEngine(3)
    engine.submit(["a", "b", "c", "a"])

    def handle(mailbox: str) -> str:
        together.wait(timeout=10)
        return mailbox.upper()

    assert sorted(done.result or "" for done in engine.run(handle, Event())) == ["A", "B", "C"]


def test_an_error_of_one_mailbox_leaves_the_others_alone() -> None:
    engine: LocalEngine[int] = LocalEngine(2)
    engine.submit(["a", "b"])

    def handle(mailbox: str) -> int:
        if mailbox == "a":
            raise ValueError("broken")
        return 1

    done = {one.mailbox: one for one in engine.run(handle, Event())}
    assert isinstance(done["a"].error, ValueError)
    assert done["b"].result == 1


def test_after_stop_no_further_mailbox_is_begun() -> None:
    stop = Event()
    engine: LocalEngine[None] = LocalEngine(1)
    engine.submit(["a", "b", "c"])
    assert [done.mailbox for done in engine.run(lambda _mailbox: stop.set(), stop)] == ["a"]


def test_a_cap_holds_over_all_threads() -> None:
    admission = Admission({"old": 2, "new": 3})
    lock, running, most = Lock(), 0, 0

    def work() -> None:
        nonlocal running, most
        permit = admission.enter(("old", "new"), Event(), wait=True)
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1
        permit.release()
        permit.release()

    threads = [Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert most <= 2


def test_a_further_pair_that_is_not_granted_does_not_wait() -> None:
    admission = Admission({"old": 1})
    admission.enter(("old",), Event(), wait=True)
    with pytest.raises(Unavailable):
        admission.enter(("old",), Event(), wait=False)
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        admission.enter(("old",), stop, wait=True)


def test_a_cap_below_what_a_pair_needs_lets_pairs_in_one_after_the_other() -> None:
    admission = Admission({"one": 1})
    held = admission.enter(("one", "one"), Event(), wait=False)
    for wanted in (("one",), ("one", "one")):
        with pytest.raises(Unavailable):
            admission.enter(wanted, Event(), wait=False)
    held.release()
    admission.enter(("one", "one"), Event(), wait=False)


def test_who_waits_for_a_session_comes_before_a_further_pair() -> None:
    admission = Admission({"old": 1, "new": 1})
    held = admission.enter(("old",), Event(), wait=True)
    waiting = Thread(target=lambda: admission.enter(("old", "new"), Event(), wait=True))
    waiting.start()
    until = monotonic() + 30
    while True:
        try:
            admission.enter(("new",), Event(), wait=False).release()
        except Unavailable:
            break
        assert monotonic() < until
    held.release()
    waiting.join(timeout=30)
    assert not waiting.is_alive()

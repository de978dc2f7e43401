"""How a session that reconnects is stopped."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest

from connectors.contract import (
    Folder,
    Message,
    Source,
    Stopped,
    Unavailable,
)
from connectors.memory import Moment
from connectors.suite import samples
from connectors.wrappers import RetryingSource, RetryPolicy


def filled(ann: Any, number: int) -> list[str]:
    return [ann.mailbox.deliver(mail.data, received=mail.received) for mail in samples.mails(number)]


def test_the_stop_flag_ends_a_pause(ann: Any, retrying: Any, time: Any) -> None:
    system, stop = ann(), Event()
    system.world.faults.at("connect", Unavailable("busy"), times=None)
    time.during = stop.set
    with pytest.raises(Stopped):
        list(retrying(system, stop).folders())
    assert time.passed < 1


def test_abort_from_another_thread_ends_a_pause(ann: Any) -> None:
    system, paused = ann(), Event()
    system.world.faults.at("connect", lambda moment: _busy(paused), times=None)
    session = RetryingSource(system.source, RetryPolicy(first=60, chance=lambda: 0.0), Event())
    raised = _in_a_thread(lambda: list(session.folders()), lambda: paused.wait(5) and session.abort())
    assert isinstance(raised, Stopped)


def test_abort_while_reconnecting_leaves_no_session_open(ann: Any) -> None:
    system = ann()
    connecting, aborted = Event(), Event()

    def connect() -> Source:
        connecting.set()
        assert aborted.wait(5)
        return system.source()

    session = RetryingSource(connect, RetryPolicy(), Event())

    def abort() -> None:
        assert connecting.wait(5)
        session.abort()
        aborted.set()

    raised = _in_a_thread(lambda: list(session.folders()), abort)
    assert isinstance(raised, Stopped)
    assert system.world.open_sessions("ann") == 0


def test_abort_wakes_a_call_that_hangs(ann: Any, retrying: Any) -> None:
    system, hanging = ann(), Event()

    def hang(moment: Moment) -> None:
        hanging.set()
        moment.hang()

    system.world.faults.at("folders", hang)
    session = retrying(system)
    raised = _in_a_thread(lambda: list(session.folders()), lambda: hanging.wait(5) and session.abort())
    assert isinstance(raised, Stopped)


def test_a_closed_session_stays_closed(ann: Any, retrying: Any) -> None:
    system = ann()
    session = retrying(system)
    list(session.folders())
    session.close()
    session.close()
    assert system.world.open_sessions("ann") == 0
    with pytest.raises(Stopped):
        list(session.folders())


def test_reading_half_and_leaving_keeps_the_session_usable(ann: Any, retrying: Any, inbox: Any) -> None:
    system = ann()
    keys = filled(system, 3)
    session = retrying(system)
    folder: Folder = inbox(session)
    reading = session.read(folder, keys)
    assert isinstance(next(reading), Message)
    reading.close()
    assert len(list(session.read(folder, keys))) == 3


def _busy(paused: Event) -> None:
    paused.set()
    raise Unavailable("busy")


def _in_a_thread(call: Callable[[], object], meanwhile: Callable[[], object]) -> BaseException | None:
    """What ``call`` raised, while something else happened."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  handed to the test
            raised.append(error)

    thread = Thread(target=run)
    thread.start()
    meanwhile()
    thread.join(5)
    assert not thread.is_alive()
    return raised[0] if raised else None

"""Sessions that wait their time, and that take no more in a day than they may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest

from connectors.contract import ConnectorError, OverQuota, Stopped, Transient
from connectors.suite import Mail, samples
from connectors.wrappers import HeedingSource, HeedingTarget, RationedSource, RationedTarget

ALL_QUESTIONS = ("folders", "entries", "states", "headers", "read", "ensure", "fence", "find", "mark", "move")
#: What not every system answers.
FURTHER_QUESTIONS = ("quota", "names", "refuses", "roles", "shared_left_out", "label_facts")


class Notices:
    """Writes down what it is asked and told."""

    def __init__(self) -> None:
        self.waits = 0
        self.noted: list[ConnectorError] = []
        self.ends = 0
        self.during: Callable[[Callable[[], bool]], None] = lambda _interrupted: None

    def wait(self, interrupted: Callable[[], bool]) -> None:
        self.waits += 1
        self.during(interrupted)

    def note(self, error: ConnectorError) -> None:
        self.noted.append(error)

    def ended(self) -> None:
        self.ends += 1


def ask(session: Any, question: str, folder: Any, other: Any, key: str) -> object:
    match question:
        case "folders":
            return list(session.folders())
        case "entries":
            return list(session.entries(folder, None))
        case "states" | "headers" | "read":
            return list(getattr(session, question)(folder, [key]))
        case "ensure":
            return session.ensure(("New",), None)
        case "fence":
            return session.fence(folder, [])
        case "quota" | "names" | "roles" | "shared_left_out" | "label_facts":
            return getattr(session, question)()
        case "refuses":
            return session.refuses([("New",)])
        case "find":
            return list(session.find(folder, session.fence(folder, []), [], frozenset()))
        case "mark":
            return list(session.mark(folder, []))
        case _:
            return list(session.move(folder, other, [key]))


@pytest.fixture
def heeding(ann: Any) -> tuple[Any, Any, Notices, Any, Any, str]:
    system, notices = ann(), Notices()
    session = HeedingTarget(system.target(), notices, Event())
    folder, other = session.ensure(("Work",), None), session.ensure(("Other",), None)
    (receipt,) = session.write(folder, samples.batch([Mail(b"a: b\r\n\r\nbody")]), lambda: None)
    notices.waits = 0
    return system, session, notices, folder, other, receipt.key


@pytest.mark.parametrize("question", ALL_QUESTIONS + FURTHER_QUESTIONS)
def test_every_question_waits_its_time_first(heeding: Any, question: str) -> None:
    system, session, notices, folder, other, key = heeding
    notices.during = lambda _interrupted: (_ for _ in ()).throw(Stopped("interrupted while waiting"))
    system.world.faults.clear()
    with pytest.raises(Stopped):
        ask(session, question, folder, other, key)
    assert system.world.faults.met == [], "nothing was asked"
    assert notices.noted == [], "our own waiting is no news"


# With nothing to find or mark, nothing is asked.
@pytest.mark.parametrize("question", [one for one in ALL_QUESTIONS if one not in ("find", "mark")])
def test_what_a_failure_asks_for_is_noted_and_passed_on(heeding: Any, question: Any) -> None:
    system, session, notices, folder, other, key = heeding
    asks = Transient("asks to be left alone", retry_after=92)
    system.world.faults.at(question, asks)
    with pytest.raises(Transient):
        ask(session, question, folder, other, key)
    assert notices.noted == [asks]


def test_a_batch_waits_before_its_fence_and_not_between_intent_and_bytes(heeding: Any) -> None:
    _system, session, notices, folder, _other, _key = heeding
    batch = samples.batch(samples.mails(2))
    session.fence(folder, batch)
    assert notices.waits == 1
    list(session.write(folder, batch, lambda: None))
    assert notices.waits == 1


@pytest.mark.parametrize("point", ["write", "commit", "stored"])
def test_a_write_that_fails_is_noted(heeding: Any, point: Any) -> None:
    system, session, notices, folder, _other, _key = heeding
    system.world.faults.at(point, OverQuota("used up", until=datetime(2026, 11, 22, tzinfo=UTC)))
    with pytest.raises(OverQuota):
        list(session.write(folder, samples.batch(samples.mails(2)), lambda: None))
    assert [type(error) for error in notices.noted] == [OverQuota]


def test_an_abort_ends_a_wait(ann: Any) -> None:
    notices = Notices()
    session = HeedingSource(ann().source(), notices, Event())
    seen = []

    def during(interrupted: Callable[[], bool]) -> None:
        seen.append(interrupted())
        session.abort()
        seen.append(interrupted())

    notices.during = during
    with pytest.raises(ConnectorError):
        list(session.folders())
    assert seen == [False, True]


def test_the_end_of_a_session_is_told_once(ann: Any) -> None:
    notices = Notices()
    session = HeedingSource(ann().source(), notices, Event())
    session.abort()
    session.close()
    assert notices.ends == 1


class Allowed:
    """A ration of so many bytes."""

    def __init__(self, most: int) -> None:
        self.left = most
        self.asked: list[int] = []

    def ask(self, size: int, interrupted: Callable[[], bool]) -> None:
        self.asked.append(size)
        if self.left <= 0 or self.left < size:
            raise OverQuota("used up for today")

    def add(self, size: int) -> None:
        self.left -= size


def test_reading_ends_when_the_day_is_used_up_and_what_was_read_counts(ann: Any, inbox: Any) -> None:
    system, ration = ann(), Allowed(2000)
    keys = [system.mailbox.deliver(b"x" * 1000) for _ in range(4)]
    session = RationedSource(system.source(), [ration], Event())
    folder = inbox(session)
    assert len(list(session.read(folder, keys[:2]))) == 2
    system.world.faults.clear()
    with pytest.raises(OverQuota):
        list(session.read(folder, keys[2:]))
    assert system.world.faults.met == [], "nothing was asked"
    assert ration.left == 0


def test_a_long_answer_is_counted_on_the_way_and_ended_in_the_middle(
    ann: Any, inbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.wrappers.ration._UNCOUNTED", 2000)
    system, ration = ann(), Allowed(3000)
    keys = [system.mailbox.deliver(b"x" * 1000) for _ in range(9)]
    session = RationedSource(system.source(), [ration], Event())
    answers = session.read(inbox(session), keys)
    read = []
    with pytest.raises(OverQuota):
        read.extend(answers)
    assert ration.left == -1000


def test_a_reading_that_is_given_up_counts_what_came(ann: Any, inbox: Any) -> None:
    system, ration = ann(), Allowed(9000)
    keys = [system.mailbox.deliver(b"x" * 1000) for _ in range(4)]
    session = RationedSource(system.source(), [ration], Event())
    answers = session.read(inbox(session), keys)
    next(answers)
    answers.close()  # type: ignore[attr-defined]  # it is a generator
    assert ration.left == 8000


def test_a_batch_that_a_day_does_not_hold_is_not_begun(ann: Any) -> None:
    system, ration = ann(), Allowed(100)
    session = RationedTarget(system.target(), [], [ration], Event())
    folder = session.ensure(("Work",), None)
    batch = samples.batch([Mail(b"a: b\r\n\r\n" + b"x" * 72) for _ in range(1)])
    session.fence(folder, batch)
    list(session.write(folder, batch, lambda: None))
    assert ration.left == 20
    with pytest.raises(OverQuota):
        session.fence(folder, batch)
    assert len(system.mailbox.contents(("Work",))) == 1


def test_what_is_read_back_from_a_target_counts_as_read(ann: Any) -> None:
    system, read, written = ann(), Allowed(9000), Allowed(9000)
    session = RationedTarget(system.target(), [read], [written], Event())
    folder = session.ensure(("Work",), None)
    (receipt,) = session.write(folder, samples.batch([Mail(b"a: b\r\n\r\n" + b"x" * 92)]), lambda: None)
    list(session.read(folder, [receipt.key]))
    assert (9000 - read.left, 9000 - written.left) == (100, 100)

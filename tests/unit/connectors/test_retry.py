"""Sessions that reconnect and ask again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import (
    AuthFailed,
    FlagChange,
    FolderMissing,
    Refused,
    Stopped,
    Transient,
    Unavailable,
    Unread,
)
from connectors.memory import Cut, Moment
from connectors.reasons import Reason
from connectors.suite import samples
from connectors.suite.samples import outgoing
from connectors.wrappers import RetryPolicy


def filled(ann: Any, number: int) -> list[str]:
    return [ann.mailbox.deliver(mail.data, received=mail.received) for mail in samples.mails(number)]


def test_a_refused_session_is_tried_again_later_and_later(ann: Any, retrying: Any, time: Any) -> None:
    system = ann()
    system.world.faults.at("connect", Unavailable("busy"), times=3)
    assert [folder.path for folder in retrying(system).folders()] == [("INBOX",)]
    assert time.passed == pytest.approx(1 + 2 + 4)


def test_tries_are_bounded_and_the_systems_own_error_passes(ann: Any, retrying: Any, time: Any) -> None:
    system = ann()
    system.world.faults.at("connect", Unavailable("busy"), times=None)
    with pytest.raises(Unavailable, match="busy"):
        retrying(system).capabilities()
    assert system.world.faults.met.count("connect") == 4


def test_chance_shortens_a_pause_to_half_at_most() -> None:
    pauses = [RetryPolicy(chance=lambda c=chance: c).pause(3, Transient("x")) for chance in (0.0, 0.5, 0.999)]
    assert pauses == [pytest.approx(4.0), pytest.approx(3.0), pytest.approx(2.0, abs=0.01)]
    assert RetryPolicy(chance=lambda: 0.0).pause(50, Transient("x")) == 60.0


def test_a_pause_that_the_system_asked_for_is_kept(ann: Any, retrying: Any, time: Any) -> None:
    system = ann()
    system.world.faults.at("folders", Transient("slow down", retry_after=90))
    list(retrying(system).folders())
    assert time.passed == pytest.approx(90)


def test_a_pause_beyond_patience_is_the_engines_to_wait(ann: Any, retrying: Any, time: Any) -> None:
    system = ann()
    system.world.faults.at("folders", Transient("come back tomorrow", retry_after=86_400))
    with pytest.raises(Transient):
        list(retrying(system).folders())
    assert time.passed == 0


@pytest.mark.parametrize(
    "verdict", [AuthFailed("no"), FolderMissing("gone"), Refused("no", Reason.CONTENT), Stopped("x")]
)
def test_other_verdicts_are_never_repeated(ann: Any, retrying: Any, verdict: Exception) -> None:
    system = ann()
    system.world.faults.at("folders", verdict)
    with pytest.raises(type(verdict)):
        list(retrying(system).folders())
    assert system.world.faults.met.count("folders") == 1


@pytest.mark.parametrize("cut_at", range(6))
def test_reading_goes_on_with_what_was_not_answered(ann: Any, retrying: Any, inbox: Any, cut_at: int) -> None:
    system = ann()
    keys = filled(system, 5)
    system.mailbox.delete(("INBOX",), keys[3])
    session = retrying(system)
    folder = inbox(session)
    system.world.faults.clear()
    system.world.faults.at("read", Cut(), skip=cut_at)
    answers = list(session.read(folder, keys))
    assert [answer.key for answer in answers] == keys
    assert answers[3] == Unread(keys[3], Reason.GONE)
    assert system.world.faults.met.count("read") == (6 if cut_at < 5 else 5)
    session.close()
    assert system.world.open_sessions("ann") == 0


def test_progress_starts_the_count_anew(ann: Any, retrying: Any, inbox: Any, time: Any) -> None:
    system = ann()
    keys = filled(system, 10)
    session = retrying(system)
    folder = inbox(session)
    for number in range(10):
        system.world.faults.at("read", Cut(), skip=2 * number)
    assert len(list(session.read(folder, keys))) == 10
    assert time.passed == pytest.approx(10.0)


@pytest.mark.parametrize("operation", ["states", "headers"])
def test_questions_by_key_are_asked_again(ann: Any, retrying: Any, inbox: Any, operation: Any) -> None:
    system = ann()
    keys = filled(system, 3)
    session = retrying(system)
    folder = inbox(session)
    system.world.faults.at(operation, Cut())
    assert [answer.key for answer in getattr(session, operation)(folder, keys)] == keys


@pytest.mark.parametrize("cut_at", range(5))
def test_a_listing_names_every_entry_once_wherever_it_is_cut(ann: Any, retrying: Any, inbox: Any, cut_at: int) -> None:
    system = ann(window=2)
    keys = filled(system, 9)
    session = retrying(system)
    folder = inbox(session)
    system.world.faults.at("window", Cut(), skip=cut_at)
    windows = list(session.entries(folder, None))
    assert [entry.key for window in windows for entry in window.entries] == keys
    assert all(window.complete for window in windows)


def test_a_resumed_listing_has_no_cursor(ann: Any, retrying: Any, inbox: Any) -> None:
    """What changed on an entry that was listed before the cut is in no window, so the next listing must be whole."""
    system = ann(window=2, incremental=True)
    filled(system, 6)
    session = retrying(system)
    folder = inbox(session)
    assert list(session.entries(folder, None))[-1].cursor is not None
    system.world.faults.at("window", Cut(), skip=1)
    assert [window.cursor for window in session.entries(folder, None) if window.cursor] == []
    system.world.faults.at("window", Cut())
    assert list(session.entries(folder, None))[-1].cursor is not None, "nothing was handed on before the cut"


@pytest.mark.parametrize("cut_at", range(3))
def test_a_cut_listing_of_changes_misses_no_change(ann: Any, retrying: Any, inbox: Any, cut_at: int) -> None:
    system = ann(window=2, incremental=True)
    keys = filled(system, 6)
    session = retrying(system)
    folder = inbox(session)
    cursor = list(session.entries(folder, None))[-1].cursor
    for key in keys:
        system.mailbox.set_flags(("INBOX",), key, {"\\Seen"})

    def flag_and_cut(moment: Moment) -> None:
        system.mailbox.set_flags(("INBOX",), keys[0], {"\\Flagged"})
        raise Cut

    system.world.faults.at("window", flag_and_cut, skip=cut_at)
    windows = list(session.entries(folder, cursor))
    flags = {entry.key: entry.flags for window in windows for entry in window.entries}
    assert sum(len(window.entries) for window in windows) == len(flags) == 6
    assert flags[keys[0]] == {"\\Flagged"}
    assert windows[-1].cursor is not None


def test_a_listing_cut_in_an_old_epoch_is_folder_missing(ann: Any, retrying: Any, inbox: Any) -> None:
    system = ann(window=2)
    filled(system, 6)
    session = retrying(system)
    folder = inbox(session)

    def bump_and_cut(moment: Moment) -> None:
        system.mailbox.bump_epoch(("INBOX",))
        raise Cut

    system.world.faults.at("window", bump_and_cut, skip=1)
    with pytest.raises(FolderMissing):
        list(session.entries(folder, None))


@pytest.mark.parametrize("point", ["write", "sent", "commit", "stored"])
def test_writing_is_never_repeated_and_the_next_call_has_a_new_session(
    ann: Any, retrying_target: Any, point: Any
) -> None:
    system = ann()
    session = retrying_target(system)
    folder = session.ensure(("Work",), None)
    system.world.faults.at(point, Cut())
    with pytest.raises(Transient):
        list(session.write(folder, [outgoing(0, samples.mail(1))], lambda: None))
    assert system.world.faults.met.count("write") == 1
    assert len(system.mailbox.messages(("Work",))) == (1 if point == "stored" else 0)
    (receipt,) = session.write(folder, [outgoing(0, samples.mail(2))], lambda: None)
    assert receipt.outcome == "stored"
    assert system.world.faults.met.count("connect") == 2


def test_opening_the_session_before_a_write_may_be_repeated(ann: Any, retrying_target: Any) -> None:
    system = ann()
    session = retrying_target(system)
    folder = session.ensure(("Work",), None)
    system.world.faults.at("fence", Cut(), times=None)
    with pytest.raises(Transient):
        session.fence(folder, [])
    system.world.faults.at("connect", Unavailable("busy"))
    (receipt,) = session.write(folder, [outgoing(0, samples.mail(1))], lambda: None)
    assert receipt.outcome == "stored"


def test_a_withdrawn_write_gets_a_new_session(ann: Any, retrying_target: Any) -> None:
    system = ann()
    session = retrying_target(system)
    folder = session.ensure(("Work",), None)

    def withdraw() -> None:
        raise Stopped("interrupted")

    with pytest.raises(Stopped):
        list(session.write(folder, [outgoing(0, samples.mail(1))], withdraw))
    assert system.mailbox.messages(("Work",)) == ()
    assert len(list(session.folders())) == 2


def test_a_caller_that_has_all_its_receipts_keeps_the_session(ann: Any, retrying_target: Any) -> None:
    system = ann()
    session = retrying_target(system)
    folder = session.ensure(("Work",), None)
    receipts = session.write(folder, [outgoing(0, samples.mail(1))], lambda: None)
    next(receipts)
    receipts.close()
    list(session.folders())
    assert system.world.faults.met.count("connect") == 1


def test_a_move_is_never_repeated(ann: Any, retrying_target: Any, inbox: Any) -> None:
    system = ann()
    keys = filled(system, 2)
    session = retrying_target(system)
    folder, to = inbox(session), session.ensure(("Work",), None)
    system.world.faults.at("moved", Cut())
    with pytest.raises(Transient):
        list(session.move(folder, to, keys))
    assert system.world.faults.met.count("moved") == 1


def test_marking_goes_on_with_what_was_not_answered(ann: Any, retrying_target: Any, inbox: Any) -> None:
    system = ann()
    keys = filled(system, 4)
    session = retrying_target(system)
    folder = inbox(session)
    system.world.faults.at("marked", Cut(), skip=1)
    changes = [FlagChange(key, add=frozenset({"\\Seen"})) for key in keys]
    assert [marked.key for marked in session.mark(folder, changes)] == keys
    assert all(message.flags == {"\\Seen"} for message in system.mailbox.messages(("INBOX",)))


def test_finding_and_fencing_are_asked_again(ann: Any, retrying_target: Any) -> None:
    system = ann()
    session = retrying_target(system)
    folder = session.ensure(("Work",), None)
    sent = [outgoing(0, samples.mail(1))]
    system.world.faults.at("fence", Cut())
    fence = session.fence(folder, sent)
    system.world.faults.at("commit", Cut(timedelta(seconds=1)))
    with pytest.raises(Transient):
        list(session.write(folder, sent, lambda: None))
    system.clock.advance(2)
    system.world.faults.at("find", Cut())
    asked = samples.suspects(sent, atomic=True)
    assert [found.verdict for found in session.find(folder, fence, asked, frozenset())] == ["present"]

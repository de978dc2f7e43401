"""Trouble in the mail system in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import (
    FlagChange,
    FolderMissing,
    OverQuota,
    Reason,
    Receipt,
    Refused,
    Transient,
    Unread,
)
from connectors.memory import Cut
from connectors.suite import samples
from connectors.suite.samples import contents, folder_at, message
from tests.unit.connectors.conftest import WORK, verdicts


def test_a_dropped_reply_leaves_the_batch_stored_and_the_session_lost(work: Any) -> None:
    system, target, folder = work()
    sent = samples.batch(samples.mails(3))
    fence = target.fence(folder, sent)
    system.world.faults.at("stored", Transient("connection reset"))
    with pytest.raises(Transient):
        list(target.write(folder, sent, lambda: None))
    with pytest.raises(Transient):
        list(target.folders())
    assert verdicts(system, folder, fence, sent) == ["present"] * 3


@pytest.mark.parametrize("point", ["write", "message", "sent", "commit"])
def test_a_cut_before_the_end_stores_nothing(work: Any, point: Any) -> None:
    system, target, folder = work()
    system.world.faults.at(point, Cut())
    with pytest.raises(Transient):
        list(target.write(folder, samples.batch(samples.mails(3)), lambda: None))
    system.clock.advance(3600)
    assert system.mailbox.contents(WORK) == []


def test_a_cut_batch_may_appear_later_whole(work: Any) -> None:
    system, target, folder = work()
    sent = samples.batch(samples.mails(3))
    fence = target.fence(folder, sent)
    system.world.faults.at("commit", Cut(timedelta(seconds=30)))
    with pytest.raises(Transient):
        list(target.write(folder, sent, lambda: None))
    system.clock.advance(29)
    assert verdicts(system, folder, fence, sent) == ["absent"] * 3
    system.mailbox.deliver(b"in between", WORK)
    system.clock.advance(1)
    assert verdicts(system, folder, fence, sent) == ["present"] * 3
    assert system.mailbox.contents(WORK) == [b"in between", *(contents(out.body) for out in sent)]


def test_nothing_may_appear_once_the_system_has_settled(work: Any) -> None:
    system, target, folder = work(settle=10)
    system.world.faults.at("commit", Cut(timedelta(seconds=10)))
    with pytest.raises(AssertionError):
        list(target.write(folder, samples.batch(samples.mails(1)), lambda: None))


@pytest.mark.parametrize("change", ["delete_folder", "bump_epoch"])
def test_what_appears_late_is_lost_with_its_folder(work: Any, change: str) -> None:
    system, target, folder = work()
    system.world.faults.at("commit", Cut(timedelta(seconds=30)))
    with pytest.raises(Transient):
        list(target.write(folder, samples.batch(samples.mails(1)), lambda: None))
    getattr(system.mailbox, change)(WORK)
    system.mailbox.create(WORK)
    system.clock.advance(60)
    assert system.mailbox.contents(WORK) == []


def test_without_atomic_batches_a_cut_stores_a_part(work: Any) -> None:
    system, target, folder = work(atomic_batch=False)
    sent = samples.batch(samples.mails(5))
    fence = target.fence(folder, sent)
    system.world.faults.at("commit", Cut(), skip=3)
    receipts: list[Receipt] = []
    with pytest.raises(Transient):
        receipts.extend(target.write(folder, sent, lambda: None))
    assert [receipt.outcome for receipt in receipts] == ["stored"] * 3
    assert verdicts(system, folder, fence, sent) == ["present"] * 3 + ["absent"] * 2


def test_one_refused_message_refuses_its_atomic_batch(work: Any) -> None:
    system, target, folder = work()
    system.world.faults.at("message", Refused("virus", Reason.CONTENT), skip=1)
    receipts = list(target.write(folder, samples.batch(samples.mails(3)), lambda: None))
    assert receipts == [Receipt(n, "refused", reason=Reason.CONTENT) for n in range(3)]
    assert system.mailbox.contents(WORK) == []


def test_what_is_too_large_is_refused_with_its_reason(work: Any) -> None:
    _, target, folder = work(max_message=100)
    (receipt,) = target.write(folder, samples.batch(samples.mails(1)), lambda: None)
    assert receipt.reason is Reason.TOO_LARGE


def test_a_full_mailbox_is_over_quota_and_the_session_goes_on(work: Any) -> None:
    system, target, folder = work()
    system.world.faults.at("commit", OverQuota("full"))
    sent = samples.batch(samples.mails(2))
    with pytest.raises(OverQuota):
        list(target.write(folder, sent, lambda: None))
    assert len(list(target.write(folder, sent, lambda: None))) == 2


def test_another_writer_comes_between_the_messages_of_a_batch_in_part(work: Any) -> None:
    system, target, folder = work(atomic_batch=False)
    sent = samples.batch(samples.mails(3))
    system.world.faults.at("stored", lambda moment: system.mailbox.deliver(b"theirs", WORK), times=2)
    keys = [receipt.key for receipt in target.write(folder, sent, lambda: None)]
    ours = [contents(out.body) for out in sent]
    assert system.mailbox.contents(WORK) == [ours[0], b"theirs", ours[1], b"theirs", ours[2]]
    assert [system.mailbox.message(WORK, key).data for key in keys] == ours


def test_a_folder_that_vanishes_at_the_commit_point_stores_nothing(work: Any) -> None:
    system, target, folder = work()
    system.world.faults.at("commit", lambda moment: system.mailbox.delete_folder(WORK))
    with pytest.raises(FolderMissing):
        list(target.write(folder, samples.batch(samples.mails(1)), lambda: None))


def test_a_dropped_reply_to_a_mark_or_move_leaves_it_done(work: Any) -> None:
    system, target, folder = work()
    key = system.mailbox.deliver(b"x", WORK)
    system.world.faults.at("marked", Cut())
    with pytest.raises(Transient):
        list(target.mark(folder, [FlagChange(key, add=frozenset({"\\Seen"}))]))
    assert system.mailbox.message(WORK, key).flags == {"\\Seen"}
    again = system.target()
    system.world.faults.at("moved", Cut())
    with pytest.raises(Transient):
        list(again.move(folder, folder_at(again, ("INBOX",)), [key]))
    assert system.mailbox.contents(("INBOX",)) == [b"x"]
    assert system.mailbox.contents(WORK) == []


def test_an_unreadable_message_has_its_reason(ann: Any) -> None:
    system = ann()
    keys = [system.mailbox.deliver(b"one"), system.mailbox.deliver(b"two")]
    source = system.source()
    folder = folder_at(source, ("INBOX",))
    system.world.faults.at("read", Refused("broken", Reason.UNREADABLE))
    first, second = source.read(folder, keys)
    assert first == Unread(keys[0], Reason.UNREADABLE)
    assert contents(message(second).body) == b"two"


def test_trouble_strikes_when_it_is_told_to_and_no_more(ann: Any) -> None:
    system = ann()
    faults = system.world.faults
    faults.at("folders", Refused("no", Reason.REFUSED), skip=1, times=2)
    source = system.source()
    outcomes = []
    for _ in range(4):
        try:
            list(source.folders())
            outcomes.append("ok")
        except Refused:
            outcomes.append("refused")
    assert outcomes == ["ok", "refused", "refused", "ok"]
    assert faults.met == ["connect"] + ["folders"] * 4


def test_every_point_of_a_run_can_be_struck_in_turn(work: Any) -> None:
    """Whatever point is cut, a batch is stored whole or not at all."""
    _, rehearsal, folder = (run := work())
    run[0].world.faults.clear()
    list(rehearsal.write(folder, samples.batch(samples.mails(2)), lambda: None))
    points = len(run[0].world.faults.met)
    for point in range(points):
        system, target, folder = work()
        system.world.faults.at(None, Cut(), skip=point)
        with pytest.raises(Transient):
            list(target.write(folder, samples.batch(samples.mails(2)), lambda: None))
        assert len(system.mailbox.contents(WORK)) in (0, 2)

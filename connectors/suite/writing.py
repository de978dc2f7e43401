"""What a target promises about writing: byte for byte, and never before it may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Thread

import pytest

from connectors.contract import SYSTEM_FLAGS, Folder, Outgoing, Receipt, Stopped, Target, Transient
from connectors.suite import samples
from connectors.suite.harness import Harness, Mail
from connectors.suite.samples import contents, message, seconds


class Withdrawn(Exception):
    """What the engine's ``may_commit`` raises in these tests."""


class WritingContract:
    """Tests of ``write``."""

    def test_a_batch_is_stored_in_order_byte_for_byte(self, harness: Harness, target: Target) -> None:
        sent = samples.batch(samples.mails(min(20, target.capabilities().batch)))
        folder = target.ensure(("Work",), None)
        receipts = list(target.write(folder, sent, lambda: None))
        assert [(receipt.ordinal, receipt.outcome) for receipt in receipts] == [(out.ordinal, "stored") for out in sent]
        _is_there(harness, sent, receipts)

    def test_keys_that_are_told_resolve(self, harness: Harness, target: Target) -> None:
        if not target.capabilities().returns_keys:
            pytest.skip("this system tells no keys")
        sent = samples.batch(samples.mails(min(5, target.capabilities().batch)), first=10)
        folder = target.ensure(("Work",), None)
        keys = [receipt.key or "" for receipt in target.write(folder, sent, lambda: None)]
        answers = {answer.key: message(answer) for answer in target.read(folder, keys)}
        dates = [harness.dated(contents(out.body), out.received) for out in sent]
        assert [seconds(answers[key].received) for key in keys] == [seconds(date) for date in dates]
        assert keys == [entry.key for entry in samples.listed(target, folder)]

    def test_batch_after_batch_on_one_session(self, harness: Harness, target: Target) -> None:
        folder = target.ensure(("Work",), None)
        other = target.ensure(("Other",), None)
        size = min(3, target.capabilities().batch)
        for number in range(4):
            batch = samples.batch([samples.mail(number * size + n) for n in range(size)])
            list(target.write(folder if number % 2 else other, batch, lambda: None))
        assert len(harness.look(("Work",))) == len(harness.look(("Other",))) == 2 * size

    def test_a_full_batch_is_taken(self, harness: Harness, target: Target) -> None:
        sent = samples.batch(samples.mails(min(target.capabilities().batch, 200)))
        folder = target.ensure(("Work",), None)
        assert {receipt.outcome for receipt in target.write(folder, sent, lambda: None)} == {"stored"}
        assert len(harness.look(("Work",))) == len(sent)

    def test_flags_are_kept_as_told(self, harness: Harness, target: Target) -> None:
        asked = [frozenset({flag}) for flag in sorted(SYSTEM_FLAGS)]
        asked += [SYSTEM_FLAGS, frozenset(), frozenset({"$Forwarded", "Projekt-7"}), frozenset({"\\Seen", "$Junk"})]
        folder = target.ensure(("Work",), None)
        for number, flags in enumerate(asked):
            sent = [replace(samples.outgoing(0, samples.mail(number)), flags=flags)]
            receipts = list(target.write(folder, sent, lambda: None))
            told = flags if receipts[0].kept_flags is None else receipts[0].kept_flags
            assert receipts[0].outcome == "stored"
            assert harness.look(("Work",))[number].flags == told
            assert told <= flags

    def test_an_empty_batch_asks_for_nothing(self, harness: Harness, target: Target) -> None:
        asked: list[None] = []
        folder = target.ensure(("Work",), None)
        assert list(target.write(folder, [], lambda: asked.append(None))) == []
        assert asked == []
        assert harness.look(("Work",)) == []

    def test_bodies_stay_open_to_the_engine(self, target: Target) -> None:
        sent = samples.batch(samples.mails(1))
        list(target.write(target.ensure(("Work",), None), sent, lambda: None))
        assert contents(sent[0].body) == samples.mail(0).data

    def test_a_large_message_is_written(self, harness: Harness, target: Target) -> None:
        _takes_large(target)
        sent = [samples.outgoing(0, samples.large_mail())]
        receipts = list(target.write(target.ensure(("Work",), None), sent, lambda: None))
        _is_there(harness, sent, receipts)

    @pytest.mark.parametrize("name", samples.AWKWARD)
    def test_awkward_bytes_are_stored_as_told_or_refused(self, harness: Harness, target: Target, name: str) -> None:
        sent = [samples.outgoing(0, Mail(samples.AWKWARD[name]))]
        folder = target.ensure(("Odd",), None)
        folders = sorted(folder.path for folder in target.folders())
        (receipt,) = target.write(folder, sent, lambda: None)
        if receipt.outcome == "refused":
            assert receipt.reason is not None
            assert harness.look(("Odd",)) == []
        else:
            _is_there(harness, sent, [receipt], ("Odd",))
        target.close()
        later = harness.open_target()
        assert sorted(folder.path for folder in later.folders()) == folders, "a body ran as commands"
        later.close()

    def test_may_commit_comes_before_anything_is_visible(self, harness: Harness, target: Target) -> None:
        capabilities = target.capabilities()
        sent = samples.batch(samples.mails(min(6, capabilities.batch)))
        folder = target.ensure(("Work",), None)
        visible: list[int] = []
        list(target.write(folder, sent, lambda: visible.append(len(harness.look(("Work",))))))
        assert len(visible) == (1 if capabilities.atomic_batch else len(sent))
        assert all(seen <= asked for asked, seen in enumerate(visible))

    def test_nothing_is_stored_when_may_commit_raises(self, harness: Harness, target: Target) -> None:
        sent = samples.batch(samples.mails(min(6, target.capabilities().batch)))
        folder = target.ensure(("Work",), None)
        with pytest.raises(Withdrawn):
            list(target.write(folder, sent, _raises_at(0)))
        harness.settle()
        assert harness.look(("Work",)) == []
        with pytest.raises((Stopped, Transient)):
            list(target.entries(folder, None))

    def test_one_large_message_is_not_stored_when_may_commit_raises(self, harness: Harness, target: Target) -> None:
        _takes_large(target)
        folder = target.ensure(("Work",), None)
        with pytest.raises(Withdrawn):
            list(target.write(folder, [samples.outgoing(0, samples.large_mail())], _raises_at(0)))
        harness.settle()
        assert harness.look(("Work",)) == []

    def test_without_atomic_batches_only_what_was_allowed_is_stored(self, harness: Harness, target: Target) -> None:
        capabilities = target.capabilities()
        if capabilities.atomic_batch or capabilities.batch < 3:
            pytest.skip("this system stores whole batches, or takes messages one by one")
        folder = target.ensure(("Work",), None)
        receipts: list[Receipt] = []
        with pytest.raises(Withdrawn):
            receipts.extend(target.write(folder, samples.batch(samples.mails(5)[: capabilities.batch]), _raises_at(2)))
        harness.settle()
        assert len(harness.look(("Work",))) == 2

    def test_a_refused_batch_stores_nothing(self, harness: Harness, target: Target) -> None:
        refused = harness.refuses()
        if refused is None or target.capabilities().batch < 3:
            pytest.skip("this system refuses nothing that is known, or takes messages one by one")
        sent = samples.batch([samples.mail(0), Mail(refused), samples.mail(2)])
        folder = target.ensure(("Work",), None)
        receipts = list(target.write(folder, sent, lambda: None))
        harness.settle()
        there = len(harness.look(("Work",)))
        if target.capabilities().atomic_batch:
            assert [receipt.outcome for receipt in receipts] == ["refused"] * 3
            assert there == 0
        else:
            assert [receipt.outcome for receipt in receipts] == ["stored", "refused", "stored"]
            assert there == 2
        assert all(receipt.reason is not None for receipt in receipts if receipt.outcome == "refused")

    def test_a_refused_message_leaves_the_system_usable(self, harness: Harness, target: Target) -> None:
        refused = harness.refuses()
        if refused is None:
            pytest.skip("this system refuses nothing that is known")
        folder = target.ensure(("Work",), None)
        (receipt,) = target.write(folder, [samples.outgoing(0, Mail(refused))], lambda: None)
        assert (receipt.outcome, receipt.reason is None) == ("refused", False)
        target.close()
        later = harness.open_target()
        (receipt,) = later.write(folder, samples.batch(samples.mails(1)), lambda: None)
        assert receipt.outcome == "stored"
        later.close()

    def test_mail_delivered_meanwhile_does_not_confuse_the_keys(self, harness: Harness, target: Target) -> None:
        folder = target.ensure(("Work",), None)
        sent = samples.batch(samples.mails(min(5, target.capabilities().batch)))
        receipts = list(target.write(folder, sent, lambda: harness.put(("Work",), samples.mail(77))))
        assert {receipt.outcome for receipt in receipts} == {"stored"}
        if target.capabilities().returns_keys:
            _resolves(harness, target, folder, sent, receipts)

    def test_two_sessions_write_side_by_side(self, harness: Harness, open_target: Callable[[], Target]) -> None:
        first = open_target()
        capabilities = first.capabilities()
        if capabilities.sessions < 2:
            pytest.skip("this system gives a mailbox one session")
        second = open_target()
        folder = first.ensure(("Work",), None)
        size = min(10, capabilities.batch)
        jobs = [
            (session, samples.batch([samples.mail(start + n) for n in range(size)]))
            for session, start in ((first, 0), (second, 100))
        ]
        receipts: list[list[Receipt]] = [[], []]

        def write(job: int) -> None:
            session, sent = jobs[job]
            receipts[job].extend(session.write(folder, sent, lambda: None))

        writers = [Thread(target=write, args=(job,)) for job in range(2)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
        assert len(harness.look(("Work",))) == 2 * size
        if capabilities.returns_keys:
            for (_, sent), got in zip(jobs, receipts, strict=True):
                _resolves(harness, first, folder, sent, got)


def _raises_at(call: int) -> Callable[[], None]:
    """A ``may_commit`` that allows so many calls."""
    left = iter([False] * call + [True])

    def may_commit() -> None:
        if next(left):
            raise Withdrawn

    return may_commit


def _takes_large(target: Target) -> None:
    limit = target.capabilities().max_message
    if limit is not None and limit < samples.LARGE:
        pytest.skip("longer than this system takes")


def _is_there(
    harness: Harness, sent: list[Outgoing], receipts: list[Receipt], path: tuple[str, ...] = ("Work",)
) -> None:
    there = harness.look(path)
    assert len(there) == len(sent)
    for mail, out, receipt in zip(there, sent, receipts, strict=True):
        assert mail.data == harness.as_stored(contents(out.body))
        dated = harness.dated(contents(out.body), out.received)
        assert dated is None or seconds(mail.received) == seconds(dated)
        assert mail.flags == (out.flags if receipt.kept_flags is None else receipt.kept_flags)


def _resolves(harness: Harness, target: Target, folder: Folder, sent: list[Outgoing], receipts: list[Receipt]) -> None:
    keys = [receipt.key or "" for receipt in receipts]
    bodies = {answer.key: contents(message(answer).body) for answer in target.read(folder, keys)}
    assert [bodies[key] for key in keys] == [harness.as_stored(contents(out.body)) for out in sent]

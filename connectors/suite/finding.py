"""What a target promises about finding what was in flight."""

from __future__ import annotations

import pytest

from connectors.contract import Folder, Found, Outgoing, Target
from connectors.suite import samples
from connectors.suite.harness import Harness, Mail
from connectors.suite.samples import contents, message, suspect, suspects


class FindingContract:
    """Tests of ``fence`` and ``find``."""

    def test_what_was_written_is_found_with_its_keys(self, harness: Harness, target: Target) -> None:
        folder, sent, fence = _work(target, 5)
        list(target.write(folder, sent, lambda: None))
        harness.settle()
        found = self._find(target, folder, fence, sent)
        assert [(item.ordinal, item.verdict) for item in found] == [(out.ordinal, "present") for out in sent]
        keys = [item.key or "" for item in found]
        bodies = {answer.key: contents(message(answer).body) for answer in target.read(folder, keys)}
        assert [bodies[key] for key in keys] == [harness.as_stored(contents(out.body)) for out in sent]

    @pytest.mark.parametrize("name", samples.AWKWARD)
    def test_awkward_bytes_are_found_whatever_became_of_them(self, harness: Harness, target: Target, name: str) -> None:
        folder = target.ensure(("Work",), None)
        sent = [samples.outgoing(0, Mail(samples.AWKWARD[name]))]
        fence = target.fence(folder, sent)
        (receipt,) = target.write(folder, sent, lambda: None)
        harness.settle()
        (found,) = self._find(target, folder, fence, sent)
        assert found.verdict == ("absent" if receipt.outcome == "refused" else "present")

    def test_what_was_not_written_is_absent(self, harness: Harness, target: Target) -> None:
        folder, sent, fence = _work(target, 3)
        harness.put(("Work",), samples.mail(50))
        harness.settle()
        assert [item.verdict for item in self._find(target, folder, fence, sent)] == ["absent"] * len(sent)

    def test_what_was_there_before_the_fence_is_not_found(self, harness: Harness, target: Target) -> None:
        harness.put(("Work",), *(Mail(harness.as_stored(mail.data), mail.received) for mail in samples.mails(3)))
        harness.settle()
        folder, sent, fence = _work(target, 3)
        assert [item.verdict for item in self._find(target, folder, fence, sent)] == ["absent"] * len(sent)

    def test_a_fence_holds_on_a_later_session(self, harness: Harness, target: Target) -> None:
        folder, sent, fence = _work(target, 3)
        list(target.write(folder, sent, lambda: None))
        target.close()
        harness.settle()
        later = harness.open_target()
        assert {item.verdict for item in self._find(later, folder, fence, sent)} == {"present"}
        later.close()

    def test_twins_are_found_one_to_one(self, harness: Harness, target: Target) -> None:
        folder = target.ensure(("Work",), None)
        twins = [samples.outgoing(n, samples.mail(1)) for n in range(3)]
        fence = target.fence(folder, twins[:1])
        for twin in twins[:2]:
            list(target.write(folder, [twin], lambda: None))
        harness.settle()
        asked = [suspect(twin, f"attempt {twin.ordinal}") for twin in twins]
        found = list(target.find(folder, fence, asked, frozenset()))
        assert sorted(item.verdict for item in found) == ["absent", "present", "present"]
        keys = {item.key for item in found if item.verdict == "present"}
        assert len(keys) == 2

    def test_claimed_messages_are_left_out(self, harness: Harness, target: Target) -> None:
        folder, sent, fence = _work(target, 1)
        list(target.write(folder, sent, lambda: None))
        harness.settle()
        (there,) = self._find(target, folder, fence, sent)
        assert there.key is not None
        (again,) = target.find(folder, fence, suspects(sent, atomic=False), {there.key})
        assert again.verdict == "absent"

    def test_part_of_an_atomic_batch_is_uncertain(self, harness: Harness, target: Target) -> None:
        if not target.capabilities().atomic_batch or target.capabilities().batch < 3:
            pytest.skip("this system does not store whole batches")
        folder, sent, fence = _work(target, 3)
        list(target.write(folder, sent[:2], lambda: None))
        harness.settle()
        assert {item.verdict for item in self._find(target, folder, fence, sent)} == {"uncertain"}

    def test_no_suspects_no_answers(self, target: Target) -> None:
        folder, _, fence = _work(target, 1)
        assert list(target.find(folder, fence, [], frozenset())) == []

    def test_a_message_without_a_message_id_is_found(self, harness: Harness, target: Target) -> None:
        folder = target.ensure(("Work",), None)
        nameless = b"From: a@x\r\nDate: Mon, 1 Jan 2024 10:00:00 +0100\r\nSubject: nameless\r\n\r\nbody\r\n"
        harness.put(("Work",), Mail(b"X-Other: 1\r\n" + nameless))
        sent = [samples.outgoing(0, Mail(nameless))]
        fence = target.fence(folder, sent)
        list(target.write(folder, sent, lambda: None))
        harness.settle()
        assert [item.verdict for item in self._find(target, folder, fence, sent)] == ["present"]

    @staticmethod
    def _find(target: Target, folder: Folder, fence: str, sent: list[Outgoing]) -> list[Found]:
        asked = suspects(sent, atomic=target.capabilities().atomic_batch)
        return list(target.find(folder, fence, asked, frozenset()))


def _work(target: Target, number: int) -> tuple[Folder, list[Outgoing], str]:
    """The folder Work, a batch that is about to be written there, and the fence before it."""
    folder = target.ensure(("Work",), None)
    sent = samples.batch(samples.mails(min(number, target.capabilities().batch)))
    return folder, sent, target.fence(folder, sent)

"""What a target promises about folders, flags and places."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.contract import (
    FlagChange,
    Folder,
    FolderMissing,
    Marked,
    Reason,
    Role,
    Target,
    ToEnsure,
    foresee,
)
from connectors.suite import samples
from connectors.suite.harness import PATHS, Harness, Mail
from connectors.suite.samples import folder_at, listed


class FolderContract:
    """Tests of ``ensure``, ``mark`` and ``move``."""

    @pytest.mark.parametrize("path", PATHS, ids="/".join)
    def test_ensure_makes_a_folder_once(self, target: Target, path: tuple[str, ...]) -> None:
        made = target.ensure(path, None)
        again = target.ensure(path, None)
        assert (again.path, again.epoch) == (made.path, made.epoch)
        assert [folder.path for folder in target.folders()].count(made.path) == 1
        assert len(made.path) == len(path)

    def test_an_ensured_folder_takes_mail(self, harness: Harness, target: Target) -> None:
        for number, path in enumerate(PATHS):
            folder = target.ensure(path, None)
            list(target.write(folder, [samples.outgoing(0, samples.mail(number))], lambda: None))
            assert len(harness.look(folder.path)) == 1

    def test_ensure_finds_the_inbox_by_its_role(self, target: Target) -> None:
        assert target.ensure(("Posteingang",), Role.INBOX).path == ("INBOX",)
        assert "Posteingang" not in {folder.path[0] for folder in target.folders()}

    def test_ensure_takes_the_inbox_in_any_letter_case(self, target: Target) -> None:
        assert target.ensure(("Inbox",), None).path == ("INBOX",)

    def test_ensure_gives_a_role_one_folder(self, target: Target) -> None:
        sent = target.ensure(("Sent mail",), Role.SENT)
        if sent.role is not Role.SENT:
            pytest.skip("this system keeps no roles")
        assert target.ensure(("Gesendet",), Role.SENT).path == sent.path

    def test_what_is_foreseen_is_ensured_as_anything_else(self, harness: Harness, target: Target) -> None:
        harness.put(("Work",), *samples.mails(2))
        wanted = [
            ToEnsure(path, None, subscribed=True) for path in sorted({*PATHS, ("Work",), ("Work", "Below"), ("INBOX",)})
        ]
        wanted.append(ToEnsure(("Sent mail",), Role.SENT, subscribed=True))
        foresee(target, wanted)
        made = [target.ensure(one.path, one.role, subscribed=one.subscribed) for one in wanted]
        there = {folder.path: folder for folder in target.folders()}
        assert {folder.path for folder in made} <= there.keys()
        assert [folder.epoch for folder in made] == [there[folder.path].epoch for folder in made]
        assert [target.ensure(folder.path, None).epoch for folder in made] == [folder.epoch for folder in made]
        for number, folder in enumerate(made):
            list(target.write(folder, [samples.outgoing(0, samples.mail(number))], lambda: None))
        assert [len(harness.look(folder.path)) for folder in made] == [
            1 + 2 * (one.path == ("Work",)) for one in wanted
        ]

    def test_a_folder_that_is_there_is_taken_with_its_mail(self, harness: Harness, target: Target) -> None:
        harness.put(("Work",), *samples.mails(3))
        folder = target.ensure(("Work",), None)
        assert len(listed(target, folder)) == 3

    def test_mark_changes_the_named_flags_only(self, harness: Harness, target: Target) -> None:
        folder, keys = _filled(harness, target, 3)
        harness.set_flags(("Work",), 0, {"\\Flagged", "\\Seen"})
        harness.set_flags(("Work",), 1, {"\\Flagged"})
        harness.set_flags(("Work",), 2, {"\\Flagged"})
        answers = list(
            target.mark(
                folder,
                [
                    FlagChange(keys[0], add=frozenset({"\\Answered"}), remove=frozenset({"\\Seen"})),
                    FlagChange(keys[1], add=frozenset({"\\Seen"})),
                ],
            )
        )
        assert [(answer.key, answer.outcome) for answer in answers] == [(keys[0], "done"), (keys[1], "done")]
        flags = [mail.flags for mail in harness.look(("Work",))]
        expected = [{"\\Flagged", "\\Answered"}, {"\\Flagged", "\\Seen"}, {"\\Flagged"}]
        assert flags == [_known(harness, *those) for those in expected]

    def test_mark_tells_what_it_changed_and_may_be_repeated(self, harness: Harness, target: Target) -> None:
        folder, keys = _filled(harness, target, 1)
        harness.set_flags(("Work",), 0, {"\\Seen"})
        new = _known(harness, "\\Answered", "\\Flagged")
        change = FlagChange(keys[0], add=new | {"\\Seen"}, remove=frozenset({"\\Draft"}))
        assert list(target.mark(folder, [change])) == [Marked(keys[0], "done", added=new)]
        assert list(target.mark(folder, [change])) == [Marked(keys[0], "done")]
        assert harness.look(("Work",))[0].flags == new | {"\\Seen"}

    def test_mark_of_a_message_that_went_away_is_missing(self, harness: Harness, target: Target) -> None:
        folder, keys = _filled(harness, target, 2)
        harness.delete(("Work",), 0)
        changes = [FlagChange(key, add=frozenset({"\\Answered"})) for key in keys]
        assert [(answer.key, answer.outcome) for answer in target.mark(folder, changes)] == [
            (keys[0], "missing"),
            (keys[1], "done"),
        ]

    def test_no_changes_no_answers(self, harness: Harness, target: Target) -> None:
        folder, _ = _filled(harness, target, 1)
        assert list(target.mark(folder, [])) == []

    def test_move_takes_the_message_whole(self, harness: Harness, target: Target) -> None:
        folder, keys = _filled(harness, target, 4)
        to = _movable(target)
        there = harness.look(("Work",))
        receipts = list(target.move(folder, to, [keys[1], keys[3]]))
        assert [(receipt.ordinal, receipt.outcome) for receipt in receipts] == [(0, "stored"), (1, "stored")]
        moved = harness.look(("Elsewhere",))
        assert sorted(mail.data for mail in moved) == sorted([there[1].data, there[3].data])
        assert {mail.data: (mail.flags, samples.seconds(mail.received)) for mail in moved} == {
            mail.data: (mail.flags, samples.seconds(mail.received)) for mail in (there[1], there[3])
        }
        assert samples.same_mails(harness.look(("Work",)), [there[0], there[2]])
        if target.capabilities().returns_keys:
            bodies = {
                answer.key: samples.contents(samples.message(answer).body)
                for answer in target.read(to, [receipt.key or "" for receipt in receipts])
            }
            assert [bodies[receipt.key or ""] for receipt in receipts] == [there[1].data, there[3].data]

    def test_moving_what_went_away_is_refused_as_gone(self, harness: Harness, target: Target) -> None:
        folder, keys = _filled(harness, target, 3)
        to = _movable(target)
        harness.delete(("Work",), 1)
        receipts = list(target.move(folder, to, keys))
        assert [(receipt.outcome, receipt.reason) for receipt in receipts] == [
            ("stored", None),
            ("refused", Reason.GONE),
            ("stored", None),
        ]

    def test_move_expunges_nothing_that_others_marked(self, harness: Harness, target: Target) -> None:
        folder, keys = _filled(harness, target, 3)
        to = _movable(target)
        harness.set_flags(("Work",), 0, {"\\Deleted"})
        list(target.move(folder, to, [keys[1]]))
        target.close()
        assert len(harness.look(("Work",))) == 2

    def test_work_in_a_folder_that_went_away_is_folder_missing(self, harness: Harness, target: Target) -> None:
        folder, keys = _filled(harness, target, 1)
        list(target.entries(folder_at(target, ("INBOX",)), None))
        harness.remove_folder(("Work",))
        outgoing = samples.batch(samples.mails(1))
        # A fence may be known without asking; what is written behind it tells.
        with pytest.raises(FolderMissing):
            list(target.mark(folder, [FlagChange(keys[0], add=frozenset({"\\Seen"}))]))
        with pytest.raises(FolderMissing):
            list(target.write(folder, outgoing, lambda: None))
        assert harness.look(("Work",)) == [], "a write does not make folders"

    def test_keys_of_another_epoch_are_not_touched(self, harness: Harness, target: Target) -> None:
        folder, keys = _filled(harness, target, 1)
        before = harness.look(("Work",))
        other = replace(folder, epoch=folder.epoch + "1")
        with pytest.raises(FolderMissing):
            target.fence(other, samples.batch(samples.mails(1)))
        with pytest.raises(FolderMissing):
            list(target.mark(other, [FlagChange(keys[0], add=frozenset({"\\Answered"}))]))
        assert samples.same_mails(harness.look(("Work",)), before)


def _known(harness: Harness, *flags: str) -> frozenset[str]:
    """Those of the flags that the system knows."""
    return harness.told(Mail(b"", flags=frozenset(flags))).flags


def _filled(harness: Harness, target: Target, number: int) -> tuple[Folder, list[str]]:
    """The folder Work with so many messages, and their keys."""
    harness.put(("Work",), *samples.mails(number))
    folder = target.ensure(("Work",), None)
    return folder, [entry.key for entry in listed(target, folder)]


def _movable(target: Target) -> Folder:
    if not target.capabilities().moves:
        pytest.skip("this system does not move")
    return target.ensure(("Elsewhere",), None)

"""What every session that reads promises."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from connectors.contract import (
    FolderMissing,
    Message,
    Reason,
    Source,
    Unread,
)
from connectors.suite import samples
from connectors.suite.harness import Harness, Mail
from connectors.suite.samples import contents, folder_at, listed, message, seconds
from connectors.suite.sessions import SessionContract
from connectors.wire import header_digest


class ReadingContract(SessionContract):
    """Tests of a session's reading half."""

    def test_every_folder_is_listed_once(self, harness: Harness, session: Source) -> None:
        for path in harness.paths:
            harness.put(path, samples.mail(1))
        paths = [folder.path for folder in session.folders()]
        assert len(paths) == len(set(paths))
        assert {("INBOX",), *harness.paths} <= set(paths)

    def test_the_inbox_has_its_role(self, session: Source) -> None:
        assert [folder.path for folder in session.folders() if folder.role == "inbox"] == [("INBOX",)]

    def test_an_empty_folder_lists_nothing(self, session: Source) -> None:
        assert listed(session, folder_at(session, ("INBOX",))) == []

    def test_a_listing_names_every_message_once(self, harness: Harness, session: Source) -> None:
        sent = samples.mails(60)
        harness.put(harness.work, *sent)
        folder = folder_at(session, harness.work)
        windows = list(session.entries(folder, None))
        entries = [entry for window in windows for entry in window.entries]
        there = harness.look(harness.work)
        assert all(window.complete for window in windows)
        assert len({entry.key for entry in entries}) == len(entries) == len(there)
        for entry, mail in zip(entries, there, strict=True):
            told = harness.told(mail)
            assert entry.size in (None, len(told.data))
            assert entry.received is None or seconds(entry.received) == seconds(told.received)
            assert entry.flags is None or entry.flags == told.flags

    def test_keys_come_in_a_stable_order_on_every_session(self, harness: Harness, opened: Callable[[], Source]) -> None:
        harness.put(harness.work, *samples.mails(10))
        first = opened()
        before = [entry.key for entry in listed(first, folder_at(first, harness.work))]
        first.close()
        second = opened()
        assert [entry.key for entry in listed(second, folder_at(second, harness.work))] == before

    def test_a_listing_from_a_cursor_brings_the_caller_up_to_date(self, harness: Harness, session: Source) -> None:
        harness.put(harness.work, *samples.mails(10))
        folder = folder_at(session, harness.work)
        windows = list(session.entries(folder, None))
        cursor = windows[-1].cursor
        if cursor is None:
            pytest.skip("this system has no cursors")
        known = {entry.key: entry for window in windows for entry in window.entries}
        harness.set_flags(harness.work, 4, {"\\Flagged"})
        harness.delete(harness.work, 2)
        harness.put(harness.work, samples.mail(11))
        folder = folder_at(session, harness.work)
        changes = list(session.entries(folder, cursor))
        assert len({window.complete for window in changes}) == 1
        if changes[0].complete:
            known = {}
        known.update({entry.key: entry for window in changes for entry in window.entries})
        for window in changes:
            for key in window.gone:
                known.pop(key, None)
        assert known == {entry.key: entry for entry in listed(session, folder)}

    def test_an_unmoved_token_means_nothing_new(
        self, harness: Harness, session: Source, opened: Callable[[], Source]
    ) -> None:
        harness.put(harness.work, *samples.mails(3))

        def token() -> str | None:
            return folder_at(opened() if harness.snapshot else session, harness.work).token

        before = token()
        if before is None:
            pytest.skip("this system has no tokens")
        assert token() == before
        harness.put(harness.work, samples.mail(4))
        arrived = token()
        assert arrived != before
        harness.delete(harness.work, 0)
        gone = token()
        assert gone != arrived
        was = harness.told(harness.look(harness.work)[0]).flags
        harness.set_flags(harness.work, 0, {"\\Flagged", "\\Answered"})
        if session.capabilities().flag_tokens and harness.told(harness.look(harness.work)[0]).flags != was:
            assert token() != gone

    def test_reading_answers_each_key_once_and_byte_for_byte(self, harness: Harness, session: Source) -> None:
        harness.put(harness.work, *samples.mails(40))
        folder = folder_at(session, harness.work)
        keys = [entry.key for entry in listed(session, folder)]
        used = harness.resources.budget.used
        answers = {answer.key: message(answer) for answer in session.read(folder, keys)}
        assert sorted(answers) == sorted(keys)
        for key, mail in zip(keys, map(harness.told, harness.look(harness.work)), strict=True):
            got = answers[key]
            assert contents(got.body) == mail.data
            assert got.body.size == len(mail.data)
            assert got.flags == mail.flags
            assert got.received is None or seconds(got.received) == seconds(mail.received)
            got.body.release()
        assert harness.resources.budget.used == used, "the caller accounts for memory"

    def test_reading_marks_nothing_as_read(self, harness: Harness, session: Source) -> None:
        harness.put(harness.work, *samples.mails(8))
        before = harness.look(harness.work)
        folder = folder_at(session, harness.work)
        keys = [entry.key for entry in listed(session, folder)]
        for answer in session.read(folder, keys):
            message(answer).body.release()
        list(session.headers(folder, keys))
        list(session.states(folder, keys))
        session.close()
        assert samples.same_mails(harness.look(harness.work), before)

    def test_some_messages_can_be_read_and_the_session_goes_on(self, harness: Harness, session: Source) -> None:
        harness.put(harness.work, *samples.mails(30))
        if harness.paths:
            harness.put(("Other",), samples.mail(50))
        folder = folder_at(session, harness.work)
        keys = [entry.key for entry in listed(session, folder)]
        chosen = keys[3:20:4]
        assert sorted(answer.key for answer in _released(session.read(folder, chosen))) == sorted(chosen)
        if harness.paths:
            assert len(listed(session, folder_at(session, ("Other",)))) == 1
        last = keys[-1:]
        assert [answer.key for answer in _released(session.read(folder, last))] == last

    def test_a_body_can_be_opened_again_and_released_twice(self, harness: Harness, session: Source) -> None:
        harness.put(harness.work, samples.mail(1))
        folder = folder_at(session, harness.work)
        got = message(next(iter(list(session.read(folder, [listed(session, folder)[0].key])))))
        with got.body.open() as one, got.body.open() as other:
            assert one.read(10) == other.read(10)
            assert one.read() == other.read()
        assert len(contents(got.body)) == got.body.size
        got.body.release()
        got.body.release()

    def test_a_large_message_is_spooled_and_leaves_nothing_behind(self, harness: Harness, session: Source) -> None:
        harness.put(harness.work, samples.large_mail(), samples.mail(2))
        folder = folder_at(session, harness.work)
        keys = [entry.key for entry in listed(session, folder)]
        expected = sorted(hashlib.sha256(harness.told(mail).data).digest() for mail in harness.look(harness.work))
        found = []
        for answer in session.read(folder, keys):
            digest = hashlib.sha256()
            with message(answer).body.open() as reader:
                while piece := reader.read(1 << 20):
                    digest.update(piece)
            message(answer).body.release()
            found.append(digest.digest())
        assert sorted(found) == expected
        assert list(harness.resources.spool.iterdir()) == []

    def test_awkward_bytes_are_read_as_they_stand(self, harness: Harness, session: Source) -> None:
        for data in samples.AWKWARD.values():
            harness.put(harness.work, Mail(data))
        folder = folder_at(session, harness.work)
        keys = [entry.key for entry in listed(session, folder)]
        answers = {answer.key: contents(message(answer).body) for answer in session.read(folder, keys)}
        assert [answers[key] for key in keys] == [harness.told(mail).data for mail in harness.look(harness.work)]

    def test_a_message_that_went_away_is_unread_and_the_others_are_read(
        self, harness: Harness, session: Source, opened: Callable[[], Source]
    ) -> None:
        harness.put(harness.work, *samples.mails(3))
        folder = folder_at(session, harness.work)
        keys = [entry.key for entry in listed(session, folder)]
        harness.delete(harness.work, 1)
        session = opened() if harness.snapshot else session
        answers = {answer.key: answer for answer in _released(session.read(folder, keys))}
        if not harness.keeps_view:
            assert answers[keys[1]] == Unread(keys[1], Reason.GONE)
        assert set(answers) == set(keys)
        assert isinstance(answers[keys[0]], Message)
        assert isinstance(answers[keys[2]], Message)
        assert [entry.key for entry in session.states(folder, keys)] == [keys[0], keys[2]]
        assert {headers.key for headers in session.headers(folder, keys)} == {keys[0], keys[2]}

    def test_states_are_the_present_ones(self, harness: Harness, session: Source) -> None:
        harness.put(harness.work, *samples.mails(4))
        folder = folder_at(session, harness.work)
        keys = [entry.key for entry in listed(session, folder)]
        harness.set_flags(harness.work, 2, {"\\Flagged", "\\Draft"})
        there = harness.look(harness.work)
        states = {entry.key: entry for entry in session.states(folder, keys)}
        assert all(states[key].flags in (None, harness.told(mail).flags) for key, mail in zip(keys, there, strict=True))

    def test_headers_identify_their_message(self, harness: Harness, session: Source) -> None:
        harness.put(harness.work, *samples.mails(12))
        folder = folder_at(session, harness.work)
        keys = [entry.key for entry in listed(session, folder)]
        found = {headers.key: header_digest(headers.fields) for headers in session.headers(folder, keys)}
        assert [found[key] for key in keys] == [
            header_digest(mail.data.split(b"\r\n\r\n")[0] + b"\r\n") for mail in harness.look(harness.work)
        ]

    def test_no_keys_no_answers(self, session: Source) -> None:
        folder = folder_at(session, ("INBOX",))
        assert list(session.read(folder, [])) == []
        assert list(session.states(folder, [])) == []
        assert list(session.headers(folder, [])) == []

    def test_a_folder_that_went_away_is_missing(self, harness: Harness, session: Source) -> None:
        if not harness.paths:
            pytest.skip("this system has one folder, which does not go away")
        harness.put(harness.work, samples.mail(1))
        folder = folder_at(session, harness.work)
        key = listed(session, folder)[0].key
        list(session.entries(folder_at(session, ("INBOX",)), None))
        harness.remove_folder(harness.work)
        with pytest.raises(FolderMissing):
            list(session.entries(folder, None))
        with pytest.raises(FolderMissing):
            list(_released(session.read(folder, [key])))
        with pytest.raises(FolderMissing):
            list(session.states(folder, [key]))

    def test_another_epoch_is_a_missing_folder(self, harness: Harness, session: Source) -> None:
        harness.put(harness.work, samples.mail(1))
        folder = folder_at(session, harness.work)
        key = listed(session, folder)[0].key
        other = replace(folder, epoch=folder.epoch + "1")
        with pytest.raises(FolderMissing):
            list(session.entries(other, None))
        with pytest.raises(FolderMissing):
            list(_released(session.read(other, [key])))


def _released(answers: Iterator[Message | Unread]) -> Iterator[Message | Unread]:
    for answer in answers:
        if isinstance(answer, Message):
            answer.body.release()
        yield answer

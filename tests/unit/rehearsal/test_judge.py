"""The judge of a rehearsal: it knows again what it took, keeps no part of a message, and samples are stable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.body import MemoryBody
from connectors.contract import (
    Account,
    Entry,
    FlagChange,
    Folder,
    Message,
    Outgoing,
    Reason,
    Role,
    Suspect,
    Unread,
    Window,
)
from connectors.folder_names import EXCHANGE
from connectors.wire import digest_bytes
from migrate.sandbox.rehearsal import judge as judge_module
from migrate.sandbox.rehearsal.judge import Judge, JudgingTarget, TargetRules
from migrate.sandbox.rehearsal.sampling import SampledSource, share_of
from tests.unit.passes.world import mail

RECEIVED = datetime(2026, 1, 5, 8, tzinfo=UTC)
ANNA = Account("anna", address="anna@example.org")


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    return Judge(TargetRules("Exchange", 500, EXCHANGE), tmp_path / "target.sqlite")


@pytest.fixture
def target(judge: Judge) -> Iterator[JudgingTarget]:
    session = judge.open_target(ANNA, Event())
    yield session
    session.close()


def outgoing(ordinal: int, data: bytes) -> Outgoing:
    digests = digest_bytes(data)
    flags = frozenset({"\\Seen"})
    return Outgoing(ordinal, MemoryBody(data), RECEIVED, flags, digests.wire, digests.header, digests.message_id)


def test_too_long_is_refused_and_all_else_is_taken_once_it_may_be(target: JudgingTarget) -> None:
    inbox = target.ensure(("INBOX",), Role.INBOX)
    asked: list[int] = []
    batch = [outgoing(0, mail(0)), outgoing(1, mail(1, "x" * 600)), outgoing(2, mail(2))]
    receipts = list(target.write(inbox, batch, lambda: asked.append(1)))
    assert [one.outcome for one in receipts] == ["stored", "refused", "stored"]
    assert receipts[1].reason is Reason.TOO_LARGE
    assert len(asked) == 2


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([1, 3, 7, 1 << 20]))
def test_the_longest_line_is_found_in_whatever_pieces_it_is_read(before: int, after: int, piece: int) -> None:
    data = b"From: a@b.example\r\n\r\n" + b"x" * before + b"\r\n" + b"y" * after
    with patch.object(judge_module, "_CHUNK", piece):
        whole, longest = judge_module._read_whole(outgoing(0, data), 10**6)
    assert whole == data
    assert longest == max(17, before, after)


def test_a_line_that_is_too_long_is_refused(tmp_path: Path) -> None:
    session = Judge(TargetRules("Exchange", None, None, 100), tmp_path / "lines.sqlite").open_target(ANNA, Event())
    inbox = session.ensure(("INBOX",), Role.INBOX)
    batch = [outgoing(number, b"From: a@b.example\r\n\r\n" + b"x" * (100 + number) + b"\r\n") for number in (0, 1)]
    receipts = list(session.write(inbox, batch, lambda: None))
    assert [(one.outcome, one.reason) for one in receipts] == [("stored", None), ("refused", Reason.CONTENT)]
    session.close()


def test_nothing_is_taken_when_it_may_not_be(target: JudgingTarget) -> None:
    inbox = target.ensure(("INBOX",), Role.INBOX)

    def no() -> None:
        raise RuntimeError("lost the hold")

    with pytest.raises(RuntimeError):
        list(target.write(inbox, [outgoing(0, mail(0))], no))
    assert sum(len(window.entries) for window in target.entries(inbox, None)) == 0


def test_another_process_finds_what_was_taken(judge: Judge, target: JudgingTarget, tmp_path: Path) -> None:
    inbox = target.ensure(("INBOX",), Role.INBOX)
    fence = target.fence(inbox, [])
    list(target.write(inbox, [outgoing(0, mail(0))], lambda: None))
    later = Judge(judge.rules, tmp_path / "target.sqlite").open_target(ANNA, Event())
    suspects = []
    for number in (0, 1):
        digests = digest_bytes(mail(number))
        suspects.append(Suspect(number, "b", digests.wire, len(mail(number)), digests.header, RECEIVED))
    (there, not_there) = later.find(inbox, fence, suspects, ())
    assert (there.verdict, not_there.verdict) == ("present", "absent")
    (again,) = later.find(inbox, fence, suspects[:1], {there.key or ""})
    assert again.verdict == "absent", "what is claimed is somebody else's"
    later.close()


def test_no_part_of_a_message_is_on_the_disk(target: JudgingTarget, tmp_path: Path) -> None:
    inbox = target.ensure(("INBOX",), Role.INBOX)
    (receipt,) = target.write(inbox, [outgoing(0, mail(0, "planted secret"))], lambda: None)
    assert receipt.key is not None
    (read,) = target.read(inbox, [receipt.key])
    assert isinstance(read, Message), "the last batch is read back, so that a pass sees it unchanged"
    list(target.write(inbox, [outgoing(0, mail(1))], lambda: None))
    (forgotten,) = target.read(inbox, [receipt.key])
    assert isinstance(forgotten, Unread)
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"planted" not in on_disk
    assert b"Subject" not in on_disk


def test_flags_are_changed_one_by_one_and_a_mailbox_is_its_own(judge: Judge, target: JudgingTarget) -> None:
    inbox = target.ensure(("INBOX",), Role.INBOX)
    (receipt,) = target.write(inbox, [outgoing(0, mail(0))], lambda: None)
    change = FlagChange(receipt.key or "", frozenset({"\\Flagged"}), frozenset({"\\Seen"}))
    (done, missing) = target.mark(inbox, [change, FlagChange("99")])
    assert (done.outcome, done.added, done.removed) == ("done", {"\\Flagged"}, {"\\Seen"})
    assert missing.outcome == "missing"
    assert [entry.flags for entry in target.states(inbox, [receipt.key or ""])] == [frozenset({"\\Flagged"})]
    bruno = judge.open_target(Account("bruno", address="bruno@example.org"), Event())
    assert list(bruno.folders()) == []
    bruno.close()


def test_a_folder_of_a_role_is_made_once(target: JudgingTarget) -> None:
    first = target.ensure(("Sent",), Role.SENT)
    assert target.ensure(("Gesendet",), Role.SENT).path == first.path
    assert target.roles() == {Role.SENT: ("Sent",)}
    assert target.names() is EXCHANGE


class Listing:
    """A source of so many messages."""

    def __init__(self, count: int) -> None:
        self.count = count

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        yield Window([Entry(str(key), 100, RECEIVED, frozenset()) for key in range(self.count)])


def sampled(count: int, share: float) -> set[str]:
    source = SampledSource(Listing(count), share)  # type: ignore[arg-type]  # it is listed alone
    windows: Sequence[Window] = list(source.entries(Folder(("INBOX",), None, "1"), None))
    return {entry.key for window in windows for entry in window.entries}


@given(st.integers(0, 400), st.integers(1, 400), st.integers(1, 400))
def test_a_larger_sample_holds_the_smaller_one(count: int, few: int, more: int) -> None:
    few, more = sorted((few, more))
    assert sampled(count, share_of(count, few)) <= sampled(count, share_of(count, more))
    assert len(sampled(count, share_of(count, None))) == count


def test_a_sample_is_about_as_large_as_was_asked() -> None:
    assert 150 < len(sampled(10_000, share_of(10_000, 200))) < 250

"""An archive keeps the contract of a source, and what an archive promises besides."""

from __future__ import annotations

import errno
import tracemalloc
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.archives.contract import Nature
from connectors.archives.source import ArchiveSource
from connectors.body import SPOOL_OVER, ByteBudget
from connectors.contract import Fatal, Folder, Message, Reason, Resources, Source, Unread
from connectors.read_state import ReadRule
from connectors.suite import Harness, Mail, SourceContract
from tests.unit.archives.shelf import INBOX, Shelf, ShelfArchive

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class ShelfHarness(Harness):
    def __init__(self, folder: Path) -> None:
        self.file = folder / "archive"
        self.file.touch()
        (folder / "spool").mkdir()
        self.resources = Resources(ByteBudget(), folder / "spool")
        self.shelf = Shelf()

    def open_source(self) -> ArchiveSource:
        return self.open_with(ReadRule())

    def open_with(self, rule: ReadRule) -> ArchiveSource:
        return ArchiveSource(ShelfArchive(self.shelf), self.file, self.resources, rule, lambda: NOW)

    def open_with_wrong_password(self) -> Source:
        pytest.skip("an archive has no password")

    def put(self, path: tuple[str, ...], *mails: Mail) -> None:
        for mail in mails:
            self.shelf.put(mail.data, path, received=mail.received, flags=mail.flags)

    def look(self, path: tuple[str, ...]) -> list[Mail]:
        kept = self.shelf.folders.get(path, [])
        return [Mail(one.data, one.item.received or NOW, one.item.flags or frozenset()) for one in kept]

    def set_flags(self, path: tuple[str, ...], index: int, flags: Collection[str]) -> None:
        self.shelf.flag(path, index, frozenset(flags))

    def delete(self, path: tuple[str, ...], index: int) -> None:
        self.shelf.drop(path, index)

    def remove_folder(self, path: tuple[str, ...]) -> None:
        del self.shelf.folders[path]


@pytest.fixture
def harness(tmp_path: Path) -> ShelfHarness:
    return ShelfHarness(tmp_path)


class TestArchiveSource(SourceContract):
    pass


def entries(source: Source, path: tuple[str, ...] = INBOX) -> dict[str, frozenset[str] | None]:
    return {entry.key: entry.flags for window in source.entries(folder(source, path), None) for entry in window.entries}


def folder(source: Source, path: tuple[str, ...] = INBOX) -> Folder:
    return next(one for one in source.folders() if one.path == path)


def read(source: Source, *keys: str) -> dict[str, Message | Unread]:
    return {answer.key: answer for answer in source.read(folder(source), keys)}


def test_what_does_not_say_whether_it_was_read_was_unless_it_is_new(harness: ShelfHarness) -> None:
    for days in (1, 29, 31, 4000):
        harness.shelf.put(b"Subject: x\r\n\r\n", received=NOW - timedelta(days=days), flags=None)
    harness.shelf.put(b"Subject: no date\r\n\r\n", received=None, flags=None)
    harness.shelf.put(b"Subject: said\r\n\r\n", received=NOW, flags=frozenset({"\\Flagged"}))
    source = harness.open_with(ReadRule(timedelta(days=30)))
    listed = entries(source)
    # A listing says nothing of them: what is decided once is not changed by the days that go by.
    assert list(listed.values()) == [None] * 5 + [frozenset({"\\Flagged"})]
    found = [answer.flags for answer in read(source, *listed).values() if isinstance(answer, Message)]
    seen = frozenset({"\\Seen"})
    assert found == [frozenset(), frozenset(), seen, seen, seen, frozenset({"\\Flagged"})]
    everything = harness.open_with(ReadRule())
    assert [a.flags for a in read(everything, *listed).values() if isinstance(a, Message)][:5] == [seen] * 5


def test_what_is_no_mail_is_listed_for_what_it_is(harness: ShelfHarness) -> None:
    harness.shelf.put(b"", nature=Nature.CONTACT)
    harness.shelf.put(b"Subject: x\r\n\r\n")
    source = harness.open_source()
    windows = list(source.entries(folder(source), None))
    assert [entry.nature for window in windows for entry in window.entries] == [Nature.CONTACT, Nature.MAIL]


def test_damage_costs_what_is_damaged_and_no_more(harness: ShelfHarness) -> None:
    for number in range(3):
        harness.shelf.put(f"Subject: {number}\r\n\r\n".encode())
    harness.shelf.damaged.add("n2")
    source = harness.open_source()
    keys = list(entries(source))
    answers = read(source, *keys)
    assert answers[keys[1]] == Unread(keys[1], Reason.UNREADABLE)
    assert [isinstance(answer, Message) for answer in answers.values()] == [True, False, True]
    assert len(list(source.headers(folder(source), keys))) == 2
    assert [problem.key for problem in source.problems()] == ["n2"]


def test_a_bad_place_on_the_disk_costs_a_message_and_a_drive_that_is_gone_ends_the_pass(harness: ShelfHarness) -> None:
    harness.shelf.put(b"Subject: x\r\n\r\n")
    source = harness.open_source()
    (key,) = entries(source)
    harness.shelf.bad_sector = OSError(errno.EIO, "bad sector")
    assert read(source, key) == {key: Unread(key, Reason.UNREADABLE)}
    harness.shelf.away = True
    harness.file.unlink()
    with pytest.raises(Fatal, match="drive connected"):
        list(source.read(Folder(INBOX, None, "1"), [key]))


def test_a_drive_that_is_gone_is_no_bad_place_where_the_archive_knows_its_token_by_heart(harness: ShelfHarness) -> None:
    archive = ShelfArchive(harness.shelf)
    harness.shelf.put(b"Subject: x\r\n\r\n")
    source = ArchiveSource(archive, harness.file, harness.resources)
    (key,) = entries(source)
    archive.token = lambda: "as it was opened"  # type: ignore[method-assign]
    harness.shelf.bad_sector = OSError(errno.EIO, "no drive")
    harness.file.unlink()
    with pytest.raises(Fatal, match="drive connected"):
        list(source.read(Folder(INBOX, None, "1"), [key]))


def test_an_archive_whose_drive_is_not_there_says_so(harness: ShelfHarness) -> None:
    harness.shelf.away = True
    harness.file.unlink()
    with pytest.raises(Fatal, match=r"archive: the archive is not there; is the drive connected"):
        list(harness.open_source().folders())


def test_two_folders_of_one_name_are_both_there(harness: ShelfHarness) -> None:
    archive = ShelfArchive(harness.shelf)
    harness.shelf.put(b"Subject: x\r\n\r\n")
    once = list(archive.folders())
    archive.folders = lambda: iter([*once, *once, *once])  # type: ignore[method-assign]
    source = ArchiveSource(archive, harness.file, harness.resources)
    there = list(source.folders())
    assert [one.path for one in there] == [("INBOX",), ("INBOX (2)",), ("INBOX (3)",)]
    assert [len(next(iter(source.entries(one, None))).entries) for one in there] == [1, 1, 1]


def test_a_folder_is_gone_through_once_by_who_reads_in_its_order(harness: ShelfHarness) -> None:
    for number in range(1000):
        harness.shelf.put(f"Subject: {number}\r\n\r\n".encode())
    source = harness.open_source()
    keys = list(entries(source))
    there, before = folder(source), harness.shelf.listed
    for start in range(0, 1000, 100):
        assert len(list(source.read(there, keys[start : start + 100]))) == 100
    assert harness.shelf.listed - before <= 1001


def test_no_more_than_one_message_is_in_memory(harness: ShelfHarness) -> None:
    data = b"Subject: large\r\n\r\n" + b"x" * SPOOL_OVER
    for _number in range(4):
        harness.shelf.put(data)
    source = harness.open_source()
    keys = list(entries(source))
    tracemalloc.start()
    for answer in source.read(folder(source), keys):
        assert isinstance(answer, Message)
        with answer.body.open() as reader:
            assert sum(len(piece) for piece in iter(lambda: reader.read(1 << 16), b"")) == len(data)
        answer.body.release()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * SPOOL_OVER
    assert list(harness.resources.spool.iterdir()) == []


def test_closing_closes_the_archive(harness: ShelfHarness) -> None:
    archive = ShelfArchive(harness.shelf)
    ArchiveSource(archive, harness.file, harness.resources).close()
    assert archive.closed

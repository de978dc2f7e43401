"""A live mbox grows, is marked and compacted between passes and under our hands: keys stay, and nothing is mixed up."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connectors.archives.contract import Damaged
from connectors.archives.source import ArchiveSource
from connectors.body import ByteBudget
from connectors.contract import Message, Reason, Resources, Unread
from connectors.mbox import file as mbox_file
from connectors.mbox.archive import MboxArchive, open_mbox
from connectors.mbox.digest import ContentDigest
from connectors.mbox.scanner import scan
from tests.unit.archives.live_mbox import EXPUNGED, SEEN, LiveMbox
from tests.unit.archives.looking import codes, folder_of, items, message, messages, reading

CONTENTS = [b"A: %d\n\ntext %d\n" % (number, number) for number in range(4)] + [b"A: 9\n\n" + b"long\n" * 4000]


class LiveMboxMachine(RuleBasedStateMachine):
    """A second pass, with an archive opened anew or kept open, knows by their keys the messages of the first."""

    @initialize()
    def start(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.box = LiveMbox(Path(self.place.name) / "Inbox")
        self.kept = self.opened()
        #: What each key that was ever told stood for.
        self.known: dict[str, bytes] = {}
        self.ticks = 1_600_000_000

    def opened(self) -> MboxArchive:
        return open_mbox(self.box.path, reading(Path(self.place.name)))

    @rule(content=st.sampled_from(CONTENTS))
    def append(self, content: bytes) -> None:
        self.box.append(content)

    @precondition(lambda self: self.box.stored)
    @rule(data=st.data(), bits=st.sampled_from([SEEN, EXPUNGED]))
    def mark(self, data: st.DataObject, bits: int) -> None:
        self.box.mark(data.draw(st.integers(0, len(self.box.stored) - 1)), bits)

    @rule(in_place=st.booleans())
    def compact(self, in_place: bool) -> None:
        self.box.compact(in_place=in_place)

    @rule(data=st.data())
    def read_by_a_key_of_long_ago(self, data: st.DataObject) -> None:
        """The file changed since the archive listed it; the key names its message, or nothing."""
        if not self.known:
            return
        key = data.draw(st.sampled_from(sorted(self.known)))
        ordinal = int(key.partition(".")[2] or 0)
        there = Counter(one.content for one in self.box.shown)[self.known[key]] > ordinal
        folder = folder_of(self.kept)
        if there:
            assert message(self.kept, folder, key) == self.known[key]
        else:
            with pytest.raises(KeyError):
                message(self.kept, folder, key)

    @invariant()
    def every_message_has_the_key_that_it_had(self) -> None:
        self.ticks += 10
        os.utime(self.box.path, (self.ticks, self.ticks))
        with closing(self.opened()) as fresh:
            for archive in (fresh, self.kept):
                folder = folder_of(archive)
                listed = list(archive.items(folder))
                contents = [message(archive, folder, item.key) for item in listed]
                assert contents == [one.content for one in self.box.shown]
                assert [item.flags for item in listed] == [
                    frozenset({"\\Seen"} if one.status & SEEN else ()) for one in self.box.shown
                ]
                for item, content in zip(listed, contents, strict=True):
                    assert self.known.setdefault(item.key, content) == content
                    # Twins are called one after the other, so those that are left are called as some were before.
                    assert int(item.key.partition(".")[2] or 0) < contents.count(content)

    def teardown(self) -> None:
        self.kept.close()
        self.place.cleanup()


LiveMboxMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
TestLiveMbox = LiveMboxMachine.TestCase


def test_a_file_that_is_rewritten_while_it_is_open_is_looked_through_again(tmp_path: Path) -> None:
    box = LiveMbox(tmp_path / "Inbox")
    for content in CONTENTS:
        box.append(content)
    with closing(open_mbox(box.path, reading(tmp_path))) as archive:
        folder = folder_of(archive)
        listed = list(archive.items(folder))
        box.mark(0, EXPUNGED)
        box.compact(in_place=True)
        # The times of the file may be as they were: what lies at the places is what counts.
        assert message(archive, folder, listed[3].key) == CONTENTS[3]
        with pytest.raises(KeyError):
            message(archive, folder, listed[0].key)


def test_who_reads_in_the_order_of_the_listing_is_not_lost_in_a_file_that_was_compacted(tmp_path: Path) -> None:
    box = LiveMbox(tmp_path / "Inbox")
    for number in range(12):
        box.append(b"A: %d\n\ntext %d\n" % (number, number))
    with closing(open_mbox(box.path, reading(tmp_path))) as archive:
        source = ArchiveSource(archive, box.path, Resources(ByteBudget(), tmp_path))
        (folder,) = source.folders()
        keys = [entry.key for window in source.entries(folder, None) for entry in window.entries]
        answers = source.read(folder, keys[:6])
        assert isinstance(next(answers), Message)
        for number in range(9):
            box.mark(number, EXPUNGED)
        box.compact(in_place=True)
        assert list(answers) == [Unread(key, Reason.GONE) for key in keys[1:6]]
        told = list(source.read(folder, keys[6:]))
        assert [isinstance(one, Message) for one in told] == [False] * 3 + [True] * 3


def test_a_large_message_is_compared_before_it_is_given_away(tmp_path: Path) -> None:
    box = LiveMbox(tmp_path / "Inbox")
    large = b"A: 1\n\n" + b"0123456789\n" * 1_000_000
    for content in (b"A: 0\n\n", large, large.replace(b"A: 1", b"A: 2")):
        box.append(content)
    with closing(open_mbox(box.path, reading(tmp_path))) as archive:
        folder = folder_of(archive)
        _first, second, third = (item.key for item in archive.items(folder))
        box.mark(1, EXPUNGED)
        box.compact(in_place=True)
        out = BytesIO()
        with pytest.raises(KeyError):
            archive.write_message(folder, second, out)
        assert not out.getvalue()
        assert message(archive, folder, third) == large.replace(b"A: 1", b"A: 2")


def test_a_last_message_that_is_being_written_waits_for_the_next_listing(tmp_path: Path) -> None:
    box = LiveMbox(tmp_path / "Inbox")
    box.append(CONTENTS[0])
    with box.path.open("ab") as file:
        file.write(b"From - Fri Aug 05 10:57:20 2016\nSubject: half\n\nhalf a li")
    with closing(open_mbox(box.path, reading(tmp_path))) as archive:
        assert messages(archive) == [CONTENTS[0]]
        assert codes(archive) == {"being-written"}
        with box.path.open("ab") as file:
            file.write(b"ne\n\n")
        assert messages(archive) == [CONTENTS[0], b"Subject: half\n\nhalf a line\n"]
        assert not codes(archive)


@pytest.mark.parametrize(("end", "shown"), [(b"a line\n", 1), (b"a line\n\n", 2)])
def test_a_last_message_without_an_empty_line_waits_when_the_file_changes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes, shown: int
) -> None:
    box = LiveMbox(tmp_path / "Inbox")
    box.append(CONTENTS[0])
    with box.path.open("ab") as file:
        file.write(b"From - Fri Aug 05 10:57:20 2016\nSubject: half\n\n" + end)

    def scan_and_write(*arguments: object) -> object:
        index = scan(*arguments)  # type: ignore[arg-type]  # passed on
        with box.path.open("ab") as file:
            file.write(b"another\n")
        return index

    monkeypatch.setattr(mbox_file, "scan", scan_and_write)
    with closing(open_mbox(box.path, reading(tmp_path))) as archive:
        folder = folder_of(archive)
        assert len(list(archive.items(folder))) == shown


def test_a_file_that_nobody_writes_any_more_ends_as_it_ends(tmp_path: Path) -> None:
    box = LiveMbox(tmp_path / "Inbox")
    box.append(CONTENTS[0])
    with box.path.open("ab") as file:
        file.write(b"From - Fri Aug 05 10:57:20 2016\nSubject: half\n\nhalf a li")
    an_hour_ago = time.time() - 3600
    os.utime(box.path, (an_hour_ago, an_hour_ago))
    with closing(open_mbox(box.path, reading(tmp_path))) as archive:
        assert messages(archive) == [CONTENTS[0], b"Subject: half\n\nhalf a li"]


def test_expunged_messages_are_left_out_and_counted(tmp_path: Path) -> None:
    box = LiveMbox(tmp_path / "Inbox")
    for content in CONTENTS:
        box.append(content)
    box.mark(1, EXPUNGED | SEEN)
    box.mark(2, EXPUNGED)
    with closing(open_mbox(box.path, reading(tmp_path))) as archive:
        assert messages(archive) == [CONTENTS[0], *CONTENTS[3:]]
        (problem,) = archive.problems()
        assert (problem.code, problem.message[:11]) == ("expunged", "2 messages ")


def test_a_senders_own_status_hides_nothing(tmp_path: Path) -> None:
    file = tmp_path / "box"
    file.write_bytes(
        b"From anna@example.org Sat Jan  3 01:05:34 1996\nReceived: x\nX-Mozilla-Status: 0009\nA: 1\n\none\n\n"
    )
    with closing(open_mbox(file, reading(tmp_path))) as archive:
        assert messages(archive) == [b"Received: x\nA: 1\n\none\n"]


def test_a_file_that_goes_away_is_an_error_and_no_empty_folder(tmp_path: Path) -> None:
    box = LiveMbox(tmp_path / "Inbox")
    box.append(CONTENTS[0])
    with closing(open_mbox(box.path, reading(tmp_path))) as archive:
        assert items(archive)
        box.path.unlink()
        with pytest.raises(FileNotFoundError):
            items(archive)


def test_a_file_that_never_holds_still_is_damaged_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = LiveMbox(tmp_path / "Inbox")
    box.append(CONTENTS[0])
    with closing(open_mbox(box.path, reading(tmp_path))) as archive:
        (item,) = items(archive)
        monkeypatch.setattr("connectors.mbox.file.MboxFile._write", lambda *_arguments: False)
        with pytest.raises(Damaged, match="faster than it can be read"):
            message(archive, folder_of(archive), item.key)


def test_a_servers_own_message_is_no_mail(tmp_path: Path) -> None:
    file = tmp_path / "box"
    begin = b"From MAILER-DAEMON Sat Jan  3 01:05:34 1996\n"
    file.write_bytes(
        begin
        + b"Date: x\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\nStatus: RO\n\ntext\n\n"
        + begin
        + b"X-IMAPbase: 1 2\nSubject: mail\nX-UID: 1\n\ntext\n\n"
        + begin
        + b"Subject: about folder internal data\n\ntext\n\n"
    )
    with closing(open_mbox(file, reading(tmp_path))) as archive:
        assert messages(archive) == [b"Subject: mail\n\ntext\n", b"Subject: about folder internal data\n\ntext\n"]
        assert codes(archive) == {"internal-data"}


def test_a_copy_whose_holes_are_filled_has_the_same_keys(tmp_path: Path) -> None:
    """A crash leaves NULs, which a file system may keep as a hole and a copy as bytes."""
    begin = b"From anna@example.org Sat Jan  3 01:05:34 1996\n"
    sparse, filled = tmp_path / "sparse", tmp_path / "filled"
    parts = [begin + CONTENTS[0] + b"\n" + begin + b"A: 5\n\nx", b"y\n\n" + begin + CONTENTS[1]]
    with sparse.open("wb") as file:
        file.write(parts[0])
        file.seek(9_000_001, os.SEEK_CUR)
        file.write(parts[1])
    filled.write_bytes(parts[0] + bytes(9_000_001) + parts[1])
    assert sparse.stat().st_blocks < filled.stat().st_blocks
    with closing(open_mbox(sparse, reading(tmp_path))) as one, closing(open_mbox(filled, reading(tmp_path))) as two:
        assert [item.key for item in items(one)] == [item.key for item in items(two)]
        assert messages(one) == messages(two) == [CONTENTS[0], b"A: 5\n\nx" + bytes(9_000_001) + b"y\n", CONTENTS[1]]


@pytest.mark.parametrize("count", [(4 << 20) - 1, 4 << 20, (4 << 20) + 1])
def test_a_run_of_nuls_is_digested_alike_however_it_is_fed(count: int) -> None:
    whole, pieces, told = ContentDigest(), ContentDigest(), ContentDigest()
    data = b"a\0b" + bytes(count) + b"c\0"
    for start in range(0, len(data), 1 << 17):
        whole.update(data[start : start + (1 << 17)])
    for start in range(0, len(data), 99_999):
        pieces.update(memoryview(data)[start : start + 99_999])
    told.update(b"a\0b", plain=False)
    told.update_nuls(count)
    told.update(b"c", plain=True)
    told.update(b"\0")
    another = ContentDigest()
    another.update(data[:-1] + b"\0\0")
    assert whole.digest() == pieces.digest() == told.digest() != another.digest()
    short = ContentDigest()
    short.update(b"\0\0a\0\0")
    short.update(b"\0b\0")
    assert short.digest() == sha256(b"\0\0a\0\0\0b\0").digest()[:16]


def test_keys_of_many_twins_are_found(tmp_path: Path) -> None:
    box = LiveMbox(tmp_path / "Inbox")
    for _number in range(300):
        box.append(CONTENTS[0])
        box.append(CONTENTS[1])
    with closing(open_mbox(box.path, reading(tmp_path))) as archive:
        folder = folder_of(archive)
        keys = [item.key for item in archive.items(folder)]
        assert len(set(keys)) == 600
        assert [message(archive, folder, key) for key in keys[-2:]] == CONTENTS[:2]
        for nonsense in ("", "zz", keys[0] + ".300", keys[0] + ".-1", keys[0] + ".x", "00" * 16):
            with pytest.raises(KeyError):
                message(archive, folder, nonsense)


def test_thunderbirds_marks_at_the_top_count_whatever_the_from_line_says(tmp_path: Path) -> None:
    """Programs that import a mailbox keep Thunderbird's fields and write a From_ line of their own."""
    file = tmp_path / "box"
    begin = b"From anna@example.org Sat Jan  3 01:05:34 1996\nX-Account-Key: account1\n folded\nX-UIDL: 1\n"
    file.write_bytes(
        begin + b"X-Mozilla-Status: 0009\nA: 1\n\none\n\n" + begin + b"A: 2\nX-Mozilla-Status: 0009\n\ntwo\n\n"
    )
    with closing(open_mbox(file, reading(tmp_path))) as archive:
        assert messages(archive) == [b"A: 2\n\ntwo\n"]

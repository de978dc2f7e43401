"""What is read of folders of Outlook Express: every message as it stands, with what was kept of it."""

from __future__ import annotations

import os
import random
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from connectors.archives.contract import Archive, ArchiveFolder, Damaged, NotAnArchive, Reading
from connectors.dbx import is_dbx, is_dbx_folder, open_dbx
from connectors.values import Role
from tests.unit.dbx.writer import (
    ANSWERED,
    DOWNLOADED,
    DRAFT,
    FLAGGED,
    FORWARDED,
    READ,
    RECEIVED,
    UIDS,
    DbxWriter,
    Entry,
    Line,
    folder_file,
    folders_file,
    message,
    write_store,
)  # fmt: skip


def text_of(archive: Archive, folder: ArchiveFolder, key: str) -> bytes:
    out = BytesIO()
    archive.write_message(folder, key, out)
    return out.getvalue()


def texts(archive: Archive) -> dict[tuple[str, ...], list[bytes]]:
    return {
        folder.path: [text_of(archive, folder, item.key) for item in archive.items(folder)]
        for folder in archive.folders()
    }


def lone(tmp_path: Path, data: bytes, reading: Reading) -> Archive:
    path = tmp_path / "some name.dbx"
    path.write_bytes(data)
    return open_dbx(path, reading)


def test_messages_are_read_as_they_stand(tmp_path: Path, reading: Reading) -> None:
    sent = [message(number, lines=number * 7) for number in range(40)]
    archive = lone(tmp_path, folder_file([Entry(text) for text in sent], name=b"Bo\xeete", seed=1), reading)
    with closing(archive):
        assert texts(archive) == {("Boîte",): sent}
        assert not archive.problems()


@pytest.mark.parametrize("fan", [1, 2, 5, 51])
def test_every_level_of_the_index_is_walked_in_order(tmp_path: Path, reading: Reading, fan: int) -> None:
    sent = [message(number) for number in range(60)]
    with closing(lone(tmp_path, folder_file([Entry(text) for text in sent], fan=fan), reading)) as archive:
        assert texts(archive) == {("Inbox",): sent}


def test_flags_and_dates_travel(tmp_path: Path, reading: Reading) -> None:
    kinds = {
        READ: {"\\Seen"}, READ | FLAGGED: {"\\Seen", "\\Flagged"}, READ | ANSWERED: {"\\Seen", "\\Answered"},
        FORWARDED: {"$Forwarded"}, DRAFT: {"\\Draft"}, 0: set(),
    }  # fmt: skip
    entries = [Entry(message(number), DOWNLOADED | flags) for number, flags in enumerate(kinds)]
    with closing(lone(tmp_path, folder_file([*entries, Entry(message(9), received=None)]), reading)) as archive:
        [folder] = archive.folders()
        items = list(archive.items(folder))
    assert [item.flags for item in items[:-1]] == [frozenset(flags) for flags in kinds.values()]
    assert {item.received for item in items[:-1]} == {RECEIVED}
    assert items[-1].received is None
    assert [item.size for item in items] == [len(message(number)) for number in [*range(len(kinds)), 9]]


def test_a_header_is_read_without_its_body(tmp_path: Path, reading: Reading) -> None:
    long = b"".join(b"X-Field-%d: %s\r\n" % (number, b"v" * 60) for number in range(50))
    whole = long + b"\r\nbody\r\n\r\nmore"
    with closing(lone(tmp_path, folder_file([Entry(whole), Entry(b"Subject: x")]), reading)) as archive:
        [folder] = archive.folders()
        first, second = (item.key for item in archive.items(folder))
        assert archive.header(folder, first) == long
        assert archive.header(folder, second) == b"Subject: x"


def test_keys_outlive_compaction_growth_and_a_new_place(tmp_path: Path, reading: Reading) -> None:
    sent = [message(number) for number in range(20)]
    twins = [message(3), message(3)]

    def keys(place: str, data: bytes) -> dict[str, bytes]:
        (tmp_path / place).mkdir()
        with closing(lone(tmp_path / place, data, reading)) as archive:
            [folder] = archive.folders()
            return {item.key: text_of(archive, folder, item.key) for item in archive.items(folder)}

    before = keys("a", folder_file([Entry(text) for text in [*sent, *twins]], seed=1))
    moved = list(sent)
    random.Random(4).shuffle(moved)
    after = keys("b", folder_file([Entry(text, READ | DOWNLOADED | FLAGGED) for text in [*moved, *twins, message(99)]]))
    assert len(before) == 22
    assert len(after) == 23
    assert before.items() < after.items()


def test_a_message_that_was_never_fetched_is_listed_and_says_so(tmp_path: Path, reading: Reading) -> None:
    entries = [Entry(b"", READ, message_id=b"<1@example.org>"), Entry(message(2))]
    with closing(lone(tmp_path, folder_file(entries), reading)) as archive:
        [folder] = archive.folders()
        first, second = archive.items(folder)
        with pytest.raises(Damaged) as told:
            text_of(archive, folder, first.key)
        assert told.value.code == "not-downloaded"
        assert text_of(archive, folder, second.key) == message(2)


def test_a_store_has_the_folders_that_people_saw(tmp_path: Path, reading: Reading) -> None:
    lines = [
        Line(4, 1, b"Bo\xeete de r\xe9ception", b"Bo\xeete de r\xe9ception.dbx", 1, special=1),
        Line(5, 1, b"Sent Items", b"Sent Items.dbx", special=3), Line(6, 4, b"Projets", b"PROJETS.DBX", 1),
        Line(7, 6, b"2003 / 2004", b"p2003.dbx", 1), Line(8, 1, b"Drafts", special=5),
        Line(9, 0, b"Hotmail", account=b"00000001"), Line(10, 9, b"Junk", b"junk.dbx", 1),
    ]  # fmt: skip
    files = {
        "Boîte de réception.dbx": folder_file([Entry(message(1))]), "Sent Items.dbx": folder_file([]),
        "projets.dbx": folder_file([Entry(message(2))]), "p2003.dbx": folder_file([Entry(message(3))]),
        "junk.dbx": folder_file([Entry(message(4))]), "Pop3uidl.dbx": bytes(DbxWriter(UIDS).data),
    }  # fmt: skip
    store = write_store(tmp_path / "store", lines, files)
    with closing(open_dbx(store, reading)) as archive:
        inbox = "Boîte de réception"
        assert texts(archive) == {
            (inbox,): [message(1)], ("Sent Items",): [], (inbox, "Projets"): [message(2)], ("Drafts",): [],
            (inbox, "Projets", "2003 / 2004"): [message(3)], ("Hotmail", "Junk"): [message(4)],
        }  # fmt: skip
        roles = {folder.path[0]: folder.role for folder in archive.folders() if folder.role is not None}
        assert roles == {inbox: Role.INBOX, "Sent Items": Role.SENT, "Drafts": Role.DRAFTS}
        assert not archive.problems()


def test_files_and_folders_without_each_other_are_told(tmp_path: Path, reading: Reading) -> None:
    lines = [Line(4, 1, b"Inbox", b"Inbox.dbx", 3), Line(5, 1, b"Old", b"../../etc/old.dbx", 0)]
    store = write_store(tmp_path / "store", lines, {"Orphan.dbx": folder_file([Entry(message(5))])})
    (store / "mail.pst").write_bytes(b"!BDN")
    (store / "deeper").mkdir()
    (store / "link.dbx").symlink_to(store / "Orphan.dbx")
    with closing(open_dbx(store, reading)) as archive:
        assert texts(archive) == {("Inbox",): [], ("Old",): [], ("Orphan",): [message(5)]}
        told = [(problem.code, problem.folder or problem.key) for problem in archive.problems()]
    assert told == [
        ("missing-file", ("Inbox",)), ("unlisted-file", ("Orphan",)),
        ("not-read", "deeper"), ("not-read", "link.dbx"), ("not-read", "mail.pst"),
    ]  # fmt: skip


def test_a_folder_that_lies_in_itself_is_shown_at_the_top(tmp_path: Path, reading: Reading) -> None:
    lines = [Line(4, 5, b"A", b"a.dbx"), Line(5, 4, b"B", b"b.dbx")]
    store = write_store(tmp_path / "store", lines, {"a.dbx": folder_file([Entry(message(1))])})
    with closing(open_dbx(store, reading)) as archive:
        assert texts(archive) == {("A",): [message(1)], ("B",): []}
        assert {problem.code for problem in archive.problems()} == {"damaged-hierarchy"}


def test_a_store_says_which_it_is_and_when_something_may_have_changed(tmp_path: Path, reading: Reading) -> None:
    lines = [Line(4, 1, b"Inbox", b"Inbox.dbx", 1)]
    one = write_store(tmp_path / "one", lines, {"Inbox.dbx": folder_file([Entry(message(1))])})
    two = write_store(tmp_path / "two", lines, {"Inbox.dbx": folder_file([Entry(message(1)), Entry(message(2))])})
    with closing(open_dbx(one, reading)) as first, closing(open_dbx(two, reading)) as second:
        assert first.identity == second.identity != ""
        assert [folder.key for folder in first.folders()] == [folder.key for folder in second.folders()]
        before = first.token()
        os.utime(one / "Inbox.dbx", ns=(1, 1))
        # What comes after it was looked at is seen by who opens it next, and by nobody before.
        assert first.token() == before
    with closing(open_dbx(one, reading)) as again:
        assert again.token() != before


def test_what_is_no_folder_of_messages_is_said_so(tmp_path: Path, reading: Reading) -> None:
    for data, words in [
        (folders_file([]), "lists folders"), (bytes(DbxWriter(UIDS).data), "a list that"), (b"\xcf\xad", "damaged"),
        (folder_file([])[:5000], "damaged"), (b"From a", "damaged"),
    ]:  # fmt: skip
        with pytest.raises(NotAnArchive, match=words):
            lone(tmp_path, data, reading)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotAnArchive, match=r"no Folders\.dbx"):
        open_dbx(tmp_path / "empty", reading)
    with pytest.raises(FileNotFoundError):
        open_dbx(tmp_path / "nothing", reading)


def test_real_files(shared_corpus: Path, tmp_path: Path, reading: Reading) -> None:
    store = tmp_path / "store"
    store.mkdir()
    for name in ("Folders", "Inbox", "Outbox"):
        (store / f"{name}.dbx").write_bytes((shared_corpus / "archives" / f"dzw-{name}.dbx").read_bytes())
    assert is_dbx_folder(store)
    assert not is_dbx_folder(tmp_path)
    assert is_dbx((store / "Inbox.dbx").read_bytes()[:16])
    with closing(open_dbx(store, reading)) as archive:
        found = texts(archive)
        assert [path for path in found if found[path]] == [("Inbox",)]
        assert {"Inbox", "Outbox", "Sent Items", "Deleted Items", "Drafts"} == {path[0] for path in found}
        [text] = found[("Inbox",)]
        assert len(text) == 10139
        assert text.startswith(b'From: "Microsoft Outlook Express Team"')
        assert text.endswith(b"</body>\r\n</html>\r\n")
        [inbox, *_others] = archive.folders()
        [item] = archive.items(inbox)
        assert (inbox.role, item.flags) == (Role.INBOX, frozenset({"\\Seen"}))
        assert item.received is not None
        assert item.received.isoformat()[:19] == "2021-12-12T04:45:59"
        assert not archive.problems()
    with closing(open_dbx(store / "Inbox.dbx", replace(reading, salvage=True))) as archive:
        [folder] = archive.folders()
        assert [found.salvaged for found in archive.items(folder)] == [False]

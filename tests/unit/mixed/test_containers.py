"""Directories and zips of archives: all is read, keys outlive what happens to the container, and nothing is left."""

from __future__ import annotations

import errno
import os
import shutil
import zipfile
from collections import Counter
from contextlib import closing, suppress
from dataclasses import replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pytest

from connectors.archives.contract import Archive, NotAnArchive, Personal, Reading, Rebuilding
from connectors.archives.kinds import open_archive
from connectors.archives.source import ArchiveSource
from connectors.body import ByteBudget
from connectors.contract import FolderMissing, Message, Reason, Resources, Unread
from connectors.errors import SpoolError
from connectors.mbox.archive import MboxArchive
from connectors.mixed.survey import MOST_TOLD
from connectors.pst.encoding import NONE
from connectors.quiet import open_regular
from connectors.values import Role
from tests.pst_writer import PstWriter
from tests.pst_writer.letters import letter
from tests.unit.dbx.writer import HEADER_SIZE, Line, folders_file, write_store
from tests.unit.mixed.contents import codes, counts, dbx, fill, keyed, left_in, mbox, olm, takeout, text, zipped
from tests.unit.olm import writer as olm_writer


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    return {
        "Anna/2012.mbox": mbox(1, 2, 3), "Anna/mac.olm": olm(tmp_path, "a", "b"), "Bruno/Entwürfe.dbx": dbx(7, 8),
        "readme.txt": b"hello",
    }  # fmt: skip


def opened(place: Path, reading: Reading) -> closing[Archive]:
    return closing(open_archive(place, reading))  # type: ignore[type-var]


PATHS = {("Anna", "2012"): 3, ("Anna", "mac", "Inbox"): 2, ("Bruno", "Entwürfe", "Inbox"): 2}


def test_a_directory_is_one_archive(tree: Path, reading: Reading, files: dict[str, bytes]) -> None:
    with opened(fill(tree, files), reading) as archive:
        assert counts(archive) == PATHS
        assert len(keyed(archive)) == 7
        assert codes(archive) == [("not-an-archive", "readme.txt")]
        assert archive.rebuilt
    assert not left_in(reading)


def test_a_zip_is_one_archive_and_leaves_nothing_behind(tree: Path, reading: Reading, files: dict[str, bytes]) -> None:
    (tree / "all.zip").write_bytes(zipped(files))
    with opened(tree / "all.zip", reading) as archive:
        assert counts(archive) == PATHS
        assert len(keyed(archive)) == 7
        assert codes(archive) == [("not-an-archive", "readme.txt")]
        assert len(left_in(reading)) <= 1
    assert not left_in(reading)


def test_only_one_member_at_a_time_is_unpacked(tree: Path, reading: Reading) -> None:
    (tree / "all.zip").write_bytes(zipped({f"{number}.mbox": mbox(number, number + 1) for number in range(20)}))
    with opened(tree / "all.zip", reading) as archive:
        for folder in archive.folders():
            for item in archive.items(folder):
                archive.header(folder, item.key)
                assert len(left_in(reading)) == 1
                [unpacked] = reading.spool.iterdir()
                assert unpacked.stat().st_mode & 0o777 == 0o700


def test_listings_are_gone_on_with_after_others(tree: Path, reading: Reading) -> None:
    (tree / "all.zip").write_bytes(zipped({f"{number}.mbox": mbox(*range(10)) for number in range(5)}))
    with opened(tree / "all.zip", reading) as archive:
        folders = list(archive.folders())
        listings = [archive.items(folder) for folder in folders]
        first = [[item.key for item in islice(listing, 5)] for listing in listings]
        rest = [[item.key for item in listing] for listing in listings]
        assert [len({*a, *b}) for a, b in zip(first, rest, strict=True)] == [10] * 5
    assert not left_in(reading)


def test_keys_stay_when_the_container_is_renamed_moved_or_grows(
    tree: Path, reading: Reading, files: dict[str, bytes], tmp_path: Path
) -> None:
    (tree / "all.zip").write_bytes(zipped(files))
    with opened(tree / "all.zip", reading) as archive:
        before, places = keyed(archive), counts(archive)
    more = {"0 first.mbox": mbox(40), **files, "Anna/2012.mbox": mbox(1, 9, 2, 3), "z.dbx": dbx(50)}
    (tmp_path / "other name.zip").write_bytes(zipped(more))
    with opened(tmp_path / "other name.zip", reading) as archive:
        after = keyed(archive)
        assert places.keys() < counts(archive).keys()
    assert before.items() < after.items()
    assert len(after) == len(before) + 3


def test_zips_in_directories_and_in_zips_are_looked_into(tree: Path, reading: Reading) -> None:
    inner = zipped({"Takeout/Mail/All mail.mbox": mbox(1, 2)})
    deep = zipped({"a.zip": zipped({"b.zip": zipped({"c.zip": zipped({"d.mbox": mbox(1)})})})})
    fill(tree, {"mail-001.zip": inner, "takeout-002.zip": zipped({"x/inner.zip": inner}), "deep.zip": deep})
    with opened(tree, reading) as archive:
        assert counts(archive) == {
            ("mail-001", "Takeout", "Mail", "All mail"): 2,
            ("takeout-002", "x", "inner", "Takeout", "Mail", "All mail"): 2,
        }  # fmt: skip
        assert len(keyed(archive)) == 4
        assert codes(archive) == [("too-deep", "deep.zip/a.zip/b.zip/c.zip")]
    assert not left_in(reading)


def test_what_a_zip_hides_is_refused_by_name(tree: Path, reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "outside.mbox").write_bytes(b"untouched")
    hostile = {"../outside.mbox": mbox(1), str(tmp_path / "absolute.mbox"): mbox(1), "good.mbox": mbox(2)}
    (tree / "a.zip").write_bytes(zipped(hostile))
    before = sorted(path for path in tmp_path.rglob("*") if reading.spool not in path.parents)
    with opened(tree / "a.zip", reading) as archive:
        assert counts(archive) == {("good",): 1}
        assert len(keyed(archive)) == 1
        assert [code for code, _key in codes(archive)] == ["unsafe-name", "unsafe-name"]
    assert (tmp_path / "outside.mbox").read_bytes() == b"untouched"
    assert sorted(path for path in tmp_path.rglob("*") if reading.spool not in path.parents) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_files_of_one_name_in_a_zip_are_both_read_unless_they_are_one(tree: Path, reading: Reading) -> None:
    with zipfile.ZipFile(tree / "a.zip", "w") as out:
        for numbers in ((1,), (1,), (2, 3)):
            out.writestr("a.mbox", mbox(*numbers))
    with opened(tree / "a.zip", reading) as archive:
        assert sorted(counts(archive).values()) == [1, 2]
        assert len(keyed(archive)) == 3
        assert [code for code, _key in codes(archive)] == ["duplicate", "duplicate"]


def test_links_pipes_and_files_of_the_system(tree: Path, reading: Reading) -> None:
    fill(tree, {"a.mbox": mbox(1), ".DS_Store": b"x", "__MACOSX/._a.mbox": b"x", "Thumbs.db": b"x", "empty.pst": b""})
    (tree / "link").symlink_to(tree)
    (tree / "other.mbox").symlink_to(tree / "a.mbox")
    os.mkfifo(tree / "pipe")
    fill(tree, {"m/cur/1.x:2,S": b""})
    with opened(tree, reading) as archive:
        assert counts(archive) == {("a",): 1, ("m", "INBOX"): 1}
        assert codes(archive) == [
            ("not-an-archive", "empty.pst"), ("link", "link"), ("link", "other.mbox"), ("link", "pipe"),
        ]  # fmt: skip


def test_many_files_that_are_no_archives_are_counted(tree: Path, reading: Reading) -> None:
    fill(tree, {"a.mbox": mbox(1), **{f"{number:03}.txt": b"x" for number in range(120)}})
    with opened(tree, reading) as archive:
        problems = archive.problems()
        assert len(problems) == MOST_TOLD + 1
        assert problems[-1].message == "70 more files were not read."


def test_without_any_archive_it_is_none(tree: Path, reading: Reading) -> None:
    fill(tree, {"a.txt": b"x", "b/c.7z": b"7z\xbc\xaf\x27\x1c"})
    with pytest.raises(NotAnArchive, match=r"no mail archive in .*\n.*a.txt.*\n.*other than zip"):
        open_archive(tree, reading)
    (tree / "z.zip").write_bytes(zipped({"word/document.xml": b"<a/>"}))
    with pytest.raises(NotAnArchive, match="no mail archive in"):
        open_archive(tree / "z.zip", reading)
    assert not left_in(reading)


def test_a_damaged_archive_costs_itself(tree: Path, reading: Reading) -> None:
    fill(tree, {"a.mbox": mbox(1), "b.dbx": dbx(1)[:300], "c.mbox": mbox(2)})
    data = bytearray(zipped({"d.mbox": mbox(*range(200)), "e.mbox": mbox(3)}))
    data[2000] ^= 0xFF
    (tree / "z.zip").write_bytes(data)
    with opened(tree, reading) as archive:
        assert counts(archive) == {("a",): 1, ("c",): 1, ("z", "e"): 1}
        assert [code for code, _key in codes(archive)] == ["not-readable", "not-readable"]


def test_a_store_of_outlook_express_is_one_folder_of_them(tree: Path, reading: Reading) -> None:
    lines = [Line(4, 1, b"Inbox", b"Inbox.dbx", 1, special=1), Line(5, 4, b"Old", b"Old.dbx", 1)]
    write_store(tree / "pc" / "oe", lines, {"Inbox.dbx": dbx(1), "Old.dbx": dbx(2)})
    fill(tree, {"a.mbox": mbox(3)})
    with opened(tree, reading) as archive:
        found = {folder.path: folder.role for folder in archive.folders()}
        assert found == {("a",): None, ("pc", "oe", "Inbox"): Role.INBOX, ("pc", "oe", "Inbox", "Old"): None}
        assert len(keyed(archive)) == 3
    # Its files belong together in a zip, and beside other archives, as well.
    fill(tree, {"pc/oe/beside.mbox": mbox(4)})
    with opened(tree, reading) as archive:
        assert counts(archive) == {
            ("a",): 1, ("pc", "oe", "Inbox"): 1, ("pc", "oe", "Inbox", "Old"): 1, ("pc", "oe", "beside"): 1,
        }  # fmt: skip
        assert not archive.problems()
    with opened(tree / "pc" / "oe", reading) as archive:
        assert counts(archive) == {("Inbox",): 1, ("Inbox", "Old"): 1, ("beside",): 1}
    (tree / "z.zip").write_bytes(zipped({"Inbox.dbx": dbx(1), "Old.dbx": dbx(2), "Folders.dbx": folders_file(lines)}))
    with opened(tree / "z.zip", reading) as archive:
        assert counts(archive) == {("Inbox",): 1, ("Inbox", "Old"): 1}
    assert not left_in(reading)


ALL_MAIL, WORK = "Takeout/Mail/All mail.mbox", "Takeout/Mail/Work.mbox"


def test_an_export_of_google_is_one_mailbox_in_however_many_zips_it_came(tree: Path, reading: Reading) -> None:
    first = takeout((1, "Inbox,Opened"), (2, "Work,Opened"), (3, "Sent,Opened"))
    second = takeout((2, "Work,Opened"), (4, "Work,Unread"))
    fill(tree, {"takeout-1.zip": zipped({ALL_MAIL: first}), "takeout-2.zip": zipped({WORK: second})})
    expected = {("INBOX",): 1, ("Sent Mail",): 1, ("Work",): 2}
    with opened(tree, reading) as archive:
        assert counts(archive) == expected
        in_two = keyed(archive)
        assert {folder.path: folder.role for folder in archive.folders()}[("INBOX",)] is Role.INBOX
    (tree / "takeout-1.zip").unlink()
    (tree / "takeout-2.zip").write_bytes(zipped({ALL_MAIL: first, WORK: second, "archive_browser.html": b"x"}))
    for place in (tree, tree / "takeout-2.zip"):
        with opened(place, reading) as archive:
            assert keyed(archive) == in_two
    (tree / "takeout-2.zip").unlink()
    fill(tree, {ALL_MAIL: first, WORK: second, "other.dbx": dbx(1)})
    with opened(tree, reading) as archive:
        assert counts(archive) == expected | {("other", "Inbox"): 1}
        assert keyed(archive).items() > in_two.items()
    (tree / "other.dbx").unlink()
    with opened(tree, reading) as archive:
        assert archive.kind == "takeout"
        assert counts(archive) == expected
    assert not left_in(reading)


def test_exports_of_several_people_stay_apart(tree: Path, reading: Reading) -> None:
    for who in ("anna", "bruno"):
        fill(tree, {f"{who}/takeout.zip": zipped({ALL_MAIL: takeout((1, "Inbox"))})})
    with opened(tree, reading) as archive:
        assert counts(archive) == {("anna", "INBOX"): 1, ("bruno", "INBOX"): 1}
        assert len(keyed(archive)) == 2


def test_messages_in_files_of_their_own_are_a_folder(tree: Path, reading: Reading) -> None:
    single = {"1.eml": text(1), "2.eml": text(2), "copy of 2.eml": text(2)}
    fill(tree, {f"a/{name}": data for name, data in single.items()})
    fill(tree, {"a/old.mbox": mbox(9), "b/c/3.eml": text(3), "b/4.eml": text(4)})
    with opened(tree, reading) as archive:
        assert counts(archive) == {("a", "old"): 1, ("a",): 3, ("b", "c"): 1, ("b",): 1}
        before = keyed(archive)
        assert len(before) == 6
    (tree / "z.zip").write_bytes(zipped(single))
    with opened(tree / "z.zip", reading) as archive:
        assert counts(archive) == {("Messages",): 3}
        keys = keyed(archive)
    renamed = {"new name.eml": text(1), "5.eml": text(5), "2.eml": text(2), "3.eml": text(2)}
    (tree / "z.zip").write_bytes(zipped(renamed))
    with opened(tree / "z.zip", reading) as archive:
        assert keyed(archive).items() > keys.items()


def test_every_sample_there_is_in_one_directory_and_in_one_zip(
    shared_corpus: Path, tree: Path, reading: Reading
) -> None:
    samples = sorted((shared_corpus / "archives").iterdir())
    alone: dict[tuple[object, ...], str] = {}
    for path in samples:
        with suppress(NotAnArchive), opened(path, reading) as archive:  # Folders.dbx is none
            for folder in archive.folders():
                for number, item in enumerate(archive.items(folder)):
                    # Some samples are states of one archive: what they call the same is the same.
                    own = (archive.identity, item.key) if archive.identity else (path, folder.key, number)
                    alone[own] = item.nature
    by_itself = Counter(alone.values())
    with zipfile.ZipFile(tree / "all.zip", "w") as out:
        for path in samples:
            out.write(path, path.name)
    for container in (samples[0].parent, tree / "all.zip"):
        with opened(container, reading) as archive:
            found = Counter(item.nature for folder in archive.folders() for item in archive.items(folder))
            assert found == by_itself
            told = {problem.code for problem in archive.problems()}
            assert told.isdisjoint({"not-an-archive", "not-readable", "copy", "duplicate"})
    assert sum(by_itself.values()) > 140
    assert not left_in(reading)


def test_a_role_that_several_have_is_none_of_theirs(tree: Path, reading: Reading, tmp_path: Path) -> None:
    fill(tree, {"a.olm": olm(tmp_path, "x"), "b.olm": olm(tmp_path, "y")})
    with opened(tree, reading) as archive:
        assert {folder.role for folder in archive.folders()} == {None}


def test_two_states_of_one_archive_are_read_as_one(tree: Path, reading: Reading) -> None:
    lines = [Line(4, 1, b"Inbox", b"Inbox.dbx", 1)]
    for name, data in (("old", dbx(1, 3)), ("new", dbx(1, 2))):
        write_store(tree / name, lines, {"Inbox.dbx": data})
    with opened(tree, reading) as archive:
        assert counts(archive) == {("new", "Inbox"): 2, ("old", "Inbox"): 1}
        assert len(keyed(archive)) == 3
        assert codes(archive) == [("another-state", "old")]


def test_an_archive_is_known_again_in_any_state_under_any_name(
    tree: Path, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MboxArchive, "identity", property(lambda self: "the same"))
    fill(tree, {"z.mbox": mbox(1, 2)})
    with opened(tree, reading) as archive:
        before = keyed(archive)
    fill(tree, {"a/b.mbox": mbox(1, 2), "c.mbox": mbox(1, 2, 3), "d.mbox": mbox(2, 9)})
    with opened(tree, reading) as archive:
        assert counts(archive) == {("c",): 3, ("a", "b"): 0, ("d",): 1}
        assert sorted(codes(archive)) == [
            ("another-state", "a/b.mbox"),
            ("another-state", "d.mbox"),
            ("copy", "z.mbox"),
        ]
        after = keyed(archive)
    assert before.items() < after.items()
    assert len(after) == 4


def test_the_token_moves_with_whatever_lies_in_it_for_who_opens_it_next(tree: Path, reading: Reading) -> None:
    def token() -> str:
        with opened(tree, reading) as archive:
            return archive.token()

    fill(tree, {"a/b/c.mbox": mbox(1), "d.dbx": dbx(1)})
    tokens = [token()]
    assert token() == tokens[0]
    with opened(tree, reading) as archive:
        fill(tree, {"a/new.mbox": mbox(2)})
        # It was opened before, and does not have what came since: nor does its token.
        assert archive.token() == tokens[0]
        assert ("a", "new") not in counts(archive)
    tokens.append(token())
    for name, data in (("a/b/c.mbox", mbox(1, 2)), ("a/new.txt", b"")):
        fill(tree, {name: data})
        tokens.append(token())
    assert len(set(tokens)) == 4


def test_a_full_disk_ends_it_and_leaves_nothing(tree: Path, reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "a.zip").write_bytes(zipped({"a.mbox": mbox(1)}))
    with opened(tree / "a.zip", reading) as archive:
        usage = shutil.disk_usage(reading.spool)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
        with pytest.raises(SpoolError, match="no room to unpack"):
            list(archive.folders())
    assert not left_in(reading)


def test_contacts_of_an_inner_archive_reach_their_person(tree: Path, reading: Reading) -> None:
    some = olm_writer.element("contact", olm_writer.text("OPFContactCopyDisplayName", "Anna"))
    contacts = olm_writer.element("contacts", some)
    writer = olm_writer.OlmWriter().raw("Local/Address Book/Contacts.xml", contacts)
    (tree / "a.zip").write_bytes(zipped({"mac.olm": writer.write(tree / "x.olm").read_bytes(), "b.mbox": mbox(1)}))
    with opened(tree / "a.zip", reading) as archive:
        assert isinstance(archive, Personal)
        [(folder, item)] = [(f, i) for f in archive.folders() for i in archive.items(f) if i.nature == "contact"]
        assert b"FN:Anna" in archive.personal_item(folder, item.key).data


def test_problems_of_an_inner_archive_are_told_with_its_place(tree: Path, reading: Reading) -> None:
    damaged = bytearray(dbx(1, 2, 3))
    root = int.from_bytes(damaged[0xE4:0xE8], "little")
    damaged[root] ^= 1
    (tree / "a.zip").write_bytes(zipped({"in/bad.dbx": bytes(damaged), "b.mbox": mbox(1)}))
    with opened(tree / "a.zip", reading) as archive:
        counts(archive)
        [problem] = archive.problems()
        assert (problem.code, problem.folder) == ("damaged-index", ("in", "bad", "Inbox"))


def test_an_archive_that_is_gone_is_said_so(tree: Path, reading: Reading) -> None:
    fill(tree, {"a.mbox": mbox(1), "b.mbox": mbox(2)})
    with opened(tree, reading) as archive:
        folders = list(archive.folders())
        items = [next(iter(archive.items(folder))) for folder in folders]
        archive.close()
        shutil.rmtree(tree)
        with pytest.raises(OSError, match="No such file"):
            archive.header(folders[0], items[0].key)


def test_an_archive_that_was_replaced_while_it_is_read_costs_itself(tree: Path, reading: Reading) -> None:
    fill(tree, {"a.mbox": mbox(1, 2), "b.olm": olm(tree.parent, "x"), "c.eml": text(4)})
    with opened(tree, reading) as archive:
        source = ArchiveSource(archive, tree, Resources(ByteBudget(), reading.spool))
        folders = {folder.path: folder for folder in source.folders()}
        keys = {
            path: [entry.key for window in source.entries(folder, None) for entry in window.entries]
            for path, folder in folders.items()
        }
        answers = source.read(folders["Messages",], keys["Messages",] * 2)
        assert isinstance(next(answers), Message)
        for name in ("a.mbox", "b.olm"):
            (tree / name).write_bytes(b"%PDF-1.4\n" * 100)
        (tree / "c.eml").write_bytes(text(5))
        assert list(answers) == [Unread(keys["Messages",][0], Reason.GONE)]
        # An archive is still open, and closed for the other one.
        for path in (("b", "Inbox"), ("a",)):
            with pytest.raises(FolderMissing):
                list(source.entries(folders[path], None))
            with pytest.raises(FolderMissing):
                list(source.read(folders[path], keys[path]))


def test_salvage_reaches_the_archives_within(tree: Path, reading: Reading) -> None:
    whole = dbx(1, 2)
    fill(tree, {"a.dbx": whole[:8] + bytes(HEADER_SIZE - 8) + whole[HEADER_SIZE:]})
    with opened(tree, reading) as archive:
        assert counts(archive) == {("a", "Inbox"): 0}
    with opened(tree, replace(reading, salvage=True)) as archive:
        assert counts(archive) == {("a", "Inbox"): 2}


@pytest.mark.parametrize("packed", [False, True])
def test_a_message_that_lost_a_part_says_so_in_a_container_too(tree: Path, reading: Reading, packed: bool) -> None:
    with PstWriter(tree / "old.pst", method=NONE) as pst:
        inbox = pst.folder("Inbox")
        for number in range(2):
            pst.message(inbox, letter(number))
    data = (tree / "old.pst").read_bytes()
    spoilt = data.replace("Text of letter 1".encode("utf-16-le"), "Test of letter 1".encode("utf-16-le"), 1)
    assert spoilt != data
    files = {"old.pst": spoilt, "b.mbox": mbox(1)}
    shutil.rmtree(tree)
    tree.mkdir()
    place = tree if not packed else tree / "a.zip"
    if packed:
        place.write_bytes(zipped(files))
    else:
        fill(tree, files)
    with opened(place, reading) as archive:
        assert isinstance(archive, Rebuilding)
        whole = []
        for folder in list(archive.folders()):
            for item in list(archive.items(folder)):
                archive.write_message(folder, item.key, BytesIO())
                whole.append(archive.is_whole(folder, item.key))
        assert sorted(whole) == [False, True, True]


def test_a_file_on_a_bad_place_of_the_disk_costs_itself(
    tree: Path, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Path) -> BinaryIO:
        if path.name == "b.mbox":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return open_regular(path)

    monkeypatch.setattr("connectors.mixed.survey.open_regular", read)
    fill(tree, {"a.mbox": mbox(1, 2), "b.mbox": mbox(3), "c.dbx": dbx(4)})
    with opened(tree, reading) as archive:
        assert sum(counts(archive).values()) == 3
        assert ("not-readable", "b.mbox") in codes(archive)

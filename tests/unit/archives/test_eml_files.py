"""Folders of .eml files."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest

from connectors.contract import Role
from connectors.eml.archive import is_eml_folder, open_eml_folder
from connectors.quiet import open_regular
from tests.unit.archives.looking import codes, folder_of, holdings, items, message, reading


def test_every_message_of_the_corpus_is_read_byte_for_byte(shared_corpus: Path, tmp_path: Path) -> None:
    files = sorted((shared_corpus / "eml").glob("*.eml"))
    assert len(files) == 80
    assert is_eml_folder(shared_corpus / "eml")
    with closing(open_eml_folder(shared_corpus / "eml", reading(tmp_path))) as archive:
        (found,) = holdings(archive).values()
        assert sorted(found) == sorted(file.read_bytes() for file in files)
        assert not codes(archive)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    root = tmp_path / "Anna's mail"
    for name, data in {
        "one.eml": b"Subject: 1\r\nDate: Wed, 12 Nov 2008 20:50:00 +0300\r\n\r\nx",
        "Inbox/RE two.EML": b"Subject: 2\n\nx\n",
        "Inbox/._RE two.EML": b"\0\5\x16\7",
        "Inbox/Deep/Deeper/3.eml": b"X-Mozilla-Status: 0001\nSubject: 3\n\nx\n",
        "Inbox/readme.txt": b"x",
        "Inbox/Thumbs.db": b"x",
        "Gesendet/4.eml": b"From - Fri Aug 05 10:57:20 2016\nReceived: x; Wed, 12 Nov 2008 20:54:40 +0300\n\nx\n",
        "Gesendet/twin.eml": b"Subject: 5\n\nx\n",
        "Gesendet/twin (1).eml": b"Subject: 5\n\nx\n",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (1_300_000_000, 1_300_000_000))
    (root / "Empty").mkdir()
    return root


def test_folders_in_folders_are_folders(export: Path, tmp_path: Path) -> None:
    with closing(open_eml_folder(export, reading(tmp_path))) as archive:
        assert {path: len(some) for path, some in holdings(archive).items()} == {
            ("Anna's mail",): 1, ("Inbox",): 1, ("Inbox", "Deep", "Deeper"): 1, ("Inbox", "Deep"): 0, ("Empty",): 0,
            ("Gesendet",): 3,
        }  # fmt: skip
        assert folder_of(archive, "Inbox").role is Role.INBOX
        assert folder_of(archive, "Gesendet").role is Role.SENT
        assert [(one.code, one.message[:7]) for one in archive.problems()] == [("other-files", "1 file ")]


def test_dates_and_flags_come_from_the_header_and_the_file_last(export: Path, tmp_path: Path) -> None:
    with closing(open_eml_folder(export, reading(tmp_path))) as archive:
        (one,) = items(archive, "Anna's mail")
        assert (one.received, one.flags) == (datetime(2008, 11, 12, 17, 50, tzinfo=UTC), None)
        (two,) = items(archive, "Inbox")
        assert two.received == datetime.fromtimestamp(1_300_000_000, UTC)
        (three,) = items(archive, "Inbox", "Deep", "Deeper")
        assert three.flags == {"\\Seen"}
        assert datetime(2008, 11, 12, 17, 54, 40, tzinfo=UTC) in {item.received for item in items(archive, "Gesendet")}


def test_a_draft_that_microsofts_programs_open_for_writing_is_a_draft(tmp_path: Path) -> None:
    (tmp_path / "x.eml").write_bytes(b"X-Unsent: 1\r\nSubject: 1\r\n\r\n")
    with closing(open_eml_folder(tmp_path, reading(tmp_path))) as archive:
        assert items(archive)[0].flags == {"\\Draft", "\\Seen"}


def test_an_export_made_again_has_the_same_keys_whatever_its_files_are_called(export: Path, tmp_path: Path) -> None:
    with closing(open_eml_folder(export, reading(tmp_path))) as archive:
        before = {item.key for item in items(archive, "Gesendet")}
        assert len(before) == 3
        token = archive.token()
        for number, path in enumerate(sorted((export / "Gesendet").iterdir())):
            path.rename(path.with_name(f"{9 - number} again.eml"))
        assert archive.token() != token
        assert {item.key for item in items(archive, "Gesendet")} == before
        (export / "Gesendet" / "new.eml").write_bytes(b"Subject: 6\n\nx\n")
        assert len({item.key for item in items(archive, "Gesendet")} - before) == 1


def test_a_file_that_changed_since_it_was_listed_is_not_taken_for_the_message_that_it_held(
    export: Path, tmp_path: Path
) -> None:
    with closing(open_eml_folder(export, reading(tmp_path))) as archive:
        folder = folder_of(archive, "Inbox")
        (item,) = archive.items(folder)
        path = export / "Inbox" / "RE two.EML"
        path.write_bytes(b"Subject: 7\n\nx\n")
        with pytest.raises(KeyError):
            message(archive, folder, item.key)
        path.unlink()
        with pytest.raises(KeyError):
            message(archive, folder, item.key)
        with pytest.raises(KeyError):
            message(archive, folder, "nonsense")


def test_a_file_that_may_not_be_read_is_told(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(path: Path) -> BinaryIO:
        if path.name == "twin.eml":
            raise PermissionError
        return open_regular(path)

    monkeypatch.setattr("connectors.eml.files.open_regular", opened)
    with closing(open_eml_folder(export, reading(tmp_path))) as archive:
        assert len(holdings(archive)["Gesendet",]) == 2
        assert [(one.folder, one.message[:6]) for one in archive.problems() if one.code == "unreadable"] == [
            (("Gesendet",), "1 file")
        ]


def test_one_file_is_an_archive_of_one_message(export: Path, tmp_path: Path) -> None:
    assert is_eml_folder(export / "one.eml")
    with closing(open_eml_folder(export / "one.eml", reading(tmp_path))) as archive:
        assert holdings(archive) == {("one",): [(export / "one.eml").read_bytes()]}


def test_links_to_folders_are_not_followed(export: Path, tmp_path: Path) -> None:
    (export / "loop").symlink_to(export)
    (export / "Inbox" / "nowhere.eml").symlink_to(tmp_path / "nothing")
    with closing(open_eml_folder(export, reading(tmp_path))) as archive:
        assert sum(map(len, holdings(archive).values())) == 6
        assert "link" in codes(archive)

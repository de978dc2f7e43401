"""A Maildir among other archives: looked into, exported, and read in a directory of archives, with nothing touched."""

from __future__ import annotations

import os
from contextlib import closing
from io import BytesIO
from pathlib import Path
from threading import Event

import pytest

from connectors.archives.contract import Archive, ArchiveFolder, Damaged, Reading
from connectors.archives.kinds import open_archive
from connectors.archives.source import ArchiveSource
from connectors.body import ByteBudget
from connectors.contract import FolderMissing, Message, Resources
from connectors.values import Role
from migrate.archives.export import Export
from migrate.archives.manifest import Origin

INBOX, SENT = ("INBOX",), ("Sent",)
WHEN = 1_425_000_000


def letter(number: int) -> bytes:
    return f"From: a@example.org\nSubject: n{number}\nMessage-ID: <{number}@example.org>\n\ntext {number}\n".encode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "people" / "Anna"
    for name, data in {
        "cur/1.a:2,FS": letter(1), "new/2.b": letter(2), "tmp/3.c": b"half", ".Sent/cur/4.d:2,RS": letter(4),
        ".Sent/new/5.e": letter(5), ".Empty/cur/.keep": b"", "dovecot-uidlist": b"3 V1\n",
    }.items():  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (WHEN, WHEN))
    return folder


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    spool = tmp_path / "spool"
    spool.mkdir()
    return Reading(spool)


def marks(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Names, and the times that reading could have moved."""
    told = {path: path.stat() for path in (folder, *folder.rglob("*"))}
    return {
        path: (one.st_mtime_ns, one.st_atime_ns if path.is_file() else 0, one.st_size) for path, one in told.items()
    }


def listed(archive: Archive) -> dict[tuple[str, ...], dict[str, frozenset[str] | None]]:
    return {folder.path: {item.key: item.flags for item in archive.items(folder)} for folder in archive.folders()}


def written(archive: Archive, folder: ArchiveFolder, key: str) -> bytes:
    out = BytesIO()
    archive.write_message(folder, key, out)
    assert out.getvalue().startswith(archive.header(folder, key))
    return out.getvalue()


def test_its_folders_messages_and_flags_are_told(root: Path, reading: Reading) -> None:
    with closing(open_archive(root, reading)) as archive:
        assert listed(archive) == {
            INBOX: {"1.a": frozenset({"\\Flagged", "\\Seen"}), "2.b": frozenset()},
            SENT: {"4.d": frozenset({"\\Answered", "\\Seen"}), "5.e": frozenset()},
            ("Empty",): {},
        }
        folders = {folder.path: folder for folder in archive.folders()}
        assert (folders[INBOX].role, folders[SENT].role, folders[SENT].items) == (Role.INBOX, Role.SENT, 2)
        assert [written(archive, folders[SENT], key) for key in ("4.d", "5.e")] == [letter(4), letter(5)]
        with pytest.raises(KeyError):
            archive.header(folders[SENT], "1.a")
        assert {item.received.timestamp() for item in archive.items(folders[SENT]) if item.received} == {WHEN}


def test_a_file_that_a_program_renames_is_the_same_message(root: Path, reading: Reading) -> None:
    with closing(open_archive(root, reading)) as archive:
        before, folders = archive.token(), {folder.path: folder for folder in archive.folders()}
        assert len(list(archive.items(folders[INBOX]))) == 2
        (root / "new" / "2.b").rename(root / "cur" / "2.b:2,S")
        assert written(archive, folders[INBOX], "2.b") == letter(2)
        assert archive.token() != before
        (root / "cur" / "2.b:2,S").unlink()
        with pytest.raises(KeyError):
            archive.header(folders[INBOX], "2.b")


def test_what_only_a_server_can_read_is_told(root: Path, reading: Reading) -> None:
    (root / "cur" / "6.f:2,").write_bytes(b"\x1f\x8b\x08" + bytes(100))
    with closing(open_archive(root, reading)) as archive:
        inbox = next(folder for folder in archive.folders() if folder.path == INBOX)
        with pytest.raises(Damaged, match="compressed"):
            written(archive, inbox, "6.f")


def test_in_a_directory_of_archives_it_is_one_of_them(root: Path, reading: Reading) -> None:
    (root.parent / "2012.mbox").write_bytes(b"From - Thu Jan  1 00:00:00 2015\n" + letter(9))
    before = marks(root.parent)
    with closing(open_archive(root.parent, reading)) as archive:
        assert not archive.problems()
        told = {path: sorted(map(str, items.values())) for path, items in listed(archive).items()}
        assert {path: len(items) for path, items in told.items()} == {
            ("2012",): 1, ("Anna", "INBOX"): 2, ("Anna", "Sent"): 2, ("Anna", "Empty"): 0,
        }  # fmt: skip
        source = ArchiveSource(archive, root.parent, Resources(ByteBudget(), reading.spool))
        sent = next(folder for folder in source.folders() if folder.path == ("Anna", "Sent"))
        keys = [entry.key for window in source.entries(sent, None) for entry in window.entries]
        answers = [one for one in source.read(sent, keys) if isinstance(one, Message)]
        assert [one.flags for one in answers] == [{"\\Answered", "\\Seen"}, set()]
    assert marks(root.parent) == before


def test_a_folder_that_went_is_gone_and_no_trouble_of_the_disk(root: Path, reading: Reading) -> None:
    with closing(open_archive(root, reading)) as archive:
        source = ArchiveSource(archive, root, Resources(ByteBudget(), reading.spool))
        sent = next(folder for folder in source.folders() if folder.path == SENT)
        (root / ".Sent").rename(root / "gone")
        with pytest.raises(FolderMissing):
            list(source.entries(sent, None))


def test_it_is_exported_as_any_archive_is(root: Path, reading: Reading, tmp_path: Path) -> None:
    with closing(open_archive(root, reading)) as archive:
        made = Export(archive, Origin.of(archive, root, "eml", salvage=False), tmp_path / "out", Event()).run()
    assert (made.exported, made.reported) == (4, [])
    assert sorted(path.read_bytes() for path in (tmp_path / "out" / "mail").rglob("*.eml")) == [
        letter(number) for number in (1, 2, 4, 5)
    ]

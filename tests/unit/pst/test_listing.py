"""What a listing tells: keys that last, flags, times, natures; and that it reads no bodies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.archives.contract import Addressed, Archive, Nature, Personal
from connectors.mapi.marks import Marked
from connectors.pst.disk import Disk
from connectors.values import Role
from tests.pst_writer import Attachment, Message, PstWriter
from tests.pst_writer.heaps import table
from tests.pst_writer.letters import START, letter
from tests.unit.pst.conftest import Opener
from tests.unit.pst.reading import listed, subjects

KEYWORDS = 0x8000101F


@pytest.mark.parametrize(
    ("tags", "flags"),
    [
        ({0x0E070003: 0}, set()),
        ({0x0E070003: 1}, {"\\Seen"}),
        ({0x0E070003: 9}, {"\\Seen", "\\Draft"}),
        ({0x0E070003: 1, 0x10900003: 2}, {"\\Seen", "\\Flagged"}),
        ({0x0E070003: 1, 0x10900003: 1}, {"\\Seen"}),
        ({0x0E070003: 1, 0x10810003: 103}, {"\\Seen", "\\Answered"}),
        ({0x0E070003: 1, 0x10810003: 104}, {"\\Seen", "$Forwarded"}),
        ({0x0E070003: 1, 0x10800003: 0x105}, {"\\Seen", "\\Answered"}),
        ({0x0E070003: 1, 0x10800003: 0x106}, {"\\Seen", "$Forwarded"}),
        ({0x0E070003: 1, KEYWORDS: ("Project", "Red category", "Été")}, {"\\Seen", "Project"}),
    ],
)
def test_flags_are_those_of_the_message(
    tags: dict[int, object], flags: set[str], tmp_path: Path, opened: Opener
) -> None:
    path = tmp_path / "flags.pst"
    with PstWriter(path) as writer:
        writer.message(writer.folder("Inbox"), letter(1, tags=tags))
    [(_folder, item)] = listed(opened(path))
    assert item.flags == frozenset(flags)


def test_the_time_is_that_of_delivery_else_of_sending_else_of_making(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "times.pst"
    delivered, sent, made = (datetime(2021, month, 1, tzinfo=UTC) for month in (3, 2, 1))
    told: list[dict[int, object]] = [
        {0x0E060040: delivered, 0x00390040: sent, 0x30070040: made},
        {0x00390040: sent, 0x30070040: made},
        {0x30070040: made},
        {},
    ]
    with PstWriter(path) as writer:
        inbox = writer.folder("Inbox")
        for tags in told:
            writer.message(inbox, Message(tags))
    assert [item.received for _folder, item in listed(opened(path))] == [delivered, sent, made, None]


def test_items_of_every_nature_are_told_and_search_folders_and_settings_are_not(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "natures.pst"
    classes = {
        "IPM.Note": Nature.MAIL,
        "IPM.Note.SMIME": Nature.MAIL,
        "REPORT.IPM.Note.NDR": Nature.MAIL,
        "IPM.Schedule.Meeting.Request": Nature.MAIL,
        "IPM.Appointment": Nature.APPOINTMENT,
        "IPM.Contact.Company": Nature.CONTACT,
        "IPM.DistList": Nature.LIST,
        "IPM.Task": Nature.TASK,
        "IPM.StickyNote": Nature.NOTE,
        "IPM.Of.Somebody": Nature.MAIL,
    }
    with PstWriter(path) as writer:
        inbox = writer.folder("Inbox")
        found = writer.folder("Unread", search=True)
        for name in classes:
            writer.message(inbox, letter(1, tags={0x001A001F: name}))
        writer.message(inbox, letter(2, tags={0x001A001F: "IPM.Configuration.View"}), associated=True)
    archive = opened(path)
    assert [item.nature for _folder, item in listed(archive)] == list(classes.values())
    assert found not in {int(folder.key, 16) for folder in archive.folders()}


def test_a_folder_says_by_its_class_whether_it_is_for_mail(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "classes.pst"
    classes = ("IPF.Note", "IPF.Appointment", "IPF.Contact.MOC.QuickContacts", "IPF.Task", "IPF.StickyNote", "IPF", "")
    with PstWriter(path) as writer:
        for number, told in enumerate(classes):
            writer.folder(f"{number}", tags={0x3613001F: told} if told else None)
    for_mail = {folder.path[-1] for folder in opened(path).folders() if folder.for_mail}
    assert for_mail == {"0", "5", "6", "Deleted Items"}


def test_what_lies_in_no_folder_that_people_see_is_told(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "strays.pst"
    with PstWriter(path) as writer:
        outside = writer.folder("Recovered", 0x122)
        writer.folder("Views", 0x122)
        circle = writer.folder("Circle", 0x8FE2)
        inner = writer.folder("Inner", outside)
        for folder in (outside, 0x7002, circle, inner, 0x122):
            writer.message(folder, letter(folder))
    archive = opened(path)
    assert {folder.path: folder.items for folder in archive.folders() if folder.items} == {
        ("Lost and Found", "Recovered"): 1,
        ("Lost and Found", "Recovered", "Inner"): 1,
        ("Lost and Found", "Circle"): 1,
        ("Lost and Found",): 2,
    }
    assert len(subjects(archive)) == 5
    assert ("Lost and Found", "Views") not in {folder.path for folder in archive.folders()}


def test_a_file_that_does_not_say_which_folders_people_see_is_read_all_the_same(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "store.pst"
    with PstWriter(path, store_tags={0x35E00102: b""}) as writer:
        writer.message(writer.folder("Inbox"), letter(1))
    assert {folder.path for folder in opened(path).folders()} == {("Deleted Items",), ("Inbox",)}


def test_two_folders_of_one_name_stay_two(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "twins.pst"
    with PstWriter(path) as writer:
        for number in range(2):
            writer.message(writer.folder("Project"), letter(number))
    archive = opened(path)
    assert {folder.path: folder.items for folder in archive.folders() if folder.items} == {
        ("Project",): 1, ("Project (8082)",): 1,
    }  # fmt: skip


def test_a_folder_that_is_called_as_ours_keeps_its_name(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "lost.pst"
    with PstWriter(path) as writer:
        writer.message(writer.folder("Lost and Found"), letter(1))
        writer.message(0x7002, letter(2))
    archive = opened(path)
    assert {folder.path: folder.items for folder in archive.folders() if folder.items} == {
        ("Lost and Found",): 1, ("Lost and Found (0)",): 1,
    }  # fmt: skip


def test_roles_are_those_that_the_file_names_whatever_the_folders_are_called(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "roles.pst"
    writer = PstWriter(path)
    nodes = {name: writer.folder(name) for name in ("Eingang", "Raus", "Entwurf", "Müll", "Sent Items", "Archive")}
    writer._store_tags[0x35E40102] = writer.entry_id(nodes["Raus"])
    inbox = writer._folders[nodes["Eingang"]][2]
    inbox[0x36D70102] = writer.entry_id(nodes["Entwurf"])
    inbox[0x36D81102] = [b"", b"", b"", b"", writer.entry_id(nodes["Müll"])]
    writer.close()
    roles = {folder.path[0]: folder.role for folder in opened(path).folders()}
    assert roles == {
        "Deleted Items": Role.TRASH, "Eingang": Role.INBOX, "Raus": Role.SENT, "Entwurf": Role.DRAFTS,
        "Müll": Role.JUNK, "Sent Items": None, "Archive": Role.ARCHIVE,
    }  # fmt: skip


def test_the_inbox_is_where_the_file_receives_mail(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "received.pst"
    writer = PstWriter(path)
    writer.folder("Inbox")
    received = writer.folder("Lettres")
    rows = [(1, {0x001A001F: "", 0x66050003: received}), (2, {0x001A001F: "IPC", 0x66050003: 0x122})]
    writer.raw_node(0x62B, *table(writer.file, (0x001A001F, 0x66050003), rows, "ascii"), 0)
    writer.close()
    roles = {folder.path[0]: folder.role for folder in opened(path).folders()}
    assert roles == {"Deleted Items": Role.TRASH, "Inbox": None, "Lettres": Role.INBOX}


def test_a_number_that_two_copies_give_to_two_messages_makes_two_keys(tmp_path: Path, opened: Opener) -> None:
    """The copies went on being used apart: both numbered their next message alike."""
    keys = []
    for copy in ("kept", "moved"):
        path = tmp_path / f"{copy}.pst"
        with PstWriter(path, seed="one store") as writer:
            inbox = writer.folder("Inbox")
            writer.message(inbox, letter(1, tags={0x300B0102: b"the same letter"}))
            writer.message(inbox, letter(2, tags={0x300B0102: copy.encode()}))
        archive = opened(path)
        keys.append([item.key for _folder, item in listed(archive)])
    assert keys[0][0] == keys[1][0]
    assert keys[0][1] != keys[1][1]
    assert keys[0][1].partition("-")[0] == keys[1][1].partition("-")[0]
    with pytest.raises(KeyError):
        archive.item(keys[0][1])


def test_a_key_lasts_while_a_message_is_read_flagged_and_moved(tmp_path: Path, opened: Opener) -> None:
    keys = set()
    for tags, folder in (({0x0E070003: 0}, "Inbox"), ({0x0E070003: 1, 0x10900003: 2}, "Done")):
        path = tmp_path / f"{folder}.pst"
        with PstWriter(path, seed="one store") as writer:
            writer.message(writer.folder(folder), letter(1, tags=tags))
        keys |= {item.key for _folder, item in listed(opened(path))}
    assert len(keys) == 1


@pytest.mark.parametrize("key", ["", "xyz", "200024", "200024-00000000", "ffffff", "-", "200024-"])
def test_a_key_of_no_item_is_refused(key: str, tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "keys.pst"
    with PstWriter(path) as writer:
        writer.message(writer.folder("Inbox"), letter(1))
    archive = opened(path)
    [folder] = [one for one in archive.folders() if one.items]
    with pytest.raises(KeyError):
        archive.header(folder, key)


def test_it_is_an_archive_with_people_in_it(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "people.pst"
    x500 = {0x0C1E001F: "EX", 0x0C1F001F: "/o=Example/cn=Recipients/cn=anna"}
    with PstWriter(path) as writer:
        inbox = writer.folder("Inbox")
        writer.message(inbox, letter(1, tags=x500))
        writer.message(inbox, letter(2, tags={0x001A001F: "IPM.Contact", 0x3001001F: "Bob"}))
    archive = opened(path)
    held: Archive = archive
    assert isinstance(archive, Personal)
    assert isinstance(archive, Addressed)
    assert isinstance(archive, Marked)
    (folder, mail), (_same, contact) = listed(held)
    archive.write_message(folder, mail.key, _Nowhere())  # type: ignore[arg-type]  # writes alone
    assert list(archive.unknown_addresses()) == ["/o=Example/cn=Recipients/cn=anna"]
    personal = archive.personal_item(folder, contact.key)
    assert personal.nature is Nature.CONTACT
    assert personal.data


class _Nowhere:
    def write(self, data: bytes) -> int:
        return len(data)


def test_the_token_moves_when_the_file_does_and_the_file_stays_as_it_was(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "token.pst"
    with PstWriter(path) as writer:
        writer.message(writer.folder("Inbox"), letter(1))
    before, status = path.read_bytes(), path.stat()
    archive = opened(path)
    token = archive.token()
    assert listed(archive)
    assert archive.token() == token == opened(path).token()
    assert path.read_bytes() == before
    assert (path.stat().st_mtime_ns, path.stat().st_atime_ns) == (status.st_mtime_ns, status.st_atime_ns)
    path.write_bytes(before + b"\0")
    assert archive.token() != token


def test_a_listing_reads_no_bodies_and_no_attachments(
    tmp_path: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of 25 GB, most of it a hole between its messages."""
    path = tmp_path / "large.pst"
    with PstWriter(path) as writer:
        inbox = writer.folder("Inbox")
        for number in range(100):
            long = {0x1000001F: f"text {number} " * 5_000}
            writer.message(inbox, letter(number, Attachment("a.bin", bytes(50_000)), tags=long))
            writer.file.gap(250 << 20)
    assert path.stat().st_size > 24 << 30
    read = [0]
    whole = Disk.read

    def counting(disk: Disk, offset: int, size: int) -> bytes:
        data = whole(disk, offset, size)
        read[0] += len(data)
        return data

    monkeypatch.setattr(Disk, "read", counting)
    archive = opened(path)
    folders = {folder.path: folder.items for folder in archive.folders()}
    assert folders == {("Deleted Items",): 0, ("Inbox",): 100}
    assert read[0] < 100_000
    items = listed(archive)
    assert items[99][1].received == START.replace(hour=4, minute=43)
    assert read[0] < 100 * 4_000


def test_a_long_attachment_is_never_in_memory(tmp_path: Path, opened: Opener) -> None:
    """Of 8 MB, no more than a fraction is held at any time."""
    import tracemalloc  # slows all that is allocated from here on

    path = tmp_path / "film.pst"
    piece = bytes(1 << 20)
    with PstWriter(path) as writer:
        writer.message(writer.folder("Inbox"), letter(1, Attachment("film.bin", (piece for _number in range(8)))))
    archive = opened(path)
    [(folder, item)] = listed(archive)
    taken: Any = _Nowhere()
    tracemalloc.start()
    try:
        archive.write_message(folder, item.key, taken)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20

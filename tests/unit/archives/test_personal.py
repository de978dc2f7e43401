"""Calendars and contacts become files that other programs import, and every item is in one of them or reported."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Container, Iterator
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from connectors.archives.contract import ArchiveFolder, Item, Nature, PersonalItem
from migrate.archives import bundles
from migrate.archives.bundles import CalendarFile, ContactFile, NotAFile, components
from migrate.archives.guide import write_guide
from migrate.archives.handover import handover_folder
from migrate.archives.personal import write_personal
from migrate.archives.troubles import CannotRead
from tests.unit.archives.memory_archive import Held, HeldFolder, MemoryArchive, card, event, zone


@pytest.fixture
def archive() -> MemoryArchive:
    calendar = HeldFolder(("Root", "Calendar"))
    contacts = HeldFolder(("Contacts",))
    for number in range(3):
        calendar.other(number, event(number, zone(b"Europe/Paris")))
        contacts.other(number, card(number))
    calendar.mail(7)
    return MemoryArchive(calendar, contacts)


def test_each_folder_becomes_one_file_that_its_library_reads(archive: MemoryArchive, tmp_path: Path) -> None:
    made = write_personal(archive, tmp_path / "out")
    assert [str(one.file) for one in made.files] == ["Contacts.vcf", "Root/Calendar.ics"]
    read = Calendar.from_ical((tmp_path / "out" / "Root" / "Calendar.ics").read_bytes())
    assert [str(one["UID"]) for one in read.walk("VEVENT")] == ["e0", "e1", "e2"]
    assert len(read.walk("VTIMEZONE")) == 1
    cards = list(vobject.readComponents((tmp_path / "out" / "Contacts.vcf").read_text()))
    assert [one.fn.value for one in cards] == ["Person 0", "Person 1", "Person 2"]
    assert (made.items, made.reported, made.complete) == (6, [], True)


def test_the_list_beside_them_counts_and_digests_and_says_nothing_of_their_content(
    archive: MemoryArchive, tmp_path: Path
) -> None:
    made = write_personal(archive, tmp_path)
    text = (tmp_path / "personal.json").read_text()
    listed = json.loads(text)
    assert [one["items"] for one in listed["files"]] == [{"contact": 3}, {"appointment": 3}]
    for one, told in zip(listed["files"], made.files, strict=True):
        assert one["sha256"] == told.sha256 == sha256((tmp_path / one["file"]).read_bytes()).hexdigest()
    assert "private" not in text
    assert "Person" not in text


def test_written_again_it_is_the_same_and_what_is_no_longer_made_goes(archive: MemoryArchive, tmp_path: Path) -> None:
    write_personal(archive, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    (tmp_path / "mine.vcf").write_bytes(b"kept")
    write_personal(archive, tmp_path)
    assert {path: path.read_bytes() for path in before} == before
    archive.held["Contacts"].held.clear()
    write_personal(archive, tmp_path)
    assert not (tmp_path / "Contacts.vcf").exists()
    assert (tmp_path / "mine.vcf").read_bytes() == b"kept"


def test_what_cannot_be_made_is_reported_and_the_rest_is_there(archive: MemoryArchive, tmp_path: Path) -> None:
    calendar = archive.held["Root/Calendar"]
    calendar.held[1].damaged = "bad-block"
    calendar.other(8, PersonalItem(Nature.APPOINTMENT, ".ics", b"no calendar"))
    calendar.other(9, PersonalItem(Nature.NOTE, ".txt", b"a note"))
    calendar.held.append(Held(Item("x", None, None, None, Nature.OTHER)))
    made = write_personal(archive, tmp_path)
    assert [(one.key, one.code) for one in made.reported] == [
        ("p1", "bad-block"), ("p8", "bad-file"), ("p9", "no-form"), ("x", "no-form"),
    ]  # fmt: skip
    assert made.items == sum(sum(one.items.values()) for one in made.files) + len(made.reported) == 9
    assert len(Calendar.from_ical((tmp_path / "Root" / "Calendar.ics").read_bytes()).walk("VEVENT")) == 2


def test_a_folder_of_which_nothing_could_be_made_leaves_no_file(tmp_path: Path) -> None:
    folder = HeldFolder(("Calendar",))
    folder.other(1, PersonalItem(Nature.APPOINTMENT, ".ics", b"no calendar"))
    made = write_personal(MemoryArchive(folder), tmp_path)
    assert (made.files, len(made.reported)) == ([], 1)
    assert list(tmp_path.iterdir()) == []


def test_a_large_folder_is_cut_in_parts_that_google_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "CALENDAR_BYTES", 1000)
    monkeypatch.setattr(bundles, "CONTACTS", 4)
    calendar, contacts = HeldFolder(("Calendar",)), HeldFolder(("Contacts",))
    for number in range(20):
        calendar.other(number, event(number))
        contacts.other(number, card(number))
    made = write_personal(MemoryArchive(calendar, contacts), tmp_path)
    parts = [one for one in made.files if one.suffix == ".ics"]
    assert len(parts) > 2
    assert "Calendar (2).ics" in {str(one.file) for one in parts}
    found = []
    for one in parts:
        data = (tmp_path / one.file).read_bytes()
        assert len(data) <= 1000
        found += [str(event["UID"]) for event in Calendar.from_ical(data).walk("VEVENT")]
    assert sorted(found) == sorted(f"e{number}" for number in range(20))
    assert [sum(one.items.values()) for one in made.files if one.suffix == ".vcf"] == [4, 4, 4, 4, 4]


def test_two_meanings_of_one_time_zone_do_not_share_a_file(tmp_path: Path) -> None:
    calendar = HeldFolder(("Calendar",))
    calendar.other(1, event(1, zone(b"Customized Time Zone", b"+0100")))
    calendar.other(2, event(2, zone(b"Customized Time Zone", b"+0200")))
    write_personal(MemoryArchive(calendar), tmp_path)
    for number, name in ((1, "Calendar.ics"), (2, "Calendar (2).ics")):
        data = (tmp_path / name).read_bytes()
        assert b"TZOFFSETTO:+0%d00" % number in data
        assert b"UID:e%d" % number in data


def test_names_that_no_windows_or_stick_holds_are_changed_and_kept_apart(tmp_path: Path) -> None:
    names = ["CON", "con.old", "a:b", "a?b", "..", "Ende. ", "Été", "e\u0301te\u0301", "x" * 300, "Kal.ics"]
    folders = [HeldFolder((name,)) for name in names]
    for number, folder in enumerate(folders):
        folder.other(number, card(number))
    made = write_personal(MemoryArchive(*folders), tmp_path)
    written = [one.file.name for one in made.files]
    assert len({name.casefold() for name in written}) == len(names)
    for name in written:
        stem = name.removesuffix(".vcf")
        assert not set(name) & set('<>:"/\\|?*')
        assert len(name.encode()) <= 100
        assert stem.partition(".")[0].casefold() not in {"con", "nul"}
        assert not stem.endswith((" ", "."))
        assert not stem.startswith(".")


def test_a_stop_leaves_the_files_of_an_earlier_run_whole(archive: MemoryArchive, tmp_path: Path) -> None:
    write_personal(archive, tmp_path)
    before = (tmp_path / "Contacts.vcf").read_bytes()
    archive.held["Contacts"].other(9, card(9))
    stop = Event()
    stop.set()
    assert write_personal(archive, tmp_path, stop).complete is False
    assert (tmp_path / "Contacts.vcf").read_bytes() == before
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part")]


def test_an_archive_that_holds_mail_alone_leaves_nothing(tmp_path: Path) -> None:
    folder = HeldFolder(("Inbox",))
    folder.mail(1)
    write_personal(MemoryArchive(folder), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_list_that_leads_elsewhere_removes_nothing_there(archive: MemoryArchive, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_personal(archive, folder)
    listed = json.loads((folder / "personal.json").read_text())
    (tmp_path / "other.txt").write_text("kept")
    listed["files"][0] |= {"file": "../other.txt"}
    (folder / "personal.json").write_text(json.dumps(listed))
    write_personal(archive, folder)
    assert (tmp_path / "other.txt").read_text() == "kept"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_guide_names_every_file_and_needs_nothing_else(archive: MemoryArchive, tmp_path: Path, language: str) -> None:
    folder = handover_folder(tmp_path, "anna@example.org")
    write_personal(archive, folder / "2012 <a>")
    assert write_guide(folder, "<anna>", language) is True
    (page,), (text,) = folder.glob("*.html"), folder.glob("*.md")
    html = page.read_text()
    assert f'<html lang="{language}">' in html
    assert "2012 &lt;a&gt;/Root/Calendar.ics" in html
    assert "<anna>" not in html
    assert "http" not in html.replace('http-equiv="Content', "")
    assert "src=" not in html.replace("default-src", "").replace("style-src", "")
    assert "Root/Calendar.ics" in text.read_text()
    assert "2012 \\<a\\>" in text.read_text()
    assert "built-in" not in html + text.read_text()


def test_no_guide_where_there_is_nothing_to_import(tmp_path: Path) -> None:
    assert write_guide(tmp_path / "handover", "anna", "en") is False
    assert not (tmp_path / "handover").exists()


@given(st.binary(max_size=300) | st.lists(st.sampled_from(
    [b"BEGIN:VCALENDAR", b"END:VCALENDAR", b"BEGIN:VEVENT", b"END:VEVENT", b"UID:1", b"BEGIN:VCARD", b"END:VCARD", b""]
)).map(b"\r\n".join))  # fmt: skip
def test_whatever_a_reader_makes_is_taken_whole_or_refused(data: bytes) -> None:
    for growing in (CalendarFile(), ContactFile()):
        try:
            taken = growing.take(data)
        except NotAFile:
            assert growing.items == 0
            continue
        whole = taken + growing.end()
        assert growing.items == 1
        if isinstance(growing, CalendarFile):
            assert [one.text for one in components(whole)] == [one.text for one in components(data)]
        else:
            assert whole.upper().count(b"BEGIN:VCARD") == data.upper().count(b"BEGIN:VCARD")


class _BadDisk(MemoryArchive):
    """Its disk has bad places: where an item lies, or where a listing does."""

    def __init__(self, number: int, places: Container[str], *folders: HeldFolder) -> None:
        super().__init__(*folders)
        self._error = OSError(number, os.strerror(number))
        self._places = places

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        for item in super().items(folder):
            if f"list {item.key}" in self._places:
                raise self._error
            yield item

    def personal_item(self, folder: ArchiveFolder, key: str) -> PersonalItem:
        if key in self._places:
            raise self._error
        return super().personal_item(folder, key)


def test_a_bad_place_of_the_archives_disk_costs_one_item_and_is_not_blamed_on_the_other_disk(tmp_path: Path) -> None:
    calendar = HeldFolder(("Calendar",))
    for number in range(3):
        calendar.other(number, event(number))
    made = write_personal(_BadDisk(errno.EIO, {"p1"}, calendar), tmp_path)
    assert [(one.key, one.code) for one in made.reported] == [("p1", "disk-error")]
    assert sum(sum(one.items.values()) for one in made.files) == 2
    for places, number in (({"list p1"}, errno.EIO), ({"p1"}, errno.ENODEV)):
        with pytest.raises(CannotRead):
            write_personal(_BadDisk(number, places, calendar), tmp_path)

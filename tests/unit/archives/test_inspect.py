"""What an archive holds is told without reading a message, and what would cost reading it all only when asked for."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connectors.archives.contract import Nature, NotAnArchive, Problem, Reading
from connectors.archives.kinds import open_archive
from connectors.contract import Role
from migrate.archives import inspect
from migrate.archives.addresses import add_unknown, read_addresses
from migrate.archives.inspect import Inspected, Inspector, as_json
from plans import PlanError
from tests.pst_writer import Message, PstWriter
from tests.pst_writer.letters import letter
from tests.unit.archives.memory_archive import BEGIN, HeldFolder, MemoryArchive, card, event


@pytest.fixture
def archive() -> MemoryArchive:
    inbox, calendar = HeldFolder(("Inbox",), role=Role.INBOX), HeldFolder(("Inbox", "Calendar"))
    for number in range(4):
        inbox.mail(number, flags=frozenset({"\\Seen"} if number else ()))
    inbox.mail(9, flags=None, received=None)
    inbox.mail(10, salvaged=True)
    calendar.other(1, event(1))
    calendar.other(2, card(2))
    return MemoryArchive(inbox, calendar, HeldFolder(("Empty",)))


def _inspect(archive: Any, tmp_path: Path, size: int = 10, **more: Any) -> Inspected:
    path = tmp_path / "one.pst"
    path.touch()
    os.truncate(path, size)

    def opened(_path: Path, _reading: Reading) -> MemoryArchive:
        if isinstance(archive, BaseException):
            raise archive
        found: MemoryArchive = archive
        return found

    return Inspector(opened, Reading(tmp_path), more.pop("stop", Event()), **more).inspect(path)


def test_folders_are_told_with_items_by_nature_sizes_dates_and_what_was_read(
    archive: MemoryArchive, tmp_path: Path
) -> None:
    found = _inspect(archive, tmp_path)
    inbox, calendar, empty = found.folders
    assert inbox.natures == {Nature.MAIL: 6}
    assert calendar.natures == {Nature.APPOINTMENT: 1, Nature.CONTACT: 1}
    assert (inbox.oldest, inbox.newest) == (BEGIN, BEGIN + timedelta(days=10))
    assert (inbox.unread, inbox.unstated, inbox.salvaged, calendar.unsized) == (1, 1, 1, 2)
    assert (empty.items, empty.listed) == (0, True)
    assert (found.kind, found.identity, found.items, found.complete, found.read_state) == (
        "memory", "one", 8, True, "partly",
    )  # fmt: skip
    assert found.good
    assert archive.closed == 1


def test_no_message_is_read(archive: MemoryArchive, tmp_path: Path) -> None:
    _inspect(archive, tmp_path)
    assert not [one for one in archive.asked if one.startswith("write")]


def test_of_a_large_archive_only_what_costs_nothing_is_told(archive: MemoryArchive, tmp_path: Path) -> None:
    archive.held["Inbox"].counted = False
    large = inspect.GONE_THROUGH + 1
    found = _inspect(archive, tmp_path, large)
    assert archive.asked == ["items Inbox/Calendar", "items Empty"]
    assert (found.folders[0].items, found.items, found.complete) == (None, None, False)
    assert found.unknown_addresses is None
    whole = _inspect(archive, tmp_path, large, thorough=True)
    assert (whole.items, whole.complete) == (8, True)


def test_what_is_cheap_is_told_before_anything_is_listed(archive: MemoryArchive, tmp_path: Path) -> None:
    heard: list[tuple[list[int | None], list[str]]] = []
    _inspect(archive, tmp_path, begun=lambda one: heard.append(
        ([folder.told for folder in one.folders], list(archive.asked))))  # fmt: skip
    assert heard == [([6, 2, 0], [])]


def test_x500_addresses_that_nobody_knows_are_met_by_the_headers(archive: MemoryArchive, tmp_path: Path) -> None:
    archive.unknown = {"/o=a/cn=anna": 3}
    found = _inspect(archive, tmp_path)
    assert found.unknown_addresses == {"/o=a/cn=anna": 3}
    assert sum(one.startswith("header") for one in archive.asked) == 6


def test_problems_are_told_and_a_damaged_archive_that_can_be_searched_says_so(
    archive: MemoryArchive, tmp_path: Path
) -> None:
    archive.found = [Problem("bad-page", "one page cannot be read", ("Inbox",), "m1")]
    told = as_json(_inspect(archive, tmp_path))
    assert told["problems"] == [
        {"code": "bad-page", "message": "one page cannot be read", "folder": ["Inbox"], "key": "m1"}
    ]
    broken = _inspect(NotAnArchive(tmp_path / "one.pst", "no header", salvageable=True), tmp_path)
    assert (broken.salvageable, broken.good, as_json(broken)["error"]) == (True, False, "no header")
    gone = _inspect(OSError(errno.EIO, "Input/output error"), tmp_path)
    assert (gone.salvageable, gone.good) == (False, False)


def test_a_stop_leaves_what_was_counted_and_says_that_it_is_not_all(archive: MemoryArchive, tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    found = _inspect(archive, tmp_path, stop=stop)
    assert (found.complete, found.folders[0].listed) == (False, False)


def test_an_archive_without_mail_has_no_read_state(tmp_path: Path) -> None:
    contacts = HeldFolder(("Contacts",))
    contacts.other(1, card(1))
    assert _inspect(MemoryArchive(contacts), tmp_path).read_state is None


def test_the_table_to_be_filled_in_takes_up_what_it_lacks_and_keeps_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "x500.csv"
    assert add_unknown(file, ["/o=a/cn=b", "/o=a/cn=a"], "en") == 2
    assert file.read_text() == "x500,address\n/o=a/cn=a,\n/o=a/cn=b,\n"
    assert read_addresses(file) == {}
    file.write_text("x500,address\n/O=A/CN=A,anna@example.org\n")
    assert add_unknown(file, ["/o=a/cn=b", "/o=a/cn=a"], "en") == 1
    assert file.read_text() == "x500,address\n/O=A/CN=A,anna@example.org\n/o=a/cn=b,\n"
    assert read_addresses(file) == {"/o=a/cn=a": "anna@example.org"}


def test_a_table_without_its_headings_is_not_written_to(tmp_path: Path) -> None:
    file = tmp_path / "letter.csv"
    file.write_text("Dear Anna,\n")
    with pytest.raises(PlanError):
        add_unknown(file, ["/o=a/cn=b"], "en")
    with pytest.raises(PlanError):
        read_addresses(file)
    assert file.read_text() == "Dear Anna,\n"


def test_nothing_unknown_makes_no_table(tmp_path: Path) -> None:
    assert add_unknown(tmp_path / "x500.csv", [], "en") == 0
    assert list(tmp_path.iterdir()) == []


def test_addresses_that_the_table_does_not_know_are_found_in_the_headers_of_a_pst(tmp_path: Path) -> None:
    path, anna = tmp_path / "firm.pst", "/o=Firm/cn=Recipients/cn=anna"
    to_bruno: dict[int, object] = {0x0C150003: 1, 0x3001001F: "Bruno", 0x3002001F: "EX", 0x3003001F: "/o=Firm/cn=bruno"}
    with PstWriter(path) as pst:
        inbox = pst.folder("Inbox")
        for number in range(3):
            one = letter(number, tags={0x0C1E001F: "EX", 0x0C1F001F: anna})
            pst.message(inbox, Message(one.tags, [to_bruno]))
    reading = Reading(tmp_path, {anna.upper(): "anna@example.org"})
    found = Inspector(open_archive, reading, Event()).inspect(path)
    assert found.unknown_addresses == {"/o=Firm/cn=bruno": 3}
    assert found.good
    everybody = Inspector(open_archive, Reading(tmp_path), Event()).inspect(path)
    assert set(everybody.unknown_addresses or ()) == {anna, "/o=Firm/cn=bruno"}

"""An archive becomes files: every item is in one of them or reported, and a run that was cut is gone on with."""

from __future__ import annotations

import errno
import json
import mailbox
import os
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.archives.contract import ArchiveFolder, Nature, PersonalItem, Reading
from connectors.archives.kinds import open_archive
from connectors.maildir.filename import FileName
from migrate.archives import forms
from migrate.archives.export import Export, Exported
from migrate.archives.forms import Changed, Mbox
from migrate.archives.manifest import ForeignFolder, Origin
from migrate.archives.troubles import CannotRead, CannotWrite
from tests.pst_writer import PstWriter
from tests.pst_writer.letters import letter
from tests.unit.archives.memory_archive import BEGIN, HeldFolder, MemoryArchive, card, event, message

_FORMS = ("eml", "mbox", "maildir")


@pytest.fixture
def archive() -> MemoryArchive:
    inbox, below, calendar = HeldFolder(("Inbox",)), HeldFolder(("Inbox", "Été: 2019?")), HeldFolder(("Calendar",))
    for number in range(5):
        inbox.mail(number, flags=frozenset({"\\Seen", "\\Flagged"} if number else ()), labels=frozenset({"Work"}))
        below.mail(100 + number)
    below.mail(200, received=None, flags=None)
    calendar.other(1, event(1))
    return MemoryArchive(inbox, below, calendar, HeldFolder(("Empty",)))


def _export(archive: MemoryArchive, to: Path, form: str = "eml", **more: Any) -> Export:
    origin = Origin.of(archive, Path("/archives/one.pst"), form, salvage=more.pop("salvage", False))
    return Export(archive, origin, to, more.pop("stop", Event()), **more)


def _lines(to: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (to / "items.jsonl").read_text().splitlines()]


def _message(to: Path, line: dict[str, Any]) -> bytes:
    """What a line tells of, as it lies on the disk."""
    data = (to / line["file"]).read_bytes()
    if "end" not in line:
        return data
    first, _, quoted = data[line["offset"] : line["end"]].partition(b"\n")
    assert first.startswith(b"From - ")
    plain = b"".join(
        one[1:] if one.startswith(b">") and one.lstrip(b">").startswith(b"From ") else one
        for one in quoted.splitlines(keepends=True)
    )
    return plain[: line["size"]]


def _messages(archive: MemoryArchive) -> list[bytes]:
    return sorted(
        held.data
        for folder in archive.held.values()
        for held in folder.held
        if held.item.nature is Nature.MAIL and not held.damaged
    )


def _assert_counted(made: Exported) -> None:
    assert made.items == made.exported + made.in_personal_files + len(made.reported)


@pytest.mark.parametrize("form", _FORMS)
def test_every_message_is_there_to_the_byte_and_the_side_car_tells_its_marks(
    archive: MemoryArchive, tmp_path: Path, form: str
) -> None:
    made = _export(archive, tmp_path / "out", form).run()
    lines = _lines(tmp_path / "out")
    assert sorted(_message(tmp_path / "out", line) for line in lines) == _messages(archive)
    for line in lines:
        assert sha256(_message(tmp_path / "out", line)).hexdigest() == line["sha256"]
    first = next(line for line in lines if line["key"] == "m1")
    assert (first["flags"], first["categories"], first["folder"]) == (["\\Flagged", "\\Seen"], ["Work"], ["Inbox"])
    assert next(line for line in lines if line["key"] == "m200")["flags"] is None
    assert (made.exported, made.in_personal_files, made.complete) == (11, 1, True)
    _assert_counted(made)


@pytest.mark.parametrize("form", _FORMS)
def test_the_manifest_counts_and_digests(archive: MemoryArchive, tmp_path: Path, form: str) -> None:
    made = _export(archive, tmp_path / "out", form).run()
    told = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (told["complete"], told["items"], told["exported"], told["in_personal_files"]) == (True, 12, 11, 1)
    assert {tuple(one["folder"]): one["messages"] for one in told["folders"]} == {
        ("Inbox",): 5, ("Inbox", "Été: 2019?"): 6, ("Calendar",): 0, ("Empty",): 0,
    }  # fmt: skip
    journal = (tmp_path / "out" / "items.jsonl").read_bytes()
    assert told["items_file"] == {"name": "items.jsonl", "sha256": sha256(journal).hexdigest()}
    assert made.as_json()["folders"] == told["folders"]


@pytest.mark.parametrize("form", _FORMS)
def test_a_second_run_writes_nothing_but_what_is_new(archive: MemoryArchive, tmp_path: Path, form: str) -> None:
    _export(archive, tmp_path / "out", form).run()
    archive.held["Inbox"].mail(9)
    archive.asked.clear()
    made = _export(archive, tmp_path / "out", form).run()
    assert [one for one in archive.asked if one.startswith("write")] == ["write m9"]
    assert (made.written, made.exported) == (1, 12)
    _assert_counted(made)
    assert sorted(_message(tmp_path / "out", line) for line in _lines(tmp_path / "out")) == _messages(archive)


def _in_mbox(path: Path) -> int:
    with closing(mailbox.mbox(path, create=False)) as found:
        return len(found)


class _Cut(BaseException):
    """As a kill: nothing behind it runs but what closes files."""


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("at", range(0, 12, 3))
def test_a_run_that_was_killed_anywhere_is_gone_on_with_and_nothing_is_doubled(
    archive: MemoryArchive, tmp_path: Path, form: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "out"
    written = archive.write_message
    left = [at]

    def cut(folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        written(folder, key, out)
        left[0] -= 1
        if left[0] < 0:
            raise _Cut

    with monkeypatch.context() as patched:
        patched.setattr(archive, "write_message", cut)
        # The journal of what was written last is lost, as after a kill between the two.
        patched.setattr("migrate.archives.journal.Journal.commit", lambda self: None)
        with pytest.raises(_Cut):
            _export(archive, to, form).run()
    made = _export(archive, to, form).run()
    assert (made.exported, made.complete) == (11, True)
    files = [path for path in (to / "mail").rglob("*") if path.is_file() and path.stat().st_size]
    held = sum(_in_mbox(path) for path in files) if form == "mbox" else len(files)
    assert held == 11
    assert sorted(_message(to, line) for line in _lines(to)) == _messages(archive)


def test_half_a_line_of_a_journal_is_taken_off(archive: MemoryArchive, tmp_path: Path) -> None:
    _export(archive, tmp_path / "out").run()
    with (tmp_path / "out" / "items.jsonl").open("ab") as out:
        out.write(b'{"item": "00')
    assert _export(archive, tmp_path / "out").run().exported == 11
    assert len(_lines(tmp_path / "out")) == 11


def test_ctrl_c_ends_it_between_two_messages_and_the_next_run_completes(archive: MemoryArchive, tmp_path: Path) -> None:
    stop = Event()
    write_message = archive.write_message

    def stopped(folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        write_message(folder, key, out)
        if key == "m2":
            stop.set()

    archive.write_message = stopped  # type: ignore[method-assign]
    made = _export(archive, tmp_path / "out", stop=stop).run()
    assert (made.complete, made.exported) == (False, 3)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["complete"] is False
    archive.write_message = write_message  # type: ignore[method-assign]
    assert _export(archive, tmp_path / "out").run().exported == 11


@pytest.mark.parametrize("form", _FORMS)
def test_damage_costs_only_its_item_and_is_reported(archive: MemoryArchive, tmp_path: Path, form: str) -> None:
    archive.held["Inbox"].held[2].damaged = "bad-block"
    archive.held["Calendar"].other(5, PersonalItem(Nature.NOTE, ".txt", b"x"))
    made = _export(archive, tmp_path / "out", form).run()
    assert [(one.key, one.code) for one in made.reported] == [("m2", "bad-block"), ("p5", "no-form")]
    _assert_counted(made)
    assert sorted(_message(tmp_path / "out", line) for line in _lines(tmp_path / "out")) == _messages(archive)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.suffix == ".part"]


def test_an_item_that_went_meanwhile_is_reported(archive: MemoryArchive, tmp_path: Path) -> None:
    items = archive.items

    def lagging(folder: ArchiveFolder) -> Any:
        found = list(items(folder))
        if folder.key == "Inbox":
            del archive.held["Inbox"].held[0]
        return iter(found)

    archive.items = lagging  # type: ignore[method-assign]
    made = _export(archive, tmp_path / "out").run()
    assert [one.code for one in made.reported] == ["gone"]
    _assert_counted(made)


def test_names_of_folders_and_dates_of_files_are_kept(archive: MemoryArchive, tmp_path: Path) -> None:
    _export(archive, tmp_path / "out").run()
    folder = tmp_path / "out" / "mail" / "Inbox" / "Été_ 2019_"
    assert len(list(folder.glob("*.eml"))) == 6
    assert (tmp_path / "out" / "mail" / "Empty").is_dir()
    (first,) = (tmp_path / "out" / "mail" / "Inbox").glob("2019-03-05-*.eml")
    assert first.stat().st_mtime == (BEGIN.timestamp() + 86400)


def test_a_maildir_is_one_that_others_read(archive: MemoryArchive, tmp_path: Path) -> None:
    _export(archive, tmp_path / "out", "maildir").run()
    found = mailbox.Maildir(tmp_path / "out" / "mail", create=False)
    assert sorted(found.list_folders()) == ["Calendar", "Empty", "Inbox.&AMk-t&AOk-: 2019?"]
    assert sorted(one.get_flags() for one in found) == ["", "FS", "FS", "FS", "FS"]
    assert {int(one.get_date()) for one in found} == {int(BEGIN.timestamp()) + number * 86400 for number in range(5)}


def test_where_no_name_holds_a_colon_a_maildir_has_semicolons(
    archive: MemoryArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch = Path.touch

    def refuse(path: Path, *args: Any, **more: Any) -> None:
        if ":" in path.name:
            raise OSError(errno.EINVAL, "Invalid argument")
        touch(path, *args, **more)

    monkeypatch.setattr(Path, "touch", refuse)
    _export(archive, tmp_path / "out", "maildir").run()
    names = [path.name for path in (tmp_path / "out").rglob("cur/*")]
    assert len(names) == 11
    assert {FileName.parse(name).separator for name in names} == {";"}


def test_an_mbox_is_laid_out_as_thunderbird_has_its_folders(archive: MemoryArchive, tmp_path: Path) -> None:
    _export(archive, tmp_path / "out", "mbox").run()
    root = tmp_path / "out" / "mail"
    assert _in_mbox(root / "Inbox") == 5
    assert _in_mbox(root / "Inbox.sbd" / "Été_ 2019_") == 6
    assert (root / "Empty").read_bytes() == b""


_LINES = st.lists(
    st.sampled_from([b"From ", b">From x", b">", b">>", b">>From ", b"From", b"F", b"x", b"\r", b""]), max_size=12
).map(b"\n".join)


@given(st.lists(_LINES, max_size=4), st.lists(st.integers(1, 7), min_size=1, max_size=4))
def test_any_message_comes_out_of_an_mbox_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], steps: list[int]
) -> None:
    to = tmp_path_factory.mktemp("mbox")
    form = Mbox(to, {}, finished=False)
    form.make(("A",))
    folder = HeldFolder(("A",))
    for number, body in enumerate(bodies):
        data = message(number, body)

        def fill(out: BinaryIO, data: bytes = data) -> None:
            at = turn = 0
            while at < len(data):
                step = steps[turn % len(steps)]
                out.write(data[at : at + step])
                at, turn = at + step, turn + 1

        stored = form.write(("A",), "", folder.mail(number, data).item, fill)
        line = {"file": stored.file, "size": stored.size, "offset": stored.offset, "end": stored.end}
        form.close()
        form._ends[stored.file] = stored.end or 0
        assert _message(to, line) == data
    lines = (to / "mail" / "A").read_bytes().split(b"\n")
    assert sum(line.startswith(b"From ") for line in lines) == len(bodies)


def test_a_folder_with_anything_else_in_it_is_not_touched(archive: MemoryArchive, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(ForeignFolder, match="holds other files already"):
        _export(archive, tmp_path).run()
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"identity": "two"}, "another archive"),
        ({"epoch": "2"}, "made anew"),
        ({"form": "mbox"}, "in another way"),
        ({"salvage": True}, "in another way"),
    ],
)
def test_an_export_of_anything_else_is_not_gone_on_with(
    archive: MemoryArchive, tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    to = tmp_path / "out"
    _export(archive, to).run()
    before = {path: path.read_bytes() for path in to.rglob("*") if path.is_file()}
    for name in ("identity", "epoch"):
        setattr(archive, f"_{name}", change.pop(name, getattr(archive, f"_{name}")))
    with pytest.raises(ForeignFolder, match=why):
        _export(archive, to, **change).run()
    assert {path: path.read_bytes() for path in to.rglob("*") if path.is_file()} == before


def test_the_same_archive_under_another_path_is_gone_on_with(archive: MemoryArchive, tmp_path: Path) -> None:
    _export(archive, tmp_path / "out").run()
    origin = Origin.of(archive, Path("/elsewhere/copy.pst"), "eml", salvage=False)
    assert Export(archive, origin, tmp_path / "out", Event()).run().written == 0


def test_an_mbox_that_somebody_changed_is_left_alone(archive: MemoryArchive, tmp_path: Path) -> None:
    _export(archive, tmp_path / "out", "mbox").run()
    with (tmp_path / "out" / "mail" / "Inbox").open("ab") as out:
        out.write(b"From - mine\n\n")
    archive.held["Inbox"].mail(9)
    with pytest.raises(Changed):
        _export(archive, tmp_path / "out", "mbox").run()
    assert (tmp_path / "out" / "mail" / "Inbox").read_bytes().endswith(b"From - mine\n\n")


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """From so many bytes of mail on, the disk takes no more."""
    left = [0]

    class Full:
        def __init__(self, out: BinaryIO) -> None:
            self._out = out

        def write(self, data: bytes) -> int:
            left[0] -= len(data)
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self._out.write(data)

    counted = forms._Counted

    def begin(size: int) -> None:
        left[0] = size
        monkeypatch.setattr(forms, "_Counted", lambda out: counted(Full(out)))  # type: ignore[arg-type]

    return begin


@pytest.mark.parametrize("form", ["eml", "maildir"])
def test_a_full_disk_is_the_exports_and_what_was_written_stays(
    archive: MemoryArchive, tmp_path: Path, form: str, full_disk: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with monkeypatch.context():
        full_disk(len(message(0)) * 3 + 10)
        with pytest.raises(CannotWrite) as raised:
            _export(archive, tmp_path / "out", form).run()
    assert raised.value.error.errno == errno.ENOSPC
    assert len(_lines(tmp_path / "out")) == 3
    assert not [path for path in (tmp_path / "out").rglob("*") if path.suffix == ".part"]


def test_what_the_disk_could_not_keep_is_not_noted(
    archive: MemoryArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system says once that it lost what was written, and then that all is well."""
    fsync, failed = os.fsync, []

    def once(descriptor: int) -> None:
        if not failed and Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".eml":
            failed.append(descriptor)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", once)
    with pytest.raises(CannotWrite):
        _export(archive, tmp_path / "out").run()
    assert not (tmp_path / "out" / "items.jsonl").exists()
    assert _export(archive, tmp_path / "out").run().written == 11


def test_lines_that_a_full_disk_took_in_part_are_taken_off(
    archive: MemoryArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, taken = os.write, []

    def part(descriptor: int, data: bytes) -> int:
        if taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken.append(write(descriptor, bytes(data)[:100]))
        return taken[0]

    with monkeypatch.context() as full:
        full.setattr(os, "write", part)
        with pytest.raises(CannotWrite):
            _export(archive, tmp_path / "out").run()
    assert taken == [100]
    assert (tmp_path / "out" / "items.jsonl").read_bytes() == b""
    assert _export(archive, tmp_path / "out").run().written == 11


def test_a_disk_that_goes_away_under_the_archive_ends_the_run(archive: MemoryArchive, tmp_path: Path) -> None:
    def gone(_folder: ArchiveFolder, _key: str, _out: BinaryIO) -> None:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    archive.write_message = gone  # type: ignore[method-assign]
    with pytest.raises(CannotRead):
        _export(archive, tmp_path / "out").run()


def test_a_bad_sector_costs_its_message(archive: MemoryArchive, tmp_path: Path) -> None:
    written = archive.write_message

    def bad(folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        if key == "m3":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        written(folder, key, out)

    archive.write_message = bad  # type: ignore[method-assign]
    made = _export(archive, tmp_path / "out").run()
    assert [(one.key, one.code) for one in made.reported] == [("m3", "disk-error")]
    _assert_counted(made)


def test_what_a_search_found_is_marked(tmp_path: Path) -> None:
    folder = HeldFolder(("Inbox",))
    folder.mail(1)
    folder.mail(2, salvaged=True)
    made = _export(MemoryArchive(folder), tmp_path / "out", salvage=True).run()
    assert made.salvaged == 1
    assert [line["salvaged"] for line in _lines(tmp_path / "out")] == [False, True]


def test_calendars_lie_beside_the_mail_with_a_guide(tmp_path: Path) -> None:
    folder = HeldFolder(("Contacts",))
    folder.other(1, card(1))
    _export(MemoryArchive(folder), tmp_path / "out", language="fr").run()
    there = {path.name for path in (tmp_path / "out" / "calendars-and-contacts").iterdir()}
    assert there == {"Contacts.vcf", "personal.json", "comment-importer.md", "comment-importer.html"}


@pytest.mark.parametrize("form", _FORMS)
def test_half_characters_and_days_that_there_are_not_stop_nothing(tmp_path: Path, form: str) -> None:
    folder = HeldFolder(("Half \ud800",))
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))
    folder.mail(1, received=last)
    folder.mail(2, received=datetime(1601, 1, 1, tzinfo=UTC))
    folder.other(3, card(3))
    made = _export(MemoryArchive(folder), tmp_path / "out", form).run()
    assert (made.exported, made.in_personal_files) == (2, 1)
    assert _export(MemoryArchive(folder), tmp_path / "out", form).run().written == 0
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["folders"][0]["folder"] == ["Half \ud800"]


def _outlook(path: Path) -> None:
    marks = {
        0x0E070003: 1, 0x10900003: 2, 0x8001001F: "Call back", 0x00170003: 2,
        0x8000101F: ("Project", "Red category"),
    }  # fmt: skip
    with PstWriter(path) as pst:
        inbox = pst.folder("Inbox")
        pst.message(inbox, letter(1, tags=marks))
        pst.message(inbox, letter(2))


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_what_its_owner_did_with_a_message_of_outlook_stands_beside_it(tmp_path: Path, form: str, packed: bool) -> None:
    path = tmp_path / "anna.pst"
    _outlook(path)
    if packed:
        with ZipFile(tmp_path / "anna.zip", "w") as file:
            file.write(path, "anna.pst")
            file.writestr("letters.mbox", b"From a@example.org Mon Mar  4 09:30:00 2019\n" + message(9))
        path = tmp_path / "anna.zip"
    spool = tmp_path / "spool"
    spool.mkdir()
    with closing(open_archive(path, Reading(spool))) as archive:
        made = Export(archive, Origin.of(archive, path, form, salvage=False), tmp_path / "out", Event()).run()
    assert (made.exported, made.reported) == (2 + packed, [])
    lines = {line["sha256"]: line for line in _lines(tmp_path / "out")}
    assert len(lines) == 2 + packed
    told = [line["marks"] for line in lines.values() if "marks" in line]
    [marked] = [one for one in told if one["flagged"]]
    assert len(told) == 2
    assert (marked["request"], marked["importance"], marked["read"]) == ("Call back", "high", True)
    [categories] = [line["categories"] for line in lines.values() if line["categories"]]
    assert categories == marked["categories"] == ["Project", "Red category"]

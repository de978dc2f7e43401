"""A collected archive is the original to the byte, whatever cut the run; the original is never touched."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connectors.archives.contract import NotAnArchive, Reading
from connectors.errors import SpoolError
from migrate.archives import collect, verified_copy
from migrate.archives.collect import Collecting, NoRoom, Original, Outcome
from migrate.archives.collected import BrokenList, Collected
from migrate.archives.holders import holder_of, is_locked
from migrate.archives.troubles import CannotRead, CannotWrite
from migrate.archives.verified_copy import CopyStopped, NotTheSame, VerifiedCopy
from tests.unit.archives.memory_archive import MemoryArchive

_ANNA = "anna@example.org"
_NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
_OLD = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp()


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified_copy, "PIECE", 1000)
    monkeypatch.setattr(verified_copy, "_CHUNK", 300)


def no_room(_path: Path, _reading: Reading) -> MemoryArchive:
    raise SpoolError("no room to unpack it")


class World:
    """Originals on a drive, and the folder that they are collected in."""

    def __init__(self, folder: Path) -> None:
        self.drive = folder / "drive"
        self.into = folder / "archives"
        self.drive.mkdir()
        #: By the first bytes of a file, the identity that its kind tells.
        self.identities: dict[bytes, str] = {}

    def file(self, name: str, data: bytes, when: float = _OLD) -> Path:
        path = self.drive / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (when, when))
        return path

    def identify(self, path: Path, _reading: Reading) -> MemoryArchive:
        head = path.read_bytes()[:4] if path.is_file() else b""
        if head not in self.identities:
            raise NotAnArchive(path, "unknown")
        return MemoryArchive(identity=self.identities[head])

    def run(self, *paths: Path, stop: Event | None = None, told: Callable[[int], None] = lambda _n: None) -> Collecting:
        originals = [Original(_ANNA, path) for path in paths]
        run = Collecting(
            self.into, originals, self.identify, Reading(self.drive), UTC, stop or Event(), lambda: _NOW, told
        )
        run.begin()
        return run

    def collect(self, *paths: Path) -> list[Outcome]:
        run = self.run(*paths)
        return [run.collect(one) for one in run.originals]

    @property
    def list(self) -> Collected:
        return Collected.read(self.into, _ANNA)

    def there(self) -> dict[str, bytes]:
        """All files of the mailbox's folder but the list."""
        folder = self.into / _ANNA
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.name != "collected.json"
        }


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_copy_is_the_original_read_only_with_its_time_and_its_record(world: World) -> None:
    world.identities[b"PST1"] = "record key"
    path = world.file("Outlook.pst", b"PST1" + os.urandom(5000))
    (done,) = world.collect(path)
    assert (done.came, done.good, done.copy) == ("collected", True, world.into / _ANNA / "Outlook.pst")
    assert world.there() == {"Outlook.pst": path.read_bytes()}
    status = (world.into / _ANNA / "Outlook.pst").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o400, _OLD)
    (entry,) = world.list.entries
    assert entry.sha256 == sha256(path.read_bytes()).hexdigest()
    assert (entry.source, entry.stamp.size, entry.kind, entry.identity) == (str(path), 5004, "memory", "record key")
    assert (entry.collected, entry.complete_on) == ("2026-03-09T12:00:00+00:00", "2026-03-02")
    assert [place for _entry, place in world.list.current()] == [done.copy]


@pytest.mark.parametrize("size", [0, 1, 299, 300, 999, 1000, 1001, 2000, 3456])
def test_any_size_is_copied(world: World, size: int) -> None:
    path = world.file("a.mbox", os.urandom(size))
    assert world.collect(path)[0].came == "collected"
    assert world.there() == {"a.mbox": path.read_bytes()}


def test_the_original_keeps_its_bytes_its_times_and_its_place(world: World) -> None:
    path = world.file("Outlook.pst", os.urandom(3000))
    before, data = path.stat(), path.read_bytes()
    os.utime(path, ns=(before.st_mtime_ns - 10**12, before.st_mtime_ns))
    before = path.stat()
    names = sorted(world.drive.iterdir())
    world.collect(path)
    after = path.stat()
    assert (after.st_mtime_ns, after.st_mode, after.st_ino) == (before.st_mtime_ns, before.st_mode, before.st_ino)
    if hasattr(os, "O_NOATIME"):
        assert after.st_atime_ns == before.st_atime_ns
    assert path.read_bytes() == data
    assert sorted(world.drive.iterdir()) == names


def test_a_folder_is_copied_with_all_its_files(world: World) -> None:
    for name in ("profile/Inbox", "profile/Inbox.sbd/2019", "profile/empty"):
        world.file(name, name.encode() * 100 if "empty" not in name else b"")
    (world.drive / "profile" / "loop").symlink_to(world.drive)
    (done,) = world.collect(world.drive / "profile")
    assert done.came == "collected"
    assert world.there() == {
        "profile/Inbox": b"profile/Inbox" * 100,
        "profile/Inbox.sbd/2019": b"profile/Inbox.sbd/2019" * 100,
        "profile/empty": b"",
    }
    assert world.collect(world.drive / "profile")[0].came == "unchanged"
    world.file("profile/Inbox", b"more")
    assert world.collect(world.drive / "profile")[0].came == "renewed"
    assert world.there()["profile/Inbox"] == b"more"
    assert world.there()["earlier/2026-03-09 profile/Inbox"] == b"profile/Inbox" * 100


def test_what_did_not_change_is_not_read_again(world: World) -> None:
    path = world.file("Outlook.pst", os.urandom(3000))
    world.collect(path)
    read: list[int] = []
    run = world.run(path, told=read.append)
    assert run.collect(run.originals[0]).came == "unchanged"
    assert read == []


def test_a_newer_state_takes_the_name_and_the_older_is_kept(world: World) -> None:
    path = world.file("Outlook.pst", b"first")
    world.collect(path)
    world.file("Outlook.pst", b"second, longer", _OLD + 100)
    (done,) = world.collect(path)
    assert done.came == "renewed"
    assert world.there() == {"Outlook.pst": b"second, longer", "earlier/2026-03-09 Outlook.pst": b"first"}
    assert [(one.file, one.state) for one in world.list.entries] == [
        ("earlier/2026-03-09 Outlook.pst", "earlier"), ("Outlook.pst", "current"),
    ]  # fmt: skip
    world.file("Outlook.pst", b"third", _OLD + 200)
    world.collect(path)
    assert len(world.there()) == 3


def test_a_newer_copy_under_another_path_is_known_by_what_it_calls_itself(world: World) -> None:
    world.identities[b"PST1"] = "one"
    old = world.file("d/Outlook.pst", b"PST1 old")
    world.collect(old)
    old.unlink()
    new = world.file("e/Archive.pst", b"PST1 newer")
    (done,) = world.collect(new)
    assert (done.came, done.copy and done.copy.name) == ("renewed", "Outlook.pst")
    assert world.there() == {"Outlook.pst": b"PST1 newer", "earlier/2026-03-09 Outlook.pst": b"PST1 old"}


def test_two_copies_of_one_archive_that_are_both_named_are_both_kept(world: World) -> None:
    world.identities[b"PST1"] = "one"
    paths = [world.file("d/Outlook.pst", b"PST1 a"), world.file("e/Outlook.pst", b"PST1 b")]
    assert [done.came for done in world.collect(*paths)] == ["collected", "collected"]
    assert world.there() == {"Outlook.pst": b"PST1 a", "Outlook (2).pst": b"PST1 b"}


def test_an_archive_that_was_only_moved_is_not_kept_twice(world: World) -> None:
    world.identities[b"PST1"] = "one"
    path = world.file("d/Outlook.pst", b"PST1 same")
    world.collect(path)
    moved = world.drive / "moved.pst"
    path.rename(moved)
    assert world.collect(moved)[0].came == "unchanged"
    assert world.there() == {"Outlook.pst": b"PST1 same"}
    assert [one.source for one in world.list.entries] == [str(moved)]


@pytest.mark.parametrize("at", [0, 1, 4, 7, 11, 15])
def test_a_cut_run_is_gone_on_with_and_reads_only_what_is_missing(world: World, at: int) -> None:
    path = world.file("Outlook.pst", os.urandom(4400))
    stop, heard = Event(), [0]

    def cut(_bytes: int) -> None:
        heard[0] += 1
        if heard[0] > at:
            stop.set()

    run = world.run(path, stop=stop, told=cut)
    with pytest.raises(CopyStopped):
        run.collect(run.originals[0])
    assert [name for name in world.there() if not name.startswith(".collecting")] == []
    assert world.collect(path)[0].came == "collected"
    assert world.there() == {"Outlook.pst": path.read_bytes()}


def test_what_a_cut_spoilt_is_copied_again(world: World) -> None:
    path = world.file("Outlook.pst", os.urandom(4400))
    stop = Event()
    copy = VerifiedCopy(path, world.into / "draft", stop, lambda _n: stop.set() if _read(3500) else None)
    left = [3500]

    def _read(most: int) -> bool:
        left[0] -= 300
        return left[0] <= 0

    with pytest.raises(CopyStopped):
        copy.make()
    content = bytearray(copy.content.read_bytes())
    content[1500] ^= 1
    copy.content.write_bytes(content)
    again = VerifiedCopy(path, world.into / "draft", Event())
    assert again.make() == sha256(path.read_bytes()).hexdigest()
    assert again.content.read_bytes() == path.read_bytes()


def test_a_draft_of_another_state_is_begun_anew(world: World) -> None:
    path = world.file("Outlook.pst", b"a" * 4400)
    stop = Event()
    run = world.run(path, stop=stop, told=lambda _n: stop.set())
    with pytest.raises(CopyStopped):
        run.collect(run.originals[0])
    world.file("Outlook.pst", b"b" * 2000, _OLD + 5)
    world.collect(path)
    assert world.there() == {"Outlook.pst": b"b" * 2000}


class _Killed(BaseException):
    """As a kill."""


@pytest.mark.parametrize("at", range(6))
def test_a_kill_while_names_are_given_loses_neither_state(
    world: World, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.file("Outlook.pst", b"first")
    world.collect(path)
    world.file("Outlook.pst", b"second", _OLD + 100)
    steps = [0]
    rename, write = Path.rename, Collected.write

    def stepping(do: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any) -> Any:
            if steps[0] == at:
                raise _Killed
            steps[0] += 1
            return do(*args)

        return step

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", stepping(rename))
        patched.setattr(Collected, "write", stepping(write))
        try:
            world.collect(path)
        except _Killed:
            pass
        else:
            assert at >= 4
    (done,) = world.collect(path)
    assert done.came in ("renewed", "unchanged")
    assert world.there() == {"Outlook.pst": b"second", "earlier/2026-03-09 Outlook.pst": b"first"}
    assert sorted(one.state for one in world.list.entries) == ["current", "earlier"]


def test_an_original_that_changes_under_the_copy_is_told_and_the_older_copy_stays(world: World) -> None:
    path = world.file("Outlook.pst", b"first" * 500)
    world.collect(path)
    world.file("Outlook.pst", b"second" * 500, _OLD + 50)

    def write_more(_bytes: int) -> None:
        with path.open("ab") as out:
            out.write(b"!")

    run = world.run(path, told=write_more)
    done = run.collect(run.originals[0])
    assert (done.came, done.good) == ("changed", False)
    assert "close Outlook" in done.why
    assert world.there() == {"Outlook.pst": b"first" * 500}


def test_a_copy_that_reads_back_as_something_else_is_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.file("Outlook.pst", b"a" * 3000)
    monkeypatch.setattr(VerifiedCopy, "_read_back", lambda self, name: "0" * 64)
    (done,) = world.collect(path)
    assert (done.came, done.good) == ("not-the-same", False)
    assert world.there() == {}
    with pytest.raises(NotTheSame):
        VerifiedCopy(path, world.into / "x", Event()).make()


@pytest.mark.parametrize("name", ["~Outlook.pst.tmp", "Outlook.pst.tmp", "Outlook.pst.lock"])
def test_an_archive_that_outlook_seems_to_have_open_is_copied_and_said_to_be_incomplete(
    world: World, name: str
) -> None:
    path = world.file("Outlook.pst", b"a")
    world.file(name, b"")
    (done,) = world.collect(path)
    assert (done.came, done.open, done.good) == ("collected", True, False)
    assert world.list.entries[0].complete is None
    (world.drive / name).unlink()
    (again,) = world.collect(path)
    assert (again.came, again.good) == ("unchanged", True)
    assert world.list.entries[0].complete_on == "2026-03-02"


def test_a_running_thunderbird_is_seen_by_its_profile(world: World) -> None:
    inbox = world.file("profile/Mail/Local Folders/Inbox", b"a")
    assert holder_of(inbox) is None
    (world.drive / "profile" / "lock").symlink_to("127.0.1.1:+1234")
    assert holder_of(inbox) == "open"
    assert holder_of(world.drive / "profile") == "open"


_HOLDER = """
import fcntl, sys
with open(sys.argv[1], "r+b") as held:
    getattr(fcntl, sys.argv[2])(held, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("lock", ["flock", "lockf"])
def test_an_archive_that_a_program_locked_is_not_copied(world: World, lock: str) -> None:
    path = world.file("Outlook.pst", b"a")
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path), lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        (done,) = world.collect(path)
        holder.communicate()
    assert (done.came, done.good) == ("locked", False)
    assert "close Outlook" in done.why
    assert world.collect(path)[0].came == "collected"


def test_what_windows_says_of_a_file_that_outlook_holds_is_known() -> None:
    held = PermissionError(errno.EACCES, "The process cannot access the file")
    held.winerror = 32  # type: ignore[attr-defined]
    assert is_locked(held)
    assert is_locked(OSError(errno.EBUSY, "Device or resource busy"))
    assert not is_locked(PermissionError(errno.EACCES, "Permission denied"))


def test_a_sharing_violation_is_told_as_such(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.file("Outlook.pst", b"a")

    def held(_path: Path) -> Any:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(verified_copy, "open_quietly", held)
    assert world.collect(path)[0].came == "locked"


def test_what_is_not_there_and_what_cannot_be_read_keep_nobody_else_from_being_copied(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = world.file("a.pst", b"a")
    bad = world.file("b.pst", b"b")
    quietly = verified_copy.open_quietly

    def refuse(path: Path) -> Any:
        if path == bad:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return quietly(path)

    monkeypatch.setattr(verified_copy, "open_quietly", refuse)
    done = world.collect(world.drive / "gone.pst", bad, there)
    assert [one.came for one in done] == ["missing", "unreadable", "collected"]
    assert "Permission denied" in done[1].why


def test_a_drive_that_is_pulled_out_is_gone_on_with(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.file("Outlook.pst", os.urandom(4400))
    left = [5]
    following = VerifiedCopy._next

    def pulled(self: VerifiedCopy, reader: Any, most: int) -> bytes:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return following(self, reader, most)

    with monkeypatch.context() as patched:
        patched.setattr(VerifiedCopy, "_next", pulled)
        assert world.collect(path)[0].came == "unreadable"
    assert world.collect(path)[0].came == "collected"
    assert world.there() == {"Outlook.pst": path.read_bytes()}


def test_a_disk_that_is_too_small_is_said_before_anything_is_copied(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.file("Outlook.pst", b"a" * 100)
    usage = collect.shutil._ntuple_diskusage(1 << 30, 1 << 30, (64 << 20) + 99)
    monkeypatch.setattr(collect.shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(NoRoom, match="too small"):
        world.collect(path)
    assert not (world.into / _ANNA).exists()


def test_a_disk_that_fills_up_is_the_copys_trouble(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.file("Outlook.pst", b"a" * 100)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite):
        world.collect(path)


def test_what_lies_where_it_belongs_already_is_left_alone(world: World) -> None:
    path = world.into / "by hand.pst"
    world.into.mkdir()
    path.write_bytes(b"a")
    assert world.collect(path)[0].came == "here"
    assert world.collect(world.into / "gone.pst")[0].came == "missing"
    assert not (world.into / _ANNA).exists()


def test_a_list_that_was_broken_is_not_written_over(world: World) -> None:
    path = world.file("Outlook.pst", b"a")
    world.collect(path)
    file = world.into / _ANNA / "collected.json"
    file.write_text(file.read_text()[:-20])
    with pytest.raises(BrokenList, match="cannot be understood"):
        world.collect(path)
    assert world.there() == {"Outlook.pst": b"a"}


def test_the_shape_for_programs_tells_what_was_recorded(world: World) -> None:
    path = world.file("Outlook.pst", b"a" * 10)
    told = world.collect(path)[0].as_json()
    assert json.loads(json.dumps(told)) == told
    assert (told["outcome"], told["size"], told["modified"]) == ("collected", 10, "2026-03-02T08:00:00+00:00")
    assert told["sha256"] == sha256(b"a" * 10).hexdigest()


def test_reading_errors_and_writing_errors_are_two_things(world: World) -> None:
    with pytest.raises(CannotRead):
        VerifiedCopy(world.drive / "gone", world.into / "draft", Event()).make()


def test_a_copy_that_there_is_no_room_to_look_into_is_kept_all_the_same(tmp_path: Path) -> None:
    world = World(tmp_path)
    path = world.file("all.zip", b"PK")
    run = world.run(path)
    run.identify = no_room
    (outcome,) = [run.collect(one) for one in run.originals]
    assert (outcome.came, outcome.entry and outcome.entry.kind) == ("collected", "")
    assert outcome.copy is not None
    assert outcome.copy.read_bytes() == b"PK"


def test_folders_that_links_lead_to_are_told_with_the_copy_that_lacks_them(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.file("elsewhere/Inbox", b"mail")
    folder = world.file("profile/Sent", b"more").parent
    (folder / "linked").symlink_to(world.drive / "elsewhere")
    (outcome,) = world.collect(folder)
    assert (outcome.came, outcome.why) == ("collected", "1 link to another folder was not followed")

"""Several processes export one archive: the same files as one makes, whatever becomes of the others."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from connectors.archives.contract import Reading
from connectors.archives.kinds import open_archive
from connectors.pst.layout import UNICODE
from migrate.archives import crew, export
from migrate.archives.export import Export, Exported
from migrate.archives.manifest import Origin
from migrate.archives.portions import Hand
from migrate.archives.troubles import CannotWrite
from tests.pst_writer import Attachment, Message, PstWriter
from tests.pst_writer.harm import blocks_of, nodes_of, wipe
from tests.pst_writer.letters import letter

_LETTERS = 60
_X500 = "/o=Example/ou=First/cn=Recipients/cn=eve"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two folders of mail, in the second one a contact and an address that nobody knows; one message is damaged."""
    path = tmp_path / "anna.pst"
    with PstWriter(path) as writer:
        inbox, work, empty = (writer.folder(name) for name in ("Inbox", "Work", "Empty"))
        assert empty
        for number in range(_LETTERS):
            writer.message(inbox if number % 3 else work, letter(number, Attachment("a.bin", bytes(2000))))
        sender = {0x0C1E001F: "EX", 0x0C1F001F: _X500, 0x0C1A001F: "Eve"}
        writer.message(work, letter(_LETTERS, tags=sender))
        writer.message(work, Message({0x001A001F: "IPM.Contact", 0x3001001F: "Bob Sample", 0x0037001F: "Bob Sample"}))
        lost = writer.message(inbox, letter(_LETTERS + 1))
    wipe(path, UNICODE, blocks_of(path)[nodes_of(path)[lost][1]])
    return path


@pytest.fixture(autouse=True)
def _worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small an archive is no work for several, nor is it on a machine with one processor."""
    monkeypatch.setattr(export, "_LARGE", 0)
    monkeypatch.setattr(export, "MESSAGES", 4)
    for module in (export, crew):
        monkeypatch.setattr(module, "cores", lambda: 2)


def _export(
    path: Path, to: Path, form: str = "eml", *, alone: bool = False, changed: bool = False, **more: Any
) -> Exported:
    reading = Reading(to.parent)
    with closing(open_archive(path, reading)) as archive:
        origin = Origin.of(archive, path, form, salvage=False)
        more.setdefault("stop", Event())
        made = Export(archive, origin, to, reading=None if alone else reading, **more)
        if changed:
            os.utime(path, ns=(0, 0))
        return made.run()


def _files(to: Path) -> dict[str, str]:
    return {
        path.relative_to(to).as_posix(): sha256(path.read_bytes()).hexdigest()
        for folder in ("mail", export.PERSONAL)
        for path in sorted((to / folder).rglob("*"))
        if path.is_file() and path.name != "personal.json"
    }


def _lines(to: Path) -> list[dict[str, Any]]:
    return sorted(map(json.loads, (to / "items.jsonl").read_text().splitlines()), key=lambda line: str(line["item"]))


def _assert_same(path: Path, to: Path, form: str = "eml") -> None:
    """As one process exports it."""
    alone = to.with_name("alone")
    _export(path, alone, form, alone=True)
    assert _files(to) == _files(alone)
    assert _lines(to) == _lines(alone)


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The portions that this process did itself."""
    done: list[object] = []
    batches = Hand.batches

    def seen(self: Hand, portion: Any) -> Any:
        done.append(portion)
        return batches(self, portion)

    monkeypatch.setattr(Hand, "batches", seen)
    return done


@pytest.mark.parametrize("form", ["eml", "maildir"])
def test_several_write_what_one_writes_and_count_it_alike(
    archive: Path, tmp_path: Path, form: str, by_hand: list[object]
) -> None:
    made = _export(archive, tmp_path / "out", form)
    assert not by_hand
    assert (made.items, made.exported, made.written, made.complete) == (_LETTERS + 3, _LETTERS + 1, _LETTERS + 1, True)
    assert (made.in_personal_files, len(made.reported), list(made.unknown)) == (1, 1, [_X500])
    alone = _export(archive, tmp_path / "one", form, alone=True)
    assert made.unknown == alone.unknown
    assert made.as_json() == alone.as_json()
    _assert_same(archive, tmp_path / "out", form)


def test_an_mbox_is_written_by_one(archive: Path, tmp_path: Path, by_hand: list[object]) -> None:
    assert _export(archive, tmp_path / "out", "mbox").complete
    assert by_hand


def test_what_a_process_that_is_killed_had_in_hand_is_done_by_another(archive: Path, tmp_path: Path) -> None:
    killed = []

    def told(messages: int, _size: int) -> None:
        if not killed:
            (victim, *_others) = multiprocessing.active_children()
            os.kill(victim.pid or 0, signal.SIGKILL)
            victim.join()
            killed.append(messages)

    assert _export(archive, tmp_path / "out", told=told).complete
    assert killed
    _assert_same(archive, tmp_path / "out")


def test_when_all_of_them_are_killed_this_process_goes_on(archive: Path, tmp_path: Path, by_hand: list[object]) -> None:
    def told(_messages: int, _size: int) -> None:
        for victim in multiprocessing.active_children():
            os.kill(victim.pid or 0, signal.SIGKILL)

    assert _export(archive, tmp_path / "out", told=told).complete
    assert by_hand
    _assert_same(archive, tmp_path / "out")


def test_where_no_process_can_be_started_this_one_does_it(
    archive: Path, tmp_path: Path, by_hand: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_work: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(crew, "_started", refused)
    assert _export(archive, tmp_path / "out").complete
    assert by_hand


def test_a_file_that_changed_meanwhile_is_read_by_one(archive: Path, tmp_path: Path, by_hand: list[object]) -> None:
    """Parts of it are told by number: in another file they would be other items."""
    made = _export(archive, tmp_path / "out", changed=True)
    assert made.complete
    assert len(by_hand) == len(list(export._parts(_places(archive))))
    _assert_same(archive, tmp_path / "out")


def _places(path: Path) -> list[Any]:
    with closing(open_archive(path, Reading(path.parent))) as archive:
        return [(folder, folder.path) for folder in archive.folders()]


def test_ctrl_c_ends_it_and_the_next_run_completes(archive: Path, tmp_path: Path) -> None:
    stop = Event()
    made = _export(archive, tmp_path / "out", stop=stop, told=lambda _messages, _size: stop.set())
    assert (made.complete, 0 < made.exported < _LETTERS) == (False, True)
    assert not multiprocessing.active_children()
    assert len(_files(tmp_path / "out")) == made.exported
    again = _export(archive, tmp_path / "out")
    assert (again.complete, again.exported) == (True, _LETTERS + 1)
    _assert_same(archive, tmp_path / "out")


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=150k,mode=700", "tmpfs", folder], capture_output=True)
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("form", ["eml", "maildir", "mbox"])
def test_a_full_disk_is_told_whoever_met_it_and_the_next_run_completes(
    archive: Path, small_disk: Path, form: str
) -> None:
    with pytest.raises(CannotWrite) as raised:
        _export(archive, small_disk / "out", form)
    assert raised.value.error.errno == errno.ENOSPC
    assert not multiprocessing.active_children()
    if form != "mbox":
        # What the others had written by then is noted: with other flags a Maildir would hold it twice.
        assert {name for name in _files(small_disk / "out") if not name.endswith("maildirfolder")} == {
            line["file"] for line in _lines(small_disk / "out")
        }
    subprocess.run(["mount", "-o", "remount,size=5M", small_disk], check=True)
    assert _export(archive, small_disk / "out", form).complete
    _assert_same(archive, small_disk / "out", form)


def test_ctrl_c_is_left_to_the_command(archive: Path, tmp_path: Path) -> None:
    masks: list[int] = []

    def told(_messages: int, _size: int) -> None:
        for helper in multiprocessing.active_children():
            status = Path(f"/proc/{helper.pid}/status").read_text()
            masks.append(int(re.findall(r"SigBlk:\s+(\w+)", status)[0], 16))

    _export(archive, tmp_path / "out", told=told)
    assert masks
    assert all(mask >> (signal.SIGINT - 1) & 1 for mask in masks)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("trouble", [CannotWrite(OSError(errno.ENOSPC, "full", "/a/file"))])
def test_a_trouble_arrives_as_it_was(trouble: CannotWrite) -> None:
    arrived = pickle.loads(pickle.dumps(trouble))
    assert (arrived.error.errno, arrived.error.filename, str(arrived)) == (errno.ENOSPC, "/a/file", str(trouble))

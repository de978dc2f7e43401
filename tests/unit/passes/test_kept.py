"""Originals are kept whatever other processes keep theirs in the same folder at the same moment."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.body import MemoryBody
from migrate.copy.kept import KeptMail

MAILBOX = "anna@example.org"
#: Waits for its go, and keeps an original.
PROCESS = """
import sys
from pathlib import Path
from connectors.body import MemoryBody
from migrate.copy.kept import KeptMail
kept, digest = KeptMail(Path(sys.argv[1])), bytes((int(sys.argv[2]),)) * 32
print("ready", flush=True)
sys.stdin.readline()
kept.keep(sys.argv[3], digest, MemoryBody(b"original"))
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_another_process_makes_the_folders_at_the_same_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = KeptMail(tmp_path / "kept"), KeptMail(tmp_path / "kept")
    make = Path.mkdir

    def make_later(path: Path, **how: object) -> None:
        monkeypatch.setattr(Path, "mkdir", make)
        theirs.keep(MAILBOX, b"\2" * 32, MemoryBody(b"theirs"))
        path.mkdir(**how)  # type: ignore[arg-type]  # passed on as they are

    monkeypatch.setattr(Path, "mkdir", make_later)
    ours.keep(MAILBOX, b"\1" * 32, MemoryBody(b"ours"))
    assert ours.path(MAILBOX, b"\1" * 32).read_bytes() == b"ours"
    assert ours.path(MAILBOX, b"\2" * 32).read_bytes() == b"theirs"
    assert (mode(tmp_path / "kept"), mode(tmp_path / "kept" / MAILBOX)) == (0o700, 0o700)


def test_several_processes_keep_their_first_originals_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, folder, str(number), f"{number % 2}@example.org"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60) for process in processes] == [("", "")] * 4
    assert len(list(folder.glob("*/*.eml"))) == 4
    assert {mode(path) for path in (folder, *folder.iterdir())} == {0o700}
    assert {mode(path) for path in folder.glob("*/*")} == {0o600}

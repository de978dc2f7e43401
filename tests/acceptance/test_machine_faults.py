"""This machine fails: a full disk, a locked or read-only ledger.  It is told in words, and a later run completes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.acceptance.journey import Journey, Sent, journey, sent
from tests.acceptance.letters import letter, letters
from tests.acceptance.organisation import SITE, Ended
from tests.servers.server import ImapServer

FEW, MANY = 40, 1200
#: Runs a command whose files may not grow beyond 600 kB.
_LIMITED = (
    "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000)); os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture(scope="module")
def few(old: ImapServer) -> Sent:
    return sent(old, "machine-few", letters(FEW))


@pytest.fixture(scope="module")
def large(old: ImapServer) -> Sent:
    """Messages that are spooled, among others."""
    mails = [letter(number, folder=("INBOX",)) for number in range(5)]
    return sent(old, "machine-large", [*mails, letter(7, size=9_500_000, folder=("INBOX",))])


@pytest.fixture(scope="module")
def many(old: ImapServer) -> Sent:
    return sent(old, "machine-many", letters(MANY, size=200))


@pytest.fixture
def start(place: Path, new: ImapServer, user: str) -> Callable[[Sent], Journey]:
    return lambda source: journey(
        place, source, new, user, source_port=source.server.port, target_port=new.port, sessions=1
    )


@pytest.fixture
def small_disk() -> Iterator[Callable[[Path, int], None]]:
    """Puts a disk of so many kilobytes in the place of a folder; only root may."""
    mounted: list[Path] = []

    def mount(folder: Path, kilobytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=700", "tmpfs", folder], capture_output=True
        )
        if done.returncode:
            pytest.skip("only root may mount a small disk")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


def grow(folder: Path, kilobytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", folder], check=True)


def told(ended: Ended, *wanted: str) -> None:
    """Exit code 8, and all of this in words."""
    text = " ".join((ended.out + ended.err).split())
    assert ended.code == 8, text
    assert "Traceback" not in text
    for words in wanted:
        assert words in text, text


def test_a_disk_that_is_full_for_large_messages(
    start: Callable[[Sent], Journey], large: Sent, small_disk: Callable[[Path, int], None]
) -> None:
    one = start(large)
    spool = one.plan.folder / ".bascule" / "spool"
    small_disk(spool, 4_000)
    told(one.plan.run("copy", SITE), "does not take a large message", "ENOSPC", "make room on its disk")
    assert not [path for path in spool.rglob("*") if path.is_file()]
    grow(spool, 40_000)
    one.ends_exactly()


def test_a_disk_that_fills_up_under_the_ledger(
    start: Callable[[Sent], Journey], many: Sent, small_disk: Callable[[Path, int], None]
) -> None:
    one = start(many)
    state = one.plan.folder / ".bascule"
    small_disk(state, 900)
    told(one.plan.run("copy", SITE), "ledger.sqlite cannot grow: the disk is full. Make room on it")
    grow(state, 100_000)
    one.ends_exactly()


def test_a_disk_that_is_full_from_the_start(
    start: Callable[[Sent], Journey], few: Sent, small_disk: Callable[[Path, int], None]
) -> None:
    one = start(few)
    state = one.plan.folder / ".bascule"
    small_disk(state, 8)
    told(one.plan.run("copy", SITE), "ledger.sqlite", "disk")
    grow(state, 100_000)
    one.ends_exactly()


def test_a_file_that_may_not_grow(start: Callable[[Sent], Journey], many: Sent) -> None:
    """As a quota of a user does."""
    one = start(many)
    limited = [
        sys.executable, "-c", _LIMITED
    ]  # fmt: skip
    done = subprocess.run([*limited, *one.plan.command("copy", SITE)], capture_output=True, text=True, timeout=120)
    told(Ended(done.returncode, done.stdout, done.stderr), "ledger.sqlite")
    one.ends_exactly()


@pytest.mark.nightly
def test_a_ledger_that_another_program_has_locked(start: Callable[[Sent], Journey], few: Sent) -> None:
    one = start(few)
    assert one.plan.run("status").code == 0  # makes the ledger
    with closing(sqlite3.connect(one.plan.ledger, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ended = one.plan.run("copy", SITE)
    told(ended, "ledger.sqlite stays locked by another program. Close what has the ledger open")
    one.ends_exactly()


def test_a_ledger_that_is_damaged(start: Callable[[Sent], Journey], few: Sent) -> None:
    one = start(few)
    assert one.plan.copy().code == 0
    data = bytearray(one.plan.ledger.read_bytes())
    data[8192:] = b"\xaa" * (len(data) - 8192)
    one.plan.ledger.write_bytes(data)
    told(one.plan.run("copy", SITE), "ledger.sqlite is damaged", "bascule adopt")
    one.plan.forget()
    assert one.plan.run("adopt", SITE).code == 0
    assert one.plan.copy().copied == 0
    one.has_arrived()


@pytest.mark.parametrize("made", [False, True], ids=["new", "used before"])
def test_a_folder_that_may_only_be_read(start: Callable[[Sent], Journey], few: Sent, made: bool) -> None:
    one = start(few)
    if made:
        assert one.plan.run("status").code == 0
    with ExitStack() as stack:
        folder = one.plan.folder
        done = subprocess.run(["mount", "--bind", "-o", "ro", folder, folder], capture_output=True)
        if done.returncode:
            pytest.skip("only root may make a folder read-only for itself")
        stack.callback(subprocess.run, ["umount", folder], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        told(one.plan.run("copy", SITE), ".bascule")
    one.ends_exactly()


def test_two_copies_of_a_site_at_once(start: Callable[[Sent], Journey], many: Sent) -> None:
    one = start(many)
    with ExitStack() as stack:
        both = [stack.enter_context(one.start()) for _ in range(2)]
        codes = sorted(process.wait(timeout=120) for process in both if process.communicate())
    assert codes == [0, 4]
    one.has_arrived()

"""What a server can make us hold in memory is bounded, whatever it sends and however long it goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest

from tests.unit.imap.hostile import Bend, hostile

#: Megabytes that a process may grow by in a session; the largest message that is held in memory has 8.
MOST = 120
#: A tour in a process of its own, so that the server's memory does not count; prints how much it grew, in kilobytes.
CHILD = """
import resource, sys
from pathlib import Path
from tests.unit.imap.hostile import hostile, tour
def grown(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with hostile() as good:
    tour(good.port, Path(sys.argv[2]), timeout=5)
before = grown()
tour(int(sys.argv[1]), Path(sys.argv[2]), timeout=2)
print(grown() - before)
"""
MEGABYTE = b"a" * 1_000_000


def literals(tag: bytes, good: bytes) -> Iterator[bytes]:
    """Sixty of eight megabytes each, in one response."""
    yield b"* 1 FETCH (UID 1"
    for number in range(60):
        yield b" X%d {8000000}\r\n" % number
        yield from repeat(MEGABYTE, 8)
    yield b")\r\n" + tag + b" OK done\r\n"


def flags(tag: bytes, good: bytes) -> Iterator[bytes]:
    """Messages with as many flags as a line holds, all different."""
    for uid in range(1, 400):
        words = b" ".join(b"k%d_%d" % (uid, number) for number in range(60_000))
        yield b"* %d FETCH (UID %d FLAGS (%s) RFC822.SIZE 1)\r\n" % (uid, uid, words)
    yield tag + b" OK done\r\n"


def endless(line: bytes) -> Bend:
    return lambda tag, good: repeat(line * (1 + 65536 // len(line)))


CASES: dict[str, dict[str, Bend]] = {
    "a line without an end": {"LIST": endless(b"a")},
    "a greeting without an end": {"GREETING": endless(b"* OK ")},
    "noise without an end": {"STATUS": endless(b"* OK still here\r\n")},
    "noise without an end while signing in": {"CAPABILITY": endless(b"* CAPABILITY X\r\n")},
    "folders without an end": {
        "LIST": lambda tag, good: (b'* LIST () "/" f%d\r\n' % number for number in range(10**9))
    },
    "empty responses without an end": {"LIST": endless(b"* \r\n")},
    "sixty literals of eight megabytes": {"UID_FETCH": literals},
    "sixty literals of eight megabytes where nobody asked for one": {"LIST": literals, "APPEND": literals},
    "flags without an end": {"UID_FETCH": flags},
    "four billion messages": {"EXAMINE": lambda tag, good: (good.replace(b"3 EXISTS", b"99999999 EXISTS"),)},
}


#: The quickest; the others by night.
BY_DAY = {"a line without an end", "noise without an end while signing in", "sixty literals of eight megabytes"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "name", [name if name in BY_DAY else pytest.param(name, marks=pytest.mark.nightly) for name in CASES]
)
def test_memory_is_bounded(tmp_path: Path, name: str) -> None:
    with hostile(**CASES[name]) as server:
        child = subprocess.run(
            [sys.executable, "-c", CHILD, str(server.port), str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=280,
            cwd=Path(__file__).parents[3],
        )
    assert child.returncode == 0, child.stderr
    assert int(child.stdout) < MOST * 1024
    assert not list(tmp_path.iterdir()), "nothing stays in the spool folder"

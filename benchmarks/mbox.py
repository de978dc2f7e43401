"""Reading mbox files: megabytes a second and memory for a large one, seconds for a sparse one of 25 GB.

Each reading runs in a process of its own, whose peak memory the system tells.  Prints one line a case and fails when
one is slower or takes more memory than docs/performance.md says.  The speed that counts is by the CPU time of the
reading: what else the machine does, and its disk, are not ours.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from connectors.archives.contract import Reading
from connectors.mbox.archive import open_mbox

#: Megabytes a second of CPU, megabytes of memory, seconds for a file that is nearly all hole.
_SPEED, _MEMORY, _SECONDS = 600, 40, 5.0
#: Of what a slower or busier machine does at the same moment when it does nothing but look at every byte twice.
_SHARE = 0.7
_SPARSE = 25 << 30
_SIZES = (2_000, 4_000, 8_000, 20_000, 60_000, 200_000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--place", type=Path, help="where the file is made; default: the temporary folder")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--list", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        print(json.dumps(_reading(arguments.read, whole=arguments.list)))
        return 0
    with tempfile.TemporaryDirectory(dir=arguments.place) as folder:
        large, sparse = Path(folder) / "large", Path(folder) / "sparse"
        _write(large, int(arguments.gigabytes * 1e9))
        raw = _raw(large)
        figures = [_measured(large, "scanned"), _measured(large, "scanned and listed", "--list")]
        large.unlink()
        _write(sparse, 20_000_000)
        with sparse.open("r+b") as file:
            start = file.read(10_000_000)
            file.truncate(_SPARSE)
            file.seek(-len(start), os.SEEK_END)
            file.write(b"\n\n" + start[:-2])
        figures.append(_measured(sparse, "25 GB, sparse, listed", "--list"))
    scanned, listed, hollow = figures
    good = scanned["speed"] >= min(_SPEED, _SHARE * raw) and hollow["seconds"] <= _SECONDS
    return 0 if good and max(one["memory"] for one in (scanned, listed, hollow)) <= _MEMORY else 1


def _measured(file: Path, what: str, *options: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.mbox", "--read", str(file), *options]
    told: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(
        f"{what:24} {told['messages']:>9,.0f} messages {told['seconds']:7.2f} s, {told['cpu']:.2f} s of CPU,"
        f" {told['speed']:,.0f} MB/s of CPU, {told['memory']:.1f} MB of memory ({told['before']:.1f} before)"
    )
    return told


def _reading(file: Path, *, whole: bool) -> dict[str, float]:
    before = _peak()
    started, cpu = time.perf_counter(), time.process_time()
    archive = open_mbox(file, Reading(spool=file.parent))
    (folder,) = archive.folders()
    items = archive.items(folder)  # scans; the items themselves are read when they are asked for
    messages = sum(1 for _item in items) if whole else len(archive._known().shelves[0].store.index())  # type: ignore[union-attr]
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    size = file.stat().st_size
    return {
        "messages": messages, "seconds": seconds, "cpu": cpu, "speed": size / 1e6 / cpu, "memory": _peak(),
        "before": before,
    }  # fmt: skip


def _peak() -> float:
    """Megabytes.  Not by getrusage, which counts what the process had before it became this program."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def _write(file: Path, size: int) -> None:
    """Messages of many sizes: text, and attachments in base64, none like another."""
    chance = random.Random(1)
    attachment = base64.encodebytes(chance.randbytes(1 << 20))
    line = b"The minutes of the meeting follow; >From here on all is as we said. Form, formal, Fromage.\n"
    text = b"".join(line[chance.randrange(40) :] for _line in range(20_000))
    header = (
        b"From - Fri Aug 05 10:57:20 2016\nX-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n"
        b"Return-Path: <anna@example.org>\n"
        + b"Received: from one.example by two.example with ESMTPS; Fri, 5 Aug 2016 10:57:20 +0200\n"
        * 6
        + b"From: Anna <anna@example.org>\nTo: Bruno <bruno@example.org>\nSubject: Minutes\n"
        b"Date: Fri, 5 Aug 2016 10:57:19 +0200\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    )
    written = number = 0
    with file.open("wb") as out:
        while written < size:
            number += 1
            length = int(chance.choice(_SIZES) * (0.5 + chance.random()))
            source = attachment if length > 15_000 else text
            start = source.find(b"\n", chance.randrange(len(source) // 2)) + 1
            body = source[start : start + length]
            written += out.write(b"%sMessage-ID: <%d@example.org>\n\n%s\n\n" % (header, number, body))


def _raw(file: Path) -> float:
    """What the machine does at this moment with the same bytes: read, search and digest them, and nothing else.

    It also brings the file into memory as far as there is room: the disk is not what is measured.
    """
    digest, cpu = hashlib.sha256(), time.process_time()
    with file.open("rb", buffering=0) as reader:
        while piece := reader.read(1 << 17):
            piece.find(b"\nFrom\0")
            digest.update(piece)
    cpu = time.process_time() - cpu
    speed = file.stat().st_size / 1e6 / cpu
    print(f"{'read, search, digest':24} {cpu:.2f} s of CPU, {speed:,.0f} MB/s of CPU")
    return speed


if __name__ == "__main__":
    sys.exit(main())

"""PST files: how fast ours turns them into messages, beside readpst, and how much memory that takes.

    .venv/bin/python -m benchmarks.pst [ROUNDS]

Three files are made by the tests' writer and kept in BENCH_DIR (a temporary folder without it): 1 GB of messages with
attachments, 250 MB of 30,000 small messages, and one message with an attachment of 150 MB.  Rounds take turns:

* our reader in one process, and in as many as the machine has processors, as an export reads;
* ``readpst -e``, which starts as many as well; each of these writes one file a message and does nothing else;
* ``bascule archive export``, which also digests, keeps a journal and has all of it on the disk before it says so.

Processor time is told beside the time on the clock, for machines that have other things to do.  Memory is the largest
that one process held.

A fourth file, of 25 GB and nearly all of it a hole, is inspected: its folders alone, then all its items.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from tests.pst_writer import Attachment, Message, PstWriter

MB = 1 << 20
BASCULE = str(Path(sys.executable).with_name("bascule"))
THEIRS = "readpst -e"
CORES = len(os.sched_getaffinity(0))
_START = datetime(2015, 1, 5, 8, 0, tzinfo=UTC)
_WORDS = [
    "the", "of", "and", "to", "in", "is", "that", "for", "with", "as", "be", "on", "by", "this", "are",
    "from", "at", "or", "an", "have", "it", "not", "which", "you", "will", "can", "meeting", "invoice",
    "order", "project", "please", "find", "attached", "regards", "Monday", "report", "delivery",
    "contract", "planning", "site", "customer",
]  # fmt: skip


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with ExitStack() as stack:
        kept = os.environ.get("BENCH_DIR")
        folder = Path(kept or stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        for name, make in FILES.items():
            file = folder / name
            if not file.exists():
                make(file)
            if make is _make_sparse:
                _inspect(file)
            else:
                _compare(file, rounds)


@dataclass(frozen=True)
class Run:
    """Seconds on the clock, seconds of processor time, megabytes of memory."""

    clock: float
    processor: float
    memory: float


def _compare(file: Path, rounds: int) -> None:
    alone = [[sys.executable, "-m", "benchmarks.pst_export", str(file), "{to}"]]
    tools = {
        THEIRS: [["readpst", "-e", "-q", str(file), "-o", "{to}"]],
        "one reader": alone,
        "readers": [[*alone[0], str(number), str(CORES)] for number in range(CORES)],
        "export": [[BASCULE, "archive", "export", str(file), "--to", "{to}"]],
    }
    runs: dict[str, list[Run]] = {name: [] for name in tools}
    for _round in range(rounds):
        for name, commands in tools.items():
            runs[name].append(_run(commands))
    print(f"{file.name}: {file.stat().st_size / MB:,.0f} MB")
    for name, made in runs.items():
        clock, processor = median(run.clock for run in made), median(run.processor for run in made)
        ratio = median(one.clock / other.clock for one, other in zip(made, runs[THEIRS], strict=True))
        memory = max(run.memory for run in made)
        print(
            f"  {name:12} {clock:7.2f} s   processor {processor:6.2f} s   {memory:6.1f} MB   "
            f"{ratio:.2f} times the time of readpst -e",
            flush=True,
        )


def _inspect(file: Path) -> None:
    print(f"{file.name}: {file.stat().st_size / MB:,.0f} MB")
    for what in ("folders", "items"):
        run = _run([[sys.executable, "-m", "benchmarks.pst_export", str(file), f"--{what}"]])
        print(f"  {what:12} {run.clock:7.2f} s   processor {run.processor:6.2f} s   {run.memory:6.1f} MB", flush=True)


def _run(commands: list[list[str]]) -> Run:
    """All of them at once, into one new folder."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        # What earlier runs left to be written is not this one's.
        os.sync()
        started = time.monotonic()
        processes = [
            subprocess.Popen([part.format(to=folder) for part in command], stdout=subprocess.DEVNULL)
            for command in commands
        ]
        processor = memory = 0.0
        for process in processes:
            _pid, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"{commands[0][0]} ended with {process.returncode}")
            processor += used.ru_utime + used.ru_stime
            memory = max(memory, used.ru_maxrss / 1024)
        return Run(time.monotonic() - started, processor, memory)


def _text(rng: random.Random, size: int) -> str:
    lines = []
    length = 0
    while length < size:
        line = " ".join(rng.choices(_WORDS, k=11))
        lines.append(line)
        length += len(line) + 2
    return "\r\n".join(lines)


def _message(rng: random.Random, number: int, size: int) -> Message:
    """A message as it came from a server: header, two recipients, a text."""
    when = _START + timedelta(minutes=7 * number)
    date = when.strftime("%a, %d %b %Y %H:%M:%S +0000")
    subject = f"{' '.join(rng.choices(_WORDS, k=5))} {number}"
    header = (
        f"Received: from mx.example.org ([192.0.2.1]) by mail.example.com with ESMTPS id {rng.getrandbits(64):x};\r\n"
        f"\t{date}\r\nReceived: from desk.example.org by mx.example.org with ESMTPA; {date}\r\n"
        f"From: Anna Example <anna@example.org>\r\nTo: Bob Sample <bob@example.com>, Eve <eve@example.com>\r\n"
        f"Subject: {subject}\r\nDate: {date}\r\nMessage-ID: <{rng.getrandbits(96):x}@example.org>\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; h=from:to:subject:date;\r\n"
        f"\tbh={rng.getrandbits(256):x};\r\n\tb={rng.getrandbits(1024):x}\r\nX-Mailer: Example 7\r\n\r\n"
    )
    tags: dict[int, object] = {
        0x001A001F: "IPM.Note",
        0x0037001F: subject,
        0x00390040: when,
        0x0042001F: "Anna Example",
        0x0064001F: "SMTP",
        0x0065001F: "anna@example.org",
        0x0070001F: subject,
        0x007D001F: header,
        0x0C1A001F: "Anna Example",
        0x0C1E001F: "SMTP",
        0x0C1F001F: "anna@example.org",
        0x0E04001F: "Bob Sample; Eve",
        0x0E060040: when + timedelta(seconds=3),
        0x0E070003: rng.choice((0, 1, 1, 1)),
        0x0E080003: 2 * size + 3000,
        0x0E1D001F: subject,
        0x1000001F: _text(rng, size),
        0x10800003: rng.choice((-1, 0x105, -1)),
        0x1035001F: f"<{rng.getrandbits(96):x}@example.org>",
        0x30070040: when,
        0x30080040: when,
        0x3FDE0003: 65001,
        0x3FF10003: 1033,
    }
    people = (("Bob Sample", "bob@example.com"), ("Eve", "eve@example.com"))
    recipients = [
        {0x0C150003: 1, 0x3001001F: name, 0x3002001F: "SMTP", 0x3003001F: mail, 0x39FE001F: mail}
        for name, mail in people
    ]
    return Message(tags, recipients)


def _make_large(file: Path) -> None:
    rng = random.Random(1)
    with PstWriter(file) as writer:
        folders = [writer.folder(f"Folder {number}") for number in range(20)]
        for number in range(8_000):
            message = _message(rng, number, 1_500)
            data = rng.randbytes(rng.randrange(20_000, 220_000))
            message.attachments.append(Attachment(f"report {number}.bin", data))
            writer.message(folders[number % 20], message)


def _make_small(file: Path) -> None:
    rng = random.Random(2)
    with PstWriter(file) as writer:
        folders = [writer.folder(f"Folder {number}") for number in range(10)]
        for number in range(30_000):
            writer.message(folders[number % 10], _message(rng, number, 2_050))


def _make_one(file: Path) -> None:
    rng = random.Random(3)

    def pieces() -> Iterator[bytes]:
        for _piece in range(150):
            yield rng.randbytes(MB)

    with PstWriter(file) as writer:
        message = _message(rng, 0, 1_000)
        message.attachments.append(Attachment("film.bin", pieces()))
        writer.message(writer.folder("Inbox"), message)


def _make_sparse(file: Path) -> None:
    rng = random.Random(4)
    with PstWriter(file) as writer:
        folders = [writer.folder(f"Folder {number}") for number in range(20)]
        for number in range(100_000):
            writer.message(folders[number % 20], _message(rng, number, 800))
            if number % 100 == 0:
                writer.file.gap(25 * MB)


FILES = {
    "attachments.pst": _make_large,
    "small.pst": _make_small,
    "one.pst": _make_one,
    "sparse.pst": _make_sparse,
}

if __name__ == "__main__":
    main()

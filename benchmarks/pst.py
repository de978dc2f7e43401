"""PST files: how fast ours turns them into messages, beside readpst, and how much memory that takes.

    .venv/bin/python -m benchmarks.pst [ROUNDS]

Three files are made by the tests' writer and kept in BENCH_DIR (a temporary folder without it): 1 GB of messages with
attachments, 250 MB of 30,000 small messages, and one message with an attachment of 150 MB.  Rounds come in pairs, ours
and ``readpst -e``, each a process of its own that writes one file a message, so that both do the same; memory is the
largest that the process ever held.  A fourth, sparse file of 25 GB shows that inspecting reads no bodies.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from tests.pst_writer import Attachment, Message, PstWriter

MB = 1 << 20
_START = datetime(2015, 1, 5, 8, 0, tzinfo=UTC)
_WORDS = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "for",
    "with",
    "as",
    "be",
    "on",
    "by",
    "this",
    "are",
    "from",
    "at",
    "or",
    "an",
    "have",
    "it",
    "not",
    "which",
    "you",
    "will",
    "can",
    "meeting",
    "invoice",
    "order",
    "project",
    "please",
    "find",
    "attached",
    "regards",
    "Monday",
    "report",
    "delivery",
    "contract",
    "planning",
    "site",
    "customer",
]


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
            _compare(file, rounds)


def _compare(file: Path, rounds: int) -> None:
    figures: dict[str, list[tuple[float, float]]] = {"bascule": [], "readpst -e": []}
    for _round in range(rounds):
        for name, command in (
            ("bascule", [sys.executable, "-m", "benchmarks.pst_export", str(file)]),
            ("readpst -e", ["readpst", "-e", "-q", str(file), "-o"]),
        ):
            figures[name].append(_run(command))
    print(f"{file.name}: {file.stat().st_size / MB:,.0f} MB")
    for name, told in figures.items():
        seconds = median(one for one, _memory in told)
        print(f"  {name:12} {seconds:7.2f} s   {max(memory for _one, memory in told):7.1f} MB", flush=True)
    ratio = median(ours[0] / theirs[0] for ours, theirs in zip(*figures.values(), strict=True))
    print(f"  ours takes {ratio:.2f} times as long as readpst", flush=True)


def _run(command: list[str]) -> tuple[float, float]:
    """Seconds, and megabytes of memory."""
    out = Path(tempfile.mkdtemp(dir=os.environ.get("BENCH_DIR")))
    try:
        started = time.monotonic()
        process = subprocess.Popen([*command, str(out)], stdout=subprocess.DEVNULL)
        _pid, status, used = os.wait4(process.pid, 0)
        took = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{command[0]} ended with {process.returncode}")
        return took, used.ru_maxrss / 1024
    finally:
        shutil.rmtree(out)


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
            message.attachments.append(
                Attachment(f"report {number}.bin", rng.randbytes(rng.randrange(20_000, 220_000)))
            )
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


FILES = {"attachments.pst": _make_large, "small.pst": _make_small, "one.pst": _make_one}


if __name__ == "__main__":
    main()

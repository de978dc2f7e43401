"""A mailbox of the rig's source that holds one message of 100 MB among ordinary ones."""

from __future__ import annotations

import os
import random
import shutil
from binascii import b2a_base64
from pathlib import Path

from rig_folder import Rig

USER = "large"
MESSAGES = 101
_LARGE = 100_000_000
_ORDINARY = 20_000
_BYTES_A_LINE = 57  # 76 base64 characters and the line end


def seed(rig: Rig) -> None:
    """Write the mailbox as Maildir, always the same, unless it is there.

    Line by line: what this process once held would count for the processes it starts.
    """
    home = rig.work / "src/mail" / USER
    if home.exists():
        return
    (rig.work / f"verify-{USER}.pickle").unlink(missing_ok=True)
    current = home / "Maildir/cur"
    for folder in (current, current.with_name("new"), current.with_name("tmp")):
        folder.mkdir(parents=True)
    numbers = random.Random(100)
    for number in range(MESSAGES):
        _deliver(current, number, _LARGE if number == MESSAGES // 2 else _ORDINARY, numbers)
    for path in (home, *home.rglob("*")):
        shutil.chown(path, "nobody", "nogroup")


def _deliver(folder: Path, number: int, size: int, numbers: random.Random) -> None:
    header = (
        f"From: sender@bench.example\nTo: {USER}@bench.example\nSubject: Large mailbox {number}\n"
        f"Message-ID: <{USER}.{number}@bench.example>\nDate: Fri, 01 Jul 2016 10:00:00 +0200\nMIME-Version: 1.0\n"
        "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n"
    ).encode()
    lines = (size - len(header)) // 78  # as they travel, with CRLF
    written = folder / f"{1500000000 + number}.M{number}P1.bench"
    with written.open("wb") as file:
        file.write(header)
        for _ in range(lines):
            file.write(b2a_base64(numbers.randbytes(_BYTES_A_LINE)))
    short = written.stat().st_size
    on_the_wire = short + header.count(b"\n") + lines
    received = 1467360000 + number
    os.utime(written, (received, received))
    written.rename(written.with_name(f"{written.name},S={short},W={on_the_wire}:2,S"))

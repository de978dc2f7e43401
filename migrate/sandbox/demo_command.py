"""The real command as a process of its own, as a person would start it - and as a power cut would end it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

#: Seconds between two looks at a running command.
_LOOK_EVERY = 0.1
#: Seconds that a command gets to end by itself when the demo is stopped.
_GRACE = 5.0

_STORED = (
    "SELECT count(*) FROM message JOIN mailbox ON mailbox.id = message.mailbox_id"
    " WHERE mailbox.site = ? AND message.outcome = 'stored'"
)


@dataclass(frozen=True)
class BasculeCommand:
    """A started ``bascule``."""

    arguments: tuple[str, ...]
    _process: subprocess.Popen[bytes]
    _out: IO[bytes]
    _err: IO[bytes]

    def wait(self, enough: Callable[[], bool] = lambda: False) -> int | None:
        """Wait for its end, asking ``enough`` now and then; returns the exit code, None when that answered True."""
        while not enough():
            try:
                return self._process.wait(timeout=_LOOK_EVERY)
            except subprocess.TimeoutExpired:
                continue
        return self._process.poll()

    def kill(self) -> None:
        """End it as a power cut would: nothing of its own runs any more (SIGKILL)."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """End it politely if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=_GRACE)
            except subprocess.TimeoutExpired:
                self.kill()

    def said(self) -> str:
        """What it wrote, errors last."""
        return f"{_text(self._out)}\n{_text(self._err)}".strip()

    def json(self) -> Any:
        """What it wrote for programs."""
        return json.loads(_text(self._out))


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[BasculeCommand]:
    """Start ``bascule -C folder arguments``; it has ended when the block has."""
    full = ("-C", str(folder), *arguments)
    with TemporaryFile() as out, TemporaryFile() as err:
        process = subprocess.Popen(  # noqa: S603  # our own command, with arguments that the demo names
            [sys.executable, "-m", "bascule", *full],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,  # an interrupt at the terminal reaches the demo, which ends the command
        )
        command = BasculeCommand(full, process, out, err)
        try:
            yield command
        finally:
            command.end()


def status(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """What ``bascule status --json`` says of each mailbox."""
    with started(folder, "status", *arguments, "--json") as command:
        command.wait()
        return [mailbox for site in command.json()["sites"].values() for mailbox in site]


def receipts(folder: Path, site: str) -> int:
    """Messages of a site that the ledger has a receipt for, while a command works on it; disturbs nobody."""
    ledger = (folder / ".bascule" / "ledger.sqlite").absolute()
    # Without its WAL the ledger is just being made, and a reader would be in the way.
    if not ledger.with_name("ledger.sqlite-wal").exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute(_STORED, (site,)).fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")

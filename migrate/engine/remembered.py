"""The ledger as what is known of servers needs it: opened when first used, made when there is something to keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeVar

from sqlalchemy import Connection

from migrate.ledger.store import Ledger

_T = TypeVar("_T")


class Remembered:
    """Short transactions on an organisation's ledger.  Thread-safe.  Without a file nothing is read or kept."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = Lock()
        self._ledger: Ledger | None = None

    def read(self, ask: Callable[[Connection], _T], without: _T) -> _T:
        """What the ledger says; ``without`` when there is none."""
        if self._file is None or not self._file.exists():
            return without
        with self._opened(self._file).read() as connection:
            return ask(connection)

    def write(self, do: Callable[[Connection], object]) -> None:
        """Keep something; durable when it returns."""
        if self._file is not None:
            with self._opened(self._file).write() as connection:
                do(connection)

    def close(self) -> None:
        with self._lock:
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None

    def _opened(self, file: Path) -> Ledger:
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger(file)
            return self._ledger

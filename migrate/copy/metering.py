"""How fast a pass copies: what it reports to those who watch is counted on the way."""

from __future__ import annotations

from threading import Lock

from connectors.contract import Transient
from migrate.copy.job import Clock, Progress
from migrate.ledger.pace import PassRate


class Metered:
    """A progress that passes everything on.  Thread-safe."""

    def __init__(self, inner: Progress, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._lock = Lock()
        self._began: float | None = None
        self._ended = 0.0
        self._messages = 0
        self._size = 0

    def rate(self) -> PassRate | None:
        """From when it was known what to copy until the last message; None when none was copied."""
        with self._lock:
            if not self._messages or self._began is None or self._ended <= self._began:
                return None
            return PassRate(self._messages, self._size, self._ended - self._began)

    def scanned(self, mailbox: str, folder: tuple[str, ...], messages: int) -> None:
        self._inner.scanned(mailbox, folder, messages)

    def to_copy(self, mailbox: str, messages: int, size: int) -> None:
        with self._lock:
            if self._began is None:
                self._began = self._clock.now()
        self._inner.to_copy(mailbox, messages, size)

    def copied(self, mailbox: str, messages: int, size: int) -> None:
        with self._lock:
            self._ended = self._clock.now()
            self._messages += messages
            self._size += size
        self._inner.copied(mailbox, messages, size)

    def waiting(self, mailbox: str, seconds: float, messages: int) -> None:
        self._inner.waiting(mailbox, seconds, messages)

    def pausing(self, mailbox: str, seconds: float, error: Transient) -> None:
        self._inner.pausing(mailbox, seconds, error)

"""Rate and bandwidth limits, shared by all sessions of one system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BufferedIOBase
from threading import Event, Lock
from typing import BinaryIO, cast

from connectors.contract import Body, Capabilities, Folder, Message, Outgoing, Receipt, Target, Unread
from connectors.wrappers.base import Inner, SourceWrapper, TargetWrapper
from connectors.wrappers.waiting import Timekeeper

Interrupted = Callable[[], bool]


class TokenBucket:
    """So many a second, on average; what was saved up in idle time, up to ``burst``, may go at once.

    Thread-safe and fair: each taker is given its turn when it asks, and waits for it outside the lock.  More than the
    burst may be taken at once; the debt delays who comes next.
    """

    def __init__(self, rate: float, burst: float, timekeeper: Timekeeper) -> None:
        self._rate = rate
        self._burst = burst
        self._timekeeper = timekeeper
        self._lock = Lock()
        self._full_at = timekeeper.now()

    def take(self, amount: float, interrupted: Interrupted) -> None:
        """Wait until the bucket owes nothing, then take.  Raises :class:`Stopped` when interrupted."""
        with self._lock:
            now = self._timekeeper.now()
            self._full_at = max(self._full_at, now)
            turn = self._full_at - now - self._burst / self._rate
            self._full_at += amount / self._rate
        self._timekeeper.wait(max(turn, 0.0), interrupted)


class RateLimit:
    """What one system grants all our sessions together; None: no limit.

    ``applies`` is asked each time bytes are taken: while it says no, they are not limited.
    """

    def __init__(
        self,
        *,
        bytes_per_second: float | None = None,
        messages_per_second: float | None = None,
        timekeeper: Timekeeper | None = None,
        applies: Callable[[], bool] = lambda: True,
    ) -> None:
        self._timekeeper = timekeeper = timekeeper or Timekeeper()
        self._applies = applies
        self.bytes_per_second = bytes_per_second
        self._bytes = None if bytes_per_second is None else TokenBucket(bytes_per_second, bytes_per_second, timekeeper)
        self._messages = (
            None
            if messages_per_second is None
            else TokenBucket(messages_per_second, max(messages_per_second, 1.0), timekeeper)
        )

    @property
    def limits(self) -> bool:
        """Whether there is any limit."""
        return self._bytes is not None or self._messages is not None

    def alone(self) -> RateLimit:
        """The same speed for one who shares it with nobody: whose turn has come."""
        return RateLimit(bytes_per_second=self.bytes_per_second, timekeeper=self._timekeeper, applies=self._applies)

    def take_bytes(self, size: int, interrupted: Interrupted) -> None:
        if self._bytes is not None and self._applies():
            self._bytes.take(size, interrupted)

    def take_messages(self, number: int, interrupted: Interrupted) -> None:
        if self._messages is not None:
            self._messages.take(number, interrupted)


class LimitedSource(SourceWrapper[Inner]):
    """A source that reads no faster than the limit.  Waits end when ``stop`` is set or the session is aborted."""

    def __init__(self, inner: Inner, limit: RateLimit, stop: Event) -> None:
        super().__init__(inner)
        self._limit = limit
        self._stop = stop
        self._aborted = Event()

    def abort(self) -> None:
        self._aborted.set()
        super().abort()

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        for answer in super().read(folder, keys):
            if isinstance(answer, Message):
                try:
                    self._limit.take_messages(1, self._interrupted)
                    self._limit.take_bytes(answer.body.size, self._interrupted)
                except BaseException:
                    answer.body.release()
                    raise
            yield answer

    def _interrupted(self) -> bool:
        return self._stop.is_set() or self._aborted.is_set()


class LimitedTarget(LimitedSource[Target], TargetWrapper):
    """A target that writes no faster than the limit: bodies are paced while they are sent, so the line stays usable.

    A batch waits for its turn before its fence, when it has no intents yet that could grow old, and is then sent at the
    full rate, however many others wait.
    """

    def capabilities(self) -> Capabilities:
        told = super().capabilities()
        rates = [rate for rate in (told.pace, self._limit.bytes_per_second) if rate is not None]
        return replace(told, pace=min(rates, default=None))

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        if batch:
            self._limit.take_messages(len(batch), self._interrupted)
            self._limit.take_bytes(sum(outgoing.body.size for outgoing in batch), self._interrupted)
        return super().fence(folder, batch)

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        pace = self._limit.alone()
        paced = [replace(outgoing, body=PacedBody(outgoing.body, pace, self._interrupted)) for outgoing in batch]
        return super().write(folder, paced, may_commit)


class PacedBody:
    """A body whose readers keep to the limit."""

    def __init__(self, inner: Body, limit: RateLimit, interrupted: Interrupted) -> None:
        self._inner = inner
        self._limit = limit
        self._interrupted = interrupted

    @property
    def size(self) -> int:
        return self._inner.size

    def open(self) -> BinaryIO:
        return cast("BinaryIO", _PacedReader(self._inner.open(), self._limit, self._interrupted))

    def release(self) -> None:
        self._inner.release()


class _PacedReader(BufferedIOBase):
    def __init__(self, inner: BinaryIO, limit: RateLimit, interrupted: Interrupted) -> None:
        self._reader = inner
        self._limit = limit
        self._interrupted = interrupted

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._reader.read(-1 if size is None else size)
        self._limit.take_bytes(len(data), self._interrupted)
        return data

    def close(self) -> None:
        self._reader.close()
        super().close()

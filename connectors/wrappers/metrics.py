"""What sessions did and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TypeVar

from connectors.contract import (
    Entry,
    FlagChange,
    Folder,
    Found,
    Headers,
    Marked,
    Message,
    Outgoing,
    Receipt,
    Role,
    Suspect,
    Target,
    Unread,
    Window,
)
from connectors.errors import ConnectorError
from connectors.wrappers.base import Inner, SourceWrapper, TargetWrapper

T = TypeVar("T")


@dataclass(slots=True)
class Tally:
    """Sums over the calls of one operation.

    ``seconds`` is time spent inside the session, not in its caller.  ``messages`` and ``bytes``: for ``read`` those
    handed out, for ``write`` those stored; ``messages`` of the other operations are their answers.
    """

    calls: int = 0
    failures: int = 0
    seconds: float = 0.0
    messages: int = 0
    bytes: int = 0

    def add(self, other: Tally) -> None:
        self.calls += other.calls
        self.failures += other.failures
        self.seconds += other.seconds
        self.messages += other.messages
        self.bytes += other.bytes


class Metrics:
    """Tallies by operation, shared by any number of sessions.  Thread-safe."""

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}
        self._lock = Lock()

    def add(self, operation: str, tally: Tally) -> None:
        with self._lock:
            self._tallies.setdefault(operation, Tally()).add(tally)

    def snapshot(self) -> dict[str, Tally]:
        """The sums at this moment; later calls do not change it."""
        with self._lock:
            return {operation: replace(tally) for operation, tally in self._tallies.items()}


class MeteredSource(SourceWrapper[Inner]):
    """A source that counts.  A call is counted when it ends, also when its caller stops listening."""

    def __init__(self, inner: Inner, metrics: Metrics, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(inner)
        self._metrics = metrics
        self._clock = clock

    def folders(self) -> Iterator[Folder]:
        return self._counted("folders", super().folders, _one)

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        inner = super().entries
        return self._counted("entries", lambda: inner(folder, cursor), lambda window: (len(window.entries), 0))

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        inner = super().states
        return self._counted("states", lambda: inner(folder, keys), _one)

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        inner = super().headers
        return self._counted("headers", lambda: inner(folder, keys), lambda headers: (1, len(headers.fields)))

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        inner = super().read
        return self._counted("read", lambda: inner(folder, keys), _read)

    def _counted(
        self, operation: str, start: Callable[[], Iterator[T]], count: Callable[[T], tuple[int, int]]
    ) -> Iterator[T]:
        tally = Tally(calls=1)
        began = self._clock()
        try:
            for item in start():
                tally.seconds += self._clock() - began
                messages, size = count(item)
                tally.messages += messages
                tally.bytes += size
                yield item
                began = self._clock()
            tally.seconds += self._clock() - began
        except ConnectorError:
            tally.seconds += self._clock() - began
            tally.failures += 1
            raise
        finally:
            self._metrics.add(operation, tally)

    def _timed(self, operation: str, call: Callable[[], T]) -> T:
        tally = Tally(calls=1)
        began = self._clock()
        try:
            return call()
        except ConnectorError:
            tally.failures += 1
            raise
        finally:
            tally.seconds += self._clock() - began
            self._metrics.add(operation, tally)


class MeteredTarget(MeteredSource[Target], TargetWrapper):
    """A target that counts."""

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        inner = super().ensure
        return self._timed("ensure", lambda: inner(path, role, subscribed=subscribed))

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        inner = super().fence
        return self._timed("fence", lambda: inner(folder, batch))

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        receipts = super().write(folder, batch, may_commit)
        sizes = {outgoing.ordinal: outgoing.body.size for outgoing in batch}

        def stored(receipt: Receipt) -> tuple[int, int]:
            return (1, sizes[receipt.ordinal]) if receipt.outcome == "stored" else (0, 0)

        return self._counted("write", lambda: receipts, stored)

    def find(
        self, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str]
    ) -> Iterator[Found]:
        inner = super().find
        return self._counted("find", lambda: inner(folder, fence, suspects, claimed), _one)

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        inner = super().mark
        return self._counted("mark", lambda: inner(folder, changes), _one)

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        inner = super().move
        return self._counted("move", lambda: inner(folder, to, keys), _one)


def _one(_: object) -> tuple[int, int]:
    return 1, 0


def _read(answer: Message | Unread) -> tuple[int, int]:
    return (1, answer.body.size) if isinstance(answer, Message) else (0, 0)

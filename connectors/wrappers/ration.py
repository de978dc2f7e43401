"""Rations: how many bytes may be read and written in a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Protocol

from connectors.contract import Folder, Message, Outgoing, Receipt, Target, Unread
from connectors.wrappers.base import Inner, SourceWrapper, TargetWrapper

#: Bytes that may go uncounted if the process is killed.
_UNCOUNTED = 4 << 20


class Ration(Protocol):
    """What may go one way in a day, counted over all who share it."""

    def ask(self, size: int, interrupted: Callable[[], bool]) -> None:
        """Leave for ``size`` bytes more: waits for it when that is soon.  Raises OverQuota, or Stopped."""

    def add(self, size: int) -> None:
        """So many bytes have gone."""


class RationedSource(SourceWrapper[Inner]):
    """A source that reads no more in a day than it may.  Bodies count, as they are all that weighs."""

    def __init__(self, inner: Inner, read: Sequence[Ration], stop: Event) -> None:
        super().__init__(inner)
        self._read = read
        self._stop = stop
        self._aborted = Event()

    def abort(self) -> None:
        self._aborted.set()
        super().abort()

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        _ask(self._read, 0, self._interrupted)
        uncounted = 0
        try:
            for answer in super().read(folder, keys):
                if isinstance(answer, Message):
                    uncounted += answer.body.size
                yield answer
                if uncounted >= _UNCOUNTED:
                    size, uncounted = uncounted, 0
                    _add(self._read, size)
                    _ask(self._read, 0, self._interrupted)
        finally:
            if uncounted:
                _add(self._read, uncounted)

    def _interrupted(self) -> bool:
        return self._stop.is_set() or self._aborted.is_set()


class RationedTarget(RationedSource[Target], TargetWrapper):
    """A target that is written to no more in a day than it takes."""

    def __init__(self, inner: Target, read: Sequence[Ration], written: Sequence[Ration], stop: Event) -> None:
        super().__init__(inner, read, stop)
        self._written = written

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        """Before the intents of the batch, so that none grows old while it waits."""
        _ask(self._written, _size(batch), self._interrupted)
        return super().fence(folder, batch)

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        _add(self._written, _size(batch))
        return super().write(folder, batch, may_commit)


def _size(batch: Sequence[Outgoing]) -> int:
    return sum(outgoing.body.size for outgoing in batch)


def _ask(rations: Sequence[Ration], size: int, interrupted: Callable[[], bool]) -> None:
    for ration in rations:
        ration.ask(size, interrupted)


def _add(rations: Sequence[Ration], size: int) -> None:
    for ration in rations:
        ration.add(size)

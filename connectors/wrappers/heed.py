"""Heeding what a system asks for: nothing is asked of it while it wants to be left alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Lock
from typing import Protocol, TypeVar

from connectors.contract import (
    Entry,
    FlagChange,
    Folder,
    Found,
    Headers,
    LabelFacts,
    Marked,
    Message,
    NameRules,
    Outgoing,
    Quota,
    Receipt,
    Role,
    Suspect,
    Target,
    ToEnsure,
    Unread,
    Window,
    foresee,
    refused_by,
)
from connectors.errors import ConnectorError
from connectors.wrappers.base import Inner, SourceWrapper, TargetWrapper

T = TypeVar("T")


class Notices(Protocol):
    """What is known of one account of a system, by all who ask it."""

    def wait(self, interrupted: Callable[[], bool]) -> None:
        """Wait while it is to be left alone.  Raises Postponed or OverQuota when that is too long, or Stopped."""

    def note(self, error: ConnectorError) -> None:
        """Take up what an error says of a pause."""

    def ended(self) -> None:
        """One session less is open."""


class HeedingSource(SourceWrapper[Inner]):
    """A source that waits its time before each question.  Waits end when ``stop`` is set or the session is aborted."""

    def __init__(self, inner: Inner, notices: Notices, stop: Event) -> None:
        super().__init__(inner)
        self._notices = notices
        self._stop = stop
        self._aborted = Event()
        self._lock = Lock()
        self._open = True

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._end()

    def abort(self) -> None:
        self._aborted.set()
        try:
            super().abort()
        finally:
            self._end()

    def folders(self) -> Iterator[Folder]:
        return self._streamed(self._inner.folders)

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        return self._streamed(lambda: self._inner.entries(folder, cursor))

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        return self._streamed(lambda: self._inner.states(folder, keys))

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        return self._streamed(lambda: self._inner.headers(folder, keys))

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        return self._streamed(lambda: self._inner.read(folder, keys))

    def label_facts(self) -> LabelFacts | None:
        return self._asked(super().label_facts)

    def shared_left_out(self) -> Sequence[tuple[str, ...]]:
        return self._asked(super().shared_left_out)

    def quota(self) -> Quota | None:
        return self._asked(super().quota)

    def _asked(self, ask: Callable[[], T]) -> T:
        self._notices.wait(self._interrupted)
        with self._noted():
            return ask()

    def _streamed(self, ask: Callable[[], Iterator[T]]) -> Iterator[T]:
        self._notices.wait(self._interrupted)
        with self._noted():
            yield from ask()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except ConnectorError as error:
            self._notices.note(error)
            raise

    def _interrupted(self) -> bool:
        return self._stop.is_set() or self._aborted.is_set()

    def _end(self) -> None:
        with self._lock:
            was_open, self._open = self._open, False
        if was_open:
            self._notices.ended()


class HeedingTarget(HeedingSource[Target], TargetWrapper):
    """A target that waits its time: before the fence of a batch, so that no intent grows old meanwhile."""

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        return self._asked(lambda: self._inner.ensure(path, role, subscribed=subscribed))

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        return self._asked(lambda: self._inner.fence(folder, batch))

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        with self._noted():
            receipts = self._inner.write(folder, batch, may_commit)
        return self._awaited(receipts)

    def find(
        self, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str]
    ) -> Iterator[Found]:
        return self._streamed(lambda: self._inner.find(folder, fence, suspects, claimed))

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        return self._streamed(lambda: self._inner.mark(folder, changes))

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        return self._streamed(lambda: self._inner.move(folder, to, keys))

    def foresee(self, folders: Sequence[ToEnsure]) -> None:
        self._asked(lambda: foresee(self._inner, folders))

    def names(self) -> NameRules:
        return self._asked(super().names)

    def refuses(self, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
        return self._asked(lambda: refused_by(self._inner, paths))

    def roles(self) -> Mapping[Role, tuple[str, ...]]:
        return self._asked(super().roles)

    def _awaited(self, receipts: Iterator[Receipt]) -> Iterator[Receipt]:
        with self._noted():
            yield from receipts

"""The local engine: a pool of threads, nothing to install.

Two verbs: ``submit`` mailboxes, ``run`` a handler over them.  The handler is given one mailbox at a time and may be
called from several threads at once; a mailbox submitted twice is run once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Generic, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Done(Generic[_T]):
    """A mailbox whose handler ended: with a result, or with the error it raised."""

    mailbox: str
    result: _T | None
    error: BaseException | None


class LocalEngine(Generic[_T]):
    """Runs several mailboxes at once on this machine."""

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._waiting: dict[str, None] = {}

    def submit(self, mailboxes: Sequence[str]) -> None:
        """Add mailboxes to be run, in order."""
        self._waiting.update(dict.fromkeys(mailboxes))

    def run(self, handler: Callable[[str], _T], stop: Event) -> Iterator[Done[_T]]:
        """Run what was submitted; yields each mailbox as it ends.  After ``stop`` no further one is begun."""
        todo: SimpleQueue[str] = SimpleQueue()
        done: SimpleQueue[Done[_T]] = SimpleQueue()
        for mailbox in self._waiting:
            todo.put(mailbox)
        count = min(self._workers, len(self._waiting))
        self._waiting.clear()
        threads = [
            Thread(target=_work, args=(handler, todo, done, stop), name=f"mailbox {number}", daemon=True)
            for number in range(count)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) or not done.empty():
            try:
                yield done.get(timeout=0.1)
            except Empty:
                continue


def _work(handler: Callable[[str], _T], todo: SimpleQueue[str], done: SimpleQueue[Done[_T]], stop: Event) -> None:
    while not stop.is_set():
        try:
            mailbox = todo.get_nowait()
        except Empty:
            return
        try:
            done.put(Done(mailbox, handler(mailbox), None))
        except BaseException as error:  # noqa: BLE001  # it reaches whoever runs the engine
            done.put(Done(mailbox, None, error))

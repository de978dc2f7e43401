"""How a person stops a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class Halt:
    """``stop`` ends a run after the batch in hand; :meth:`abort` cuts its connections.  Thread-safe."""

    def __init__(self) -> None:
        self.stop = Event()
        self._lock = Lock()
        self._cuts: dict[int, Callable[[], None]] = {}
        self._aborted = False

    def abort(self) -> None:
        """Stop, and cut every connection now."""
        self.stop.set()
        with self._lock:
            self._aborted = True
            cuts = list(self._cuts.values())
        for cut in cuts:
            cut()

    @contextmanager
    def cutting(self, cut: Callable[[], None]) -> Iterator[None]:
        """While the block runs, an abort calls ``cut``; at once if it came before."""
        with self._lock:
            self._cuts[id(cut)] = cut
            aborted = self._aborted
        if aborted:
            cut()
        try:
            yield
        finally:
            with self._lock:
                self._cuts.pop(id(cut), None)

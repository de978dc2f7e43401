"""A bounded channel between two threads, closed from either end, that never waits for ever."""

from __future__ import annotations

from collections import deque
from threading import Condition
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Closed(Exception):
    """The other end is gone: nothing more will come, or be taken."""


class Channel(Generic[_T]):
    """Items in order from one thread to another."""

    def __init__(self, size: int) -> None:
        self._items: deque[_T] = deque()
        self._size = size
        self._changed = Condition()
        self._ended = False
        self._cut = False

    def put(self, item: _T) -> None:
        """Waits for room.  Raises :class:`Closed` when the taking end is gone; the item then stays the caller's."""
        with self._changed:
            while len(self._items) >= self._size and not self._cut:
                self._changed.wait(timeout=1)
            if self._cut:
                raise Closed
            self._items.append(item)
            self._changed.notify_all()

    def get(self, timeout: float) -> _T | None:
        """The next item, None when ``timeout`` seconds brought none.  Raises :class:`Closed` after the last one."""
        with self._changed:
            if not self._items and not self._ended and not self._cut:
                self._changed.wait(timeout)
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._ended or self._cut:
                raise Closed
            return None

    def end(self) -> None:
        """The giving end has no more; what was put can still be taken."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def cut(self) -> list[_T]:
        """The taking end is gone.  Returns what was put and never taken, to be released."""
        with self._changed:
            self._cut = True
            left = list(self._items)
            self._items.clear()
            self._changed.notify_all()
        return left

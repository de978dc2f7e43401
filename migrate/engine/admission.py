"""Who may open sessions: caps that the plan sets, and caps that servers taught, over all mailboxes of the process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from threading import Condition, Event
from typing import Any

from connectors.contract import Stopped, Unavailable
from connectors.language import _


class Admission:
    """Counts sessions by what they have in common: a system of the plan, a server, an account there.

    What has no cap is not bound.  A pair takes its two sessions at once, so pairs never wait for each other in a ring.
    """

    def __init__(self, most: Mapping[Any, int]) -> None:
        self._most: dict[Hashable, int] = dict(most)
        self._open: Counter[Hashable] = Counter()
        #: Those who wait, by what they wait for.
        self._waiting: Counter[Hashable] = Counter()
        self._freed = Condition()

    def enter(self, systems: Sequence[Hashable], stop: Event, *, wait: bool) -> Permit:
        """Take one session on each of ``systems`` (one named twice counts twice).

        Raises :class:`Unavailable` when there is none, or somebody waits for it, and ``wait`` is false;
        :class:`Stopped` once ``stop`` is set.
        """
        wanted = Counter(systems)
        with self._freed:
            if not wait and (self._is_full(wanted) or any(self._waiting[name] for name in wanted)):
                raise Unavailable(_("all sessions that the plan allows are in use"))
            self._waiting.update(wanted)
            try:
                while self._is_full(wanted):
                    if stop.is_set():
                        raise Stopped(_("interrupted while waiting for a session"))
                    self._freed.wait(timeout=0.2)
            finally:
                self._waiting.subtract(wanted)
            self._open.update(wanted)
        return Permit(self, wanted)

    def _is_full(self, wanted: Counter[Hashable]) -> bool:
        return any(name in self._most and self._open[name] + n > self._most[name] for name, n in wanted.items())

    def lower(self, name: Hashable, most: int) -> None:
        """No more than ``most`` from now on; those that are beyond it are still held."""
        with self._freed:
            self._most[name] = min(most, self._most.get(name, most))

    def _leave(self, held: Counter[Hashable]) -> None:
        with self._freed:
            self._open.subtract(held)
            self._freed.notify_all()


class Permit:
    """Sessions that were granted; given back once."""

    def __init__(self, admission: Admission, held: Counter[Hashable]) -> None:
        self._admission = admission
        self._held = held

    def release(self) -> None:
        self._admission._leave(self._held)
        self._held = Counter()

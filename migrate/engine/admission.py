"""Who may open sessions: caps that the plan sets, and caps that servers taught, over all mailboxes of the process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from math import inf
from threading import Condition, Event
from typing import Any

from connectors.contract import Stopped, Unavailable
from connectors.language import _


class Admission:
    """Counts sessions by what they have in common: a system of the plan, a server, an account there.

    What has no cap is not bound.  A pair takes its two sessions at once, so pairs never wait for each other in a ring.
    Nobody waits for what never comes: a cap keeps nobody out when none of its sessions is taken.
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
        return any(self._must_wait(name, more) for name, more in wanted.items())

    def _must_wait(self, name: Hashable, more: int) -> bool:
        # A server that is both sides of a pair may have taught a cap of one.  The pair tries all the same: with one
        # session nothing could ever be copied, and if the server still grants no second, its refusal says so.
        held = self._open[name]
        return held > 0 and held + more > self._most.get(name, inf)

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

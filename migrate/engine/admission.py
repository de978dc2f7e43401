"""Who may open sessions: a cap for each system, over all mailboxes of the process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Condition, Event

from connectors.contract import Stopped, Unavailable
from connectors.language import _


class Admission:
    """Counts sessions by system.

    A pair takes its two sessions at once, so pairs never wait for each other in a ring.
    """

    def __init__(self, most: Mapping[str, int]) -> None:
        self._most = dict(most)
        self._open: Counter[str] = Counter()
        self._freed = Condition()

    def enter(self, systems: Sequence[str], stop: Event, *, wait: bool) -> Permit:
        """Take one session on each of ``systems`` (one named twice counts twice).

        Raises :class:`Unavailable` when there is none and ``wait`` is false, :class:`Stopped` once ``stop`` is set.
        """
        wanted = Counter(systems)
        with self._freed:
            while any(self._open[name] + count > self._most[name] for name, count in wanted.items()):
                if stop.is_set():
                    raise Stopped(_("interrupted while waiting for a session"))
                if not wait:
                    raise Unavailable(_("all sessions that the plan allows are in use"))
                self._freed.wait(timeout=0.2)
            self._open.update(wanted)
        return Permit(self, wanted)

    def _leave(self, held: Counter[str]) -> None:
        with self._freed:
            self._open.subtract(held)
            self._freed.notify_all()


class Permit:
    """Sessions that were granted; given back once."""

    def __init__(self, admission: Admission, held: Counter[str]) -> None:
        self._admission = admission
        self._held = held

    def release(self) -> None:
        self._admission._leave(self._held)
        self._held = Counter()

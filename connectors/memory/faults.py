"""Scripted trouble: sessions ask :class:`Faults` at named points whether something goes wrong there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Literal

from connectors.errors import Transient

#: Where trouble may strike.  In ``write`` they are met in this order: ``write`` (before anything is sent), ``message``
#: (once a message, with its bytes), ``sent`` (all but the last byte is out, before ``may_commit``), ``commit``
#: (``may_commit`` has returned, nothing is stored), ``stored`` (it is stored, the reply is not out).  Without atomic
#: batches ``message`` to ``stored`` come for each message.  ``marked`` and ``moved``: done, before the reply.
#: ``window`` and ``read`` come before each window and each message.
Point = Literal[
    "connect", "folders", "entries", "window", "states", "headers", "read",
    "ensure", "fence", "write", "message", "sent", "commit", "stored", "find", "mark", "marked", "move", "moved",
]  # fmt: skip


class Cut(Transient):
    """The connection is cut; met at ``commit``, what was sent may still be stored.

    ``appears_after``: it is stored that much later; None: never.
    """

    def __init__(self, appears_after: timedelta | None = None) -> None:
        super().__init__("connection cut", system="memory")
        self.appears_after = appears_after


@dataclass(frozen=True, slots=True)
class Moment:
    """What a session is about to do, or has just done."""

    point: Point
    user: str
    end: Literal["source", "target"]
    #: Blocks until the session is aborted; then raises :class:`~connectors.errors.Stopped`.
    hang: Callable[[], None] = field(repr=False, compare=False)
    folder: tuple[str, ...] = ()
    key: str | None = None
    ordinal: int | None = None
    #: The message at ``read`` (as stored) and at ``message`` (as sent).
    data: bytes = field(default=b"", repr=False)


#: Raise a verdict of :mod:`connectors.errors` or :class:`Cut`, act on the world as somebody else, or let it pass.
#: :class:`~connectors.errors.Refused` at ``read`` makes the message unreadable and at ``message`` has it refused.
Trouble = Callable[[Moment], None]


@dataclass(slots=True)
class _Rule:
    point: Point | None
    trouble: Trouble | Exception
    skip: int
    times: int | None


class Faults:
    """The trouble in store.  Thread-safe; trouble strikes outside the locks of the mail, so it may change mail."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._lock = Lock()
        #: Every point met, in order: run once, then strike at each of them in turn.
        self.met: list[Point] = []

    def at(self, point: Point | None, trouble: Trouble | Exception, *, skip: int = 0, times: int | None = 1) -> None:
        """Strike at ``point`` (None: at any), after it was met ``skip`` times, ``times`` times (None: for ever)."""
        with self._lock:
            self._rules.append(_Rule(point, trouble, skip, times))

    def clear(self) -> None:
        """No more trouble, and nothing met."""
        with self._lock:
            self._rules.clear()
            self.met.clear()

    def meet(self, moment: Moment) -> None:
        for trouble in self._due(moment.point):
            if isinstance(trouble, Exception):
                raise trouble
            trouble(moment)

    def _due(self, point: Point) -> list[Trouble | Exception]:
        due: list[Trouble | Exception] = []
        with self._lock:
            self.met.append(point)
            for rule in self._rules:
                if rule.point not in (None, point):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    continue
                due.append(rule.trouble)
                if rule.times is not None:
                    rule.times -= 1
            self._rules = [rule for rule in self._rules if rule.times != 0]
        return due

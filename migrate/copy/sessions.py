"""The two sessions of a pair: opened by the thread that uses them, cut by any."""

from __future__ import annotations

from contextlib import ExitStack

from connectors.contract import Source, Target
from migrate.copy.halt import Halt
from migrate.copy.job import Job


class Sessions:
    """One session on each side, with the permit to hold them."""

    def __init__(self, job: Job, halt: Halt) -> None:
        self._job = job
        self._halt = halt
        self._stack = ExitStack()
        self._source: Source | None = None
        self._target: Target | None = None
        self._cut = False

    def open(self, *, wait: bool) -> None:
        """Sign in where that was not done yet.

        ``wait`` for a permit when all are taken; else Unavailable is raised.  Raises what the connectors raise.
        """
        if self._source is not None and self._target is not None:
            return
        permit = self._job.admit(self._halt.stop, wait)
        self._stack.callback(permit.release)
        self._stack.enter_context(self._halt.cutting(self.abort))
        self._source = self._job.open_source(self._halt.stop)
        self._stack.callback(self._source.close)
        self._target = self._job.open_target(self._halt.stop)
        self._stack.callback(self._target.close)

    @property
    def source(self) -> Source:
        assert self._source is not None, "open() comes first"
        return self._source

    @property
    def target(self) -> Target:
        assert self._target is not None, "open() comes first"
        return self._target

    def abort(self) -> None:
        """Cut both connections, from any thread."""
        self._cut = True
        for session in (self._source, self._target):
            if session is not None:
                session.abort()

    def renew(self) -> None:
        """Sign in again if the sessions were cut.  Raises what the connectors raise."""
        if self._cut:
            self.close()
            self._source = self._target = None
            self._cut = False
            self.open(wait=True)

    def close(self) -> None:
        self._stack.close()

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
        self._admitted = self._cut = False

    def admit(self, *, wait: bool) -> None:
        """Get leave for both sessions, once; ``wait`` for it when all are taken, else Unavailable is raised."""
        if self._admitted:
            return
        permit = self._job.admit(self._halt.stop, wait)
        self._stack.callback(permit.release)
        self._stack.enter_context(self._halt.cutting(self.abort))
        self._admitted = True

    @property
    def source(self) -> Source:
        """Signs in when first asked for, on the thread that will use it.  Raises what the connector raises."""
        if self._source is None:
            self._source = self._job.open_source(self._halt.stop)
            self._stack.callback(self._source.close)
        return self._source

    @property
    def target(self) -> Target:
        """As ``source``."""
        if self._target is None:
            self._target = self._job.open_target(self._halt.stop)
            self._stack.callback(self._target.close)
        return self._target

    def abort(self) -> None:
        """Cut both connections, from any thread."""
        self._cut = True
        for session in (self._source, self._target):
            if session is not None:
                session.abort()

    def renew(self) -> None:
        """Let sessions that were cut be signed in again."""
        if self._cut:
            self.close()
            self._source = self._target = None
            self._admitted = self._cut = False
            self.admit(wait=True)

    def close(self) -> None:
        self._stack.close()

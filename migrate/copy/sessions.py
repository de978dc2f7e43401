"""The two sessions of a pair: opened by the thread that uses them, cut by any."""

from __future__ import annotations

from threading import Event

from connectors.contract import Source, Target
from migrate.copy.job import Job


class Sessions:
    """One session on each side."""

    def __init__(self, job: Job, stop: Event) -> None:
        self._job = job
        self._stop = stop
        self._source: Source | None = None
        self._target: Target | None = None

    def open(self) -> None:
        """Sign in where that was not done yet.  Raises what the connectors raise."""
        if self._source is None:
            self._source = self._job.open_source(self._stop)
        if self._target is None:
            self._target = self._job.open_target(self._stop)

    @property
    def source(self) -> Source:
        assert self._source is not None, "open() comes first"
        return self._source

    @property
    def target(self) -> Target:
        assert self._target is not None, "open() comes first"
        return self._target

    def abort(self) -> None:
        for session in (self._source, self._target):
            if session is not None:
                session.abort()

    def close(self) -> None:
        for session in (self._source, self._target):
            if session is not None:
                session.close()

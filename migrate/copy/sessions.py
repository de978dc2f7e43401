"""The two sessions of a pair: opened by the thread that uses them, cut by any."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress

from connectors.contract import ConnectorError, Source, Target
from migrate.copy.background import Background
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
        #: Those that are to be closed.
        self._opened: list[Source] = []
        self._admitted = self._cut = False
        #: Sign-ins on threads of their own, of the source and of the target.
        self._ahead: dict[Callable[[], object], Background] = {}

    def open_ahead(self, *, wait: bool) -> None:
        """Begin to sign in on both sides at the same time; whoever asks for a session waits for its side.

        What keeps us out is raised there, and not tried a second time: accounts are locked for less.
        """
        self.admit(wait=wait)
        for side in (self._open_source, self._open_target):
            self._ahead[side] = Background(side, f"sign in {self._job.mailbox}")

    def _wait_for(self, side: Callable[[], object]) -> None:
        signing_in = self._ahead.get(side)
        if signing_in is not None:
            signing_in.finish()

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
        """Signs in when first asked for, if it was not begun before.  Raises what the connector raises."""
        self._wait_for(self._open_source)
        return self._open_source()

    @property
    def target(self) -> Target:
        """As ``source``."""
        self._wait_for(self._open_target)
        return self._open_target()

    def _open_source(self) -> Source:
        if self._source is None:
            self._source = self._job.open_source(self._halt.stop)
            self._opened.append(self._source)
        return self._source

    def _open_target(self) -> Target:
        if self._target is None:
            self._target = self._job.open_target(self._halt.stop)
            self._opened.append(self._target)
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
            self._ahead = {}
            self._admitted = self._cut = False
            self.admit(wait=True)

    def close(self) -> None:
        # A sign-in under way leaves a session behind, which is closed too, whatever became of the other side.
        with self._stack, ExitStack() as opened, ExitStack() as under_way:
            opened.callback(self._log_out)
            for signing_in in self._ahead.values():
                under_way.callback(_end, signing_in)

    def _log_out(self) -> None:
        """Of both sides at once: each waits for its server's goodbye."""
        opened, self._opened = self._opened, []
        with ExitStack() as both:
            for session in opened:
                both.callback(Background(session.close, f"sign out {self._job.mailbox}").finish)


def _end(signing_in: Background) -> None:
    with suppress(ConnectorError):
        signing_in.finish()

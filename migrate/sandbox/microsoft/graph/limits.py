"""Graph's throttling (learn.microsoft.com/graph/throttling-limits): windows that fill up, few requests at a time."""

from __future__ import annotations

import time
from collections import deque

from migrate.sandbox.microsoft.graph.errors import GraphError


class Limits:
    """Requests an application and mailbox; writes to the directory an application and tenant."""

    def __init__(self) -> None:
        self._settings = {
            "mail_requests": 10_000, "mail_window": 600.0, "concurrent": 4, "writes": 3_000, "write_window": 150.0,
        }  # fmt: skip
        self._times: dict[tuple[str, ...], deque[float]] = {}
        self._at_work: dict[tuple[str, ...], int] = {}

    def change(self, **settings: float) -> None:
        """Raises KeyError for one that there is none of."""
        for name, value in settings.items():
            if name not in self._settings:
                raise KeyError(name)
            self._settings[name] = value

    def enter(self, app: str, mailbox: str | None, *, writes: bool) -> tuple[str, ...] | None:
        """Count a request; what :meth:`leave` takes.  Raises :class:`GraphError` with ``Retry-After``."""
        if mailbox is not None:
            key = ("mail", app, mailbox)
            if self._at_work.get(key, 0) >= self._settings["concurrent"]:
                raise _too_many("ApplicationThrottled", "Application is over its MailboxConcurrency limit.", 1)
            self._count(key, self._settings["mail_requests"], self._settings["mail_window"], "ApplicationThrottled")
            self._at_work[key] = self._at_work.get(key, 0) + 1
            return key
        if writes:
            self._count(("write", app), self._settings["writes"], self._settings["write_window"], "TooManyRequests")
        return None

    def leave(self, key: tuple[str, ...] | None) -> None:
        if key is not None:
            self._at_work[key] -= 1

    def _count(self, key: tuple[str, ...], most: float, window: float, code: str) -> None:
        now = time.monotonic()
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - window:
            times.popleft()
        if len(times) >= most:
            wait = max(1, round(times[0] + window - now)) if times else max(1, round(window))
            raise _too_many(code, "Too many requests", wait)
        times.append(now)


def _too_many(code: str, message: str, seconds: int) -> GraphError:
    return GraphError(429, code, message, headers={"Retry-After": str(seconds)})

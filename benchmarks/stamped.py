"""The real command, with a look at the clock when the first FETCH leaves and when receipts come in.

usage: stamped.py STAMPS_FILE BASCULE_ARGUMENTS...

All else is as `bascule` does it: plan, ledger (FULL), intents, digests, wrappers, threads.  The stamps are of the
monotonic clock, which on Linux all processes share, so that whoever starts this can tell the start-up apart.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock
from typing import Literal

import bascule
from connectors.contract import Folder, Message, Source, Unread, Window
from connectors.wrappers.base import SourceWrapper
from migrate.cli import running
from migrate.copy.job import Job, Progress
from migrate.engine.site import SiteRun
from plans import Person


class Stamps:
    """The first time something happened, or the last.  Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._times: dict[str, float] = {}
        self._messages = 0

    def first(self, what: str) -> None:
        if what not in self._times:
            with self._lock:
                self._times.setdefault(what, time.monotonic())

    def receipts(self, messages: int) -> None:
        with self._lock:
            self._times["last_receipt"] = time.monotonic()
            self._messages += messages

    def write(self, file: Path) -> None:
        file.write_text(json.dumps({**self._times, "messages": self._messages}))


STAMPS = Stamps()


class StampedSource(SourceWrapper[Source]):
    """A source that notes when it is first asked for a listing, and for bodies."""

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        STAMPS.first("first_listing")
        return super().entries(folder, cursor)

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        STAMPS.first("first_read")
        return super().read(folder, keys)


class StampedProgress:
    """Progress that notes receipts on its way."""

    def __init__(self, inner: Progress) -> None:
        self.scanned = inner.scanned
        self.to_copy = inner.to_copy
        self.waiting = inner.waiting
        self.pausing = inner.pausing
        self._copied = inner.copied

    def copied(self, mailbox: str, messages: int, size: int) -> None:
        STAMPS.receipts(messages)
        self._copied(mailbox, messages, size)


class StampedSiteRun(SiteRun):
    """A site's run whose jobs are watched."""

    def jobs(
        self,
        person: Person,
        only_folders: tuple[tuple[str, ...], ...] = (),
        *,
        passwords: Literal["now", "when_needed"] = "now",
    ) -> list[Job]:
        return [_stamped(job) for job in super().jobs(person, only_folders, passwords=passwords)]


def _stamped(job: Job) -> Job:
    def open_source(stop: Event) -> Source:
        return StampedSource(job.open_source(stop))

    return replace(job, open_source=open_source, progress=StampedProgress(job.progress))


def main() -> None:
    file = Path(sys.argv[1])
    sys.argv = ["bascule", *sys.argv[2:]]
    # The one place where the command makes it.
    setattr(running, SiteRun.__name__, StampedSiteRun)
    try:
        bascule.main()
    finally:
        STAMPS.write(file)


if __name__ == "__main__":
    main()

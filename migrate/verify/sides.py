"""Both sides of a mailbox that is verified, read side by side."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock
from typing import TypeVar

from connectors.contract import Folder, FolderMissing, Source, Stopped
from migrate.copy.background import Background
from migrate.copy.halt import Halt
from migrate.copy.job import Job
from migrate.verify.reading import SideReader

_A = TypeVar("_A")
_B = TypeVar("_B")


class BothSides:
    """The two readers of one mailbox, and how much they have read."""

    def __init__(self, job: Job, source: Source, target: Source, halt: Halt, *, like: bool) -> None:
        self._job = job
        #: Set when one side failed, so that the other does not read on.
        self._over = Event()
        # Each side is read by a thread of its own.
        self._counting = Lock()
        self.read = self.read_bytes = 0
        self.source, self.target = (
            SideReader(side, job.resources, (halt.stop, self._over), self._heard, like=like)
            for side in (source, target)
        )

    def folders(self) -> tuple[list[Folder], list[Folder]]:
        """All folders of the source, and of the target."""
        return self.together(self.source.folders, self.target.folders)

    def together(self, of_source: Callable[[], _A], of_target: Callable[[], _B]) -> tuple[_A, _B]:
        """Work on both sides at once.  When one of them fails the other stops."""
        done: list[_A] = []

        def work() -> None:
            try:
                done.append(of_source())
            except BaseException:
                self._over.set()
                raise

        background = Background(work, f"verify {self._job.mailbox}")
        try:
            there = of_target()
        except Stopped:
            background.finish()  # raises what stopped this side
            raise
        except BaseException:
            self._over.set()
            with suppress(Stopped):
                background.finish()
            raise
        background.finish()
        return done[0], there

    def once_more(self) -> None:
        """What made one side fail is over: both may read again."""
        self._over.clear()

    def _heard(self, messages: int, size: int) -> None:
        with self._counting:
            self.read += messages
            self.read_bytes += size
        self._job.progress.copied(self._job.mailbox, messages, size)


def count(side: SideReader, folder: Folder) -> int:
    """Messages of a folder; none when it is gone."""
    if folder.messages is not None:
        return folder.messages
    with suppress(FolderMissing):
        return len(side.entries(folder))
    return 0

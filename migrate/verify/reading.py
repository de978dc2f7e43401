"""Listing a folder and digesting its messages.  Of bodies nothing is kept but digests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Lock

from connectors.body import CHUNK, SPOOL_OVER
from connectors.contract import Entry, Folder, Message, Reason, Resources, Source, Stopped
from connectors.language import _
from migrate.copy.batches import cut
from migrate.verify.shown import Shown, as_listed, digest

#: Messages asked for at once.
_MESSAGES = 100

#: One message that is too large for memory at a time, over all mailboxes of the process.
_oversize = Lock()

#: Hears of messages and bytes that were read.
Heard = Callable[[int, int], None]


class SideReader:
    """Reads one side of a mailbox, from one thread at a time."""

    def __init__(self, side: Source, resources: Resources, stops: Sequence[Event], heard: Heard) -> None:
        """``stops``: once one of them is set, reading ends with Stopped."""
        self._side = side
        self._resources = resources
        self._stops = stops
        self._heard = heard

    def folders(self) -> list[Folder]:
        return list(self._side.folders())

    def entries(self, folder: Folder) -> list[Entry]:
        """Every message of the folder.  Raises FolderMissing when it is gone, or no longer the one it was."""
        if folder.messages == 0:  # nobody may have opened it yet, and then its epoch does not hold on every server
            return []
        found: dict[str, Entry] = {}
        for window in self._side.entries(folder, None):
            self._check()
            found.update({entry.key: entry for entry in window.entries})
        return list(found.values())

    def listed(self, folder: Folder) -> list[Shown]:
        return [as_listed(folder.path, entry) for entry in self.entries(folder)]

    def read(self, folder: Folder, listed: Sequence[Shown]) -> list[Shown]:
        """The same messages with their contents; those that went away meanwhile are left out."""
        return [shown for batch in cut(listed, _MESSAGES, _size) for shown in self._read_batch(folder, batch)]

    def _read_batch(self, folder: Folder, batch: Sequence[Shown]) -> Iterator[Shown]:
        self._check()
        by_key = {shown.key: shown for shown in batch}
        with self._room(sum(_size(shown) for shown in batch)):
            for answer in self._side.read(folder, list(by_key)):
                shown = by_key[answer.key]
                if isinstance(answer, Message):
                    size = answer.body.size
                    content = digest(answer.body, self._resources.spool)
                    self._heard(1, size)
                    yield replace(shown, content=content)
                elif answer.reason is not Reason.GONE:
                    self._heard(1, 0)
                    yield replace(shown, unread=answer.reason)
                self._check()

    @contextmanager
    def _room(self, size: int) -> Iterator[None]:
        """Memory for a batch at once; a spooled message needs little, but there is one at a time."""
        oversize = size > SPOOL_OVER
        while oversize and not _oversize.acquire(timeout=0.2):
            self._check()
        try:
            reserved = CHUNK if oversize else size
            self._resources.budget.reserve(reserved, self._stops[0])
            try:
                yield
            finally:
                self._resources.budget.release(reserved)
        finally:
            if oversize:
                _oversize.release()

    def _check(self) -> None:
        if any(stop.is_set() for stop in self._stops):
            raise Stopped(_("interrupted"))


def _size(shown: Shown) -> int:
    """In doubt large: then it is read alone."""
    return SPOOL_OVER + 1 if shown.size is None else shown.size

"""Taking messages out of an archive: in memory while they are small, spooled to disk once they are not."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.archives.contract import Archive, ArchiveFolder, Item
from connectors.body import SPOOL_OVER, MemoryBody, SpooledBody
from connectors.contract import Body

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Sink(io.RawIOBase):
    """A file to write one message into; :meth:`body` is what was written.  Never holds more than 8 MB."""

    def __init__(self, spool: Path) -> None:
        super().__init__()
        self._spool = spool
        self._held = bytearray()
        self._spooled: SpooledBody | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        piece = bytes(data)
        if self._spooled is None and len(self._held) + len(piece) > SPOOL_OVER:
            self._spooled = SpooledBody(self._spool)
            self._spooled.write(bytes(self._held))
            self._held.clear()
        if self._spooled is None:
            self._held += piece
        else:
            self._spooled.write(piece)
        return len(piece)

    def body(self) -> Body:
        """All that was written.  Whoever takes it releases it."""
        if self._spooled is not None:
            return self._spooled
        data = bytes(self._held)
        self._held.clear()
        return MemoryBody(data)

    @contextmanager
    def discarded_on_error(self) -> Iterator[None]:
        """What was written is given back when the block does not end in order."""
        try:
            yield
        except BaseException:
            self._held.clear()
            if self._spooled is not None:
                self._spooled.release()
            raise


class Lookup:
    """Items of one folder by their keys.

    Goes through the folder once for who asks in the order of the listing, and holds none of it; who asks for what lay
    further ahead has it gone through from its beginning.
    """

    def __init__(self, archive: Archive, folder: ArchiveFolder) -> None:
        self._archive = archive
        self.folder = folder
        self._ahead: Iterator[Item] = iter(())

    def find(self, keys: Sequence[str]) -> dict[str, Item]:
        """The items of these keys; those that are gone are left out."""
        wanted = set(keys)
        found: dict[str, Item] = {}
        # What was rewritten since it was begun, or cannot be read, is met again from the beginning.
        with suppress(OSError):
            self._take(wanted, found)
        if wanted:
            self._ahead = self._archive.items(self.folder)
            self._take(wanted, found)
        return found

    def _take(self, wanted: set[str], found: dict[str, Item]) -> None:
        if not wanted:
            return
        for item in self._ahead:
            if item.key in wanted:
                found[item.key] = item
                wanted.discard(item.key)
                if not wanted:
                    return

"""Finding items of an archive again by their keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from connectors.archives.contract import Archive, ArchiveFolder, Item


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

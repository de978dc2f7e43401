"""Parts of an archive on their way into files: what one process does, by itself or beside others."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterator, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from connectors.archives.contract import Addressed, Archive, ArchiveFolder, Damaged, Item, Nature, Personal
from connectors.folder_names import FolderPath
from connectors.language import _
from connectors.mapi.marks import Marked, Marks
from migrate.archives.forms import Changed, Form
from migrate.archives.journal import Stored, record_of
from migrate.archives.names import digest_of, stem_of
from migrate.archives.personal import Reported, disk_error, no_form
from migrate.archives.troubles import CannotRead, CannotWrite, items_of, reading, writing

#: Messages and bytes after which the disk is made to have them, and they are told.
MESSAGES, BYTES = 200, 32 << 20


@dataclass(frozen=True, slots=True)
class Portion:
    """Items of one folder; ``place``: where it lies on the disk."""

    folder: ArchiveFolder
    place: FolderPath
    #: Of a divisible archive: which of the folder's items, by their number.  None: all of them.
    items: range | None = None


@dataclass(slots=True)
class Batch:
    """What came of some items.  The messages that it tells of are on the disk."""

    #: Items seen, of every nature.
    items: int = 0
    #: Lines for the journal.
    stored: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    reported: list[Reported] = field(default_factory=list)
    #: Keys of folders in which there are items that are no mail.
    others: set[str] = field(default_factory=set)
    #: X.500 addresses that nobody knows, met by another process than the one that hears of it.
    unknown: Counter[str] = field(default_factory=Counter)
    #: What ended the work behind these items.
    trouble: CannotRead | CannotWrite | Changed | None = None


class Stop(Protocol):
    """Says whether to end after the message in hand."""

    def is_set(self) -> bool: ...


class Hand:
    """Writes items; used by one thread."""

    def __init__(self, archive: Archive, form: Form, done: Set[bytes], stop: Stop) -> None:
        """``done``: the items that are written, as :func:`~migrate.archives.names.digest_of` names them."""
        self._archive = archive
        self._form = form
        self._done = done
        self._stop = stop

    def batches(self, portion: Portion) -> Iterator[Batch]:
        """Write what is not there yet; a trouble stands in the last batch, with what was written before it."""
        batch = Batch()
        try:
            for item in items_of(self._archive, portion.folder, portion.items):
                if self._stop.is_set():
                    break
                self._take(portion, item, batch)
                if len(batch.stored) >= MESSAGES or batch.size >= BYTES:
                    self._sync(batch)
                    yield batch
                    batch = Batch()
            self._sync(batch)
        except (CannotRead, CannotWrite, Changed) as trouble:
            batch.trouble = trouble
            with suppress(CannotWrite):
                self._sync(batch)
        yield batch

    def _sync(self, batch: Batch) -> None:
        """Have the batch's messages on the disk; else it tells of none.

        A system tells once that it could not write: asked again, it would say that all is well.
        """
        try:
            with writing():
                self._form.sync()
        except CannotWrite:
            batch.stored.clear()
            raise

    def _take(self, portion: Portion, item: Item, batch: Batch) -> None:
        batch.items += 1
        folder = portion.folder
        if item.nature is not Nature.MAIL:
            batch.others.add(folder.key)
            if not isinstance(self._archive, Personal):
                batch.reported.append(_reported(folder, item, *no_form()))
            return
        if digest_of(folder, item) in self._done:
            self._meet(folder, item)
            return
        written = self._message(portion, item, batch)
        if written is not None:
            stored, marks = written
            batch.stored.append(record_of(folder, portion.place, item, stored, marks))
            batch.size += stored.size

    def _meet(self, folder: ArchiveFolder, item: Item) -> None:
        """Unknown X.500 addresses are told of the whole archive, by each run."""
        if isinstance(self._archive, Addressed):
            with suppress(Damaged, KeyError), reading():
                self._archive.header(folder, item.key)

    def _message(self, portion: Portion, item: Item, batch: Batch) -> tuple[Stored, Marks | None] | None:
        """Where it is and what its owner did with it; None when it cannot be read: that is reported."""
        archive, folder = self._archive, portion.folder

        def fill(out: BinaryIO) -> None:
            with reading():
                archive.write_message(folder, item.key, out)

        try:
            with reading():
                # First: once the message is written, nothing may keep its line from the journal.
                marks = archive.marks(folder, item.key) if isinstance(archive, Marked) else None
            with writing():
                return self._form.write(portion.place, stem_of(folder, item), item, fill), marks
        except Damaged as damaged:
            batch.reported.append(_reported(folder, item, damaged.code, str(damaged)))
        except KeyError:
            batch.reported.append(_reported(folder, item, "gone", _("The archive was changed while it was read.")))
        except CannotRead as trouble:
            if trouble.error.errno != errno.EIO:
                raise
            batch.reported.append(_reported(folder, item, *disk_error()))
        return None


def _reported(folder: ArchiveFolder, item: Item, code: str, message: str) -> Reported:
    return Reported(folder.path, item.key, item.nature, code, message)

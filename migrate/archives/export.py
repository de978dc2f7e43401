"""An archive as files: every mail item in its folder, calendars and contacts beside them, all of it counted.

Run again it goes on: what the journal names is not written again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO, Literal

from connectors.archives.contract import Addressed, Archive, ArchiveFolder, Damaged, Item, Nature, Personal
from connectors.folder_names import FolderPath
from connectors.language import _
from connectors.mapi.marks import Marked, Marks
from migrate.archives.forms import Eml, Form, Maildir, Mbox
from migrate.archives.handover import write_guide
from migrate.archives.journal import Journal, Stored
from migrate.archives.manifest import Origin, begin, finish, reported_as_json
from migrate.archives.names import digest_of, places_of, stem_of
from migrate.archives.personal import PersonalFiles, Reported, disk_error, no_form, write_personal
from migrate.archives.troubles import CannotRead, items_of, reading, writing

#: Below the export's folder: what is no mail.
PERSONAL = "calendars-and-contacts"
#: Messages and bytes after which the disk is made to have them, and the journal to say so.
_MESSAGES, _BYTES = 200, 32 << 20

FormName = Literal["eml", "mbox", "maildir"]


@dataclass(frozen=True, slots=True)
class FolderExported:
    """One folder of the archive, over all runs; ``place``: where it lies on the disk."""

    path: FolderPath
    place: FolderPath
    messages: int
    size: int


@dataclass(slots=True)
class Exported:
    """What came of an export.  items = exported + in personal files + reported, once it is complete."""

    folders: list[FolderExported] = field(default_factory=list)
    #: Items seen by this run, of every nature.
    items: int = 0
    #: Messages on the disk, over all runs, and those that this run wrote.
    exported: int = 0
    written: int = 0
    salvaged: int = 0
    personal: PersonalFiles = field(default_factory=PersonalFiles)
    reported: list[Reported] = field(default_factory=list)
    complete: bool = True

    @property
    def in_personal_files(self) -> int:
        return sum(sum(one.items.values()) for one in self.personal.files)

    def as_json(self) -> dict[str, Any]:
        """The published shape, without the messages, which are in the journal."""
        return {
            "complete": self.complete,
            "items": self.items,
            "exported": self.exported,
            "salvaged": self.salvaged,
            "in_personal_files": self.in_personal_files,
            "personal_files": [f"{PERSONAL}/{one.file}" for one in self.personal.files],
            "reported": reported_as_json(self.reported),
            "folders": [
                {"folder": list(one.path), "place": list(one.place), "messages": one.messages, "bytes": one.size}
                for one in self.folders
            ],
        }


@dataclass
class Export:
    """One archive on its way into a folder."""

    archive: Archive
    origin: Origin
    folder: Path
    stop: Event
    #: Whose archive it is, for the guide, and the language of that.
    language: str = "en"
    #: Hears the messages and bytes that this run wrote so far.
    told: Callable[[int, int], None] = lambda _messages, _size: None

    def __post_init__(self) -> None:
        self._size = 0

    def run(self) -> Exported:
        """Write all that is not there yet.

        Raises :class:`ForeignFolder`, :class:`BrokenJournal`, :class:`Changed`, :class:`CannotWrite` and
        :class:`CannotRead`; what was written before stays, and the next run goes on behind it.
        """
        with writing():
            finished = begin(self.folder, self.origin)
            journal = Journal.read(self.folder / "items.jsonl")
            form = _form(self.origin.form, self.folder, journal, finished=finished)
        made = Exported()
        with reading():
            folders = list(self.archive.folders())
        places = places_of(folders, form.rules, journal.places)
        try:
            for folder in folders:
                self._folder(folder, places.get(folder.path, ("_",)), form, journal, made)
                if self.stop.is_set():
                    break
        finally:
            # What is on the disk is noted, whatever stopped the run.
            with suppress(OSError):
                form.sync()
                journal.commit()
                form.close()
        made.complete = not self.stop.is_set()
        if made.complete:
            self._personal(made)
        made.exported, made.salvaged = journal.messages.total(), journal.salvaged
        paths = dict.fromkeys(folder.path for folder in folders)
        made.folders = [
            FolderExported(path, places.get(path, ("_",)), journal.messages[path], journal.sizes[path])
            for path in paths
        ]
        with writing():
            told = made.as_json() | {"items_file": {"name": journal.path.name, "sha256": journal.digest()}}
            finish(self.folder, self.origin, told)
        return made

    def _folder(self, folder: ArchiveFolder, place: FolderPath, form: Form, journal: Journal, made: Exported) -> None:
        with writing():
            form.make(place)
        waiting = size = 0
        for item in items_of(self.archive, folder):
            if self.stop.is_set():
                return
            made.items += 1
            if item.nature is not Nature.MAIL:
                if not isinstance(self.archive, Personal):
                    made.reported.append(_reported(folder, item, *no_form()))
                continue
            if digest_of(folder, item) in journal.done:
                self._meet(folder, item)
                continue
            written = self._message(folder, place, item, form, made)
            if written is None:
                continue
            stored, marks = written
            journal.add(folder, place, item, stored, marks)
            made.written += 1
            waiting, size = waiting + 1, size + stored.size
            self._size += stored.size
            self.told(made.written, self._size)
            if waiting >= _MESSAGES or size >= _BYTES:
                with writing():
                    form.sync()
                    journal.commit()
                waiting = size = 0
        with writing():
            form.sync()
            journal.commit()

    def _meet(self, folder: ArchiveFolder, item: Item) -> None:
        """Unknown X.500 addresses are told of the whole archive, by each run."""
        if isinstance(self.archive, Addressed):
            with suppress(Damaged, KeyError), reading():
                self.archive.header(folder, item.key)

    def _message(
        self, folder: ArchiveFolder, place: FolderPath, item: Item, form: Form, made: Exported
    ) -> tuple[Stored, Marks | None] | None:
        """Where it is and what its owner did with it; None when it cannot be read: that is reported."""

        def fill(out: BinaryIO) -> None:
            with reading():
                self.archive.write_message(folder, item.key, out)

        try:
            with reading():
                # First: once the message is written, nothing may keep its line from the journal.
                marks = self.archive.marks(folder, item.key) if isinstance(self.archive, Marked) else None
            with writing():
                return form.write(place, stem_of(folder, item), item, fill), marks
        except Damaged as damaged:
            made.reported.append(_reported(folder, item, damaged.code, str(damaged)))
        except KeyError:
            made.reported.append(_reported(folder, item, "gone", _("The archive was changed while it was read.")))
        except CannotRead as trouble:
            if trouble.error.errno != errno.EIO:
                raise
            made.reported.append(_reported(folder, item, *disk_error()))
        return None

    def _personal(self, made: Exported) -> None:
        folder = self.folder / PERSONAL
        with writing():
            made.personal = write_personal(self.archive, folder, self.stop)
            made.reported += made.personal.reported
            made.complete = made.personal.complete
            if made.personal.files:
                write_guide(folder, self.origin.path.name, self.language)


def _form(name: str, folder: Path, journal: Journal, *, finished: bool) -> Form:
    if name == "mbox":
        return Mbox(folder, journal.ends, finished=finished)
    return Maildir(folder) if name == "maildir" else Eml(folder)


def _reported(folder: ArchiveFolder, item: Item, code: str, message: str) -> Reported:
    return Reported(folder.path, item.key, item.nature, code, message)

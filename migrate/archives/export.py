"""An archive as files: every mail item in its folder, calendars and contacts beside them, all of it counted.

Run again it goes on: what the journal names is not written again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Literal

from connectors.archives.contract import Addressed, Archive, ArchiveFolder, Divisible, Reading
from connectors.folder_names import FolderPath
from migrate.archives.crew import Work, cores, together
from migrate.archives.forms import Form, form_of
from migrate.archives.guide import write_guide
from migrate.archives.journal import Journal
from migrate.archives.manifest import Origin, begin, finish, reported_as_json
from migrate.archives.names import places_of
from migrate.archives.personal import PersonalFiles, Reported, write_personal
from migrate.archives.portions import MESSAGES, Batch, Hand, Portion
from migrate.archives.troubles import reading, writing

#: Below the export's folder: what is no mail.
PERSONAL = "calendars-and-contacts"
#: Where a folder without a name lies.
NOWHERE: FolderPath = ("_",)
#: Bytes of an archive from which on starting further processes pays.
_LARGE = 64 << 20

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
    #: X.500 addresses that nobody knows, and in how many places they were met.
    unknown: Counter[str] = field(default_factory=Counter)
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


#: Each folder of the archive, and where it lies on the disk.
_Places = Sequence[tuple[ArchiveFolder, FolderPath]]


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
    #: How further processes open the archive, where that pays; None: this one reads alone.
    reading: Reading | None = None

    def __post_init__(self) -> None:
        self._token = self.archive.token()

    def run(self) -> Exported:
        """Write all that is not there yet.

        Raises :class:`ForeignFolder`, :class:`BrokenJournal`, :class:`Changed`, :class:`CannotWrite` and
        :class:`CannotRead`; what was written before stays, and the next run goes on behind it.
        """
        with writing():
            finished = begin(self.folder, self.origin)
            journal = Journal.read(self.folder / "items.jsonl")
            form = form_of(self.origin.form, self.folder, journal.ends, finished=finished)
        made = Exported()
        with reading():
            folders = list(self.archive.folders())
        named = places_of(folders, form.rules, journal.places)
        places = [(folder, named.get(folder.path, NOWHERE)) for folder in folders]
        with closing(form):
            others = self._messages(places, form, journal, made)
        made.complete = not self.stop.is_set()
        if made.complete:
            self._personal(made, {folder.key for folder in folders} - others)
        if isinstance(self.archive, Addressed):
            made.unknown.update(self.archive.unknown_addresses())
        made.exported, made.salvaged = journal.messages.total(), journal.salvaged
        made.folders = [
            FolderExported(path, place, journal.messages[path], journal.sizes[path])
            for path, place in {folder.path: place for folder, place in places}.items()
        ]
        with writing():
            told = made.as_json() | {"items_file": {"name": journal.path.name, "sha256": journal.digest()}}
            finish(self.folder, self.origin, told)
        return made

    def _messages(self, places: _Places, form: Form, journal: Journal, made: Exported) -> set[str]:
        """The keys of folders in which there are items that are no mail."""
        others: set[str] = set()
        trouble: Exception | None = None
        size = 0
        for batch in self._batches(places, form, journal):
            # What is on the disk is noted, whatever stopped the run.
            with writing():
                journal.add(batch.stored)
                journal.commit()
            made.items += batch.items
            made.written += len(batch.stored)
            made.reported += batch.reported
            made.unknown.update(batch.unknown)
            others |= batch.others
            trouble = trouble or batch.trouble
            size += batch.size
            self.told(made.written, size)
        if trouble is not None:
            raise trouble
        return others

    def _batches(self, places: _Places, form: Form, journal: Journal) -> Iterator[Batch]:
        for _folder, place in places:
            with writing():
                form.make(place)
        waiting = [Portion(folder, place) for folder, place in places]
        if self.reading is not None and self._can_be_shared(form):
            work = Work(self.origin.path, self.reading, self._token, self.origin.form, self.folder, journal.done)
            left: list[Portion] = []
            troubled = False
            for batch in together(work, _parts(places), self.stop, left):
                yield batch
                troubled |= batch.trouble is not None
            waiting = [] if troubled else left
        hand = Hand(self.archive, form, journal.done, self.stop)
        for portion in waiting:
            if self.stop.is_set():
                return
            for batch in hand.batches(portion):
                yield batch
                if batch.trouble is not None:
                    return

    def _can_be_shared(self, form: Form) -> bool:
        """Whether further processes pay.  Each would search the whole of a damaged file by itself."""
        if not (isinstance(self.archive, Divisible) and form.shared) or self.origin.salvage or cores() == 1:
            return False
        with reading():
            return self.origin.path.stat().st_size >= _LARGE

    def _personal(self, made: Exported, mail_alone: set[str]) -> None:
        folder = self.folder / PERSONAL
        with writing():
            made.personal = write_personal(self.archive, folder, self.stop, mail_alone)
            made.reported += made.personal.reported
            made.complete = made.personal.complete
            if made.personal.files:
                write_guide(folder, self.origin.path.name, self.language)


def _parts(places: _Places) -> Iterator[Portion]:
    """All items, a part of each folder in turn: processes that make files in one folder wait for each other."""
    for first in range(0, max((folder.items or 0 for folder, _place in places), default=0), MESSAGES):
        for folder, place in places:
            if first < (folder.items or 0):
                yield Portion(folder, place, range(first, first + MESSAGES))

"""What was collected of a mailbox's archives: a list beside them, which is right whenever a run is cut.

A newer copy takes the place of the older only once it is verified; the older goes into ``earlier``, and is never
deleted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from shutil import rmtree
from typing import Any, Literal

from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.archives.files import make_private, sync_folder, write_whole
from migrate.archives.names import spelt
from migrate.archives.verified_copy import Stamp
from migrate.ledger.store import LedgerError

NAME = "collected.json"
EARLIER = "earlier"

#: ``placing``: verified, and about to get its name.
State = Literal["current", "earlier", "placing"]


class BrokenList(LedgerError):
    """The list of a mailbox's collected archives cannot be understood: worded for people."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One copy."""

    #: Below the mailbox's folder.
    file: str
    state: State
    #: Where the original lay, absolute.
    source: str
    sha256: str
    stamp: Stamp
    #: When the copy was made, in ISO 8601 and UTC.
    collected: str
    #: The day on which the original was last written to, in the site's time zone; "" when a program had it open, which
    #: may not have written all.
    complete_on: str
    #: Empty when it is not known.
    kind: str
    identity: str
    #: While it is moved: its name before, and the draft that holds it.
    was: str = ""
    draft: str = ""

    @property
    def complete(self) -> date | None:
        """The day up to which what was sent is in it; None when that is not known."""
        return date.fromisoformat(self.complete_on) if self.complete_on else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Collected:
    """The list of one mailbox."""

    folder: Path
    entries: list[Entry] = field(default_factory=list)

    @classmethod
    def read(cls, collected_in: Path, mailbox: str) -> Collected:
        """The list as it stands; nothing is changed.  Raises :class:`BrokenList`."""
        folder = collected_in / spelt(mailbox)
        file = folder / NAME
        if not file.exists():
            return cls(folder)
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            entries = [Entry(**{**one, "stamp": Stamp(**one["stamp"])}) for one in told["archives"]]
        except OSError as error:
            message = _("{file} cannot be read: {why}.")
            raise BrokenList(message.format(file=file, why=os_error_text(error))) from error
        except (ValueError, LookupError, TypeError) as error:
            message = _("{file} cannot be understood. Put back the copy of a backup, or move the folder away.")
            raise BrokenList(message.format(file=file)) from error
        return cls(folder, entries)

    def current(self) -> Iterator[tuple[Entry, Path]]:
        """The copies to read, with their places."""
        return ((one, self.folder / one.file) for one in self.entries if one.state == "current")

    def of(self, original: Path) -> Entry | None:
        """The copy of what lies, or lay, at this path."""
        return next((one for one in self.entries if one.state == "current" and one.source == str(original)), None)

    def settle(self) -> None:
        """Finish what a run that was cut began: names are given, and the list says so.  Raises OSError."""
        if all(one.state != "placing" and not one.was for one in self.entries):
            return
        settled = []
        for one in self.entries:
            place = self.folder / one.file
            before = self.folder / one.was if one.was else None
            if before is not None and not place.exists() and before.exists():
                make_private(place.parent)
                before.rename(place)
                sync_folder(place.parent)
            settled.append(replace(one, was=""))
        self.entries = [one for one in settled if one.state != "placing" or self._placed(one)]
        self.entries = [
            replace(one, state="current", draft="") if one.state == "placing" else one for one in self.entries
        ]
        self.write()

    def _placed(self, one: Entry) -> bool:
        """Whether the copy has its name now."""
        draft, place = self.folder / one.draft, self.folder / one.file
        if draft.exists():
            draft.rename(place)
            sync_folder(self.folder)
        rmtree(draft.parent, ignore_errors=True)
        return place.exists()

    def place(self, new: Entry, older: Entry | None) -> Entry:
        """Let a verified copy appear, in the place of an older one if there is one.  Raises OSError."""
        name = older.file if older is not None else self._free(Path(new.source).name)
        entries = [one for one in self.entries if one is not older]
        if older is not None:
            day = older.collected[:10]
            away = self._free(f"{day} {older.file}", EARLIER)
            entries.append(replace(older, state="earlier", file=away, was=older.file))
        entries.append(replace(new, file=name, state="placing"))
        self.entries = entries
        self.write()
        self.settle()
        return next(one for one in self.entries if one.file == name and one.state == "current")

    def replace(self, old: Entry, new: Entry) -> None:
        """Say something else of a copy."""
        self.entries = [new if one is old else one for one in self.entries]
        self.write()

    def write(self) -> None:
        make_private(self.folder)
        told = {"archives": [one.as_json() for one in self.entries]}
        write_whole(self.folder / NAME, (json.dumps(told, ensure_ascii=True, indent=2) + "\n").encode())

    def _free(self, name: str, below: str = "") -> str:
        """A name that nothing has, nor is to have."""
        taken = {one.file.casefold() for one in self.entries}
        stem, suffix = Path(name).stem, Path(name).suffix
        number = 1
        while True:
            numbered = f"{stem} ({number}){suffix}" if number > 1 else name
            file = f"{below}/{spelt(numbered)}" if below else spelt(numbered)
            if file.casefold() not in taken | {NAME} and not (self.folder / file).exists():
                return file
            number += 1

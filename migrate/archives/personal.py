"""Calendars, contacts and tasks of an archive as files to import: items in = items in files + reported."""

from __future__ import annotations

import errno
import json
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from threading import Event
from typing import Any, Protocol

from connectors.archives.contract import Archive, ArchiveFolder, Damaged, Nature, Personal
from connectors.language import _
from migrate.archives.bundles import CalendarFile, ContactFile, NotAFile
from migrate.archives.files import Draft, as_json_text, make_private, write_whole
from migrate.archives.names import ANYWHERE, places_of
from migrate.archives.troubles import CannotRead, items_of, reading

#: What lies beside the files, and says what is ours: files of an earlier run that are not made any more are removed.
LIST = "personal.json"


class _Growing(Protocol):
    items: int

    def room_for(self, data: bytes) -> bool: ...
    def take(self, data: bytes) -> bytes: ...
    def end(self) -> bytes: ...


_KINDS: dict[str, type[CalendarFile | ContactFile]] = {".ics": CalendarFile, ".vcf": ContactFile}


@dataclass(frozen=True, slots=True)
class PersonalFile:
    """A file that was written: where it lies below its folder, and what is in it."""

    file: PurePosixPath
    #: The archive's folder that the items come from.
    source: tuple[str, ...]
    #: Where that folder's files lie, without their end and number.
    place: tuple[str, ...]
    items: Counter[Nature]
    sha256: str

    @property
    def suffix(self) -> str:
        return self.file.suffix


@dataclass(frozen=True, slots=True)
class Reported:
    """An item that is no mail and stands in no file, and why: ``code`` is one of a few stable words."""

    source: tuple[str, ...]
    key: str
    nature: Nature
    code: str
    message: str


@dataclass(slots=True)
class PersonalFiles:
    """What was made of an archive's items that are no mail."""

    files: list[PersonalFile] = field(default_factory=list)
    reported: list[Reported] = field(default_factory=list)
    #: Items seen; the sum of those in files and those reported.
    items: int = 0
    #: False when it was stopped: the files of the folders that it came to are there, the others are as they were.
    complete: bool = True


def write_personal(
    archive: Archive, folder: Path, stop: Event | None = None, mail_alone: Set[str] = frozenset()
) -> PersonalFiles:
    """Write every item that is no mail to ``folder``, one ``.ics`` and one ``.vcf`` for each folder of the archive.

    A file that would be too large for the largest programs that import it is cut in parts between two items.  Run
    again it writes the same files anew.  ``folder`` is made when there is something for it, and what lies in it
    besides stays.  ``mail_alone``: keys of folders that need not be looked into, since somebody did who found nothing
    but mail.  Raises CannotRead when the archive's disk does not deliver, OSError when this one takes no more.
    """
    made = PersonalFiles()
    if not isinstance(archive, Personal):
        return made
    before = _known(folder)
    with reading():
        folders = list(archive.folders())
    places = places_of(folders, ANYWHERE, {one.source: one.place for one in before})
    for one in folders:
        if one.key in mail_alone:
            continue
        place = places.get(one.path, ("_",))
        with _Writing(folder, place, one.path, {file.file for file in made.files}) as writing:
            made.complete = _write_folder(archive, archive, one, writing, made, stop)
        made.files += writing.files
        if not made.complete:
            break
    if made.complete and (made.files or before):
        _finish(folder, made, before)
    return made


def _write_folder(
    archive: Archive, personal: Personal, folder: ArchiveFolder, writing: _Writing, made: PersonalFiles,
    stop: Event | None,
) -> bool:  # fmt: skip
    """Whether it was written to its end."""
    for item in items_of(archive, folder):
        if stop is not None and stop.is_set():
            writing.give_up()
            return False
        if item.nature is Nature.MAIL:
            continue
        made.items += 1
        trouble = _write_item(personal, folder, item.key, item.nature, writing)
        if trouble is not None:
            made.reported.append(Reported(folder.path, item.key, item.nature, *trouble))
    return True


def _write_item(
    personal: Personal, folder: ArchiveFolder, key: str, nature: Nature, writing: _Writing
) -> tuple[str, str] | None:
    """None when the item is in a file; else why not, as a code and for people."""
    try:
        with reading():
            one = personal.personal_item(folder, key)
    except CannotRead as trouble:
        if trouble.error.errno != errno.EIO:
            raise
        return disk_error()
    except Damaged as damaged:
        return damaged.code, str(damaged)
    except KeyError:
        return "gone", _("The archive was changed while it was read.")
    if one.suffix not in _KINDS:
        return no_form()
    try:
        writing.add(one.suffix, one.data, nature)
    except NotAFile:
        return "bad-file", _("What was made of it is no calendar entry or contact.")
    return None


def disk_error() -> tuple[str, str]:
    """Why an item stands in no file when the archive's disk has a bad place there."""
    return "disk-error", _("The disk cannot read these bytes any more.")


def no_form() -> tuple[str, str]:
    """Why an item stands in no file when nothing is wrong with it."""
    return "no-form", _("There is no file that calendars or address books would take it from.")


class _Writing:
    """The files of one folder of an archive, as they grow; they appear when all of them are whole."""

    def __init__(self, root: Path, place: tuple[str, ...], source: tuple[str, ...], taken: set[PurePosixPath]) -> None:
        self.files: list[PersonalFile] = []
        self._root = root
        self._place = place
        self._source = source
        self._taken = taken
        self._open: dict[str, _Part] = {}

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is not None:
            self.give_up()
            return
        for part in list(self._open.values()):
            self._end(part)

    def give_up(self) -> None:
        """Leave no file that is not whole."""
        for part in self._open.values():
            part.drop()
        self._open.clear()

    def add(self, suffix: str, data: bytes, nature: Nature) -> None:
        """Raises :class:`NotAFile`, with nothing written of it."""
        part = self._open.get(suffix)
        if part is not None and not part.growing.room_for(data):
            self._end(part)
            part = None
        part = part or self._begin(suffix)
        part.add(data, nature)

    def _begin(self, suffix: str) -> _Part:
        make_private(self._root.joinpath(*self._place[:-1]))
        number = 1
        while (file := self._file(suffix, number)) in self._taken:
            number += 1
        self._taken.add(file)
        part = self._open[suffix] = _Part(suffix, file, self._root / file, _KINDS[suffix]())
        return part

    def _file(self, suffix: str, number: int) -> PurePosixPath:
        *above, name = self._place
        return PurePosixPath(*above, name + ("" if number == 1 else f" ({number})") + suffix)

    def _end(self, part: _Part) -> None:
        digest = part.end()
        del self._open[part.suffix]
        if digest is not None:
            self.files.append(PersonalFile(part.file, self._source, self._place, part.natures, digest))


class _Part:
    """One file as it grows."""

    def __init__(self, suffix: str, file: PurePosixPath, path: Path, growing: _Growing) -> None:
        self.suffix = suffix
        self.file = file
        self.growing = growing
        self.natures: Counter[Nature] = Counter()
        self._digest = sha256()
        self._draft = Draft(path)

    def add(self, data: bytes, nature: Nature) -> None:
        self._write(self.growing.take(data))
        self.natures[nature] += 1

    def end(self) -> str | None:
        """The digest of the file, which is there now; None, and no file, when nothing was written."""
        if not self.growing.items:
            self.drop()
            return None
        self._write(self.growing.end())
        self._draft.commit()
        return self._digest.hexdigest()

    def drop(self) -> None:
        self._draft.discard()

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._draft.out.write(data)


@dataclass(frozen=True, slots=True)
class _Before:
    """What an earlier run wrote."""

    file: PurePosixPath
    source: tuple[str, ...]
    #: Where the folder's files lie, without their end and number.
    place: tuple[str, ...]


def _known(folder: Path) -> list[_Before]:
    """What the list of an earlier run names; nothing when there is none, or none that can be read."""
    try:
        told = json.loads((folder / LIST).read_text(encoding="utf-8"))
        return [
            _Before(PurePosixPath(one["file"]), tuple(one["folder"]), tuple(one["place"]))
            for one in told["files"]
            if not PurePosixPath(one["file"]).is_absolute() and ".." not in PurePosixPath(one["file"]).parts
        ]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def _finish(folder: Path, made: PersonalFiles, before: Sequence[_Before]) -> None:
    """Write the list, and remove what an earlier run wrote and this one did not."""
    made.files.sort(key=lambda one: one.file)
    written = {one.file for one in made.files}
    write_whole(folder / LIST, (as_json_text(_listed(made)) + "\n").encode())
    for one in before:
        if one.file not in written:
            (folder / one.file).unlink(missing_ok=True)


def _listed(made: PersonalFiles) -> dict[str, Any]:
    """What the list says; without a word of what the items hold."""
    return {
        "items": made.items,
        "files": [
            {
                "file": str(one.file),
                "folder": list(one.source),
                "place": list(one.place),
                "items": {nature.value: count for nature, count in sorted(one.items.items())},
                "sha256": one.sha256,
            }
            for one in made.files
        ],
        "reported": [
            {"folder": list(one.source), "key": one.key, "nature": one.nature.value, "code": one.code,
             "message": str(one.message)}
            for one in made.reported
        ],
    }  # fmt: skip

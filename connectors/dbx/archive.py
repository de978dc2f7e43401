"""A folder of Outlook Express, or all folders of one of its stores, as an archive."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, ClassVar

from connectors.archives.contract import ArchiveFolder, Item, NotAnArchive, Problem, Reading
from connectors.dbx.file import MAGIC, DbxFile, kind_of
from connectors.dbx.folders import Hierarchy, StoredFolder, files_of, shown
from connectors.dbx.messages import Messages, pieces
from connectors.language import _, plural
from connectors.quiet import names_in

_END_OF_HEADER = re.compile(rb"(\r?\n)\r?\n")
#: A header longer than this is none.
_LONGEST_HEADER = 1 << 22
#: Files of Outlook Express's own beside the folders.
_BESIDE = re.compile(r"(cleanup\.log|.*\.dbt|.*\.bak|desktop\.ini|thumbs\.db)", re.IGNORECASE)
_MOST_NAMED = 20


def is_dbx(head: bytes) -> bool:
    """Whether a file that begins so (16 bytes) belongs to Outlook Express 5 or 6."""
    return kind_of(head) is not None


def is_list_of_folders(head: bytes) -> bool:
    """Whether a file that begins so is a Folders.dbx."""
    return kind_of(head) == "folders"


def is_dbx_folder(path: Path) -> bool:
    """Whether a directory is a store of Outlook Express: it has a Folders.dbx.  Raises OSError."""
    return path.is_dir() and "folders" in files_of(path).values()


def open_dbx(path: Path, reading: Reading) -> DbxArchive:
    """A folder's file, or a directory with Folders.dbx.  Raises NotAnArchive, OSError."""
    if path.is_dir():
        archive = open_store(path, reading)
        archive.tell_strangers()
        return archive
    token = _state(path)
    with closing(DbxFile(path)) as file:
        _check(file, reading)
        name = shown(file.folder_name(), reading.encoding) or shown(os.fsencode(path.stem), "utf-8")
    return DbxArchive(path, token, reading, None, StoredFolder((name,), None, "folder", path))


def open_store(path: Path, reading: Reading) -> DbxArchive:
    """A directory with Folders.dbx, whatever else lies in it.  Raises NotAnArchive, OSError."""
    token = _state(path)
    kinds = files_of(path)
    if "folders" not in kinds.values():
        raise NotAnArchive(path, _("There is no Folders.dbx in {path}.").format(path=path))
    return DbxArchive(path, token, reading, Hierarchy(path, kinds, reading.encoding))


def _state(path: Path) -> str:
    files = [path] if path.is_file() else [path / name for name in sorted(names_in(path))]
    seen = sha256()
    for file in files:
        state = file.lstat()
        seen.update(f"{file.name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return seen.hexdigest()[:32]


def _check(file: DbxFile, reading: Reading) -> None:
    if file.kind == "folders":
        what = _("{path} lists folders and holds no messages: name the directory in which it lies.")
        raise NotAnArchive(file.path, what.format(path=file.path))
    if file.kind == "other":
        what = _("{path} is a list that Outlook Express kept for itself; it holds no messages.")
        raise NotAnArchive(file.path, what.format(path=file.path))
    if not file.is_whole and not reading.salvage:
        what = _("{path} is damaged at its beginning. A search of the whole file may still find messages.")
        raise NotAnArchive(file.path, what.format(path=file.path), salvageable=file.at(0, 4) == MAGIC)


class DbxArchive:
    """See ``Archive``.  Keys are unique within a folder; one that is in two folders is the same message in both."""

    kind: ClassVar[str] = "dbx"
    rebuilt: ClassVar[bool] = False
    epoch: ClassVar[str] = "content-1"

    def __init__(
        self, path: Path, token: str, reading: Reading, hierarchy: Hierarchy | None, *lone: StoredFolder
    ) -> None:
        self._path = path
        self._token = token
        self._reading = reading
        self._created = hierarchy.created if hierarchy is not None else 0
        self._folders = {folder.key: folder for folder in (hierarchy.folders() if hierarchy else lone)}
        self._problems: dict[tuple[str, str], Problem] = {}
        self._open: tuple[Path, DbxFile] | None = None
        #: Where each message of a folder that was listed begins.
        self._places: dict[str, dict[str, int]] = {}
        if hierarchy is not None:
            self._tell(*hierarchy.problems)

    @property
    def identity(self) -> str:
        return f"{self._created:016x}" if self._created else ""

    def token(self) -> str:
        """Of what was there before it was looked at: what comes later moves the token of who opens it next."""
        return self._token

    def folders(self) -> Iterator[ArchiveFolder]:
        for folder in self._folders.values():
            count: int | None = 0
            if folder.file is not None:
                with closing(DbxFile(folder.file)) as file:
                    count = file.entries if file.is_whole else None
            yield ArchiveFolder(folder.path, folder.role, folder.key, count)

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        stored = self._folders[folder.key]
        # Kept from one listing to the next: an earlier one may still be gone on with.
        places = self._places.setdefault(folder.key, {})
        if stored.file is None:
            return
        with closing(DbxFile(stored.file)) as file:
            messages = Messages(file, salvage=self._reading.salvage)
            for found in messages:
                places[found.item.key] = found.first
                yield found.item
            # Counted in the header, and no longer to be found: told, so that nothing is missing in silence.
            missing = max(file.entries - messages.told, 0) if file.is_whole else 0
            if messages.damaged or missing or not file.is_whole:
                self._tell(_damaged_index(stored, missing))

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        out.writelines(self._message(folder, key))

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        head = bytearray()
        for piece in self._message(folder, key):
            looked_at = max(len(head) - 3, 0)
            head += piece
            if (end := _END_OF_HEADER.search(head, looked_at)) is not None:
                return bytes(head[: end.end(1)])
            if len(head) > _LONGEST_HEADER:
                break
        return bytes(head)

    def problems(self) -> Sequence[Problem]:
        return tuple(self._problems.values())

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _message(self, folder: ArchiveFolder, key: str) -> Iterator[bytes]:
        stored = self._folders[folder.key]
        if key not in self._places.get(folder.key, {}):
            for _item in self.items(folder):
                pass
        first = self._places[folder.key][key]
        assert stored.file is not None, "a folder without a file has no keys"
        return pieces(self._file(stored.file), first)

    def _file(self, path: Path) -> DbxFile:
        """The file that messages were read from last stays open, and no other: a store may have very many."""
        if self._open is None or self._open[0] != path:
            self.close()
            self._open = (path, DbxFile(path))
        return self._open[1]

    def tell_strangers(self) -> None:
        """Have files of the directory that are none of Outlook Express's among the problems."""
        self._tell(*self._strangers())

    def _strangers(self) -> Iterator[Problem]:
        kinds = files_of(self._path)
        others = [name for name in sorted(names_in(self._path)) if name not in kinds and not _BESIDE.fullmatch(name)]
        for name in others[:_MOST_NAMED]:
            told = _("{file} does not belong to Outlook Express and was not read; name it by itself if it holds mail.")
            yield Problem("not-read", told.format(file=shown(os.fsencode(name), "utf-8")), key=name)
        if len(others) > _MOST_NAMED:
            more = len(others) - _MOST_NAMED
            told = plural("{n} more file beside it was not read.", "{n} more files beside it were not read.", more)
            yield Problem("not-read", told)

    def _tell(self, *problems: Problem) -> None:
        for problem in problems:
            self._problems[(problem.code, f"{problem.folder}{problem.key}")] = problem


def _damaged_index(stored: StoredFolder, missing: int) -> Problem:
    if missing:
        told = plural(
            "The index is damaged: {n} message that it counts is not in it any more. "
            "A search of the whole file may find it.",
            "The index is damaged: {n} messages that it counts are not in it any more. "
            "A search of the whole file may find them.",
            missing,
        )
        return Problem("damaged-index", told, stored.path)
    return Problem("damaged-index", _("A part of the index is damaged."), stored.path)

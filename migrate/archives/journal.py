"""What an export has on the disk already, one JSON object a line: the side-car of its messages, and how it goes on.

A line is written after the bytes that it tells of are on the disk, so what it says is true after a cut of any kind.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from connectors.archives.contract import ArchiveFolder, Item
from connectors.folder_names import FolderPath
from connectors.mapi.marks import Marks
from migrate.archives.files import sync_folder
from migrate.archives.names import digest_of

NAME = "items.jsonl"
_CHUNK = 1 << 20


class BrokenJournal(Exception):
    """The lines are not what an export wrote."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a message lies: a file below the export's folder, for an mbox the bytes of it from its From_ line on."""

    file: str
    size: int
    #: Of the message as the archive gives it.
    sha256: str
    offset: int | None = None
    end: int | None = None


def record_of(
    folder: ArchiveFolder, place: FolderPath, item: Item, stored: Stored, marks: Marks | None = None
) -> dict[str, Any]:
    """What is noted of a message."""
    record = {
        "item": digest_of(folder, item).hex(),
        "folder": list(folder.path),
        "place": list(place),
        "key": item.key,
        "file": stored.file,
        "size": stored.size,
        "sha256": stored.sha256,
        "received": item.received and item.received.isoformat(),
        "flags": None if item.flags is None else sorted(item.flags),
        "categories": sorted({*item.labels, *(marks.categories if marks is not None else ())}),
        "salvaged": item.salvaged,
    }
    if marks is not None:
        record["marks"] = marks.as_json()
    if stored.end is not None:
        record |= {"offset": stored.offset, "end": stored.end}
    return record


@dataclass
class Journal:
    """The lines of one export."""

    path: Path
    done: set[bytes] = field(default_factory=set)
    #: By the archive's path, the folder on disk.
    places: dict[FolderPath, FolderPath] = field(default_factory=dict)
    #: Messages and bytes by the archive's path.
    messages: Counter[FolderPath] = field(default_factory=Counter)
    sizes: Counter[FolderPath] = field(default_factory=Counter)
    salvaged: int = 0
    #: Of files that hold several messages, how far they are written.
    ends: dict[str, int] = field(default_factory=dict)
    _waiting: list[bytes] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Journal:
        """What earlier runs left, without a last line that was cut off.  Raises :class:`BrokenJournal`, OSError."""
        journal = cls(path)
        if not path.exists():
            return journal
        whole = 0
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                try:
                    journal._take(json.loads(line))
                except (ValueError, LookupError, TypeError) as error:
                    raise BrokenJournal(str(path)) from error
                whole += len(line)
        os.truncate(path, whole)
        return journal

    def add(self, records: Iterable[dict[str, Any]]) -> None:
        """Note messages, as :func:`record_of` tells them; their lines are written by :meth:`commit`."""
        for record in records:
            self._take(record)
            self._waiting.append(json.dumps(record, ensure_ascii=True).encode() + b"\n")

    def commit(self) -> None:
        """Have the lines on the disk.  The files that they tell of have to be there before.  Raises OSError."""
        if not self._waiting:
            return
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            before = os.fstat(descriptor).st_size
            try:
                lines = memoryview(b"".join(self._waiting))
                # Without a buffer: what a full disk did not take must not be written when room was made.
                while lines:
                    lines = lines[os.write(descriptor, lines) :]
                os.fsync(descriptor)
            except OSError:
                os.truncate(self.path, before)
                raise
        finally:
            os.close(descriptor)
        if not before:
            sync_folder(self.path.parent)
        self._waiting.clear()

    def digest(self) -> str:
        """sha256 of all lines.  Raises OSError."""
        digest = sha256()
        if self.path.exists():
            for chunk in _chunks(self.path):
                digest.update(chunk)
        return digest.hexdigest()

    def _take(self, record: dict[str, Any]) -> None:
        path = tuple(record["folder"])
        self.done.add(bytes.fromhex(record["item"]))
        self.places[path] = tuple(record["place"])
        self.messages[path] += 1
        self.sizes[path] += record["size"]
        self.salvaged += record["salvaged"]
        if "end" in record:
            self.ends[record["file"]] = max(record["end"], self.ends.get(record["file"], 0))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as reader:
        while chunk := reader.read(_CHUNK):
            yield chunk

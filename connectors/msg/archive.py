"""A .msg file: the item in it, and an archive of one item in one folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar

from connectors.archives.contract import ArchiveFolder, Item, NotAnArchive, PersonalItem, Problem, Reading
from connectors.language import _
from connectors.mapi import tags
from connectors.mapi.context import Context
from connectors.mapi.made import date
from connectors.mapi.marks import Marks, marks_of
from connectors.mapi.message import header, write_message
from connectors.mapi.nature import nature_of
from connectors.mapi.personal import personal_item
from connectors.msg.compound import MAGIC, CompoundFile
from connectors.msg.items import MsgItem
from connectors.msg.properties import Report, names_of
from connectors.quiet import open_quietly

_PIECE = 1 << 20
_LIST = "__properties_version1.0"
#: The one folder.
_FOLDER = ArchiveFolder((), None, "", 1)


def is_msg(path: Path) -> bool:
    """Whether a file is a message of Outlook's, by what is in it.  Raises OSError."""
    with open_quietly(path) as reader:
        if reader.read(len(MAGIC)) != MAGIC:
            return False
    try:
        file = CompoundFile(path)
    except NotAnArchive:
        return False
    try:
        return file.root.size(_LIST) is not None
    finally:
        file.close()


def open_msg(path: Path, reading: Reading) -> MsgArchive:
    """Raises NotAnArchive, OSError."""
    return MsgArchive(path, reading)


class MsgFile(MsgItem):
    """The item of a .msg file, to be closed when it was read.  ``report`` is told what is damaged, in a code and words.

    Raises NotAnArchive, OSError.
    """

    __slots__ = ("_file",)

    def __init__(self, path: Path, reading: Reading, report: Report) -> None:
        self._file = CompoundFile(path)
        root = self._file.root
        if root.size(_LIST) is None:
            self._file.close()
            raise NotAnArchive(path, _("This is a file of another Office program, not a message of Outlook's."))
        super().__init__(root, names_of(root, report), report, reading.spool, reading.encoding)

    def close(self) -> None:
        """May be called twice."""
        self._file.close()


class MsgArchive:
    """One item in one folder.  Fulfils ``Archive``, ``Rebuilding``, ``Personal``, ``Addressed`` and ``Marked``.

    The item's key is the digest of the file: it stays the same wherever the file lies and whatever it is called.  The
    identity is empty, for such a file has none: its messages meet their other copies by what they say.
    """

    kind: ClassVar[str] = "msg"
    rebuilt: ClassVar[bool] = True
    identity: ClassVar[str] = ""
    epoch: ClassVar[str] = "sha256"

    def __init__(self, path: Path, reading: Reading) -> None:
        self._path = path
        self._found: dict[Problem, None] = {}
        self._context = Context(reading.spool, reading.addresses, self._report, encoding=reading.encoding)
        self._item = MsgFile(path, reading, self._context.problem)
        self._key: str | None = None

    def token(self) -> str:
        told = self._path.stat()
        return f"{told.st_size}-{told.st_mtime_ns}"

    def folders(self) -> Iterator[ArchiveFolder]:
        yield _FOLDER

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        marks, properties = marks_of(self._item), self._item.properties
        delivered = properties.get(tags.DELIVERY_TIME)
        yield Item(
            key=self._told_key(),
            size=self._path.stat().st_size,
            received=delivered if isinstance(delivered, datetime) else date(properties),
            flags=marks.flags() if properties.get(tags.MESSAGE_FLAGS) is not None else None,
            nature=nature_of(properties),
        )

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        self._check(key)
        write_message(self._item, out, self._context)

    def is_whole(self, folder: ArchiveFolder, key: str) -> bool:
        return not self._found

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        self._check(key)
        return header(self._item, self._context)

    def personal_item(self, folder: ArchiveFolder, key: str) -> PersonalItem:
        self._check(key)
        return personal_item(self._item, nature_of(self._item.properties), self._context)

    def marks(self, folder: ArchiveFolder, key: str) -> Marks:
        self._check(key)
        return marks_of(self._item)

    def unknown_addresses(self) -> Mapping[str, int]:
        return self._context.unknown_addresses()

    def problems(self) -> Sequence[Problem]:
        return list(self._found)

    def close(self) -> None:
        self._item.close()

    def _report(self, problem: Problem) -> None:
        self._found[problem] = None

    def _check(self, key: str) -> None:
        """Raises KeyError when the file is not the one that the key was told of."""
        if key != self._told_key():
            raise KeyError(key)
        self._context.about(_FOLDER.path, key)

    def _told_key(self) -> str:
        if self._key is None:
            digest = hashlib.sha256()
            with open_quietly(self._path) as reader:
                while piece := reader.read(_PIECE):
                    digest.update(piece)
            self._key = digest.hexdigest()
        return self._key

"""What a reader of one kind of archive must tell: data, and the protocol that the archive source is built on.

A reader opens its files for reading alone, holds no more than pieces of one message in memory, and goes on behind
damage: what cannot be read costs only itself, and is told by :meth:`Archive.problems`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol, runtime_checkable

from connectors.nature import Nature
from connectors.values import Role

__all__ = [
    "Addressed",
    "Archive",
    "ArchiveFolder",
    "Damaged",
    "Divisible",
    "Item",
    "Nature",
    "NotAnArchive",
    "Personal",
    "PersonalItem",
    "Problem",
    "Reading",
    "Rebuilding",
]


@dataclass(frozen=True, slots=True)
class ArchiveFolder:
    """A folder of an archive.  Folders without items are told as well: people look for them."""

    path: tuple[str, ...]
    role: Role | None
    #: Names the folder for as long as the archive lives, wherever its file lies and whatever the folder is called.
    key: str
    #: Items in it, of every nature; None when that is not known without reading all.
    items: int | None = None
    #: False for a folder of calendar entries, contacts and the like.
    for_mail: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """One item in a listing, without its body."""

    #: Names the item within its archive: the same after the archive grew, was compacted, or was copied elsewhere, and
    #: never that of another item, not even in a copy of the archive that was used on by itself.
    key: str
    #: Bytes of the message, or a good guess where it is rebuilt; None when not known without reading it.
    size: int | None
    received: datetime | None
    #: None when the archive says nothing of whether it was read: the plan decides then.
    flags: frozenset[str] | None
    nature: Nature = Nature.MAIL
    labels: frozenset[str] = frozenset()
    #: Found by a search of a damaged file, perhaps after somebody deleted it.
    salvaged: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that an archive could not tell, or told wrongly.  ``code`` is one of a few stable words of its kind."""

    code: str
    #: What it cost, for people, without a word of anybody's mail.
    message: str
    folder: tuple[str, ...] | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class PersonalItem:
    """A calendar entry, contact or task as a file that other programs import."""

    nature: Nature
    #: ``.ics`` or ``.vcf``.
    suffix: str
    data: bytes


class Damaged(Exception):
    """An item that cannot be read; the archive's other items can.  ``code`` as in :class:`Problem`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotAnArchive(Exception):
    """The file is not what its reader reads, or is damaged from its beginning; worded for people.

    ``salvageable``: a search of the whole file may still find mail.
    """

    def __init__(self, path: Path, message: str, *, salvageable: bool = False) -> None:
        super().__init__(message)
        self.path = path
        self.salvageable = salvageable


@dataclass(frozen=True, slots=True)
class Reading:
    """How archives are read."""

    #: An existing private folder for what does not fit into memory.
    spool: Path
    #: Mail addresses for X.500 ones (``/o=…/cn=…``, compared without case), as the organisation knows them.
    addresses: Mapping[str, str] = field(default_factory=dict)
    #: The encoding of 8-bit text that does not say its own.
    encoding: str = "windows-1252"
    #: Search the whole file, whatever its header and indexes say.
    salvage: bool = False


class Archive(Protocol):
    """One archive, open for reading; used by one thread."""

    #: What kind of archive it is, one short word: ``pst``, ``mbox``.
    kind: ClassVar[str]

    @property
    def rebuilt(self) -> bool:
        """Whether mail is rebuilt from what the archive keeps of it.

        Its bytes are then not those that the same message has on a server; else they are the message's own.
        """

    @property
    def identity(self) -> str:
        """What the archive calls itself, the same in every copy of it (a PST's record key); empty when it does not."""

    @property
    def epoch(self) -> str:
        """What gives the keys of its items their meaning; they are not to be compared across two epochs."""

    def token(self) -> str:
        """Moves whenever anything in the archive may have changed.  Cheap: reads no items."""

    def folders(self) -> Iterator[ArchiveFolder]: ...
    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        """Every item of the folder, in a stable order.  Reads no bodies unless keys cannot be told without them.

        May be left half-way and gone on with after other questions to the archive.
        """

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        """The message as it stands, or rebuilt as RFC 5322 and MIME say, in pieces of bounded size.

        The same bytes each time.  Line ends may be bare LF where the archive has them so.  Raises :class:`Damaged`,
        KeyError when there is no such item any more, OSError when the disk does not deliver.
        """

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        """The header of the same message alone, up to and without the empty line.  Raises as ``write_message``."""

    def problems(self) -> Sequence[Problem]:
        """What was found damaged or was left out so far."""

    def close(self) -> None:
        """May be called twice."""


@runtime_checkable
class Divisible(Protocol):
    """An archive that several processes can read at once, each its part, without reading what lies before it."""

    def some_items(self, folder: ArchiveFolder, numbers: range) -> Iterator[Item]:
        """Of what ``items`` tells, those of some numbers; the first is 0, and there are ``folder.items`` of them."""


@runtime_checkable
class Personal(Protocol):
    """An archive that holds calendars, contacts and tasks as well."""

    def personal_item(self, folder: ArchiveFolder, key: str) -> PersonalItem:
        """An item that is no mail, as a file.  Raises as ``write_message``."""


@runtime_checkable
class Rebuilding(Protocol):
    """An archive whose mail is rebuilt, and may lack what could not be read."""

    def is_whole(self, folder: ArchiveFolder, key: str) -> bool:
        """Whether nothing of a message was found damaged; asked when it was just written."""


@runtime_checkable
class Addressed(Protocol):
    """An archive whose mail names people by X.500 addresses."""

    def unknown_addresses(self) -> Mapping[str, int]:
        """X.500 addresses met so far for which no mail address was given, and how often."""

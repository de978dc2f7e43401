"""Google Takeout: a mailbox in mbox files, the labels of each message in its header.

A message stands in the file of every label that was exported.  Here it is listed once, in the folder that the rules
for Gmail say (:mod:`connectors.labels`), whichever files it is in.
"""

from __future__ import annotations

import hashlib
import re
import stat
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, ClassVar

from connectors.archives.contract import ArchiveFolder, Item, NotAnArchive, Problem, Reading
from connectors.archives.headers import StoreFields, split
from connectors.archives.stores import CONTENT_EPOCH
from connectors.archives.walking import Walk
from connectors.labels import Place, Places
from connectors.language import _
from connectors.mbox.archive import begins_mbox
from connectors.mbox.file import MboxFile
from connectors.mbox.index import Index
from connectors.mbox.takeout_labels import Told, labels_of, language_of, read
from connectors.quiet import open_regular
from connectors.values import Role

_LABELS = b"x-gmail-labels"
_THREAD = b"x-gm-thrid"
_FIELD = re.compile(rb"^x-gmail-labels[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_SENDER = re.compile(rb"From \d{5,25}@xxx ")
_FOLD = re.compile(rb"\r?\n[ \t]")
_SUFFIX = ".mbox"
#: What of a file is looked at to know it.
_HEAD = 1 << 18
_PLACES = Places(
    {
        Role.INBOX: ("INBOX",), Role.SENT: ("Sent Mail",), Role.DRAFTS: ("Drafts",), Role.JUNK: ("Spam",),
        Role.TRASH: ("Trash",), Role.ARCHIVE: ("All Mail",),
    }
)  # fmt: skip
_CHATS = Place(("Chats",), None)


def is_takeout(path: Path) -> bool:
    """Whether an mbox file, or every one in a folder, was written by Google Takeout.  False for what cannot be read."""
    try:
        return _is_export(path)
    except OSError:
        return False


def open_takeout(path: Path, reading: Reading) -> TakeoutArchive:  # noqa: ARG001  # all are opened alike
    """One file, or a folder with the files of one mailbox.  Raises NotAnArchive, OSError."""
    if not _is_export(path):
        raise NotAnArchive(path, _("{path} is no export of Google Takeout").format(path=path))
    return TakeoutArchive(path)


def _is_export(path: Path) -> bool:
    """A file that is damaged at its beginning says nothing of who wrote it.  Raises OSError."""
    heads = [head for head in map(_head, _files(path, Walk())) if begins_mbox(head)]
    return bool(heads) and all(map(_is_takeouts, heads))


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Messages of a file, by their numbers in its index."""

    file: MboxFile
    index: Index
    numbers: array[int]


class TakeoutArchive:
    """Implements the archive contract."""

    kind: ClassVar[str] = "takeout"
    rebuilt: ClassVar[bool] = False
    identity: ClassVar[str] = ""
    epoch: ClassVar[str] = CONTENT_EPOCH

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files: dict[Path, MboxFile] = {}
        self._walk = Walk()
        self._indexes: list[Index] = []
        #: Every message once, by the path of its place, with the file in which it is met first.
        self._there: dict[tuple[str, ...], list[_Numbered]] = {}
        #: The values of X-Gmail-Labels that occur, and their numbers, which the files' indexes hold.
        self._values: list[bytes] = []
        self._numbers: dict[bytes, int] = {}
        self._told: list[Told] = []
        self._placed: list[Place] = []
        self._language: str | None = None

    def token(self) -> str:
        digest = hashlib.sha256()
        for file in self._look():
            digest.update(file.token().encode() + b"\n")
        return digest.hexdigest()[:32]

    def folders(self) -> Iterator[ArchiveFolder]:
        """The inbox, the folders that messages are placed in, and those above them."""
        there = self._all()
        roles = {place.path: place.role for place in self._placed}
        placed = {path: (roles[path], sum(len(one.numbers) for one in some)) for path, some in there.items()}
        placed.setdefault(("INBOX",), (Role.INBOX, 0))
        for path in list(placed):
            for length in range(1, len(path)):
                placed.setdefault(path[:length], (None, 0))
        for path in sorted(placed, key=lambda path: (path != ("INBOX",), path)):
            role, count = placed[path]
            yield ArchiveFolder(path, role, "/".join(path), count)

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        for some in self._all().get(folder.path, ()):
            for number in some.numbers:
                yield self._item(some.file, some.index, number)

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        self._holder(key).write_message(key, out)

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        return self._holder(key).header(key)

    def problems(self) -> Sequence[Problem]:
        told = [Problem(code, message) for file in self._look() for code, message, _key in file.problems()]
        told += [Problem(code, message) for code, message in self._walk.problems()]
        if self._values and self._language is None:
            text = _(
                "the labels are in a language that is not known here: those of Gmail itself became folders, and"
                " nothing is known of what was read; ask Google for the export again, in English"
            )
            told.append(Problem("unknown-language", text))
        return told

    def close(self) -> None:
        for file in self._files.values():
            file.release()

    def _look(self) -> list[MboxFile]:
        """The files as they are now; one that was there before is the same object."""
        fields, before, self._walk = StoreFields((_LABELS, _THREAD)), self._files, Walk()
        there = _files(self._path, self._walk)
        self._files = {path: before.get(path) or MboxFile(path, fields, self._judge) for path in there}
        for path in before.keys() - self._files.keys():
            before[path].release()
        return list(self._files.values())

    def _judge(self, _from_line: bytes, header: bytes) -> int:
        """Mail it is always; what is noted is which labels it has."""
        found = _FIELD.search(header)
        value = _FOLD.sub(b" ", found[1]).strip() if found else b""
        number = self._numbers.setdefault(value, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number << 2

    def _all(self) -> Mapping[tuple[str, ...], Sequence[_Numbered]]:
        """Every message as the files are now."""
        files = self._look()
        indexes = [file.index() for file in files]
        if indexes != self._indexes:
            self._interpret()
            self._there, self._indexes = {}, indexes
            for at, (file, index) in enumerate(zip(files, indexes, strict=True)):
                numbers: dict[tuple[str, ...], array[int]] = defaultdict(lambda: array("L"))
                for number in index.mail():
                    if not at or not any(other.find(index.key(number)) is not None for other in indexes[:at]):
                        numbers[self._placed[index.marks[number] >> 2].path].append(number)
                for path, some in numbers.items():
                    self._there.setdefault(path, []).append(_Numbered(file, index, some))
        return self._there

    def _interpret(self) -> None:
        """Read the labels that were met, in the language that they are in."""
        if len(self._told) == len(self._values):
            return
        labels = [labels_of(value) for value in self._values]
        self._language = language_of(label for some in labels for label in some)
        self._told = [read(some, self._language) for some in labels]
        self._placed = [_place(told) for told in self._told]

    def _item(self, file: MboxFile, index: Index, number: int) -> Item:
        labels = index.marks[number] >> 2
        told, place = self._told[labels], self._placed[labels]
        flags = None if self._language is None or not self._values[labels] else _flags(told, place)
        further = {"/".join(path) for path in _PLACES.further(told.labelled, place)}
        return replace(file.item(index, number), flags=flags, labels=frozenset(further | told.categories))

    def _holder(self, key: str) -> MboxFile:
        for file in list(self._files.values()) or self._look():
            if file.index().find(key) is not None:
                return file
        raise KeyError(key)


def _place(told: Told) -> Place:
    for role in (Role.TRASH, Role.JUNK):
        if role in told.labelled.roles:
            return _PLACES.of(role)
    if told.chat and not told.labelled.own:
        return _CHATS
    return _PLACES.place(told.labelled)


def _flags(told: Told, place: Place) -> frozenset[str]:
    flags = set(told.keywords | _PLACES.keywords(told.labelled, place))
    if not told.unread:
        flags.add("\\Seen")
    if told.starred:
        flags.add("\\Flagged")
    if Role.DRAFTS in told.labelled.roles:
        flags.add("\\Draft")
    return frozenset(flags)


def _files(path: Path, walk: Walk) -> list[Path]:
    """The mbox files of an export, by their names: one that does not begin as it should may hold mail all the same.

    Raises OSError.
    """
    if not stat.S_ISDIR(path.stat().st_mode):
        return [path]
    return [
        directory.path / name
        for directory in walk.walk(path)
        for name in directory.files
        if name.lower().endswith(_SUFFIX) and not name.startswith(".")
    ]


def _head(path: Path) -> bytes:
    with open_regular(path) as reader:
        return reader.read(_HEAD)


def _is_takeouts(head: bytes) -> bool:
    from_line, _end, rest = head.lstrip(b"\r\n").partition(b"\n")
    low = b"\n" + split(rest)[0].lower()
    # A message may have neither field; who Takeout says has sent it is the same everywhere.
    return _SENDER.match(from_line) is not None or any(b"\n" + name + b":" in low for name in (_LABELS, _THREAD))

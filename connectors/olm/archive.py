"""An export of Outlook for Mac as an archive."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, ClassVar

from connectors.archives.contract import (
    ArchiveFolder,
    Damaged,
    Item,
    Nature,
    NotAnArchive,
    PersonalItem,
    Problem,
    Reading,
)
from connectors.archives.ordinals import Ordinals
from connectors.archives.stores import CONTENT_EPOCH
from connectors.language import _, labelled
from connectors.mapi.context import Context
from connectors.mapi.marks import Marks, marks_of
from connectors.mapi.message import header, write_message
from connectors.olm.item import Message, identity, source_of
from connectors.olm.personal import NATURES, personal_identity, personal_item
from connectors.olm.places import folders_of, looks_like_olm
from connectors.olm.record import Record, number
from connectors.olm.xml import records
from connectors.zips import Member, NotAZip, Zip
from connectors.zips.names import shown

_EMAIL = "email"
_PIECE = 1 << 16
_ENDS = re.compile(r"\r\n|\r|\n")


def is_olm(path: Path) -> bool:
    """Whether a file is an export of Outlook for Mac, also one that was cut off.  Raises OSError."""
    try:
        # Of one whose list is lost, the members that can be found tell.
        opened = Zip(path, salvage=True)
    except NotAZip:
        return False
    opened.close()
    return _is_export(opened)


def open_olm(path: Path, reading: Reading) -> OlmArchive:
    """Raises NotAnArchive, OSError."""
    state = path.stat()
    token = sha256(f"{state.st_size}\0{state.st_mtime_ns}".encode()).hexdigest()[:32]
    try:
        opened = Zip(path, salvage=reading.salvage)
    except NotAZip as error:
        what = _("{path} cannot be read: {why}").format(path=path, why=error)
        raise NotAnArchive(path, what, salvageable=not reading.salvage) from None
    if not _is_export(opened):
        opened.close()
        raise NotAnArchive(path, _("{path} is no export of Outlook for Mac.").format(path=path))
    return OlmArchive(token, reading, opened)


def _is_export(opened: Zip) -> bool:
    return looks_like_olm([*opened.directories, *(member.name for member in opened.members)])


class OlmArchive:
    """See ``Archive``.

    An export names its files by numbers that the next export gives anew, so keys are made of what a message says of
    itself.
    """

    kind: ClassVar[str] = "olm"
    rebuilt: ClassVar[bool] = True
    identity: ClassVar[str] = ""
    epoch: ClassVar[str] = CONTENT_EPOCH

    def __init__(self, token: str, reading: Reading, opened: Zip) -> None:
        self._token = token
        self._zip = opened
        self._folders = {folder.key: folder for folder in folders_of(opened.members, opened.directories)}
        self._problems: dict[Problem, None] = {}
        self._harmed: set[str | None] = set()
        self._context = Context(reading.spool, reading.addresses, self._tell, encoding=reading.encoding)
        #: By folder and key: the file, and which of its records.
        self._places: dict[str, dict[str, tuple[Member, int]]] = {}
        self._files: dict[str, Member] | None = None
        self._reading: tuple[Member, int, Iterator[Record]] | None = None
        for refusal in opened.refused:
            self._tell(Problem(refusal.code, labelled(shown(refusal.name), refusal.why), key=shown(refusal.name)))

    def token(self) -> str:
        """Of the file as it was before it was looked at: what comes later moves the token of who opens it next."""
        return self._token

    def folders(self) -> Iterator[ArchiveFolder]:
        for folder in self._folders.values():
            yield ArchiveFolder(folder.path, folder.role, folder.key, folder.count, folder.is_mail)

    def items(self, folder: ArchiveFolder) -> Iterator[Item]:
        stored = self._folders[folder.key]
        places = self._places.setdefault(folder.key, {})
        ordinals = Ordinals()
        for member in stored.members:
            place = -1
            try:
                for place, record in enumerate(self._records(member)):
                    item = replace(_item(record, member, ordinals), salvaged=self._zip.salvaged)
                    places[item.key] = (member, place)
                    yield item
            except Damaged as damaged:
                # Somebody's message all the same: listed, so that it is accounted for, and refused when it is read.
                name = shown(member.name)
                self._tell(Problem(damaged.code, labelled(name, str(damaged)), stored.path, name))
                lost = sha256(member.name.encode("utf-8", "surrogateescape")).hexdigest()[:32]
                key = ordinals.key(f"damaged-{lost}")
                places[key] = (member, place + 1)
                yield Item(key, None, None, None, salvaged=self._zip.salvaged)

    def write_message(self, folder: ArchiveFolder, key: str, out: BinaryIO) -> None:
        record = self._mail(folder, key)
        if (whole := _as_it_came(record)) is not None:
            out.writelines(whole[start : start + _PIECE] for start in range(0, len(whole), _PIECE))
            return
        write_message(Message(record, self._opened), out, self._context.about(folder.path, key))

    def is_whole(self, folder: ArchiveFolder, key: str) -> bool:
        return key not in self._harmed

    def header(self, folder: ArchiveFolder, key: str) -> bytes:
        record = self._mail(folder, key)
        if (whole := _as_it_came(record)) is not None:
            return whole.partition(b"\r\n\r\n")[0] + b"\r\n"
        return header(Message(record, self._opened), self._context)

    def personal_item(self, folder: ArchiveFolder, key: str) -> PersonalItem:
        record = self._record(folder, key)
        if record.name == _EMAIL:
            raise KeyError(key)
        self._context.about(folder.path, key)
        return personal_item(record, key, self._context.problem)

    def marks(self, folder: ArchiveFolder, key: str) -> Marks:
        return marks_of(Message(self._mail(folder, key), lambda _place: None))

    def unknown_addresses(self) -> Mapping[str, int]:
        return self._context.unknown_addresses()

    def problems(self) -> Sequence[Problem]:
        return tuple(self._problems)

    def close(self) -> None:
        self._reading = None
        self._zip.close()

    def _tell(self, problem: Problem) -> None:
        self._problems[problem] = None
        self._harmed.add(problem.key)

    def _records(self, member: Member) -> Iterator[Record]:
        for element in records(lambda: self._zip.pieces(member)):
            if element.name == _EMAIL or element.name in NATURES:
                yield Record(element)

    def _mail(self, folder: ArchiveFolder, key: str) -> Record:
        record = self._record(folder, key)
        if record.name != _EMAIL:
            raise Damaged("no-mail", _("it is a contact, an appointment, a task or a note, and no message"))
        return record

    def _record(self, folder: ArchiveFolder, key: str) -> Record:
        """Raises Damaged, KeyError, OSError."""
        if key not in self._places.get(folder.key, {}):
            for _item in self.items(folder):
                pass
        member, place = self._places[folder.key][key]
        # Contacts lie in one file, and are asked for in its order: gone on with, it is read once and not for each.
        begin, found = 0, self._records(member)
        if self._reading is not None and self._reading[0] is member and self._reading[1] <= place:
            _member, begin, found = self._reading
        self._reading = None
        for at, record in enumerate(found, begin):
            if at == place:
                self._reading = (member, place + 1, found)
                return record
        raise KeyError(key)

    def _opened(self, name: str) -> BinaryIO | None:
        """What an attachment's address leads to; None when nothing lies there, or what is there is not read."""
        if self._files is None:
            self._files = {}
            for member in self._zip.members:
                self._files.setdefault(_plain(member.name), member)
        member_or_none = self._files.get(_plain(name))
        return self._zip.open(member_or_none) if member_or_none is not None else None


def _plain(name: str) -> str:
    """macOS takes letters apart from their accents in some places, and not in others."""
    return unicodedata.normalize("NFC", name.strip().lstrip("/"))


def _item(record: Record, member: Member, ordinals: Ordinals) -> Item:
    if record.name != _EMAIL:
        nature = NATURES[record.name]
        key = ordinals.key(f"{nature.value}-{personal_identity(record).hex()[:32]}")
        return Item(key, None, record.time("OPFNoteCopyCreationDate"), None, nature)
    key = ordinals.key(identity(record).hex()[:32])
    message = Message(record, lambda _place: None)
    marks = marks_of(message)
    received = record.time("OPFMessageCopyReceivedTime", "OPFMessageCopySentTime", "OPFMessageCopyModDate")
    return Item(key, _size(record, member), received, marks.flags(), Nature.MAIL, frozenset(marks.categories))


def _size(record: Record, member: Member) -> int:
    """A guess: the description without its doubled body, and attachments, which are told by their size in base64."""
    attached = sum(
        int(min(max(number(one.get("OPFAttachmentContentFileSize", "")), 0), 1 << 40))
        for one in record.attributes("OPFMessageCopyAttachmentList")
    )
    return member.size // 2 + attached


def _as_it_came(record: Record) -> bytes | None:
    """The message as it came over the wire, where the export has that and nothing else of its body."""
    head, body = source_of(record)
    if not body.strip() or record.text("OPFMessageCopyHTMLBody") or record.text("OPFMessageCopyBody"):
        return None
    if record.attributes("OPFMessageCopyAttachmentList"):
        return None
    return _ENDS.sub("\r\n", f"{head}\r\n\r\n{body}").encode("utf-8", "replace")

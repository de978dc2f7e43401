"""The messages of one .dbx file: in a listing by what Outlook Express kept of them, and as their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from connectors.archives.contract import Damaged, Item
from connectors.archives.ordinals import Ordinals
from connectors.dbx import info as fields
from connectors.dbx.file import BrokenObject, DbxFile
from connectors.dbx.info import IndexedInfo
from connectors.dbx.salvage import beginnings
from connectors.language import _

_FLAGS = {
    0x08: "\\Draft",
    0x20: "\\Flagged",
    0x80: "\\Seen",
    0x080000: "\\Answered",
    0x100000: "$Forwarded",
}
#: What a message whose bytes cannot be read is told from others by.
_OF_AN_ENTRY = (fields.MESSAGE_ID, fields.SENT, fields.RECEIVED, fields.SAVED, fields.SUBJECT, fields.SENDER)


@dataclass(frozen=True, slots=True)
class Found:
    """A message, or an entry of the index behind which there is none."""

    item: Item
    #: The address of its first piece; 0 when only its header was fetched from the server.
    first: int


class Messages:
    """All messages of one file, each told once.

    Outlook Express numbers and addresses messages anew when it compacts a folder, so keys are made of contents: that
    a listing reads every message is the price.
    """

    def __init__(self, file: DbxFile, *, salvage: bool) -> None:
        self._file = file
        self._salvage = salvage
        #: Parts of the index that could not be read, in the last listing.
        self.damaged = 0
        #: Entries that the last listing told.
        self.told = 0

    def __iter__(self) -> Iterator[Found]:
        self.damaged = self.told = 0
        ordinals = Ordinals()
        indexed: set[int] = set()
        for address in self._file.tree():
            try:
                if isinstance(address, BrokenObject):
                    raise address
                info = self._file.info(address)
            except BrokenObject:
                self.damaged += 1
                continue
            self.told += 1
            first = info.number(fields.FIRST_BLOCK) or 0
            indexed.add(first)
            yield Found(self._item(info, first, ordinals), first)
        if self._salvage:
            for first in beginnings(self._file):
                if first not in indexed:
                    yield Found(self._salvaged(first, ordinals), first)

    def _item(self, info: IndexedInfo, first: int, ordinals: Ordinals) -> Item:
        flags = info.number(fields.FLAGS)
        received = info.time(fields.RECEIVED) or info.time(fields.SAVED) or info.time(fields.SENT)
        told = None if flags is None else frozenset(flag for bit, flag in _FLAGS.items() if flags & bit)
        if (read := self._read(first)) is not None:
            digest, size = read
            return Item(ordinals.key(digest), size, received, told)
        entry = sha256(b"\0".join(info.raw(index) for index in _OF_AN_ENTRY))
        return Item(ordinals.key(f"entry-{entry.hexdigest()[:32]}"), None, received, told)

    def _salvaged(self, first: int, ordinals: Ordinals) -> Item:
        received: datetime | None = None
        if (read := self._read(first)) is not None:
            digest, size = read
            return Item(ordinals.key(digest), size, received, None, salvaged=True)
        text = sha256(self._file.block(first).text)
        return Item(ordinals.key(f"piece-{text.hexdigest()[:32]}"), None, received, None, salvaged=True)

    def _read(self, first: int) -> tuple[str, int] | None:
        """Digest and size of a message; None when it cannot be read whole."""
        if not first:
            return None
        content, size = sha256(), 0
        try:
            for piece in self._file.message(first):
                content.update(piece)
                size += len(piece)
        except BrokenObject:
            return None
        return content.hexdigest()[:32], size


def pieces(file: DbxFile, first: int) -> Iterator[bytes]:
    """A message in pieces.  Raises Damaged."""
    if not first:
        raise Damaged(
            "not-downloaded",
            _("only the header of the message was fetched from its server; the message was never on this disk"),
        )
    try:
        yield from file.message(first)
    except BrokenObject:
        raise Damaged("damaged-message", _("a part of the message is missing or damaged in the file")) from None

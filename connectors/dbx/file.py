"""One .dbx file: its header, its tree of pointers, and its objects, each of which begins with its own address.

That address (the *marker*) is what damage shows by: an object whose marker is not where it lies is not read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connectors.dbx.info import LONGEST_INFO, IndexedInfo
from connectors.quiet import open_quietly

#: What every file of Outlook Express 5 and 6 begins with; the four bytes behind it say which kind it is.
MAGIC = bytes.fromhex("cfad12fe")
_REST = bytes.fromhex("746f")  # bytes 6 and 7, the same in all kinds
_MESSAGES, _FOLDERS = 0xC5, 0xC6
HEADER_SIZE = 0x24BC
_ENTRIES, _ROOT = 0xC4, 0xE4
_FOLDER_NAME = slice(0x105, 0x210)  # within the file's own description, which follows the header

NODE_HEADER, NODE_ENTRY, MOST_ENTRIES = 0x18, 12, 51
BLOCK_HEADER = 16
#: Bytes of text in a message's block; Outlook Express writes 512, always.
LONGEST_BLOCK = 1 << 16
#: Bytes read at once around an object: neighbours are often wanted next.
_PAGE = 1 << 14


class BrokenObject(Exception):
    """There is no such object at that place."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a message, and where the next one lies (0: it was the last)."""

    text: bytes
    next: int


def kind_of(head: bytes) -> str | None:
    """``messages``, ``folders``, or ``other`` for Outlook Express's lists of what it fetched; None: no such file."""
    if head[:4] != MAGIC or head[6:8] != _REST or head[5:6] != b"\xfd":
        return None
    return {_MESSAGES: "messages", _FOLDERS: "folders"}.get(head[4], "other")


class DbxFile:
    """A .dbx file, open for reading.  Raises OSError when the disk does not deliver."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO = open_quietly(path)
        try:
            self.size = self._file.seek(0, 2)
            self._start, self._page = 0, b""
            self.kind = kind_of(self.at(0, 16))
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        self._file.close()

    def at(self, offset: int, size: int) -> bytes:
        """Bytes at a place; fewer where the file ends."""
        begin = offset - self._start
        if begin < 0 or begin + size > len(self._page):
            self._file.seek(offset)
            self._start, self._page, begin = offset, self._file.read(max(size, _PAGE)), 0
        return self._page[begin : begin + size]

    def number(self, offset: int) -> int:
        """A 32-bit number; 0 behind the end."""
        raw = self.at(offset, 4)
        return int.from_bytes(raw, "little") if len(raw) == 4 else 0

    @property
    def entries(self) -> int:
        """How many items the header says there are."""
        return self.number(_ENTRIES)

    @property
    def is_whole(self) -> bool:
        """Whether its header can be read.  Files of a header and nothing else exist: folders never used."""
        return self.size >= HEADER_SIZE and self.kind in ("messages", "folders")

    def folder_name(self) -> bytes:
        """The name that a message file was made with, in the code page of its Windows; empty when it has none."""
        described = self.at(HEADER_SIZE, _FOLDER_NAME.stop)[_FOLDER_NAME]
        return described.partition(b"\0")[0]

    def created(self) -> int:
        """When Folders.dbx was made, in 100 ns since 1601: no two stores have the same."""
        return int.from_bytes(self.at(HEADER_SIZE, 8), "little")

    def tree(self) -> Iterator[int | BrokenObject]:
        """Addresses of all items in the order of the tree, and what is damaged of it.  A node is visited once."""
        seen: set[int] = set()
        waiting: list[tuple[str, int]] = [("node", self.number(_ROOT))]
        while waiting:
            what, address = waiting.pop()
            if what == "value":
                yield address
                continue
            if not address:
                continue
            if address in seen:
                yield BrokenObject("a node of the index is in it twice")
                continue
            seen.add(address)
            try:
                waiting += reversed(self._node(address))
            except BrokenObject as broken:
                yield broken

    def _node(self, address: int) -> list[tuple[str, int]]:
        header = self.at(address, NODE_HEADER)
        if len(header) < NODE_HEADER:
            raise BrokenObject("a node of the index lies behind the end of the file")
        marker, _, child, _, _, count, _, _ = struct.unpack("<IIIIBBHI", header)
        if marker != address or count > MOST_ENTRIES:
            raise BrokenObject("a node of the index is damaged")
        body = self.at(address + NODE_HEADER, NODE_ENTRY * count)
        found = [("node", child)]
        for value, below, _ in struct.iter_unpack("<III", body[: len(body) // NODE_ENTRY * NODE_ENTRY]):
            found += [("value", value), ("node", below)]
        return found

    def info(self, address: int) -> IndexedInfo:
        """What is kept of an item or a folder.  Raises BrokenObject."""
        header = self.at(address, 12)
        if len(header) < 12:
            raise BrokenObject("an entry lies behind the end of the file")
        marker, length, _, count, _ = struct.unpack("<IIHBB", header)
        if marker != address or length > LONGEST_INFO or count * 4 > length:
            raise BrokenObject("an entry is damaged")
        body = self.at(address + 12, length)
        if len(body) < length:
            raise BrokenObject("an entry lies behind the end of the file")
        return IndexedInfo(body, count)

    def block(self, address: int) -> Block:
        """A piece of a message.  Raises BrokenObject."""
        header = self.at(address, BLOCK_HEADER)
        if len(header) < BLOCK_HEADER:
            raise BrokenObject("a piece of the message lies behind the end of the file")
        marker, room, length, following = struct.unpack("<IIII", header)
        if marker != address or room > LONGEST_BLOCK or length > room:
            raise BrokenObject("a piece of the message is damaged")
        text = self.at(address + BLOCK_HEADER, length)
        if len(text) < length:
            raise BrokenObject("a piece of the message lies behind the end of the file")
        return Block(text, following)

    def message(self, first: int) -> Iterator[bytes]:
        """The pieces of a message in their order.  Raises BrokenObject, also when they lead in a circle."""
        address, kept, steps, limit = first, 0, 0, 1
        while address:
            block = self.block(address)
            yield block.text
            # Brent's way to find circles: remember every 1st, 2nd, 4th, 8th… place, and nothing else.
            steps += 1
            if steps == limit:
                kept, steps, limit = address, 0, limit * 2
            address = block.next
            if address and address == kept:
                raise BrokenObject("the pieces of the message lead in a circle")

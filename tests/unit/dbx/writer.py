"""A small writer of .dbx files: no more of them than the reader and Outlook Express agree on."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

HEADER_SIZE, NODE_SIZE, BLOCK_SIZE = 0x24BC, 0x27C, 0x210
MESSAGES, FOLDERS, UIDS = 0xC5, 0xC6, 0xC7
READ, FLAGGED, ANSWERED, FORWARDED, DRAFT = 0x80, 0x20, 0x080000, 0x100000, 0x08
DOWNLOADED = 0x01
RECEIVED = datetime(2006, 3, 4, 5, 6, 7, tzinfo=UTC)


def filetime(when: datetime) -> bytes:
    return (int((when - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000).to_bytes(8, "little")


def message(number: int, lines: int = 3) -> bytes:
    """A message as Outlook Express keeps it."""
    head = f"From: a{number}@example.org\r\nSubject: number {number}\r\nMessage-ID: <{number}@example.org>\r\n\r\n"
    return (head + f"Line of message {number}, and some more of it.\r\n" * lines).encode()


@dataclass
class Entry:
    """A message of a folder's file."""

    text: bytes
    flags: int = DOWNLOADED | READ
    received: datetime | None = RECEIVED
    message_id: bytes = b""

    def values(self, first: int) -> dict[int, int | bytes]:
        values: dict[int, int | bytes] = {0x01: self.flags.to_bytes(4, "little")}
        if self.received is not None:
            values[0x12] = filetime(self.received)
        if first:
            # Three bytes hold an address in a small file; a large one needs four.
            values[0x04] = first if first < 1 << 24 else first.to_bytes(4, "little")
        if self.message_id:
            values[0x07] = self.message_id + b"\0"
        return values


@dataclass
class Line:
    """A folder in Folders.dbx."""

    number: int
    parent: int
    name: bytes
    file: bytes = b""
    messages: int = 0
    special: int = 0
    account: bytes = b""

    def values(self) -> dict[int, int | bytes]:
        values: dict[int, int | bytes] = {0x00: self.number, 0x01: self.parent, 0x02: self.name + b"\0"}
        values |= {0x07: self.messages} if self.messages else {}
        values |= {0x09: self.special} if self.special else {}
        values |= {0x03: self.file + b"\0"} if self.file else {}
        values |= {0x05: self.account + b"\0"} if self.account else {}
        return values


@dataclass
class DbxWriter:
    """Objects in the order in which they are added, each with its address at its beginning."""

    kind: int = MESSAGES
    name: bytes = b""
    created: datetime = RECEIVED
    data: bytearray = field(default_factory=bytearray)
    entries: int = 0

    def __post_init__(self) -> None:
        self.data += struct.pack("<II", 0xFE12ADCF, 0x6F74FD00 | self.kind) + bytes(HEADER_SIZE - 8)
        about = bytearray(0x618)
        if self.kind == FOLDERS:
            about[:8] = filetime(self.created)
        about[0x105 : 0x105 + len(self.name)] = self.name
        self.data += about

    def put(self, offset: int, value: int) -> None:
        struct.pack_into("<I", self.data, offset, value)

    def reserve(self, size: int) -> int:
        address = len(self.data)
        self.data += bytes(size + -size % 4)
        return address

    def blocks(self, text: bytes, shuffled: random.Random | None = None) -> list[int]:
        """A message in pieces; ``shuffled``: not one behind the other, as in a file that was used for years."""
        texts = [text[start : start + 512] for start in range(0, len(text), 512)] or [b""]
        places = [self.reserve(BLOCK_SIZE) for _ in texts]
        if shuffled is not None:
            shuffled.shuffle(places)
        for place, piece, following in zip(places, texts, [*places[1:], 0], strict=True):
            struct.pack_into("<IIII", self.data, place, place, 512, len(piece), following)
            self.data[place + 16 : place + 16 + len(piece)] = piece
        return places

    def info(self, values: dict[int, int | bytes]) -> int:
        index, kept = b"", b""
        for number, value in sorted(values.items()):
            if isinstance(value, int):
                index += struct.pack("<I", number | 0x80 | value << 8)
            else:
                index += struct.pack("<I", number | len(kept) << 8)
                kept += value
        address = self.reserve(12 + len(index) + len(kept) + 3)
        body = index + kept + bytes(-len(kept) % 4)
        struct.pack_into("<IIHBB", self.data, address, address, len(body), 0, len(values), 1)
        self.data[address + 12 : address + 12 + len(body)] = body
        return address

    def tree(self, values: Sequence[int], fan: int = 51, parent: int = 0) -> int:
        """A node over these values, with nodes below it where they are more than fit."""
        if not values:
            return 0
        address = self.reserve(NODE_SIZE)
        self.put(address, address)
        self.put(address + 12, parent)
        own = values if len(values) <= fan else values[:: len(values) // fan + 1]
        groups: list[list[int]] = [[] for _ in range(len(own) + 1)]
        position = -1
        for value in values:
            if position + 1 < len(own) and value == own[position + 1]:
                position += 1
            else:
                groups[position + 1].append(value)
        self.data[address + 17] = len(own)
        self.put(address + 8, self.tree(groups[0], fan, address))
        for number, value in enumerate(own):
            place = address + 24 + 12 * number
            self.put(place, value)
            self.put(place + 4, self.tree(groups[number + 1], fan, address))
        return address

    def finish(self, values: Sequence[int], fan: int = 51) -> bytes:
        self.put(0xC4, len(values))
        self.put(0xE4, self.tree(values, fan))
        return bytes(self.data)


def folder_file(entries: Sequence[Entry], *, name: bytes = b"Inbox", fan: int = 51, seed: int | None = None) -> bytes:
    """The file of a folder; ``seed``: the pieces of its messages lie in no order."""
    writer = DbxWriter(MESSAGES, name)
    order = random.Random(seed) if seed is not None else None
    values = []
    for entry in entries:
        first = writer.blocks(entry.text, order)[0] if entry.flags & DOWNLOADED else 0
        values.append(writer.info(entry.values(first)))
    return writer.finish(values, fan)


def folders_file(lines: Sequence[Line], fan: int = 51) -> bytes:
    """Folders.dbx, with the root and Local Folders (1) above what is given."""
    writer = DbxWriter(FOLDERS)
    root = writer.info({0x01: b"\xff\xff\xff\xff", 0x02: b"Outlook Express\0"})
    local = writer.info({0x00: 1, 0x02: b"Local Folders\0", 0x05: b"LocalStore\0"})
    return writer.finish([root, local, *(writer.info(line.values()) for line in lines)], fan)


def write_store(directory: Path, lines: Sequence[Line], files: dict[str, bytes]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "Folders.dbx").write_bytes(folders_file(lines))
    for name, data in files.items():
        (directory / name).write_bytes(data)
    return directory

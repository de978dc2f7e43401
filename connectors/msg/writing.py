"""A storage as a compound file of its own ([MS-CFB] 2), version 3, with sectors of 512 bytes.

Streams are copied in pieces, one behind the other, so that every chain is a run of sectors.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from connectors.archives.contract import Damaged
from connectors.language import _

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT, _DIFAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_IN_HEADER = 109
_PIECE = 1 << 16
#: An object's entries, and storages within storages; more are damage, or made to harm.
_MOST, _DEEPEST = 100_000, 200
_UNUSED = bytes(68) + b"\xff" * 12 + bytes(48)


class Source(Protocol):
    """A storage to be written: see :class:`connectors.msg.compound.Storage`."""

    @property
    def class_id(self) -> bytes: ...
    def names(self) -> Iterator[tuple[str, bool]]: ...
    def storage(self, name: str) -> Source | None: ...
    def size(self, name: str) -> int | None: ...
    def open(self, name: str) -> BinaryIO | None: ...


@dataclass(slots=True)
class _Entry:
    name: str
    kind: int
    class_id: bytes = bytes(16)
    size: int = 0
    start: int = _END
    left: int = _FREE
    right: int = _FREE
    child: int = _FREE

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le", "replace")[:62] + b"\0\0"
        return struct.pack(
            "<64sHBBIII16sIQQIQ",
            name, len(name), self.kind, 1, self.left, self.right, self.child, self.class_id, 0, 0, 0,
            self.start, self.size,
        )  # fmt: skip


@dataclass(slots=True)
class _Layout:
    """Sectors and what follows each of them."""

    out: BinaryIO
    fat: list[int] = field(default_factory=list)
    mini: bytearray = field(default_factory=bytearray)
    mini_fat: list[int] = field(default_factory=list)


def compound_file(source: Source, spool: Path) -> BinaryIO:
    """A reader at byte 0 of a file that is gone when it is closed.  Raises Damaged and OSError."""
    out: BinaryIO = tempfile.TemporaryFile(dir=spool)  # noqa: SIM115  # the caller closes it
    try:
        write_compound(source, out)
        out.seek(0)
    except BaseException:
        out.close()
        raise
    return out


def write_compound(source: Source, out: BinaryIO) -> None:
    """The file, on a seekable ``out`` that stands at byte 0."""
    entries = [_Entry("Root Entry", _ROOT, source.class_id)]
    layout = _Layout(out)
    out.write(bytes(_SECTOR))
    _add(source, 0, entries, layout, 0)
    entries[0].size = len(layout.mini)
    entries[0].start = _put(layout, bytes(layout.mini)) if layout.mini else _END
    mini_fat = _put(layout, _table(layout.mini_fat)) if layout.mini_fat else _END
    mini_sectors = -(-len(layout.mini_fat) * 4 // _SECTOR)
    directory = b"".join(entry.packed() for entry in entries)
    directory += _UNUSED * (-len(entries) % 4)
    first = _put(layout, directory)
    _finish(layout, first, mini_fat, mini_sectors)


def _add(source: Source, parent: int, entries: list[_Entry], layout: _Layout, depth: int) -> None:
    """Streams and storages below ``parent``, as a search tree ([MS-CFB] 2.6.4)."""
    if depth > _DEEPEST:
        raise Damaged("nested-too-deep", _("An embedded object lies deeper than any program nests it."))
    placed: list[int] = []
    for name, is_storage in source.names():
        if len(entries) >= _MOST:
            raise Damaged("damaged", _("An embedded object has more parts than any program writes."))
        place = len(entries)
        if is_storage:
            below = source.storage(name)
            if below is None:
                continue
            entries.append(_Entry(name, _STORAGE, below.class_id))
            _add(below, place, entries, layout, depth + 1)
        else:
            entries.append(_stream(source, name, layout))
        placed.append(place)
    placed.sort(key=lambda one: (len(entries[one].name), entries[one].name.upper()))
    entries[parent].child = _tree(placed, entries)


def _tree(placed: Sequence[int], entries: list[_Entry]) -> int:
    if not placed:
        return _FREE
    middle = len(placed) // 2
    entry = entries[placed[middle]]
    entry.left, entry.right = _tree(placed[:middle], entries), _tree(placed[middle + 1 :], entries)
    return placed[middle]


def _stream(source: Source, name: str, layout: _Layout) -> _Entry:
    entry = _Entry(name, _STREAM, size=source.size(name) or 0)
    reader = source.open(name)
    if reader is None or not entry.size:
        entry.size = 0
        return entry
    with reader:
        if entry.size < _CUTOFF:
            entry.start = _put_mini(layout, reader.read(_CUTOFF)[: entry.size])
        else:
            entry.start = len(layout.fat)
            written = 0
            while piece := reader.read(_PIECE):
                layout.out.write(piece)
                written += len(piece)
            _chain(layout, written)
    return entry


def _put(layout: _Layout, data: bytes) -> int:
    start = len(layout.fat)
    layout.out.write(data)
    _chain(layout, len(data))
    return start


def _chain(layout: _Layout, written: int) -> None:
    """The sectors of what was just written, filled up to whole ones."""
    layout.out.write(bytes(-written % _SECTOR))
    start, count = len(layout.fat), -(-written // _SECTOR)
    layout.fat += [*range(start + 1, start + count), _END]


def _put_mini(layout: _Layout, data: bytes) -> int:
    start, count = len(layout.mini_fat), -(-len(data) // _MINI)
    layout.mini += data + bytes(-len(data) % _MINI)
    layout.mini_fat += [*range(start + 1, start + count), _END]
    return start


def _table(sectors: list[int]) -> bytes:
    data = struct.pack(f"<{len(sectors)}I", *sectors)
    return data + b"\xff" * (-len(data) % _SECTOR)


def _finish(layout: _Layout, directory: int, mini_fat: int, mini_sectors: int) -> None:
    """The table of sectors itself, the list of where it lies (2.5), and the header (2.2)."""
    per = _SECTOR // 4
    used, tables, lists = len(layout.fat), 0, 0
    while True:
        needed = -(-(used + tables + lists) // per)
        more = -(-max(needed - _IN_HEADER, 0) // (per - 1))
        if (needed, more) == (tables, lists):
            break
        tables, lists = needed, more
    places = list(range(used, used + tables))
    list_start = used + tables
    fat = layout.fat + [_FAT] * tables + [_DIFAT] * lists
    layout.out.write(_table(fat))
    rest = places[_IN_HEADER:]
    for number in range(lists):
        piece = rest[number * (per - 1) : (number + 1) * (per - 1)]
        following = list_start + number + 1 if number + 1 < lists else _END
        layout.out.write(struct.pack(f"<{per}I", *piece, *[_FREE] * (per - 1 - len(piece)), following))
    layout.out.seek(0)
    in_header = places[:_IN_HEADER]
    layout.out.write(
        struct.pack(
            "<8s16sHHHHH6sIIIIIIIII109I",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6, bytes(6), 0, tables, directory, 0,
            _CUTOFF, mini_fat, mini_sectors, list_start if lists else _END, lists,
            *in_header, *[_FREE] * (_IN_HEADER - len(in_header)),
        )
    )  # fmt: skip

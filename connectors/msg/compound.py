"""Compound files, read through olefile with streams that are never held whole ([MS-CFB])."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import olefile
from olefile.olefile import OleFileError

from connectors.archives.contract import Damaged, NotAnArchive
from connectors.language import _
from connectors.quiet import open_quietly

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_NO_MORE = 0xFFFFFFFA
#: What olefile raises on damage, besides its own errors.
_FAULTS = (ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error, RecursionError, OverflowError)
#: Storages within storages; deeper ones are damage, or made to harm.
_DEEPEST = 400


class Storage:
    """A storage: streams and other storages by their names, whose case says nothing."""

    __slots__ = ("_depth", "_entry", "_file")

    def __init__(self, file: CompoundFile, entry: olefile.OleDirectoryEntry, depth: int) -> None:
        self._file = file
        self._entry = entry
        self._depth = depth

    @property
    def class_id(self) -> bytes:
        """16 bytes that name the program whose data it is; zeros when none is named."""
        return UUID(self._entry.clsid).bytes_le if self._entry.clsid else bytes(16)

    def storage(self, name: str) -> Storage | None:
        entry = self._entry.kids_dict.get(name.lower())
        if entry is None or entry.entry_type not in (_STORAGE, _ROOT) or self._depth >= _DEEPEST:
            return None
        return Storage(self._file, entry, self._depth + 1)

    def size(self, name: str) -> int | None:
        """Bytes of a stream, None when there is none of that name."""
        entry = self._entry.kids_dict.get(name.lower())
        return int(entry.size) if entry is not None and entry.entry_type == _STREAM else None

    def open(self, name: str) -> BinaryIO | None:
        """A reader of a stream, None when there is none of that name.  Its reads raise Damaged and OSError."""
        entry = self._entry.kids_dict.get(name.lower())
        return self._file.stream(entry) if entry is not None and entry.entry_type == _STREAM else None

    def read(self, name: str, most: int) -> bytes | None:
        """A small stream whole.  Raises Damaged when it is longer than ``most``."""
        reader = self.open(name)
        if reader is None:
            return None
        with reader:
            data = reader.read(most + 1)
        if len(data) > most:
            raise damaged()
        return data

    def names(self) -> Iterator[tuple[str, bool]]:
        """Names, and whether each is a storage, in the order they are stored in."""
        for entry in self._entry.kids:
            if entry.entry_type in (_STORAGE, _STREAM):
                yield entry.name, entry.entry_type == _STORAGE


class CompoundFile:
    """An open file.  Its entries may be read until it is closed; used by one thread."""

    def __init__(self, path: Path) -> None:
        """Raises NotAnArchive, and OSError when the disk does not deliver."""
        reader = open_quietly(path)
        try:
            self._ole = olefile.OleFileIO(reader)
            self._reader = reader
            self.root = Storage(self, self._ole.root, 0)
        except (OleFileError, *_FAULTS) as error:
            reader.close()
            raise NotAnArchive(path, _("This is no message of Outlook's, or its beginning is damaged.")) from error
        except BaseException:
            reader.close()
            raise

    def stream(self, entry: olefile.OleDirectoryEntry) -> BinaryIO:
        size = int(entry.size)
        try:
            if size < self._ole.minisectorcutoff:
                data = self._ole._open(entry.isectStart, size).read()
                if len(data) < size:
                    raise damaged()
                return BytesIO(data)
            return BufferedReader(_Chain(self._reader, self._runs(entry.isectStart, size), size), 1 << 16)
        except (OleFileError, *_FAULTS) as error:
            raise damaged() from error

    def _runs(self, sector: int, size: int) -> list[tuple[int, int]]:
        """Where in the file a stream lies: (place, length) of pieces without a gap."""
        length, table, runs = int(self._ole.sectorsize), self._ole.fat, list[tuple[int, int]]()
        left = size
        while left > 0:
            if sector >= len(table) or sector >= _NO_MORE:
                raise damaged()
            place = (sector + 1) * length
            if runs and runs[-1][0] + runs[-1][1] == place:
                runs[-1] = (runs[-1][0], runs[-1][1] + length)
            else:
                runs.append((place, length))
            left -= length
            sector = table[sector]
        return runs

    def close(self) -> None:
        """May be called twice."""
        self._ole.close()
        self._reader.close()


class _Chain(RawIOBase):
    """A long stream, read from where its pieces lie."""

    def __init__(self, reader: BinaryIO, runs: list[tuple[int, int]], size: int) -> None:
        self._reader = reader
        self._runs = runs
        self._size = size
        self._place = 0
        self._starts = [0]
        for _place, length in runs:
            self._starts.append(self._starts[-1] + length)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        left = self._size - self._place
        if left <= 0:
            return 0
        at = bisect_right(self._starts, self._place) - 1
        place, length = self._runs[at]
        within = self._place - self._starts[at]
        count = min(len(buffer), left, length - within)
        self._reader.seek(place + within)
        data = self._reader.read(count)
        if not data:
            raise damaged()
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def damaged() -> Damaged:
    return Damaged("damaged", _("A part of the file is damaged and cannot be read."))

"""The list of members at the end of a zip file (PKWARE's APPNOTE.TXT 6.3.9, 4.3.12 to 4.3.16), and what is refused.

Nothing of a zip is ever written under a name that it gives, so a name cannot lead anywhere; those that would are
refused all the same, since whoever made them means no good.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from connectors.language import _, number
from connectors.quiet import open_quietly
from connectors.zips.judging import MOST_GROWTH, Member, Refusal, apart, is_directory, judged
from connectors.zips.members import MemberFile, pieces
from connectors.zips.names import name_of
from connectors.zips.scan import scan

_LOCAL, _CENTRAL, _END, _END_64, _LOCATOR_64 = b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7"
_CENTRAL_SIZE, _END_SIZE, _END_64_SIZE, _LOCATOR_SIZE, _LOCAL_SIZE = 46, 22, 56, 20, 30
_LONGEST_COMMENT = 0xFFFF
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_BY_UNIX = 3
#: Members that the list may have, and bytes that it may take: beyond, it is no archive of anybody's mail.
MOST_MEMBERS = 2_000_000
MOST_BYTES = 1 << 29
#: A zip that grows more than each of its members may is a bomb as well, unless it is small.
SMALL_ZIP = 1 << 30


class NotAZip(Exception):
    """The file is no zip, or its list cannot be read; worded for people."""


def is_zip(head: bytes) -> bool:
    """Whether a file begins as zip files do (one without members, or in a program of its own, does not)."""
    return head[:4] == _LOCAL


class Zip:
    """A zip file, open for reading.  Raises NotAZip and OSError as it is made.

    ``members``: what can be read, in the order of the list.  ``refused``: what cannot.  ``directories``: names of
    directories that are members of their own, ``/`` at their end.

    With ``salvage``, members of a zip whose list is damaged or missing are looked for one by one; ``salvaged`` says so.
    """

    def __init__(self, path: Path, *, salvage: bool = False) -> None:
        self.path = path
        self.salvaged = False
        self.members: list[Member] = []
        self.refused: list[Refusal] = []
        self.directories: list[str] = []
        self._is_damaged = False
        self._file: BinaryIO = open_quietly(path)
        try:
            self.size = self._file.seek(0, 2)
            self._shift = 0
            try:
                self._read_list()
            except NotAZip:
                if not salvage:
                    raise
                self._look_for_members()
            else:
                if salvage and self._is_damaged:
                    self._look_for_members()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        self._file.close()

    def pieces(self, member: Member) -> Iterator[bytes]:
        """A member's bytes in pieces of bounded size.

        Raises Damaged when they are not what the list says, at the latest at their end, and OSError.
        """
        return pieces(self._file, self._shift, member)

    def open(self, member: Member) -> BinaryIO:
        """The same as a file that is read from its beginning to its end."""
        return cast("BinaryIO", io.BufferedReader(MemberFile(self.pieces(member))))

    def head(self, member: Member, size: int) -> bytes:
        """What a member begins with.  Raises as ``pieces``."""
        found = bytearray()
        for piece in self.pieces(member):
            found += piece
            if len(found) >= size:
                break
        return bytes(found[:size])

    def _read_list(self) -> None:
        place, size, count = self._end()
        if count > MOST_MEMBERS or size > MOST_BYTES:
            raise NotAZip(
                _("it claims to hold more files ({count}) than are read of a zip").format(count=number(count))
            )
        self._file.seek(place)
        # The list itself ends what is read: a count that is wrong is no reason to lose members.
        for entry, member, flags, mode in self._entries(place + size):
            if entry >= MOST_MEMBERS:
                raise NotAZip(_("its list of files is not where it should be: it is damaged"))
            self._take(member, flags, mode)
        self._check()

    def _look_for_members(self) -> None:
        self.members, self.refused, self.directories = [], [], []
        self._shift, self.salvaged = 0, True
        for entry, found in enumerate(scan(self._file, self.size)):
            name = name_of(found.raw_name, found.flags, found.extra)
            if entry >= MOST_MEMBERS:
                break
            if found.whole:
                member = Member(name, found.size, found.packed, found.method, found.crc, found.offset)
                self._take(member, found.flags, 0)
            else:
                self.refused.append(Refusal(name, "damaged", _("it is not whole: the zip was cut off within it")))
        self._check()

    def _take(self, member: Member, flags: int, mode: int) -> None:
        if is_directory(member):
            self.directories.append(member.name)
        elif (refusal := judged(member, flags, mode, self.size)) is not None:
            self.refused.append(refusal)
        else:
            self.members.append(member)

    def _check(self) -> None:
        self.members, refused = apart(self.members)
        self.refused += refused
        total = sum(member.size for member in self.members)
        if total > max(SMALL_ZIP, self.size * MOST_GROWTH):
            what = _("it claims to hold {times} times its own size: unpack it yourself if you trust it")
            raise NotAZip(what.format(times=number(total // self.size)))

    def _end(self) -> tuple[int, int, int]:
        """Where the list lies, how long it is, and how many members it has."""
        tail_start = max(self.size - _END_SIZE - _LONGEST_COMMENT, 0)
        tail = self._at(tail_start, _END_SIZE + _LONGEST_COMMENT)
        at = len(tail)
        while (at := tail.rfind(_END, 0, at)) >= 0:
            if len(tail) - at < _END_SIZE:
                continue
            disk, here, count, size, offset, comment = struct.unpack("<4xH2xHHIIH", tail[at : at + _END_SIZE])
            if at + _END_SIZE + comment <= len(tail):
                break
        if at < 0:
            raise NotAZip(_("its end is missing: it was cut off, or not copied to its end"))
        end = tail_start + at
        if here != count or disk not in (0, _FULL_16):
            raise NotAZip(_("it is one of several parts of a zip: put them together with the program that made them"))
        end, count, size, offset = self._end_64(end, (count, size, offset))
        # Something may stand before a zip (a program that unpacks it): all its places are moved by as much.
        self._shift = end - size - offset
        if self._shift < 0 or size > end:
            raise NotAZip(_("its list of files is not where it should be: it is damaged"))
        return end - size, size, count

    def _end_64(self, end: int, told: tuple[int, int, int]) -> tuple[int, int, int, int]:
        """Where the list ends, and the three numbers from where 64 bits hold them, if the zip has that (4.3.14)."""
        locator = self._at(end - _LOCATOR_SIZE, _LOCATOR_SIZE) if end >= _LOCATOR_SIZE else b""
        if locator[:4] != _LOCATOR_64:
            count, size, offset = told
            return end, count, size, offset
        (place,) = struct.unpack("<Q", locator[8:16])
        for where in (place, end - _LOCATOR_SIZE - _END_64_SIZE):
            record = self._at(where, _END_64_SIZE) if 0 <= where < end else b""
            if record[:4] == _END_64 and len(record) == _END_64_SIZE:
                count, size, offset = struct.unpack("<QQQ", record[32:56])
                return where, count, size, offset
        raise NotAZip(_("its list of files is not where it should be: it is damaged"))

    def _entries(self, end: int) -> Iterator[tuple[int, Member, int, int]]:
        """Each entry of the list with its number, its flags and its mode."""
        place, entry = self._file.tell(), 0
        while place + _CENTRAL_SIZE <= end:
            head = self._file.read(_CENTRAL_SIZE)
            lengths = struct.unpack("<HHH", head[28:34]) if len(head) == _CENTRAL_SIZE else (0, 0, 0)
            rest = self._file.read(sum(lengths))
            if head[:4] != _CENTRAL or len(rest) < sum(lengths):
                self._is_damaged = True
                self.refused.append(Refusal("", "damaged", _("the rest of its list of files is damaged")))
                return
            place += _CENTRAL_SIZE + sum(lengths)
            yield entry, *_entry(head, rest[: lengths[0]], rest[lengths[0] : lengths[0] + lengths[1]])
            entry += 1

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)


def _entry(head: bytes, raw_name: bytes, extra: bytes) -> tuple[Member, int, int]:
    flags, method = struct.unpack("<HH", head[8:12])
    crc, packed, size = struct.unpack("<III", head[16:28])
    attributes, offset = struct.unpack("<II", head[38:46])
    size, packed, offset = _sizes_64(extra, size, packed, offset)
    mode = attributes >> 16 if head[5] == _BY_UNIX else 0
    return Member(name_of(raw_name, flags, extra), size, packed, method, crc, offset), flags, mode


def _sizes_64(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """The same three numbers, from where they stand when 32 bits do not hold them (4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[at : at + 4])
        if kind == 1:
            values = [value for (value,) in struct.iter_unpack("<Q", extra[at + 4 : at + 4 + length // 8 * 8])]
            told = [size, packed, offset]
            for place, value in enumerate(told):
                if value == _FULL_32 and values:
                    told[place] = values.pop(0)
            return told[0], told[1], told[2]
        at += 4 + length
    return size, packed, offset

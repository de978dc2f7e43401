"""The list of members at the end of a zip file (PKWARE's APPNOTE.TXT 6.3.9, 4.3.12 to 4.3.16), and what is refused.

Nothing of a zip is ever written under a name that it gives, so a name cannot lead anywhere; those that would are
refused all the same, since whoever made them means no good.
"""

from __future__ import annotations

import io
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from connectors.language import _, number
from connectors.quiet import open_quietly
from connectors.zips.members import METHODS, MemberFile, pieces
from connectors.zips.names import name_of, why_unsafe

_LOCAL, _CENTRAL, _END, _END_64, _LOCATOR_64 = b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7"
_CENTRAL_SIZE, _END_SIZE, _END_64_SIZE, _LOCATOR_SIZE, _LOCAL_SIZE = 46, 22, 56, 20, 30
_LONGEST_COMMENT = 0xFFFF
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _STRONGLY, _MASKED = 1 << 0, 1 << 6, 1 << 13
_BY_UNIX = 3
#: Members that the list may have, and bytes that it may take: beyond, it is no archive of anybody's mail.
MOST_MEMBERS = 2_000_000
MOST_BYTES = 1 << 29
#: A member that grows more than this many times is a bomb, unless it is small; deflate's own limit is 1,032.
MOST_GROWTH = 200
SMALL = 64 << 20
#: The same for all of a zip together.
SMALL_ZIP = 1 << 30


class NotAZip(Exception):
    """The file is no zip, or its list cannot be read; worded for people."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a zip, as the list tells it: nothing is believed before it has been read."""

    name: str
    size: int
    packed: int
    method: int
    crc: int
    #: Where its own header lies in the file.
    offset: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A member that is not read.  ``code``: one word; ``why``: for people."""

    name: str
    code: str
    why: str


def is_zip(head: bytes) -> bool:
    """Whether a file begins as zip files do (one without members, or in a program of its own, does not)."""
    return head[:4] == _LOCAL


class Zip:
    """A zip file, open for reading.  Raises NotAZip and OSError as it is made.

    ``members``: what can be read, in the order of the list.  ``refused``: what cannot.  ``directories``: names of
    directories that are members of their own, ``/`` at their end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.members: list[Member] = []
        self.refused: list[Refusal] = []
        self.directories: list[str] = []
        self._file: BinaryIO = open_quietly(path)
        try:
            self.size = self._file.seek(0, 2)
            self._shift = 0
            self._read_list()
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
        found = [one for one in self._entries(place + size) if one is not None]
        self._refuse_overlaps(found)
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

    def _entries(self, end: int) -> Iterator[Member | None]:
        place = self._file.tell()
        while place + _CENTRAL_SIZE <= end:
            head = self._file.read(_CENTRAL_SIZE)
            if head[:4] != _CENTRAL or len(head) < _CENTRAL_SIZE:
                self.refused.append(Refusal("", "damaged", _("the rest of its list of files is damaged")))
                return
            lengths = struct.unpack("<HHH", head[28:34])
            rest = self._file.read(sum(lengths))
            place += _CENTRAL_SIZE + sum(lengths)
            if len(rest) < sum(lengths):
                return
            yield self._member(head, rest[: lengths[0]], rest[lengths[0] : lengths[0] + lengths[1]])

    def _member(self, head: bytes, raw_name: bytes, extra: bytes) -> Member | None:
        made_by, flags, method = head[5], *struct.unpack("<HH", head[8:12])
        crc, packed, size = struct.unpack("<III", head[16:28])
        (attributes, offset) = struct.unpack("<II", head[38:46])
        size, packed, offset = _sizes_64(extra, size, packed, offset)
        name = name_of(raw_name, flags, extra)
        unsafe = why_unsafe(name)
        if name.endswith("/") and not size and unsafe is None:
            self.directories.append(name)
            return None
        if unsafe is not None:
            self._refuse(name, "unsafe-name", unsafe)
        elif made_by == _BY_UNIX and stat.S_IFMT(attributes >> 16) not in (0, stat.S_IFREG):
            self._refuse(name, "link", _("it is no file but a link, a pipe or a device"))
        elif flags & (_ENCRYPTED | _STRONGLY | _MASKED):
            self._refuse(name, "encrypted", _("it is locked with a password: unpack the zip with it first"))
        elif method not in METHODS:
            what = _(
                "it is packed by a method ({method}) that is not read: unpack the zip with the program that made it"
            )
            self._refuse(name, "method", what.format(method=method))
        elif size > max(SMALL, packed * MOST_GROWTH):
            what = _("it would grow to {times} times its size as it is unpacked: unpack it yourself if you trust it")
            self._refuse(name, "bomb", what.format(times=number(size // max(packed, 1))))
        elif offset + _LOCAL_SIZE + packed > self.size:
            self._refuse(name, "damaged", _("it lies behind the end of the zip, which was cut off"))
        else:
            return Member(name, size, packed, method, crc, offset)
        return None

    def _refuse_overlaps(self, found: list[Member]) -> None:
        """Members that share their bytes make a small file without end; no program writes such zips."""
        end, overlapping = 0, set()
        for member in sorted(found, key=lambda one: one.offset):
            if member.offset < end:
                overlapping.add(member.offset)
            end = max(end, member.offset + _LOCAL_SIZE + member.packed)
        for member in found:
            if member.offset in overlapping:
                self._refuse(member.name, "bomb", _("its bytes are those of other files of the zip as well"))
            else:
                self.members.append(member)

    def _refuse(self, name: str, code: str, why: str) -> None:
        self.refused.append(Refusal(name, code, why))

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)


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

"""Members of a zip whose list is lost: each has a header of its own before its bytes (APPNOTE.TXT 4.3.7, 4.3.9)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_LOCAL, _LOCAL_SIZE = b"PK\3\4", 30
_LATER = 1 << 3
_DEFLATED = 8
_FULL_32 = 0xFFFFFFFF
_STEP = 1 << 18
_PIECE = 1 << 18
#: Packed bytes unpacked in one go where nobody knows their end; behind damage, so many are looked through again.
_SLICE = 1 << 12


@dataclass(frozen=True, slots=True)
class Found:
    """What a member's own header says, and what was found by unpacking it where that says nothing."""

    raw_name: bytes
    flags: int
    extra: bytes
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    #: All of its bytes are there.
    whole: bool


def scan(file: BinaryIO, size: int) -> Iterator[Found]:
    """Every member that begins in the file, in its order; what lies in the bytes of one is not looked for."""
    place = 0
    while (place := _next(file, place)) >= 0:
        found = _member(file, place, size)
        if found is None:
            place += len(_LOCAL)
            continue
        yield found
        place += max(_LOCAL_SIZE + len(found.raw_name) + len(found.extra) + found.packed, _LOCAL_SIZE)


def _next(file: BinaryIO, place: int) -> int:
    """Where the next header begins, -1 when there is none."""
    while True:
        file.seek(place)
        window = file.read(_STEP)
        at = window.find(_LOCAL)
        if at >= 0:
            return place + at
        if len(window) < _STEP:
            return -1
        place += _STEP - len(_LOCAL) + 1


def _member(file: BinaryIO, place: int, end: int) -> Found | None:
    file.seek(place)
    head = file.read(_LOCAL_SIZE)
    if len(head) < _LOCAL_SIZE:
        return None
    version, flags, method = struct.unpack("<HHH", head[4:10])
    crc, packed, size, name_length, extra_length = struct.unpack("<IIIHH", head[14:30])
    rest = file.read(name_length + extra_length)
    if version > 100 or not name_length or len(rest) < name_length + extra_length:
        return None
    name, extra = rest[:name_length], rest[name_length:]
    begin = place + _LOCAL_SIZE + len(rest)
    if flags & _LATER and not packed:
        if method != _DEFLATED:
            return Found(name, flags, extra, method, 0, 0, 0, place, whole=False)
        told = _unpacked(file, begin)
        crc, packed, size, whole = told
        return Found(name, flags, extra, method, crc, packed, size, place, whole)
    if _FULL_32 in (packed, size):
        packed, size = _sizes_64(extra, packed, size)
    return Found(name, flags, extra, method, crc, packed, size, place, begin + packed <= end)


def _unpacked(file: BinaryIO, begin: int) -> tuple[int, int, int, bool]:
    """Checksum, packed and unpacked size of bytes whose end only they themselves tell.

    Where they are damaged, packed are those before the damage: other members may begin right behind it.
    """
    state = zlib.decompressobj(-zlib.MAX_WBITS)
    crc = size = packed = 0
    file.seek(begin)
    while not state.eof:
        data = file.read(_SLICE)
        if not data:
            return crc, packed, size, False
        packed += (taken := len(data))
        try:
            while True:
                piece = state.decompress(data, _PIECE)
                size += len(piece)
                crc = zlib.crc32(piece, crc)
                data = state.unconsumed_tail
                if state.eof or (not data and len(piece) < _PIECE):
                    break
        except zlib.error:
            return crc, packed - taken, size, False
    return crc, packed - len(state.unused_data), size, True


def _sizes_64(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    """In a member's own header both stand in the extra field, the unpacked one first (4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[at : at + 4])
        if kind == 1 and length >= 16 and at + 20 <= len(extra):
            own, its = struct.unpack("<QQ", extra[at + 4 : at + 20])
            return its, own
        at += 4 + length
    return packed, size

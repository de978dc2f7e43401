"""Compressed RTF ([MS-OXRTFCP] 2.1 and 2.2)."""

from __future__ import annotations

import struct
import zlib

from connectors.archives.contract import Damaged
from connectors.language import _

#: What the dictionary of 4,096 bytes begins with ([MS-OXRTFCP] 2.1.2.1).
DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_ROUND = 4096
_PACKED, _PLAIN = 0x75465A4C, 0x414C454D
_HEADER = struct.Struct("<IIII")


def unpacked(data: bytes, limit: int) -> tuple[bytes, bool]:
    """RTF of ``limit`` bytes at most, and whether it is whole: a body that was cut or altered gives what can be had.

    A checksum of zero is one that its writer did not bother about.  Raises :class:`Damaged` when nothing can be had.
    """
    if len(data) < _HEADER.size:
        raise _damaged()
    size, raw_size, kind, checksum = _HEADER.unpack_from(data)
    packed = data[_HEADER.size : size + 4]
    is_whole = len(data) >= size + 4
    if kind == _PLAIN:
        # Writers disagree on whether its own length counts the header: the text is what is there.
        return packed[:limit], is_whole
    if kind != _PACKED:
        raise _damaged()
    if checksum and zlib.crc32(packed, 0xFFFFFFFF) ^ 0xFFFFFFFF != checksum:
        is_whole = False
    text, has_end = _unpacked(packed, limit)
    if not text and raw_size:
        raise _damaged()
    return text, is_whole and (has_end or len(text) >= min(raw_size, limit))


def _unpacked(packed: bytes, limit: int) -> tuple[bytes, bool]:
    """All up to the mark at the end; the last runs and literals may go a little beyond ``limit``, and are cut."""
    out = bytearray(DICTIONARY)
    start = len(out)
    end, place = len(packed), 0
    limit += start
    while place < end and len(out) < limit:
        control = packed[place]
        place += 1
        if not control and place + 8 <= end:
            out += packed[place : place + 8]
            place += 8
            continue
        for bit in range(8):
            if place >= end:
                break
            if not control >> bit & 1:
                out.append(packed[place])
                place += 1
                continue
            if place + 1 >= end:
                return bytes(memoryview(out)[start:limit]), False
            token = packed[place] << 8 | packed[place + 1]
            place += 2
            distance = (len(out) - (token >> 4)) % _ROUND
            if not distance:
                return bytes(memoryview(out)[start:limit]), True
            _repeat(out, distance, (token & 0xF) + 2)
    return bytes(memoryview(out)[start:limit]), False


def _repeat(out: bytearray, distance: int, length: int) -> None:
    """``length`` bytes from ``distance`` before the end, which may reach into what they write themselves."""
    begin = len(out) - distance
    if begin < 0:
        # A part of the dictionary that nobody has written to yet.
        blank = min(-begin, length)
        out += b" " * blank
        if blank < length:
            _repeat(out, len(out), length - blank)
    elif distance >= length:
        out += out[begin : begin + length]
    else:
        piece = bytes(out[begin:])
        out += (piece * (length // distance + 1))[:length]


def _damaged() -> Damaged:
    return Damaged("rtf-unreadable", _("A formatted body is damaged and cannot be unpacked."))

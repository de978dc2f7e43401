"""The bytes of one member, unpacked in pieces of bounded size and compared with what the list says of them."""

from __future__ import annotations

import bz2
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Protocol

from connectors.archives.contract import Damaged
from connectors.language import _

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from connectors.zips.judging import Member

_LOCAL_SIZE = 30
_READ = 1 << 16
_PIECE = 1 << 18
_STORED, _DEFLATED, _BZIP2 = 0, 8, 12
#: Deflate64 (9), which Windows uses for files over 2 GB, has no free implementation in Python.
METHODS = frozenset({_STORED, _DEFLATED, _BZIP2})


class _Unpacking(Protocol):
    """Takes packed bytes and gives at most as many as were asked for at a time."""

    @property
    def is_at_end(self) -> bool: ...
    def unpack(self, packed: bytes) -> Iterator[bytes]: ...


class _Stored:
    is_at_end = True

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        yield packed


class _Deflated:
    def __init__(self) -> None:
        self._state = zlib.decompressobj(-zlib.MAX_WBITS)

    @property
    def is_at_end(self) -> bool:
        return self._state.eof

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        while not self._state.eof:
            piece = self._state.decompress(packed, _PIECE)
            yield piece
            packed = self._state.unconsumed_tail
            if not packed and len(piece) < _PIECE:
                return  # a full piece may have left more behind it, though all was taken in


class _Bzip2:
    def __init__(self) -> None:
        self._state = bz2.BZ2Decompressor()

    @property
    def is_at_end(self) -> bool:
        return self._state.eof

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        while not self._state.eof:
            piece = self._state.decompress(packed, _PIECE)
            if piece:
                yield piece
            packed = b""
            if self._state.needs_input:
                return


_WAYS: dict[int, Callable[[], _Unpacking]] = {_STORED: _Stored, _DEFLATED: _Deflated, _BZIP2: _Bzip2}


class MemberFile(io.RawIOBase):
    """Pieces as a file; reading raises what they raise."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        room = memoryview(buffer).cast("B")
        size = min(len(room), len(self._left))
        room[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def pieces(file: BinaryIO, shift: int, member: Member) -> Iterator[bytes]:
    """See :meth:`connectors.zips.Zip.pieces`.  The file may be read elsewhere between two pieces."""
    place, left = _data(file, shift, member), member.packed
    way = _WAYS[member.method]()
    crc, size = 0, 0
    while left:
        file.seek(place)
        packed = file.read(min(left, _READ))
        if not packed:
            raise _damaged()
        place, left = place + len(packed), left - len(packed)
        try:
            for piece in way.unpack(packed):
                size += len(piece)
                if size > member.size:
                    raise _damaged()
                crc = zlib.crc32(piece, crc)
                yield piece
        except (zlib.error, OSError, EOFError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk; bz2 says so of bad data too, without a number
            raise _damaged() from None
    if size != member.size or crc != member.crc or not way.is_at_end:
        raise _damaged()


def _data(file: BinaryIO, shift: int, member: Member) -> int:
    """Where a member's bytes begin: behind its own header, whose lengths differ from the list's (APPNOTE.TXT 4.3.7)."""
    file.seek(shift + member.offset)
    header = file.read(_LOCAL_SIZE)
    if header[:4] != b"PK\3\4" or len(header) < _LOCAL_SIZE:
        raise _damaged()
    name, extra = struct.unpack("<HH", header[26:30])
    return int(shift + member.offset + _LOCAL_SIZE + name + extra)


def _damaged() -> Damaged:
    return Damaged("damaged-member", _("it is damaged in the zip, or is not what the zip says of it"))

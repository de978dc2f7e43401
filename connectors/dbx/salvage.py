"""Messages that no index leads to: pieces are found by what they begin with, and put together by their pointers."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from connectors.dbx.file import BLOCK_HEADER, BrokenObject, DbxFile

#: The second number of every piece: 512 bytes of room for text.
_ROOM = (512).to_bytes(4, "little")
_STEP = 1 << 20
#: Addresses are 32-bit numbers; what lies behind cannot be pointed at.
_FARTHEST = 1 << 32
#: Where a file has messages at all, it has some among its first bytes.
_ENOUGH = 64 << 20
#: What a message begins with: a header field.
_FIELD = re.compile(rb"[!-9;-~]{1,100}:[ \t]?")


def beginnings(file: DbxFile) -> Iterator[int]:
    """Addresses of the first pieces of messages, in the order of the file.  Reads all of it once.

    A piece that another one points at is no beginning.  Takes a bit for each 4 bytes of the file, and 4 bytes for
    each piece.
    """
    pieces = array("I")
    pointed = bytearray(min(file.size, _FARTHEST) // 32 + 1)
    for address, following in _pieces(file):
        pieces.append(address)
        if following % 4 == 0 and following // 32 < len(pointed):
            pointed[following // 32] |= 1 << (following // 4 % 8)
    for address in pieces:
        if not pointed[address // 32] & 1 << (address // 4 % 8) and _begins_a_message(file, address):
            yield address


def _begins_a_message(file: DbxFile, address: int) -> bool:
    try:
        return _FIELD.match(file.block(address).text) is not None
    except BrokenObject:
        return False


def _pieces(file: DbxFile, until: int = _FARTHEST) -> Iterator[tuple[int, int]]:
    """Address and next pointer of every piece.  Objects do not overlap, so none is looked for inside another."""
    earliest = 0
    for base in range(0, min(file.size, until), _STEP):
        window = file.at(base, _STEP + BLOCK_HEADER)
        position = -1
        while (position := window.find(_ROOM, position + 1)) >= 0:
            address = base + position - 4
            if position < 4 or position - 4 >= _STEP or address < earliest or address % 4:
                continue
            if int.from_bytes(window[position - 4 : position], "little") != address:
                continue
            following = int.from_bytes(window[position + 8 : position + 12], "little")
            earliest = address + BLOCK_HEADER + 512
            yield address, following


def has_traces(path: Path) -> bool:
    """Whether a file whose beginning is wrecked is full of pieces of messages.  Raises OSError."""
    with closing(DbxFile(path)) as file:
        return next(_pieces(file, min(file.size, _ENOUGH)), None) is not None

"""Reading messages from their files."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from connectors.body import CHUNK, SPOOL_OVER, MemoryBody, SpooledBody
from connectors.contract import Body
from connectors.quiet import open_quietly
from connectors.wire import identifying

#: How files begin that a server has compressed (gzip, bzip2, zstd, xz, lz4): only that server can read them.
_COMPRESSED = (
    b"\x1f\x8b\x08",
    b"BZh91AY&SY",
    b"\x28\xb5\x2f\xfd",
    b"\xfd7zXZ\x00",
    b"\x04\x22\x4d\x18",
    b"Dovecot-LZ4\r\n",
)
_HEADER_LIMIT = 1 << 20


class Unreadable(Exception):
    """The file may not be opened, or holds no message as it stands."""


def received(status: os.stat_result) -> datetime:
    """The date that IMAP servers tell: the file's time, whole seconds."""
    return datetime.fromtimestamp(int(status.st_mtime // 1), UTC)


def opened(path: Path) -> BinaryIO:
    """A reader of a message's file.  Raises OSError, :class:`Unreadable`."""
    try:
        return open_quietly(path)
    except PermissionError as error:
        raise Unreadable from error


def body_of(reader: BinaryIO, spool: Path) -> Body:
    """The whole file.  Raises OSError, :class:`Unreadable`."""
    size = os.fstat(reader.fileno()).st_size
    if size <= SPOOL_OVER:
        data = reader.read()
        check(data)
        return MemoryBody(data)
    body = SpooledBody(spool)
    try:
        first = True
        while piece := reader.read(CHUNK):
            if first:
                check(piece)
            first = False
            body.write(piece)
    except BaseException:
        body.release()
        raise
    return body


def identifying_fields(reader: BinaryIO) -> bytes:
    """Message-ID, Date, From and Subject as they stand, with CRLF line ends.  Raises OSError."""
    head = bytearray()
    while len(head) < _HEADER_LIMIT and (line := reader.readline(_HEADER_LIMIT)).strip(b"\r\n"):
        head += line
    return identifying(bytes(head))


def check(data: bytes) -> None:
    """Raises :class:`Unreadable` for a file that begins so, if it holds no message as it stands."""
    if data.startswith(_COMPRESSED):
        raise Unreadable

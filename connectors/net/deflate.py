"""COMPRESS=DEFLATE (RFC 4978): the two streams of a compressed connection.

What was packed is flushed with each piece that is sent, so that the server can always read all of it; a byte that has
not been given to ``pack`` is in none of the bytes that went out.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

#: Without a zlib header, the largest window.
_RAW = -15


class Deflate:
    """Packs what is sent and unpacks what comes."""

    def __init__(self, came_already: bytes, read_size: int) -> None:
        """``came_already``: bytes behind the answer to COMPRESS, which are packed."""
        self._packer = zlib.compressobj(wbits=_RAW)
        self._unpacker = zlib.decompressobj(wbits=_RAW)
        self._packed = came_already
        self._read_size = read_size
        #: There may be more to unpack without a further byte from the server.
        self._more = bool(came_already)

    def pack(self, data: bytes | memoryview) -> bytes:
        return self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH)

    def unpacked(self, receive: Callable[[], bytes]) -> bytes:
        """The next bytes, at most ``read_size``: a little that came may be very much.  Empty at the end.

        ``receive`` is called when nothing is left to unpack; what it raises passes through.  Raises OSError for what
        was never packed.
        """
        while True:
            if not self._more:
                self._packed = receive()
                if not self._packed or self._unpacker.eof:
                    return b""
            try:
                data = self._unpacker.decompress(self._packed, self._read_size)
            except zlib.error:
                raise OSError("not what a compressed connection carries") from None
            self._packed = self._unpacker.unconsumed_tail
            self._more = bool(self._packed) or len(data) == self._read_size
            if data:
                return data

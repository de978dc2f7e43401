"""The digest that names a stored message: of its bytes without what its store writes into the header."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

#: Bytes of a digest: half of sha256.
SIZE = 16
#: A run of NULs as long as this counts by its length alone.  Damaged files have such runs, many gigabytes long where
#: the file is sparse.  Longer than any piece that is fed at once.
_LONG_RUN = 4 << 20
_ZEROS = bytes(1 << 16)


class ContentDigest:
    """Fed in pieces, wherever they are cut; each shorter than the run of NULs that counts by its length."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._nuls = 0

    def update(self, piece: bytes | memoryview, *, plain: bool = False) -> None:
        """``plain``: there is no NUL in the piece."""
        if plain and not self._nuls:
            self._hash.update(piece)
            return
        data = bytes(piece)
        rest = data.lstrip(b"\0")
        self._nuls += len(data) - len(rest)
        if rest:
            self._flush()
            kept = rest.rstrip(b"\0")
            self._hash.update(kept)
            self._nuls = len(rest) - len(kept)

    def update_nuls(self, count: int) -> None:
        self._nuls += count

    def digest(self) -> bytes:
        """No more can be fed after it."""
        self._flush()
        return self._hash.digest()[:SIZE]

    def _flush(self) -> None:
        for piece in _run(self._nuls):
            self._hash.update(piece)
        self._nuls = 0


def _run(count: int) -> Iterable[bytes]:
    if count >= _LONG_RUN:
        yield b"\0\xff%d\xff\0" % count
        return
    for _ in range(count // len(_ZEROS)):
        yield _ZEROS
    yield _ZEROS[: count % len(_ZEROS)]

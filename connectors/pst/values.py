"""Stored bytes as values ([MS-OXCDATA] 2.11.1, laid out as in [MS-PST] 2.3.3.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from struct import Struct, unpack_from
from uuid import UUID

INTEGER16, INTEGER32, FLOAT32, FLOAT64, CURRENCY, APPTIME, ERROR, BOOLEAN, OBJECT, INTEGER64 = (
    2, 3, 4, 5, 6, 7, 0x0A, 0x0B, 0x0D, 0x14,
)  # fmt: skip
STRING8, UNICODE, TIME, GUID, BINARY = 0x1E, 0x1F, 0x40, 0x48, 0x102
MULTIPLE = 0x1000

#: Values of these types need no more than four bytes and lie where others tell their place.
INLINE = frozenset({INTEGER16, INTEGER32, FLOAT32, BOOLEAN, ERROR})
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_APPTIME = datetime(1899, 12, 30, tzinfo=UTC)
_I32 = Struct("<i")
_F32 = Struct("<f")
_PACK = Struct("<I")


def filetime(ticks: int) -> datetime | None:
    """A time in tenths of microseconds since 1601; None when it lies outside of what calendars know."""
    if ticks <= 0:
        return None
    try:
        return _EPOCH + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return None


def inline(kind: int, value: int) -> object | None:
    """A value of four bytes at most."""
    if kind == INTEGER32:
        return value if value < 0x80000000 else value - 0x100000000
    if kind == BOOLEAN:
        return bool(value & 0xFF)
    if kind == INTEGER16:
        value &= 0xFFFF
        return value if value < 0x8000 else value - 0x10000
    return float(_F32.unpack(_PACK.pack(value))[0]) if kind == FLOAT32 else None


def _apptime(data: bytes) -> datetime | None:
    try:
        return _APPTIME + timedelta(days=unpack_from("<d", data)[0])
    except (OverflowError, ValueError):
        return None


_FIXED: dict[int, tuple[int, Callable[[bytes], object | None]]] = {
    INTEGER16: (2, lambda data: unpack_from("<h", data)[0]),
    INTEGER32: (4, lambda data: _I32.unpack_from(data)[0]),
    FLOAT32: (4, lambda data: unpack_from("<f", data)[0]),
    FLOAT64: (8, lambda data: unpack_from("<d", data)[0]),
    CURRENCY: (8, lambda data: unpack_from("<q", data)[0] / 10000),
    APPTIME: (8, _apptime),
    INTEGER64: (8, lambda data: unpack_from("<q", data)[0]),
    TIME: (8, lambda data: filetime(unpack_from("<Q", data)[0])),
    GUID: (16, lambda data: UUID(bytes_le=bytes(data[:16]))),
}

#: Turns 8-bit text into text.
Decoder = Callable[[bytes], str]


def decoded(kind: int, data: bytes, text: Decoder | None) -> object | None:
    """The value in ``data``; None for what is too short, or of a type that no value of ours has.

    ``text`` is asked for by 8-bit text alone.
    """
    if kind == UNICODE:
        return data.decode("utf-16-le", "replace").rstrip("\0")
    if kind == BINARY:
        return data
    if kind == STRING8:
        assert text is not None
        return text(data).rstrip("\0")
    fixed = _FIXED.get(kind)
    if fixed is not None:
        return fixed[1](data) if len(data) >= fixed[0] else None
    if kind & MULTIPLE:
        return _several(kind & ~MULTIPLE, data, text)
    return None


def _several(kind: int, data: bytes, text: Decoder | None) -> tuple[object, ...] | None:
    fixed = _FIXED.get(kind)
    if fixed is not None:
        size = fixed[0]
        values = (fixed[1](data[at : at + size]) for at in range(0, len(data) - size + 1, size))
        return tuple(value for value in values if value is not None)
    if kind not in (UNICODE, STRING8, BINARY) or len(data) < 4:
        return None
    count: int = unpack_from("<I", data)[0]
    if 4 + 4 * count > len(data):
        return None
    starts = [*unpack_from(f"<{count}I", data, 4), len(data)]
    pieces = (data[start:end] for start, end in pairwise(starts))
    values = (decoded(kind, piece, text) for piece in pieces)
    return tuple(value for value in values if value is not None)


def decoder(codecs_in_turn: Sequence[str]) -> Decoder:
    """Decodes by the first encoding that fits; bytes that the last one does not know become U+FFFD."""

    def text(data: bytes) -> str:
        for name in codecs_in_turn:
            try:
                return data.decode(name)
            except UnicodeError:
                continue
        return data.decode(codecs_in_turn[-1], "replace")

    return text


def inline_size(kind: int) -> int:
    """Bytes of a value that needs no more than four."""
    return 2 if kind == INTEGER16 else 1 if kind == BOOLEAN else 4

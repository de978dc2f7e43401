"""How PST files disguise their data blocks ([MS-PST] 5.1 and 5.2), and the checksum of the format (5.3)."""

from __future__ import annotations

from functools import cache
from zlib import crc32

NONE, PERMUTE, CYCLIC = 0, 1, 2

#: The substitution tables of [MS-PST] 5.1: the first disguises, the second (its own inverse) serves the cyclic way.
_R = bytes.fromhex(
    "41361362a8216ebbf416cc047f64e85d1ef2cb2a74c55e35d295479e962d9a88"
    "4c7d843fdbac31b6485ff6c4d8398be7233b388ec8c1df25b120a546604e9cfb"
    "aad35651457c550007c92b9d859b09a08fadb30f63ab894bd7a7155a716642bf"
    "264a6b98faea7753b270052cfd593a867ece06eb827857c78d43afb41cd45bcd"
    "e2e9274fc3087280cfb0eff5286dbe304d3492d50e3c2232e5e4f99fc2d10a81"
    "12e1ee918376e397e6618a1779a4b7dc907a5c8c02a6ca69de501a1193b95287"
    "58fced1d37491b6ae0293399bd6cd994f340546ff0c673b8d63e6518441fdd67"
    "10f10c19ecae03a1147ba90bfff8a3c0a201f72ebc2468750dfeba2fb5d0da3d"
)
_S = bytes.fromhex(
    "14530f56b3c87a9ceb65481716159f02cc547c83000d0c0ba262a876dbd9edc7"
    "c5a4dcac8574d6d0a79bae9a967166c36399b8dd73928e847da55ed15d93b157"
    "5150808952944f4e0a6bbc8d7f6e47464140440111cb033ff7f4e1a98f3c3af9"
    "fbf0193082092ec99da08649ee6f4d6dc42d813425871b88aafc06a11238fd4c"
    "4272641337246a757743ffe6b44b365ce4d8353d45b92cecb7312b290768a30e"
    "697b189e2139be281a5b78f523ca2ab0af3efe048ce7e5983295d3f64ae8a6ea"
    "e9f3d52f7020f21f0567ad5510cecde3273bdabad7c226d4911dd21c2233f8fa"
    "f15aefcf90b68bb5bdc0bf08971e6ce261e0c6c159abbb58de5fdf60797eb28a"
)
_I = bytes(_R.index(byte) for byte in range(256))

_ONES = 0xFFFFFFFF


def checksum(data: bytes | memoryview) -> int:
    """The format's CRC-32: that of zlib without its inversions before and after."""
    return crc32(data, _ONES) ^ _ONES


def decode(data: bytes, method: int, key: int) -> bytes:
    """The plain bytes of a data block; ``key`` is its block identifier."""
    if method == PERMUTE:
        return data.translate(_I)
    if method == CYCLIC:
        return _cyclic(data, key)
    return data


def encode(data: bytes, method: int, key: int) -> bytes:
    """The inverse of :func:`decode`."""
    return data.translate(_R) if method == PERMUTE else decode(data, method, key)


def _cyclic(data: bytes, key: int) -> bytes:
    """[MS-PST] 5.2, for whole stretches at a time: the specification's loop advances a 16-bit word with each byte.

    Its low half is added before and taken away after the substitutions, which is done for all bytes at once in
    integers as long as the block; its high half stays the same for up to 256 bytes and is part of the substitution.
    """
    word = (key ^ (key >> 16)) & 0xFFFF
    size = len(data)
    low = word & 0xFF
    steps = _STEPS[low : low + size]
    shifted = _added(data, steps)
    pieces = []
    at = 0
    end = 256 - low
    high = word >> 8
    while at < size:
        pieces.append(shifted[at:end].translate(_substitution(high)))
        at, end, high = end, end + 256, (high + 1) & 0xFF
    return _added(b"".join(pieces), steps.translate(_NEGATED))


_STEPS = bytes(range(256)) * 258
_NEGATED = bytes(-byte & 0xFF for byte in range(256))


@cache
def _substitution(high: int) -> bytes:
    return bytes(_I[(_S[(_R[byte] + high) & 0xFF] - high) & 0xFF] for byte in range(256))


#: Masks as long as the longest block: every second byte, and the others.
_EVEN = int.from_bytes(b"\xff\x00" * 0x8000, "little")
_ODD = _EVEN << 8


def _added(data: bytes, other: bytes) -> bytes:
    """Byte by byte sums without carry, as one sum of all even and one of all odd bytes."""
    one = int.from_bytes(data, "little")
    two = int.from_bytes(other, "little")
    total = (((one & _EVEN) + (two & _EVEN)) & _EVEN) | (((one & _ODD) + (two & _ODD)) & _ODD)
    return total.to_bytes(len(data), "little")

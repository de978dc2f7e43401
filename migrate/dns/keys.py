"""The size of an RSA key in a DKIM record."""

from __future__ import annotations

import base64
import binascii

_SEQUENCE, _INTEGER, _BITS = 0x30, 0x02, 0x03


def rsa_bits(text: str) -> int | None:
    """Bits of the modulus of ``p=`` of a DKIM record; None if that is no RSA key.

    Either form is read: a SubjectPublicKeyInfo (RFC 5280, section 4.1) and a bare RSAPublicKey (RFC 8017, appendix
    A.1.1), as RFC 6376, section 3.6.1, and its erratum have it.
    """
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
        inner = _inside(raw, _SEQUENCE)
        if inner[:1] == bytes([_SEQUENCE]):
            _algorithm, rest = _split(inner)
            bits = _inside(rest, _BITS)
            inner = _inside(bits[1:], _SEQUENCE)
        modulus = int.from_bytes(_inside(inner, _INTEGER), "big")
    except (binascii.Error, ValueError, IndexError):
        return None
    return modulus.bit_length()


def _inside(raw: bytes, tag: int) -> bytes:
    """The content of the value that ``raw`` begins with.  Raises ValueError, IndexError."""
    if raw[0] != tag:
        raise ValueError("another kind of value")
    return _split(raw)[0]


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """The content of the first value, and what comes after it."""
    length, at = raw[1], 2
    if length & 0x80:
        octets = length & 0x7F
        length, at = int.from_bytes(raw[2 : 2 + octets], "big"), 2 + octets
    if len(raw) < at + length:
        raise ValueError("cut short")
    return raw[at : at + length], raw[at + length :]

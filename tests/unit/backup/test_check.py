"""The digest of a stored message is that of what was sent, whatever its bytes."""

from __future__ import annotations

import hashlib

import pytest

from connectors.body import CHUNK, MemoryBody
from migrate.backup.check import wire_digest

STORED = {
    "LF": (b"A: b\n\nx\n", b"A: b\r\n\r\nx\r\n"),
    "CRLF": (b"A: b\r\n\r\nx\r\r\n", b"A: b\r\n\r\nx\r\r\n"),
    "a From_ line that came with the message": (b"From x\nA: b\n\n", b"From x\r\nA: b\r\n\r\n"),
    "CRLF at a border of pieces": (b"x" * (CHUNK - 1) + b"\r\ny", b"x" * (CHUNK - 1) + b"\r\ny"),
    "LF at a border of pieces": (b"x" * CHUNK + b"\ny\r", b"x" * CHUNK + b"\r\ny\r"),
    "empty": (b"", b""),
}


@pytest.mark.parametrize(("stored", "wire"), STORED.values(), ids=STORED)
def test_the_digest_is_of_the_wire_form(stored: bytes, wire: bytes) -> None:
    assert wire_digest(MemoryBody(stored)) == hashlib.sha256(wire).digest()

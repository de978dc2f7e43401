"""Applying rules to bytes in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO

from connectors.repairs import Facts, repaired

RECEIVED = datetime(2026, 1, 5, 8, 0, 7, tzinfo=UTC)


def facts(data: bytes) -> Facts:
    return Facts(RECEIVED, sha256(data).digest())


def apply(rule: str, data: bytes) -> bytes:
    """What the rule makes of the message: the same where it does not apply."""
    pieces = repaired(rule, lambda: BytesIO(data), facts(data))
    return data if pieces is None else b"".join(pieces)

"""What a server offers to whoever has not signed in."""

from __future__ import annotations

from dataclasses import dataclass

#: Characters kept of a greeting.
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Offered:
    """``greeting``: its first words, printable; ``certificate``: DER, empty on an unprotected connection."""

    greeting: str
    capabilities: frozenset[str]
    certificate: bytes = b""


def greeting_text(line: bytes) -> str:
    """A greeting without anything that could upset a terminal, cut to a line."""
    return "".join(c for c in line.decode("utf-8", "replace") if c.isprintable()).strip()[:_LONGEST]

"""Whose turn it is: the order in which sites move."""

from __future__ import annotations

from datetime import date
from math import inf


def turn(wave: int | None, switch: date | None, name: str) -> tuple[float, date, str]:
    """By wave, by the day of the switch, by name; what is not planned yet comes last.  For sorting."""
    return inf if wave is None else wave, switch or date.max, name

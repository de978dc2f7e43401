"""A company without anything in it: what a choice note asks of it is its name and its language."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from plans import Organisation


def company(name: str = "Try", language: Literal["fr", "en"] = "en") -> Organisation:
    zone = ZoneInfo("Europe/Paris")
    return Organisation(name=name, language=language, time_zone=zone, systems={}, sites={}, folder=Path())

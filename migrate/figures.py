"""Sizes, times, counts and names as people read them, and type them."""

from __future__ import annotations

import os
import shlex
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import list2cmdline

from connectors.language import _, number, plural

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def size_text(size: float) -> str:
    """Bytes, in units of a thousand as mail providers count them."""
    if size < 1e6:
        return _("{n} kB").format(n=number(size / 1e3, 1) if size < 1e4 else number(size / 1e3))
    if size < 1e9:
        return _("{n} MB").format(n=number(size / 1e6, 1) if size < 1e8 else number(size / 1e6))
    return _("{n} GB").format(n=number(size / 1e9, 1))


def rate_text(messages: float, size: float | None = None) -> str:
    """Messages, and bytes, a second."""
    told = _("{n} messages/s").format(n=number(messages) if messages >= 10 else number(messages, 1))
    return told if size is None else _("{messages}, {size}/s").format(messages=told, size=size_text(size))


def time_text(seconds: float) -> str:
    """How long something takes: two units at most, nobody plans by more."""
    seconds = max(0, round(seconds))
    if seconds < _MINUTE:
        return _("{n} s").format(n=seconds)
    if seconds < 10 * _MINUTE:
        return _("{n} min {s} s").format(n=seconds // _MINUTE, s=seconds % _MINUTE)
    minutes = -(-seconds // _MINUTE)
    if seconds < _HOUR:
        return _("{n} min").format(n=minutes)
    if seconds < _DAY:
        return _("{n} h {m} min").format(n=minutes // 60, m=minutes % 60)
    hours = -(-seconds // _HOUR)
    return _("{days} {hours} h").format(days=plural("{n} day", "{n} days", hours // 24), hours=hours % 24)


def moment_text(moment: datetime, now: datetime | None = None) -> str:
    """At what time, on the clocks of ``moment``'s own zone, which is named; with the day when it is not today.

    Without ``now``, for what may be read later, always with the day.
    """
    # Nobody plans by seconds; a minute that has begun is told as the next, so that nothing is late.
    minute = moment + timedelta(minutes=1) if moment.second or moment.microsecond else moment
    days = -1 if now is None else (minute.date() - now.astimezone(moment.tzinfo).date()) // timedelta(days=1)
    told = {0: _("at {time}"), 1: _("tomorrow at {time}")}.get(days, _("on {day} at {time}"))
    return told.format(day=minute.date().isoformat(), time=f"{minute:%H:%M} ({moment.tzinfo})")


def path_text(path: tuple[str, ...]) -> str:
    """A folder as people write it."""
    return "/".join(path)


def typed(path: Path) -> str:
    """A file as people type it in a command: blanks in its name part nothing."""
    return list2cmdline([str(path)]) if os.name == "nt" else shlex.quote(str(path))

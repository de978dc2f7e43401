"""IMAP command arguments, made from typed values only.

A mail body behind a rejected APPEND argument would be read as commands, so nothing reaches a command line here that
the grammar (RFC 9051, section 9) does not allow: what cannot be said is refused with ``ValueError``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from connectors.contract import SYSTEM_FLAGS
from connectors.keywords import is_keyword

_QUOTABLE = re.compile(rb"[\x20-\x7e]*")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CANONICAL = {flag.casefold(): flag for flag in SYSTEM_FLAGS}
#: Dates that every server can hold (32-bit seconds).
_USUAL_YEARS = range(1971, 2038)
#: Longest list of UIDs in one command; RFC 7162 (section 4) asks for lines under 8192 octets.
_SET_LIMIT = 7500
UID_LIMIT = 2**32


def system_flag(flag: str) -> str | None:
    """The flag in its canonical spelling when it is a system flag that may be set, else None."""
    return _CANONICAL.get(flag.casefold())


def flag_list(flags: Iterable[str]) -> bytes:
    """``(\\Seen work)``.  Raises ValueError for anything that is neither a system flag nor a valid keyword."""
    words = []
    for flag in sorted(flags):
        word = system_flag(flag) or flag
        if word not in SYSTEM_FLAGS and not is_keyword(word):
            raise ValueError("not a flag that can be sent")
        words.append(word.encode("ascii"))
    return b"(" + b" ".join(words) + b")"


def date_time(when: datetime) -> bytes:
    """``"17-Jul-1996 02:44:25 -0700"`` whatever the locale.  Raises ValueError for a date without its zone."""
    offset = when.utcoffset()
    if offset is None:
        raise ValueError("a date without its zone")
    if offset % timedelta(minutes=1):
        when, offset = when.astimezone(UTC), timedelta(0)
    minutes = int(offset.total_seconds()) // 60
    sign, (hours, rest) = "+-"[minutes < 0], divmod(abs(minutes), 60)
    return (
        f'"{when.day:02}-{_MONTHS[when.month - 1]}-{when.year:04}'
        f' {when.hour:02}:{when.minute:02}:{when.second:02} {sign}{hours:02}{rest:02}"'
    ).encode("ascii")


def is_usual_date(when: datetime) -> bool:
    """Whether any server takes this date; others are proven before a body is sent behind them."""
    return when.year in _USUAL_YEARS


def is_quotable(name: bytes) -> bool:
    """Whether a folder name can stand between quotes; else it needs a synchronising literal."""
    return _QUOTABLE.fullmatch(name) is not None


def quoted(name: bytes) -> bytes:
    """A quoted string.  Raises ValueError for control characters and 8-bit bytes."""
    if not is_quotable(name):
        raise ValueError("not a string that can be quoted")
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def uid_of(key: str) -> int:
    """The UID a key stands for.  Raises ValueError when it is none."""
    if not (key.isascii() and key.isdecimal() and 0 < int(key) < UID_LIMIT):
        raise ValueError("not a key of this connector")
    return int(key)


def uid_sets(uids: Sequence[int], limit: int | None = None) -> Iterator[tuple[list[int], bytes]]:
    """Sorted UIDs and the same as sequence sets, each short enough for one command (and of ``limit`` UIDs)."""
    ordered = sorted(set(uids))
    group: list[int] = []
    ranges: list[bytes] = []
    size = index = 0
    while index < len(ordered):
        last = index
        while (
            last + 1 < len(ordered)
            and ordered[last + 1] == ordered[last] + 1
            and (limit is None or len(group) + last - index + 1 < limit)
        ):
            last += 1
        text = b"%d" % ordered[index] if last == index else b"%d:%d" % (ordered[index], ordered[last])
        ranges.append(text)
        group += ordered[index : last + 1]
        size += len(text) + 1
        index = last + 1
        if size > _SET_LIMIT or (limit is not None and len(group) >= limit):
            yield group, b",".join(ranges)
            group, ranges, size = [], [], 0
    if group:
        yield group, b",".join(ranges)

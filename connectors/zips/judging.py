"""Which members of a zip are read, and why others are not."""

from __future__ import annotations

import stat
from dataclasses import dataclass

from connectors.language import _, number
from connectors.zips.members import METHODS
from connectors.zips.names import why_unsafe

_LOCAL_SIZE = 30
_ENCRYPTED, _STRONGLY, _MASKED = 1 << 0, 1 << 6, 1 << 13
#: A member that grows more than this many times is a bomb, unless it is small; deflate's own limit is 1,032.
MOST_GROWTH = 200
SMALL = 64 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a zip, as the zip tells it: nothing is believed before it has been read."""

    name: str
    size: int
    packed: int
    method: int
    crc: int
    #: Where its own header lies in the file.
    offset: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A member that is not read.  ``code``: one word; ``why``: for people."""

    name: str
    code: str
    why: str


def is_directory(member: Member) -> bool:
    return member.name.endswith("/") and not member.size and why_unsafe(member.name) is None


def judged(member: Member, flags: int, mode: int, zip_size: int) -> Refusal | None:
    """None when it is read.  ``mode``: that of the file as Unix has it, 0 when nothing is known of it."""
    name = member.name
    if (unsafe := why_unsafe(name)) is not None:
        return Refusal(name, "unsafe-name", unsafe)
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return Refusal(name, "link", _("it is no file but a link, a pipe or a device"))
    if flags & (_ENCRYPTED | _STRONGLY | _MASKED):
        return Refusal(name, "encrypted", _("it is locked with a password: unpack the zip with it first"))
    if member.method not in METHODS:
        what = _("it is packed by a method ({method}) that is not read: unpack the zip with the program that made it")
        return Refusal(name, "method", what.format(method=member.method))
    if member.size > max(SMALL, member.packed * MOST_GROWTH):
        what = _("it would grow to {times} times its size as it is unpacked: unpack it yourself if you trust it")
        return Refusal(name, "bomb", what.format(times=number(member.size // max(member.packed, 1))))
    if member.offset + _LOCAL_SIZE + member.packed > zip_size:
        return Refusal(name, "damaged", _("it lies behind the end of the zip, which was cut off"))
    return None


def apart(members: list[Member]) -> tuple[list[Member], list[Refusal]]:
    """Members that share their bytes make a small file without end; no program writes such zips."""
    end, overlapping = 0, set()
    for member in sorted(members, key=lambda one: one.offset):
        if member.offset < end:
            overlapping.add(member.offset)
        end = max(end, member.offset + _LOCAL_SIZE + member.packed)
    why = _("its bytes are those of other files of the zip as well")
    refused = [Refusal(member.name, "bomb", why) for member in members if member.offset in overlapping]
    return [member for member in members if member.offset not in overlapping], refused

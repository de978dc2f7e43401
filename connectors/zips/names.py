"""Names of members: their encoding, and whether they mean to lead somewhere else."""

from __future__ import annotations

import re
import struct
from zlib import crc32

from connectors.folder_names import harmless
from connectors.language import _

_UTF_8 = 1 << 11
_UNICODE_PATH = 0x7075
_LONGEST = 4096
_DRIVE = re.compile(r"[A-Za-z]:")
#: Lines of boxes, where the code page of western Europe has letters with accents.
_BOXES = re.compile("[\u2500-\u259f]")


def name_of(raw: bytes, flags: int, extra: bytes) -> str:
    """A name with ``/`` between its parts (APPNOTE.TXT 4.4.17, 4.6.9, appendix D).

    UTF-8 where the zip says so, and where the bytes are nothing else (macOS does not say so); else the code page of
    DOS, of which western Europe had another one than America.
    """
    if (told := _unicode_path(raw, extra)) is not None:
        name = told
    elif flags & _UTF_8:
        name = raw.decode("utf-8", "replace")
    else:
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            name = raw.decode("cp437")
            if _BOXES.search(name):
                name = raw.decode("cp850")
    return name if "/" in name else name.replace("\\", "/")


def why_unsafe(name: str) -> str | None:
    """Why a name is not to be followed, None when nothing is wrong with it."""
    if not name or len(name) > _LONGEST or "\0" in name:
        return _("its name is none that a file can have")
    if name.startswith(("/", "\\")) or _DRIVE.match(name) or ".." in re.split(r"[/\\]", name):
        return _("its name leads out of the zip")
    return None


def shown(name: str) -> str:
    """For people: no control characters, and no longer than can be read."""
    return harmless(name if len(name) <= 200 else f"…{name[-200:]}")


def _unicode_path(raw: bytes, extra: bytes) -> str | None:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[at : at + 4])
        value = extra[at + 4 : at + 4 + length]
        if kind == _UNICODE_PATH and len(value) > 5 and value[0] == 1:
            # It belongs to the name that it was made from; another program may have changed that alone.
            if int.from_bytes(value[1:5], "little") == crc32(raw):
                return value[5:].decode("utf-8", "replace")
            return None
        at += 4 + length
    return None

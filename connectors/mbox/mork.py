"""The name of a folder in Thunderbird's index of it (``.msf``, a Mork database).

Thunderbird shortens the names of files that a disk may not hold, and ends them with eight hexadecimal digits of a
hash; the name that its user gave stands in the index.  That one property is all that is read here.
"""

from __future__ import annotations

import re
from pathlib import Path

from connectors.quiet import open_regular

#: What a shortened name looks like: at most 47 characters and the hash of the whole.
HASHED = re.compile(r".{0,47}[0-9a-f]{8}")
_LARGEST = 64 << 20
#: ``(9A=folderName)`` gives the property a number, ``(^9A=text)`` or ``(^9A^82)`` tells it, ``(82=text)`` is the atom.
_PROPERTY = re.compile(rb"\(([0-9A-Fa-f]+)=folderName\)")
_VALUE = rb"((?:[^)\\$]|\\(?s:.)|\$[0-9A-Fa-f]{2}){1,4000})"
_ESCAPE = re.compile(rb"\$([0-9A-Fa-f]{2})|\\\r?\n|\\(.)", re.DOTALL)


def folder_name(index: Path) -> str | None:
    """The name that the index tells; None when there is no index, or none that tells it."""
    try:
        with open_regular(index) as reader:
            data = reader.read(_LARGEST)
    except OSError:
        return None
    named = _PROPERTY.search(data)
    if named is None:
        return None
    number = re.escape(named[1])
    told = None
    for told in re.finditer(rb"\(\^" + number + rb"(?:=" + _VALUE + rb"|\^([0-9A-Fa-f]+))\)", data):  # noqa: B007
        pass  # the last one counts: later changes are appended
    if told is None:
        return None
    value = told[1]
    if value is None:
        atoms = list(re.finditer(rb"[(<]\(?" + re.escape(told[2]) + rb"=" + _VALUE + rb"\)", data))
        value = atoms[-1][1] if atoms else None
    return _text(value) if value else None


def _text(value: bytes) -> str | None:
    plain = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]) if found[1] else found[2] or b"", value)
    try:
        return plain.decode("utf-8").strip() or None
    except UnicodeDecodeError:
        return plain.decode("latin-1").strip() or None

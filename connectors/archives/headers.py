"""The header of a stored message as bytes, and what mail programs write into it for themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from connectors.keywords import is_keyword

#: Bytes of a header that are looked at; no real one is longer.
HEADER_LIMIT = 1 << 18
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_STATUS = re.compile(rb"^X-Mozilla-Status[ \t]*:[ \t]*([0-9A-Fa-f]{1,8})", re.MULTILINE | re.IGNORECASE)
_FOLD = re.compile(rb"\r?\n[ \t]")

#: What a program keeps in the header of a message that it stores: its own marks, not the sender's words.
STORE_FIELDS = (
    b"x-mozilla-status", b"x-mozilla-status2", b"x-mozilla-keys", b"x-account-key", b"x-uidl",
    b"status", b"x-status", b"x-keywords", b"x-uid", b"x-imap", b"x-imapbase", b"content-length",
    b"x-evolution", b"x-evolution-source",
)  # fmt: skip

#: Bits of X-Mozilla-Status.
_READ, _REPLIED, _MARKED, _EXPUNGED, _FORWARDED = 0x1, 0x2, 0x4, 0x8, 0x1000
_MOZILLA = {_READ: "\\Seen", _REPLIED: "\\Answered", _MARKED: "\\Flagged", _FORWARDED: "$Forwarded"}
#: Letters of Status and X-Status (``O``, old, says nothing that travels).
_LETTERS = {"R": "\\Seen", "A": "\\Answered", "F": "\\Flagged", "T": "\\Draft", "D": "\\Deleted"}


class StoreFields:
    """Which fields of a header are its store's, and a header without them."""

    def __init__(self, names: Iterable[bytes] = STORE_FIELDS) -> None:
        self._names = frozenset(names)
        self._starts = tuple(b"\n" + name for name in self._names)

    def without(self, header: bytes) -> bytes:
        """The header without the store's fields and their folded lines; every other byte stays."""
        spans = self._spans(header)
        if not spans:
            return header
        kept, done = [], 0
        for start, end in sorted(spans):
            kept.append(header[done:start])
            done = end
        return b"".join([*kept, header[done:]])

    def _spans(self, header: bytes) -> list[tuple[int, int]]:
        """Where the store's fields begin and end.  A search for each name is ten times faster than a look at lines."""
        low = b"\n" + header.lower()
        spans = []
        for start in self._starts:
            at = -1
            while (at := low.find(start, at + 1)) >= 0:
                if low[at + len(start) : at + len(start) + 20].lstrip(b" \t").startswith(b":"):
                    spans.append((at, _end_of_field(header, at)))
        return spans

    def leads(self, header: bytes, name: bytes) -> bool:
        """Whether a field of that name stands among the store's fields at the very top of the header."""
        for line in _lines(header):
            if line[:1] in (b" ", b"\t"):
                continue
            found = line.partition(b":")[0].rstrip().lower()
            if found == name:
                return True
            if found not in self._names:
                return False
        return False


def split(data: bytes) -> tuple[bytes, bytes]:
    """The header with its last line end, and the rest from the empty line on.  Without an empty line all is header.

    What is longer than a header can be is no header: it is cut at :data:`HEADER_LIMIT`.
    """
    if data.startswith((b"\n", b"\r\n")):
        return b"", data
    found = _EMPTY_LINE.search(data, 0, HEADER_LIMIT)
    cut = HEADER_LIMIT if found is None else found.start() + 1
    return data[:cut], data[cut:]


def ends(data: bytes) -> bool:
    """Whether the header ends within these bytes."""
    return data.startswith((b"\n", b"\r\n")) or _EMPTY_LINE.search(data) is not None


def fields(header: bytes) -> dict[bytes, bytes]:
    """The first field of each name (in lower case), unfolded, without blanks around it."""
    found: dict[bytes, bytes] = {}
    for line in _FOLD.sub(b" ", header).split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def is_expunged(header: bytes) -> bool:
    """Whether Thunderbird has marked the message as one that its next compaction drops."""
    found = _STATUS.search(header)
    return found is not None and bool(int(found[1], 16) & _EXPUNGED)


def flags(found: Mapping[bytes, bytes]) -> frozenset[str] | None:
    """Flags and keywords as the store's fields tell them; None when it wrote none."""
    if b"x-mozilla-status" in found:
        status = _mozilla_status(found)
        return frozenset(flag for bit, flag in _MOZILLA.items() if status & bit) | _keywords(found, b"x-mozilla-keys")
    if b"status" not in found and b"x-status" not in found:
        return None
    letters = (found.get(b"status", b"") + found.get(b"x-status", b"")).decode("ascii", "replace").upper()
    return frozenset(flag for letter, flag in _LETTERS.items() if letter in letters) | _keywords(found, b"x-keywords")


def _mozilla_status(found: Mapping[bytes, bytes]) -> int:
    try:
        return int(found.get(b"x-mozilla-status", b"0")[:8], 16)
    except ValueError:
        return 0


def _keywords(found: Mapping[bytes, bytes], name: bytes) -> frozenset[str]:
    words = found.get(name, b"").decode("ascii", "replace").replace(",", " ").split()
    return frozenset(word for word in words if is_keyword(word))


def _end_of_field(header: bytes, start: int) -> int:
    end = start
    while (end := header.find(b"\n", end) + 1) and header[end : end + 1] in (b" ", b"\t"):
        pass
    return end or len(header)


def _lines(header: bytes) -> list[bytes]:
    """Lines as mail has them: a bare carriage return ends none."""
    pieces = header.split(b"\n")
    lines = [piece + b"\n" for piece in pieces[:-1]]
    return [*lines, pieces[-1]] if pieces[-1] else lines

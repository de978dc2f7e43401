"""Where the messages of an mbox lie and what they are called, in a few bytes each.

A message is called by its content digest and, among equal ones, by its ordinal.  So it keeps its name when others
before it go, and where it lies is no part of it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator

from connectors.mbox.digest import SIZE

#: A message that its folder shows.  Higher marks are the scan's owner's, see :attr:`Index.marks`.
MAIL = 0
#: Marked by Thunderbird as deleted; the next compaction drops it.
EXPUNGED = 1
#: What a server writes into the file for itself: no mail.
INTERNAL = 2
#: The last one, which is being written at this moment.
UNFINISHED = 3

_BUCKETS = 256
_NARROW = 255


class Index:
    """Offsets, digests and marks of a file's messages, in the order of the file."""

    def __init__(self) -> None:
        self.starts = array("Q")
        self._digests = bytearray()
        #: What each one is, in the lowest two bits; the rest belongs to who judged it.  Wider when that is asked for.
        self.marks = array("B")
        #: Bytes of the file that were looked at.
        self.size = 0
        #: Bytes before the first message that belong to none.
        self.prologue = 0
        self._order = array("I")
        self._ordinals: array[int] | None = None

    def __len__(self) -> int:
        return len(self.starts)

    def add(self, start: int, digest: bytes, mark: int) -> None:
        self.starts.append(start)
        self._digests += digest
        if mark > _NARROW and self.marks.typecode == "B":
            self.marks = array("I", self.marks)
        self.marks.append(mark)

    def leave_last(self, kind: int) -> None:
        """The last message is not one that the folder shows."""
        self.marks[-1] = self.marks[-1] & ~3 | kind
        self.settle()

    def end(self, number: int) -> int:
        """Where the next message begins, or the file ends."""
        return self.starts[number + 1] if number + 1 < len(self.starts) else self.size

    def count(self, kind: int) -> int:
        return sum(mark & 3 == kind for mark in self.marks)

    def mail(self) -> Iterator[int]:
        """Numbers of the messages that the folder shows."""
        return (number for number, mark in enumerate(self.marks) if mark & 3 == MAIL)

    def digest(self, number: int) -> bytes:
        return bytes(self._digests[number * SIZE : (number + 1) * SIZE])

    def key(self, number: int) -> str:
        ordinal = self._ordinals[number] if self._ordinals is not None else 0
        digest = self.digest(number).hex()
        return f"{digest}.{ordinal}" if ordinal else digest

    def find(self, key: str) -> int | None:
        """The number of a message by its key; None when there is none.  After :meth:`settle`."""
        name, _dot, told = key.partition(".")
        try:
            digest, ordinal = bytes.fromhex(name), int(told or 0)
        except ValueError:
            return None
        at = bisect_left(self._order, digest, key=self.digest) + ordinal
        if ordinal < 0 or at >= len(self._order) or self.digest(self._order[at]) != digest:
            return None
        return self._order[at]

    def settle(self) -> None:
        """All is added: name what the folder shows."""
        buckets = [array("I") for _ in range(_BUCKETS)]
        for number in self.mail():
            buckets[self._digests[number * SIZE]].append(number)
        self._order, self._ordinals = array("I"), None
        for bucket in buckets:
            self._order.extend(sorted(bucket, key=self.digest))
        before = None
        for at, number in enumerate(self._order):
            digest = self.digest(number)
            if digest == before:
                self._count(number, self._order[at - 1])
            before = digest

    def _count(self, number: int, twin: int) -> None:
        if self._ordinals is None:
            self._ordinals = array("I", bytes(4 * len(self.starts)))
        self._ordinals[number] = self._ordinals[twin] + 1

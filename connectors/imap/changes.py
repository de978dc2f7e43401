"""What changed in a folder since it was listed: CONDSTORE and QRESYNC (RFC 7162) as cursors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.imap.arguments import UID_LIMIT
from connectors.imap.mailbox import Opened
from connectors.imap.response import Part, uid_list

#: A listing that brings more changes than this is made whole: changes are told in one piece, and memory is bounded.
CHANGES_LIMIT = 5000

_CURSOR = re.compile(r"(\d{1,20}):(\d{1,10}):(\d{1,10}):(\d{1,19})", re.ASCII)
_VANISHED = re.compile(rb"\* VANISHED \(EARLIER\) ([\d:,]+)\r\n\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a listing left its caller, so that the next one can tell the rest."""

    epoch: str
    #: Every message that the caller knows lies below it.
    next: int
    #: Messages that the caller knows.
    count: int
    #: HIGHESTMODSEQ, read before the listing.
    modseq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.next}:{self.count}:{self.modseq}"

    @classmethod
    def parse(cls, text: str | None, epoch: str) -> Cursor | None:
        """The cursor, when it is one of this epoch and there is anything below it."""
        found = _CURSOR.fullmatch(text or "")
        if found is None or found[1] != epoch:
            return None
        cursor = cls(found[1], int(found[2]), int(found[3]), int(found[4]))
        return cursor if 1 < cursor.next <= UID_LIMIT and cursor.count and cursor.modseq else None

    @classmethod
    def after(cls, opened: Opened, highest: int, count: int) -> str | None:
        """The cursor of a listing that began when the folder was opened; None where the folder has no HIGHESTMODSEQ.

        ``highest`` is the last UID that was listed.  The server's own UIDNEXT is no better: a message between the two
        was not listed, and must be.
        """
        if not opened.modseq:
            return None
        return str(cls(opened.uidvalidity, highest + 1, count, opened.modseq))


class Vanished:
    """Hears the VANISHED (EARLIER) responses to one FETCH."""

    def __init__(self) -> None:
        self.uids: set[int] = set()
        #: More than can be told in one piece, or something that follows no grammar.
        self.beyond = False

    def hear(self, parts: Sequence[Part]) -> None:
        """Take a response that is no FETCH."""
        first = parts[0]
        found = _VANISHED.match(first) if isinstance(first, bytes) else None
        if found is None:
            return
        uids = uid_list(found[1], CHANGES_LIMIT - len(self.uids))
        if uids is None:
            self.beyond = True
        else:
            self.uids.update(uids)


def gone_since(cursor: Cursor, opened: Opened, new: int, vanished: Vanished | None) -> tuple[bool, Sequence[str]]:
    """Whether the listing of changes can be believed, and the keys that it says are gone.

    The folder's own count decides.  What is missing from it must have been named as vanished, among others that the
    caller never had or knows of; where nothing is missing nothing is gone.  A server without QRESYNC names nothing,
    so there nothing may be missing.
    """
    missing = cursor.count + new - opened.exists
    if missing <= 0:
        return missing == 0, ()  # below zero: a message turned up below the cursor
    if vanished is None or vanished.beyond:
        return False, ()
    gone = [str(uid) for uid in sorted(vanished.uids) if uid < cursor.next]
    return missing <= len(gone), gone

"""Where a message of an mbox begins (RFC 4155, and what the programs that write these files really do)."""

from __future__ import annotations

import re

#: Bytes from a From_ line on that tell whether it is one.
LOOK = 2048
#: What is looked for; the blank behind it is checked, since the search is a third faster without it.
MARK = b"\nFrom"
_LONGEST_LINE = 1000
_FIELD = re.compile(rb"[!-9;-~]{1,80}[ \t]*:|>From ")
#: asctime's date with all its parts: what writers put there, and prose does not.
_STAMP = re.compile(
    rb"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]?\d"
    rb" \d\d:\d\d:\d\d (?:[+-]\d{4} |[A-Z]{1,5} )?\d{4}"
)
_TIME = re.compile(rb"\b\d{1,2}:\d\d\b")
#: Fields that headers begin with.
_OFTEN = re.compile(
    rb"(?:received|return-path|delivered-to|from|to|cc|date|subject|message-id|mime-version|content-type|reply-to"
    rb"|sender|status|x-[!-9;-~]{1,60})[ \t]*:",
    re.IGNORECASE,
)


def is_boundary(data: bytes, at: int, *, first: bool = False) -> bool:
    """Whether the line at ``at``, which starts a line, is the From_ line of a message.

    The line behind it has to look like a header's.  An empty line before it is not asked for: files are met that have
    none.  With an empty line before it (or when it is the file's ``first``) two more are known: one with asctime's
    whole date, whose message may have no header; and one without a time of day, if what follows is a field that
    headers begin with.
    """
    if data[at : at + 5] != b"From ":
        return False
    end = data.find(b"\n", at, at + _LONGEST_LINE)
    if end < 0:
        return False
    if _TIME.search(data, at, end) is None:
        return (first or separator(data, at) > 0) and _OFTEN.match(data, end + 1) is not None
    if _FIELD.match(data, end + 1) is not None:
        return True
    return (first or separator(data, at) > 0) and _STAMP.search(data, at, end) is not None


def separator(data: bytes, end: int) -> int:
    """Bytes of the empty line that a message ends with, which parts it from the next one; 0 when there is none."""
    if data[max(0, end - 3) : end] == b"\n\r\n":
        return 2
    return 1 if data[max(0, end - 2) : end] == b"\n\n" else 0

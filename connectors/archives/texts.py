"""Texts that are told by how they begin: single messages, and the mbox files of Google Takeout."""

from __future__ import annotations

import re

from connectors.mbox.archive import begins_mbox

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
#: Two of these make a text a message: one alone stands in many a file of settings.
_OF_MAIL = frozenset(
    b"bcc cc content-type date delivered-to from in-reply-to message-id mime-version received reply-to return-path"
    b" sender subject to".split()
)
_OF_TAKEOUT = frozenset((b"x-gmail-labels", b"x-gm-thrid"))


def begins_message(head: bytes) -> bool:
    """Whether a file that begins so is one message (RFC 5322), and nothing else."""
    return len(_fields(head) & _OF_MAIL) >= 2


def begins_takeout(head: bytes) -> bool:
    """Whether it is an mbox file that Google Takeout wrote: each of its messages says which labels it had."""
    return begins_mbox(head) and bool(_fields(head.lstrip(b"\r\n").partition(b"\n")[2]) & _OF_TAKEOUT)


def _fields(head: bytes) -> set[bytes]:
    """Names of the fields of a header, in lower case; nothing when there is anything in it that is no field."""
    found: set[bytes] = set()
    lines = head.splitlines()
    # The last line may be cut off.
    for line in lines[:-1] if len(lines) > 1 else lines:
        if not line.strip():
            break
        if line[:1] in b" \t":
            if not found:
                return set()
            continue
        field = _FIELD.match(line)
        if field is None:
            return set()
        found.add(field[1].lower())
    return found

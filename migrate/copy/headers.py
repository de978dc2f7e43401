"""What a message's own header says of who it is."""

from __future__ import annotations

import re

#: A field of this name with anything in it, folded or not (RFC 5322 2.2.3); not one whose value or name ends so.
_MESSAGE_ID = re.compile(rb"^message-id[ \t]*:(?:\r?\n(?=[ \t])|[ \t])*\S", re.IGNORECASE | re.MULTILINE)


def names_itself(fields: bytes) -> bool:
    """Whether there is a Message-ID among these header fields: only then is one header one message."""
    return _MESSAGE_ID.search(fields) is not None

"""What STATUS says of folders (RFC 9051 6.3.11).  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.imap.connection import Features
from connectors.imap.dialogue import Answer
from connectors.imap.response import MalformedResponse, Value, number, object_id_of, parse_values


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """What STATUS said of a folder."""

    uidvalidity: str
    uidnext: int
    messages: int | None
    modseq: int | None
    object_id: str | None
    #: The longest message that the folder takes (APPENDLIMIT, RFC 7889); None when nothing is said of this one.
    append_limit: int | None = None


def status_items(features: Features) -> bytes:
    """What a server that offers these is asked for."""
    modseq = b" HIGHESTMODSEQ" if features.modseq else b""
    object_id = b" MAILBOXID" if features.object_id_in_status else b""
    limit = b" APPENDLIMIT" if "APPENDLIMIT" in features else b""
    return b"(UIDVALIDITY UIDNEXT MESSAGES%s%s%s)" % (modseq, object_id, limit)


def statuses_in(answer: Answer) -> Iterator[tuple[bytes, FolderStatus]]:
    """Raw names and statuses of the STATUS responses; what follows no grammar is left out."""
    for parts in answer.untagged:
        try:
            values = parse_values(parts)
            if len(values) >= 4 and _is(values[1], b"STATUS") and isinstance(values[2], bytes | None):
                raw = b"NIL" if values[2] is None else values[2]  # a folder may be called so
                yield b"INBOX" if raw.upper() == b"INBOX" else raw, _folder_status(values[3])
        except MalformedResponse:
            continue


def _folder_status(items: Value) -> FolderStatus:
    if not isinstance(items, list):
        raise MalformedResponse("no list")
    told = {
        name.upper(): value for name, value in zip(items[::2], items[1::2], strict=False) if isinstance(name, bytes)
    }
    return FolderStatus(
        str(number(told.get(b"UIDVALIDITY"))),
        number(told.get(b"UIDNEXT")),
        _optional(told, b"MESSAGES"),
        _optional(told, b"HIGHESTMODSEQ"),
        object_id_of(told.get(b"MAILBOXID")),
        None if told.get(b"APPENDLIMIT") is None else _optional(told, b"APPENDLIMIT"),
    )


def _optional(told: dict[bytes, Value], name: bytes) -> int | None:
    return number(told[name]) if name in told else None


def _is(value: Value, word: bytes) -> bool:
    return isinstance(value, bytes) and value.upper() == word

"""What Gmail looks at in a message that is put into a mailbox: a few header fields, read in one go.

Header checks: the errors "Invalid From header" and "Expected a single 'From' header" are what Gmail answers to
messages.import and insert (google/import-mailbox-to-gmail#29).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache

from migrate.sandbox.google.errors import invalid_argument

_WANTED = re.compile(
    rb"^(from|message-id|date|subject|references|in-reply-to)[ \t]*:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE
)
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:(.*(?:\n[ \t].*)*)", re.MULTILINE)
_ID = re.compile(r"<([^<>]+)>")
_REPLY = re.compile(r"^(?:(?:re|fwd?|aw|wg|tr|rv)\s*:\s*)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """The fields that the mailbox goes by."""

    senders: tuple[str, ...]
    message_id: str | None
    date: str | None
    #: A digest of the subject, by which conversations are told.
    topic: str
    #: Message-IDs that it answers.
    answers: tuple[str, ...]


def header_end(raw: bytes) -> int:
    """Where the header of ``raw`` ends."""
    ends = [at for at in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if at >= 0]
    return min(ends, default=len(raw))


def read_head(raw: bytes) -> Head:
    """The fields of a message, whatever else it is."""
    senders: list[str] = []
    answers: list[str] = []
    one: dict[bytes, str] = {}
    for found in _WANTED.finditer(raw, 0, header_end(raw)):
        name, value = found[1].lower(), found[2].decode("latin-1").replace("\r\n", "").replace("\n", "").strip()
        if name == b"from":
            senders.append(value)
        elif name in (b"references", b"in-reply-to"):
            answers += _ID.findall(value)
        else:
            one.setdefault(name, value)
    named = one.get(b"message-id")
    return Head(
        senders=tuple(senders),
        message_id=bare_id(named) if named else None,
        date=one.get(b"date"),
        topic=topic_of(one.get(b"subject", "")),
        answers=tuple(answers),
    )


def fields(raw: bytes) -> list[tuple[str, str]]:
    """Every header field, in order, unfolded; bytes over 127 as Latin-1."""
    return [
        (found[1].decode("ascii"), re.sub(r"\r?\n", "", found[2].decode("latin-1")).strip())
        for found in _FIELD.finditer(raw, 0, header_end(raw))
    ]


def bare_id(value: str) -> str:
    """A Message-ID as ``rfc822msgid:`` asks for it: without its brackets."""
    found = _ID.search(value)
    return found[1] if found else value.strip()


def topic_of(subject: str) -> str:
    """A digest of a subject without what answering put before it."""
    return hashlib.blake2b(_REPLY.sub("", subject).strip().encode(), digest_size=16).hexdigest()


def check_senders(senders: tuple[str, ...]) -> None:
    """Raises ApiError unless there is one From field, with an address in it."""
    if len(senders) > 1:
        raise invalid_argument("Expected a single 'From' header")
    if not senders or not _has_address(senders[0]):
        raise invalid_argument("Invalid From header")


def sent_at(value: str | None) -> int | None:
    """Milliseconds since 1970 of a Date field; None when it says no time."""
    return _moment(value) if value is not None else None


@lru_cache(maxsize=4096)
def _has_address(value: str) -> bool:
    for _, address in getaddresses([value]):
        local, _, domain = address.rpartition("@")
        if local and domain and not re.search(r"\s", address):
            return True
    return False


@lru_cache(maxsize=4096)
def _moment(value: str) -> int | None:
    try:
        return int(parsedate_to_datetime(value).timestamp() * 1000)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None

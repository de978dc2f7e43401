"""Server responses taken apart.  Pure: bytes in, values out, no sockets.

A response is a list of parts: text, literal, text, literal, ... text.  The reader has taken the literals out already,
so a literal is one value wherever it stands, and hostile lengths are its reader's business.  A literal too large for
memory arrives as a spooled body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from connectors.body import SpooledBody
from connectors.imap.arguments import UID_LIMIT, system_flag
from connectors.net.throttling import Throttle, throttle_in

Part = bytes | SpooledBody
Value = bytes | SpooledBody | None | list["Value"]

#: The end of a text part that announces a literal (RFC 9051, RFC 7888; ``~`` is RFC 3516).
LITERAL = re.compile(rb"~?\{(\d{1,20})\+?\}\r?\n\Z")
_STATUS = re.compile(rb"\s*(OK|NO|BAD|BYE|PREAUTH)\b(?: +\[([A-Z0-9.\-]+)(?: ([^\]]*))?\])?", re.IGNORECASE)
_TOKEN = re.compile(
    rb'[ \t]*(?:([()])|"([^"\\]*(?:\\.[^"\\]*)*)"'
    rb'|((?:BODY|BINARY)(?:\.[A-Z]+)?\[[^\]\r\n]{0,1000}\][^\s()"]*|[^\s()"]+))',
    re.DOTALL | re.IGNORECASE,
)
_BLANK = re.compile(rb"[ \t\r\n]*\Z")
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_UID_ANYWHERE = re.compile(rb"\bUID (\d{1,10})\b", re.IGNORECASE)
#: RFC 8474, section 5.1.
_OBJECT_ID = re.compile(rb"[A-Za-z0-9_-]{1,255}")
_DEPTH_LIMIT = 12
#: How Exchange says that a mailbox or folder is full, and that it does not serve this mailbox at the moment.
_EXCHANGE = {b"ErrorQuotaExceeded": "OVERQUOTA", b"authenticated but not connected": "UNAVAILABLE"}
#: Bytes of a refusal's text that are looked at.
_TEXT = 300
#: Longer than any message: sums of sizes stay far below 64 bits.
SIZE_LIMIT = 2**47
#: Longest list of flags, and longest date, that is worth remembering.
_REMEMBERED = 512
_DATE_TIME = re.compile(
    r" ?(\d{1,2})-(\w{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ?([+-])(\d{2})(\d{2})",
    re.ASCII,
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}  # fmt: skip


class MalformedResponse(ValueError):
    """A response that follows no grammar we know."""


@dataclass(frozen=True, slots=True)
class Status:
    """OK, NO, BAD, BYE or PREAUTH with its response code (upper case, "" when there is none) and the code's words."""

    word: str
    code: str = ""
    words: bytes = b""
    #: What a refusal asks for in free text.
    throttle: Throttle | None = None


def parse_status(text: bytes) -> Status | None:
    """The status at the start of a response without its tag; None for any other response."""
    found = _STATUS.match(text)
    if found is None:
        return None
    word, code, words = found.groups()
    word = word.upper().decode()
    code_said = (code or b"").upper().decode()
    if word not in ("NO", "BAD", "BYE"):
        return Status(word, code_said, words or b"")
    said = text[found.end() : found.end() + _TEXT]
    code_meant = code_said or _code_in(said)
    return Status(word, code_meant, words or b"", throttle_in(said, code_meant))


def _code_in(said: bytes) -> str:
    """The response code (RFC 5530) that Exchange means with its own words: it gives none."""
    return next((code for words, code in _EXCHANGE.items() if words in said), "")


def parse_values(parts: Sequence[Part]) -> list[Value]:
    """All values of a response.  Raises MalformedResponse."""
    stack: list[list[Value]] = [[]]
    for index, part in enumerate(parts):
        if index % 2 or isinstance(part, SpooledBody):
            stack[-1].append(part)
        else:
            _parse_text(part, stack)
    if len(stack) != 1:
        raise MalformedResponse("an open list")
    return stack[0]


def _parse_text(text: bytes, stack: list[list[Value]]) -> None:
    announced = LITERAL.search(text)
    end = announced.start() if announced else len(text)
    at = 0
    while at < end:
        token = _TOKEN.match(text, at, end)
        if token is None:
            if _BLANK.match(text, at, end):
                return
            raise MalformedResponse("not a token")
        at = token.end()
        bracket, string, atom = token.groups()
        if bracket == b"(":
            if len(stack) > _DEPTH_LIMIT:
                raise MalformedResponse("nested too deep")
            stack.append([])
        elif bracket == b")":
            if len(stack) == 1:
                raise MalformedResponse("a list closed that was not open")
            closed = stack.pop()
            stack[-1].append(closed)
        elif string is not None:
            stack[-1].append(_ESCAPE.sub(rb"\1", string) if b"\\" in string else string)
        else:
            stack[-1].append(None if atom.upper() == b"NIL" else atom)


@dataclass(slots=True)
class Fetched:
    """What one FETCH response told.  Only what was asked for and understood is set."""

    uid: int | None = None
    flags: frozenset[str] | None = None
    received: datetime | None = None
    size: int | None = None
    modseq: int | None = None
    object_id: str | None = None
    #: X-GM-MSGID and X-GM-LABELS, the labels as the server spells them.
    gmail_id: int | None = None
    labels: frozenset[bytes] | None = None
    #: The body or header section; ``has_section`` tells NIL from not answered.
    section: Part | None = None
    has_section: bool = False
    #: First byte of a section that was asked for by range.
    origin: int | None = None
    #: The response followed no grammar; only the UID could be found, if that.
    malformed: bool = False

    def release(self) -> None:
        if isinstance(self.section, SpooledBody):
            self.section.release()


def parse_fetch(parts: Sequence[Part]) -> Fetched | None:
    """A FETCH response, items in any order; None for every other response.  Never raises: see ``malformed``."""
    first = parts[0]
    if isinstance(first, SpooledBody) or not re.match(rb"\* \d+ FETCH\b", first, re.IGNORECASE):
        return None
    fetched = Fetched()
    try:
        items = parse_values(parts)[-1]
        if not isinstance(items, list) or len(items) % 2:
            raise MalformedResponse("not pairs of names and values")  # noqa: TRY301 -- one verdict for all that is odd
        for name, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(name, bytes):
                raise MalformedResponse("not a name")  # noqa: TRY301 -- as above
            _take_item(fetched, name.upper(), value)
    except MalformedResponse:
        texts = b" ".join(part for part in parts[::2] if isinstance(part, bytes))
        uid = _UID_ANYWHERE.search(texts)
        fetched = Fetched(uid=int(uid[1]) if uid and 0 < int(uid[1]) < UID_LIMIT else None, malformed=True)
    for part in parts:
        if isinstance(part, SpooledBody) and part is not fetched.section:
            part.release()
    return fetched


def _take_item(fetched: Fetched, name: bytes, value: Value) -> None:
    if name.startswith((b"BODY[", b"BINARY[", b"RFC822.HEADER")) or name == b"RFC822":
        if isinstance(value, list):
            raise MalformedResponse("a list for a section")
        fetched.section, fetched.has_section = value, True
        origin = re.search(rb"<(\d{1,10})>\Z", name)
        fetched.origin = int(origin[1]) if origin else None
        return
    take = _ITEMS.get(name)
    if take is not None:
        take(fetched, value)


def _take_uid(fetched: Fetched, value: Value) -> None:
    fetched.uid = number(value, UID_LIMIT)
    if not fetched.uid:
        raise MalformedResponse("no UID")


def _take_size(fetched: Fetched, value: Value) -> None:
    fetched.size = number(value, SIZE_LIMIT)


def _take_flags(fetched: Fetched, value: Value) -> None:
    if not isinstance(value, list):
        raise MalformedResponse("no list of flags")
    fetched.flags = flags_of(b" ".join(flag for flag in value if isinstance(flag, bytes)))


def _take_date(fetched: Fetched, value: Value) -> None:
    fetched.received = date_of(value) if isinstance(value, bytes) else None


def _take_modseq(fetched: Fetched, value: Value) -> None:
    if isinstance(value, list) and len(value) == 1:
        fetched.modseq = number(value[0])


def _take_object_id(fetched: Fetched, value: Value) -> None:
    fetched.object_id = object_id_of(value)


def _take_gmail_id(fetched: Fetched, value: Value) -> None:
    fetched.gmail_id = number(value, 2**64)


def _take_labels(fetched: Fetched, value: Value) -> None:
    if not isinstance(value, list):
        raise MalformedResponse("no list of labels")
    # A label may be called NIL; one that had to be spooled is none.
    fetched.labels = frozenset(b"NIL" if one is None else one for one in value if isinstance(one, bytes | None))


_ITEMS: Mapping[bytes, Callable[[Fetched, Value], None]] = {
    b"UID": _take_uid,
    b"RFC822.SIZE": _take_size,
    b"FLAGS": _take_flags,
    b"INTERNALDATE": _take_date,
    b"MODSEQ": _take_modseq,
    b"EMAILID": _take_object_id,
    b"X-GM-MSGID": _take_gmail_id,
    b"X-GM-LABELS": _take_labels,
}


def number(value: Value, limit: int = 2**63) -> int:
    """A number below ``limit``.  Raises MalformedResponse."""
    if not (isinstance(value, bytes) and value.isdigit() and len(value) <= 20 and int(value) < limit):
        raise MalformedResponse("not a number")
    return int(value)


def object_id_of(value: Value) -> str | None:
    """An id of RFC 8474, which stands in parentheses; None when it is none, for two folders may share what is not."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], bytes) and _OBJECT_ID.fullmatch(value[0]):
        return value[0].decode("ascii")
    return None


def flags_of(words: bytes) -> frozenset[str]:
    """Flags of a mailbox's list, system flags in their canonical spelling, without ``\\Recent``."""
    return _flags_of(words) if len(words) <= _REMEMBERED else _flags_of.__wrapped__(words)


@lru_cache(maxsize=4096)
def _flags_of(words: bytes) -> frozenset[str]:
    flags = set()
    for word in words.split():
        flag = word.decode("ascii", "backslashreplace")
        if flag.casefold() != "\\recent":
            flags.add(system_flag(flag) or flag)
    return frozenset(flags)


def date_of(text: bytes) -> datetime | None:
    """An INTERNALDATE with its zone; None when it is no date, or none that UTC can say."""
    return _date_of(text) if len(text) <= _REMEMBERED else None


@lru_cache(maxsize=4096)
def _date_of(text: bytes) -> datetime | None:
    found = _DATE_TIME.fullmatch(text.decode("ascii", "replace"))
    if found is None:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
    zone = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        date = datetime(
            int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), min(int(second), 59),
            tzinfo=_zone(-zone if sign == "-" else zone),
        )  # fmt: skip
        date.astimezone(UTC)
    except (ValueError, KeyError, OverflowError):
        return None
    return date


@lru_cache(maxsize=256)
def _zone(offset: timedelta) -> timezone:
    return timezone(offset)


def uid_list(words: bytes, limit: int) -> list[int] | None:
    """The UIDs of a uid-set such as ``3,7:9``, in order; None when it is none or names more than ``limit``."""
    uids: list[int] = []
    for piece in words.split(b","):
        ends = piece.split(b":")
        if len(ends) > 2 or not all(end.isdigit() and len(end) <= 10 and 0 < int(end) < UID_LIMIT for end in ends):
            return None
        low, high = sorted((int(ends[0]), int(ends[-1])))
        if len(uids) + high - low + 1 > limit:
            return None
        uids += range(low, high + 1)
    return uids

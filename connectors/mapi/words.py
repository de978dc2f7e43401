"""Text in header fields: encoded words (RFC 2047), folding (RFC 5322 2.2.3), parameters (RFC 2231).  Pure.

What comes from an archive may hold anything; no line end and no control character of it gets into a header.
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import quote

#: What a header field may not hold, line ends first of all.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
#: Text that is written as it stands: printable ASCII that no reader takes for an encoded word.
_PLAIN = re.compile(r"(?!.*=\?)[!-~](?:[ -~]*[!-~])?", re.ASCII)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_TOKEN = re.compile(r"[!#-'*+.0-9A-Z^_`a-z{|}~-]+")
#: A piece of a line that is folded before its blanks.
_PIECE = re.compile(r" *[^ ]+")
#: Bytes of UTF-8 in one encoded word: 60 characters of base64, so that it fits behind most field names.
_WORD = 45
_LINE = 76
#: The longest line there may be (RFC 5322 2.1.1), without its end.
_LONGEST = 998
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def clean(text: str) -> str:
    """``text`` on one line: control characters become blanks."""
    return _CONTROL.sub(" ", text) if _CONTROL.search(text) else text


def unstructured(name: str, text: str) -> bytes:
    """A field whose value is text (Subject), with its line end; blanks at its ends are kept."""
    text = clean(text)
    if len(name) + len(text) + 2 <= _LINE and _PLAIN.fullmatch(text):
        return f"{name}: {text}\r\n".encode("ascii")
    if not _PLAIN.fullmatch(text) or _has_long_piece(text):
        return f"{name}: {encoded(text)}\r\n".encode("ascii") if text else f"{name}:\r\n".encode("ascii")
    return f"{name}: {_folded(text, len(name) + 2)}\r\n".encode("ascii")


def structured(name: str, members: list[str], separator: str = ",") -> bytes:
    """A field of several members, each ASCII and folded where it must be, on as few lines as may be."""
    lines, line = [], f"{name}:"
    for place, member in enumerate(members):
        word = member + (separator if place + 1 < len(members) else "")
        if place and len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line = ""
        line += " " + word
    lines.append(line)
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def phrase(text: str) -> str:
    """A display name: as it stands, quoted, or as encoded words, which may be folded."""
    text = clean(text).strip()
    if _ATOMS.fullmatch(text) and "=?" not in text and len(text) <= _LINE:
        return text
    if _PLAIN.fullmatch(text) and len(text) <= _LINE:
        return quoted(text)
    return encoded(text)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encoded(text: str) -> str:
    """Encoded words on lines of their own; no character is cut (RFC 2047 5)."""
    words: list[str] = []
    data = text.encode("utf-8", "replace")
    start = 0
    while start < len(data):
        end = start + _WORD
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        words.append(f"=?utf-8?B?{b64encode(data[start:end]).decode('ascii')}?=")
        start = end
    return "\r\n ".join(words)


def parameter(name: str, value: str) -> str:
    """``; name=value`` on a line of its own (RFC 2231 3 and 4 where the value is not plain, or too long for a line)."""
    value = clean(value)
    if len(value) <= _LINE * 2 and (not value or _PLAIN.fullmatch(value)):
        return f";\r\n {name}={value if _TOKEN.fullmatch(value) else quoted(value)}"
    written = quote(value.encode("utf-8", "replace"), safe="!#$&+.^_`{}~-")
    if len(written) <= _LINE:
        return f";\r\n {name}*=utf-8''{written}"
    pieces = re.findall(r"(?:%..|[^%]){1,20}", written)
    pieces[0] = "utf-8''" + pieces[0]
    return "".join(f";\r\n {name}*{place}*={piece}" for place, piece in enumerate(pieces))


def old_parameter(name: str, value: str) -> str:
    """As :func:`parameter`; encoded words in quotes, for programs that know no RFC 2231, where it is not plain."""
    value = clean(value)
    if len(value) <= _LINE * 2 and (not value or _PLAIN.fullmatch(value)):
        return parameter(name, value)
    return f';\r\n {name}="{encoded(value)}"'


def date_time(moment: datetime) -> str:
    """A date as RFC 5322 3.3 writes it, in UTC."""
    moment = moment.astimezone(UTC)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month - 1]} {moment.year:04d} "
        f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d} +0000"
    )


def _has_long_piece(text: str) -> bool:
    return len(text) > _LONGEST - 100 and any(len(piece) > _LONGEST - 100 for piece in _PIECE.findall(text))


def _folded(text: str, used: int) -> str:
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line and used + len(line) + len(piece) > _LINE:
            lines.append(line)
            line, used = "", 0
        line += piece
    lines.append(line)
    return "\r\n".join(lines)

"""Tables that people open in a spreadsheet, in which nothing runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

#: Spreadsheets take a cell that begins with one of these for a formula; in their East Asian versions the wide forms
#: too, and some pass over blanks before it (OWASP, CSV Injection).  Where the comma is the decimal sign, as in French,
#: they begin a cell at each semicolon.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@|%＝＋－＠])")
_LINES_AT_ONCE = 1000
_BOM = "\ufeff"
#: Control characters, which no cell needs, and half characters, which UTF-8 does not have.
_UNWRITABLE = dict.fromkeys((*range(32), 127, *range(0xD800, 0xE000)), "\ufffd")


def safe_cell(value: str | int | None) -> str:
    """As text: a formula has an apostrophe before it, and line ends and control characters are gone."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    text = " ".join(value.split("\r\n"))
    text = text.replace("\n", " ").replace("\r", " ").replace("\t", " ").translate(_UNWRITABLE)
    return _FORMULA.sub(r"\1'", text)


def table(headings: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> Iterator[bytes]:
    """CSV (RFC 4180) in UTF-8 with a mark, which spreadsheets need to read letters with accents."""
    lines = [list(headings)]
    first = _BOM
    for row in rows:
        lines.append([safe_cell(one) for one in row])
        if len(lines) >= _LINES_AT_ONCE:
            yield (first + _written(lines)).encode()
            lines, first = [], ""
    yield (first + _written(lines)).encode()


def utc_text(seconds: float | None) -> str | None:
    """A moment as tables and JSON have it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _written(lines: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue()

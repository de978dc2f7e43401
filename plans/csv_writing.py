"""Writing a CSV that a spreadsheet opens, and adding lines to one that people have edited."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from plans.csv_file import Columns, encodings_of, lines_of, meanings_of, separator_of, simplified, text_of

#: By language, what a spreadsheet of that country opens with a double click: separator, line end, encoding.
_MANNERS = {"fr": (";", "\r\n", "utf-8-sig"), "en": (",", "\n", "utf-8")}


def new_table(headings: Sequence[str], rows: Sequence[Sequence[str]], language: str) -> bytes:
    """A CSV as spreadsheets of this language write it."""
    separator, line_end, encoding = _MANNERS[language]
    return _lines([headings, *rows], separator, line_end).encode(encoding)


def columns_in(data: bytes, columns: Columns) -> list[str | None]:
    """What the columns of a CSV mean, in their order; None for one that means nothing.  ``data`` has headings."""
    text = text_of(data)
    assert text is not None, "it was read before"
    separator, said = separator_of(text)
    lines = lines_of(text, separator)
    if said:
        next(lines)
    meanings = meanings_of(columns)
    return [meanings.get(simplified(cell)) for cell in next(lines)[1]]


def with_rows(data: bytes, columns: Columns, rows: Sequence[Mapping[str, str]]) -> bytes:
    """``data`` with ``rows`` (cells by column name) added below; what was there stays as it is, byte for byte.

    Cells of columns that the file does not have are left out.  Only where its encoding has no way to write a new line
    is the whole file written anew, in UTF-8, with the same text.
    """
    text = text_of(data)
    assert text is not None, "it was read before"
    separator, _said = separator_of(text)
    line_end = next((end for end in ("\r\n", "\n", "\r") if end in text), "\n")
    names = columns_in(data, columns)
    added = _lines([[row.get(name or "", "") for name in names] for row in rows], separator, line_end)
    if not text.endswith(("\n", "\r")):
        added = line_end + added
    try:
        return data + added.encode(_encoding_of(data))
    except UnicodeEncodeError:
        return (text + added).encode("utf-8-sig")


def write_new(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file that is not there yet, with ``mode`` less what the umask takes away.  Raises FileExistsError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)


def replace(path: Path, data: bytes) -> None:
    """Put ``data`` in the place of a file, which is never seen half written and keeps its mode and its owner."""
    path = path.resolve()
    before = path.stat()
    handle, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if hasattr(os, "chown"):
            with suppress(PermissionError):
                os.chown(name, before.st_uid, before.st_gid)
        Path(name).chmod(before.st_mode & 0o777)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _encoding_of(data: bytes) -> str:
    """What ``data`` is written in, without a byte order mark."""
    if data.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if data.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    for encoding in encodings_of(data):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding.removesuffix("-sig")
    raise AssertionError("it was read before")


def _lines(rows: Sequence[Sequence[str]], separator: str, line_end: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=line_end).writerows(rows)
    return text.getvalue()

"""Reading a CSV as spreadsheets write it, French ones too.

UTF-8 or UTF-16 with or without a byte order mark, else Windows-1252; commas, semicolons or tabs; any line ends.
The first row holds headings, in English or French, whatever the case, accents, spaces and underscores.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.language import _, plural, spoken
from plans.problems import Problem, did_you_mean


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands over a column: what we write there in each language, and what else means it."""

    en: str
    fr: str
    others: Sequence[str] = ()

    @property
    def words(self) -> tuple[str, ...]:
        return (self.en, self.fr, *self.others)

    def written(self, language: str) -> str:
        return self.fr if language == "fr" else self.en


#: By name, the headings of a file's columns; a name itself is a heading too.
Columns = Mapping[str, Heading]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file (from 1) and its filled cells by column name.  May hold passwords: no repr."""

    line: int
    cells: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Table:
    """A read CSV, with the headings as written by column name.  ``problems`` never show a cell below them."""

    headings: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[Row] = field(default=(), repr=False)
    problems: Sequence[Problem] = ()


def read_table(data: bytes, file: str, columns: Columns, *, strip: bool = True) -> Table:
    """Read a CSV whose ``columns`` are known.

    The first column must be there.  Rows without any cell are passed over; ``strip`` takes spaces around cells away.
    """
    text = text_of(data)
    if text is None:
        message = _("This file is neither UTF-8 nor Windows-1252.")
        return Table(problems=[Problem(file, None, None, message, _('Save it again as "CSV UTF-8".'))])
    if not text.strip():
        return _empty(file, columns)
    separator, said = separator_of(text)
    rows: list[Row] = []
    problems: list[Problem] = []
    headings: dict[str, str] = {}
    try:
        lines = lines_of(text, separator)
        if said:
            next(lines)
        first = next(lines, None)
        if first is None:
            return _empty(file, columns)
        line, cells = first
        names, problems = _columns(cells, columns, file, line)
        headings = {name: cell.strip() for name, cell in zip(names, cells, strict=True) if name}
        if next(iter(columns)) not in headings:
            return Table(headings, problems=problems)
        for line, cells in lines:
            if any(cell.strip() for cell in cells[len(names) :]):
                problems.append(_too_long(file, line, len(cells), len(names), separator))
                continue
            filled = ((name, cell.strip() if strip else cell) for name, cell in zip(names, cells, strict=False))
            rows.append(Row(line, {name: cell for name, cell in filled if name and cell.strip()}))
    except BrokenQuotesError as error:
        message = _("A double quote from this line on has no partner.")
        hint = _('Close the quote, or write "" for a quote inside a text.')
        problems.append(Problem(file, error.line, None, message, hint))
    return Table(headings, rows, problems)


def _empty(file: str, columns: Columns) -> Table:
    heading = next(iter(columns.values())).written(spoken())
    hint = _('Its first line holds the headings, such as "{heading}".').format(heading=heading)
    return Table(problems=[Problem(file, None, None, _("This file is empty."), hint)])


def _too_long(file: str, line: int, cells: int, headings: int, separator: str) -> Problem:
    only = plural("there is only {n} heading", "there are only {n} headings", headings)
    message = _("This line has {cells} cells, but {only}.").format(cells=cells, only=only)
    quotes = _('Put double quotes around a text that holds "{separator}".').format(separator=separator)
    return Problem(file, line, None, message, quotes if separator != "\t" else "")


class BrokenQuotesError(Exception):
    """A double quote that opens on ``line`` and does not close."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def text_of(data: bytes) -> str | None:
    """The text, None when no encoding that a spreadsheet uses fits."""
    return next((text for encoding in encodings_of(data) if (text := _decoded(data, encoding)) is not None), None)


def encodings_of(data: bytes) -> tuple[str, ...]:
    """The encodings to try, in this order."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    # Without a mark: every other byte of a heading is NUL.
    if data[1:2] == b"\0":
        return ("utf-16-le",)
    if data[:1] == b"\0":
        return ("utf-16-be",)
    return ("utf-8-sig", "cp1252")


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def separator_of(text: str) -> tuple[str, bool]:
    """What stands between cells, and whether a line of its own says so (Excel's ``sep=;``).  Needs a filled line."""
    first = next(line for line in text.splitlines() if line.strip())
    if said := re.fullmatch(r'"?sep=([;,|\t])"?[;,\s]*', first, re.IGNORECASE):
        return said[1], True
    return max(";,\t", key=first.count), False


def lines_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, each with the line it starts on."""
    # Strict, because an unclosed quote would otherwise swallow the people below it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise BrokenQuotesError(line) from None
        if any(cell.strip() for cell in cells):
            yield line, cells


def _columns(cells: Sequence[str], columns: Columns, file: str, line: int) -> tuple[list[str | None], list[Problem]]:
    """What each column means; None for one without a heading."""
    meanings = meanings_of(columns)
    written = [heading.written(spoken()) for heading in columns.values()]
    known = _("Known headings: {headings}.").format(headings=", ".join(written))
    if not any(simplified(cell) in meanings for cell in cells):
        return [None] * len(cells), [Problem(file, line, None, _("The first line must hold the headings."), known)]
    names: list[str | None] = []
    problems: list[Problem] = []
    for cell in cells:
        name = meanings.get(simplified(cell))
        if name is None and cell.strip():
            every = (word for heading in columns.values() for word in heading.words)
            # What the reader's language calls it comes first.
            hint = did_you_mean(cell, written, simplified) or did_you_mean(cell, every, simplified) or known
            message = _('Unknown heading "{heading}".').format(heading=cell.strip())
            problems.append(Problem(file, line, None, message, hint))
        elif name is not None and name in names:
            message = _('The heading "{heading}" repeats another.').format(heading=cell.strip())
            problems.append(Problem(file, line, None, message, _("Keep one.")))
        names.append(name)
    required = next(iter(columns))
    if required not in names and not problems:
        message = _("There is no column {heading}.").format(heading=columns[required].written(spoken()))
        problems.append(Problem(file, line, None, message, known))
    return names, problems


def meanings_of(columns: Columns) -> dict[str, str]:
    """By simplified heading, the name of the column that it means."""
    return {simplified(word): name for name, heading in columns.items() for word in (name, *heading.words)}


def simplified(heading: str) -> str:
    """A heading without case, accents, underscores and punctuation, to be compared."""
    decomposed = unicodedata.normalize("NFKD", heading.casefold())
    # Invisible characters come with texts that were copied from a page.
    plain = "".join(
        char for char in decomposed if not unicodedata.combining(char) and unicodedata.category(char) != "Cf"
    )
    return re.sub(r"[\s_.'’-]+", " ", plain).strip()

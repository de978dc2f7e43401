"""Reading a YAML file with the place of every key and value.

Plans are written by people who do not program, so the language is kept to what they can see: text, numbers, true and
false, lists and keys.  Anchors, aliases and tags are refused, because a value that starts with ``&``, ``*`` or ``!``
is nearly always a text without its quotes.  A plain value becomes a number only when writing the number back gives the
same text, so that ``0612`` and ``1.10`` stay as typed; ``yes``, ``no``, dates and times stay text too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from connectors.language import _, mark
from plans.problems import Problem

_CONSTANTS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip

#: A path of keys and list indexes, as pydantic names the place of an error.
Location = tuple[str | int, ...]
Value = dict[str, "Value"] | list["Value"] | str | int | float | bool | None


@dataclass
class Document:
    """One YAML file: its values, and where each stands (line and column from 1)."""

    file: str
    value: Value = None
    keys: dict[Location, tuple[int, int]] = field(default_factory=dict)
    values: dict[Location, tuple[int, int]] = field(default_factory=dict)

    def problem(self, location: Location, message: str, hint: str = "", *, at_key: bool = False) -> Problem:
        """A problem at the nearest place that the file has for ``location``: its value, or the key before it."""
        while location and location not in self.values:
            location, at_key = location[:-1], True
        places = (self.keys, self.values) if at_key else (self.values, self.keys)
        line, column = next((where[location] for where in places if location in where), (1, 1))
        return Problem(self.file, line, column, message, hint)


def read_yaml(data: bytes, file: str) -> tuple[Document, list[Problem]]:
    """The document, and what is wrong with its YAML; the document is as complete as the problems let it be."""
    document = Document(file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = _("Save it again with the encoding UTF-8.")
        return document, [Problem(file, line, None, _("This file is not written in UTF-8."), hint)]
    reader = _Reader(document)
    try:
        reader.read(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        reader.problems.append(_syntax_problem(error, text, file))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = _("There is an invisible control character on this line.")
        reader.problems.append(Problem(file, line, None, message, _("Take the line away and type it again.")))
    except (ValueError, OverflowError):  # the library itself, on an escape beyond the last character there is
        reader.problems.append(Problem(file, None, None, _("A \\U inside double quotes names no character.")))
    except RecursionError:
        reader.problems.append(Problem(file, 1, 1, _("The brackets in this file are nested too deeply.")))
    return document, reader.problems


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Problem] = []

    def read(self, events: Iterator[yaml.Event]) -> None:
        next(events)  # the start of the stream
        if isinstance(next(events), yaml.StreamEndEvent):
            self.problems.append(Problem(self._document.file, None, None, _("This file is empty.")))
            return
        self._document.value = self._value(next(events), events, ())
        next(events)  # the end of the document
        following = next(events)
        if not isinstance(following, yaml.StreamEndEvent):
            hint = _("Take the line with --- away, or put what follows in a file of its own.")
            self._report(following, _("A second document starts here; a file holds one."), hint)

    def _report(self, event: yaml.Event, message: str, hint: str = "") -> None:
        line, column = _place(event)
        self.problems.append(Problem(self._document.file, line, column, message, hint))

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], location: Location) -> Value:
        self._document.values[location] = _place(event)
        if getattr(event, "anchor", None) is not None:  # an alias carries its name in the same attribute
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            self._report(event, *_needs_quotes(sign))
        if getattr(event, "tag", None) not in (None, "!"):
            self._report(event, *_needs_quotes("!"))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, location)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Value] = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._value(event, events, (*location, len(items))))
            return items
        if isinstance(event, yaml.ScalarEvent):
            return _plain(event.value) if event.style is None else str(event.value)
        return None

    def _mapping(self, events: Iterator[yaml.Event], location: Location) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                message = _("A list or a group of keys stands where a key should.")
                self._report(event, message, _("Put it in quotes."))
                self._value(event, events, (*location, ""))
                self._value(next(events), events, (*location, ""))
                continue
            key = str(event.value)
            here = (*location, key)
            if key in found:
                first = self._document.keys[here][0]
                message = _('The key "{key}" is here for the second time.').format(key=key)
                hint = _("The first is on line {line}; keep one of the two.").format(line=first)
                self._report(event, message, hint)
                self._value(next(events), events, (*location, ""))
                continue
            self._document.keys[here] = _place(event)
            found[key] = self._value(next(events), events, here)
        return found


def _place(event: yaml.Event) -> tuple[int, int]:
    assert event.start_mark is not None, "events of a text that was parsed have a place"
    return event.start_mark.line + 1, event.start_mark.column + 1


def _needs_quotes(sign: str) -> tuple[str, str]:
    message = _("A value that starts with {sign} needs quotes.").format(sign=sign)
    return message, _('Write "{sign}…" with double quotes around it.').format(sign=sign)


def _plain(text: str) -> Value:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    for number in (int, float):
        try:
            value = number(text)
        except ValueError:
            continue
        if repr(value) == text and text not in ("inf", "-inf", "nan"):
            return value
    return text


#: What the YAML library says (its own words, PyYAML 6), and what that means to the writer of the file.
_SYNTAX: tuple[tuple[str, str, str], ...] = (
    (
        "mapping values are not allowed here",
        mark("A colon stands where no key can be."),
        mark('Put a text that contains ": " in quotes, and check that this line starts under the one it belongs with.'),
    ),
    (
        "could not find expected ':'",
        mark("A colon is missing after this key."),
        mark("Write key: value, with a space."),
    ),
    (
        "expected <block end>",
        mark("This line does not start in the same column as the lines it belongs with."),
        mark("Lines of one group start in the same column."),
    ),
    (
        "while scanning a quoted scalar",
        mark("A quote is opened here and never closed."),
        mark("Add the closing quote."),
    ),
    (
        "while scanning a double-quoted scalar",
        mark("A backslash inside these double quotes does not mean itself."),
        mark("Use single quotes, or write \\\\ for each backslash."),
    ),
    (
        "while parsing a flow sequence",
        mark("The bracket [ that is opened here is not closed."),
        mark("Add ] or a missing comma."),
    ),
    (
        "while parsing a flow mapping",
        mark("The brace { that is opened here is not closed."),
        mark("Add } or a missing comma."),
    ),
    (
        "while parsing a flow node",
        mark("A bracket or a brace that was opened before here is not closed."),
        mark("Add the missing ] or }, or take a comma away."),
    ),
)
#: What it says of a value that starts with a sign of its own.
_SIGNS: tuple[tuple[str, str], ...] = (
    ("while scanning an alias", "*"),
    ("while scanning an anchor", "&"),
    ("while scanning a tag", "!"),
    ("undefined tag handle", "!"),
    ("found character '@'", "@"),
    ("found character '%'", "%"),
    ("found character '`'", "`"),
)
#: For these the place of the opening sign helps, not the place where the library gave up.
_AT_START = ("an alias", "an anchor", "quoted scalar", "flow sequence", "flow mapping", "simple key")


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    said = f"{error.context or ''}: {error.problem or ''}"
    at_start = error.context_mark and any(what in said for what in _AT_START)
    mark = error.context_mark if at_start else error.problem_mark or error.context_mark
    line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    indent = written[: len(written) - len(written.lstrip())]
    if "\t" in indent or "'\\t'" in said:
        column = written.find("\t") + 1
        message = _("There is a tab here; YAML does not take tabs.")
        return Problem(file, line, column, message, _("Use spaces instead."))
    return Problem(file, line, column, *_worded(said))


def _worded(said: str) -> tuple[str, str]:
    """A message and a hint for what the library said."""
    for words, message, hint in _SYNTAX:
        if words in said:
            return _(message), _(hint)
    for words, sign in _SIGNS:
        if words in said:
            return _needs_quotes(sign)
    hint = _("Check the indentation, the quotes and the colons here and on the line above.")
    return _("This line cannot be read as YAML."), hint

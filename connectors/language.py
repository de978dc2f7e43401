"""The language of what people read: English in the code, French in a gettext catalogue.

Texts are translated where they are made, with their values put in afterwards::

    _("{address} is named twice.").format(address=address)

One language a process: the command chooses it before anything is worded.  Names of commands, options, keys, codes and
everything in JSON stay English.
"""

from __future__ import annotations

import gettext
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "fr")
DOMAIN = "bascule"
FOLDER = Path(__file__).with_name("locale")


#: 12,345.6 is 12 345,6 in French, with a narrow space that does not break.
_FRENCH_NUMBER = str.maketrans({",": "\u202f", ".": ","})


class _Spoken:
    """What this process speaks."""

    def __init__(self) -> None:
        self.name = "en"
        self.settled = False
        self.catalogue: gettext.NullTranslations = gettext.NullTranslations()


_spoken = _Spoken()


def speak(language: str, *, settle: bool = False) -> None:
    """Word everything from now on in ``language`` (one of :data:`LANGUAGES`).

    ``settle`` lets no later call change it: for JSON, which is English whatever the organisation speaks.
    """
    if _spoken.settled and not settle:
        return
    _spoken.name = language
    _spoken.settled = settle
    _spoken.catalogue = gettext.translation(DOMAIN, FOLDER, [language], fallback=True)
    # Click words its own part of help and errors by the process's default domain.
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, FOLDER)
    gettext.textdomain(DOMAIN)


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Word what the block makes in ``language``, settled or not: for files that are left to other readers."""
    before = _spoken.name, _spoken.catalogue
    _spoken.name = language
    _spoken.catalogue = gettext.translation(DOMAIN, FOLDER, [language], fallback=True)
    try:
        yield
    finally:
        _spoken.name, _spoken.catalogue = before


def spoken() -> str:
    """The language of this process, ``en`` or ``fr``."""
    return _spoken.name


def language_of(environment: Mapping[str, str] = os.environ) -> str:
    """What the person's environment asks for (LANGUAGE, LC_ALL, LC_MESSAGES, LANG), English unless it is French."""
    named = next(
        (value for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), ""
    )
    return "fr" if named.lower().startswith("fr") else "en"


class Text(str):
    """A text in the language of this process that can be said again in another: it knows what it was made of."""

    __slots__ = ("counted", "english", "values")
    #: The text as it stands in the code, and what was put into it.
    english: str
    values: Mapping[str, object]
    #: Of a text that depends on a number: its form for many, and the number.
    counted: tuple[str, int] | None

    def __new__(
        cls, said: str, english: str, values: Mapping[str, object], counted: tuple[str, int] | None = None
    ) -> Text:
        one = super().__new__(cls, said)
        one.english, one.values, one.counted = english, values, counted
        return one

    def __str__(self) -> str:
        # Else an exception would tell a plain text.
        return self

    def __reduce__(self) -> tuple[type[Text], tuple[str, str, Mapping[str, object], tuple[str, int] | None]]:
        # A copy is made of all of them.
        return Text, (super().__str__(), self.english, self.values, self.counted)

    def format(self, *places: object, **values: object) -> str:
        return Text(super().format(*places, **values), self.english, values)


def _(text: str) -> str:
    """``text`` in the language of this process."""
    return Text(_spoken.catalogue.gettext(text), text, {})


def recorded(text: str) -> str:
    """``text`` as JSON that :func:`reworded` says again, in whichever language is spoken then."""
    return json.dumps(_parts(text), ensure_ascii=False)


def reworded(record: str) -> str:
    """What was :func:`recorded`, in the language of this process."""
    return str(_said(json.loads(record)))


def _parts(value: object) -> object:
    if isinstance(value, Text) and value.counted is not None:
        many, count = value.counted
        return {"one": value.english, "many": many, "count": count}
    if isinstance(value, Text):
        return {"text": value.english, "values": {name: _parts(one) for name, one in value.values.items()}}
    return value if isinstance(value, int | float) else str(value)


def _said(parts: Any) -> Any:
    if not isinstance(parts, dict):
        return parts
    if "count" in parts:
        return plural(parts["one"], parts["many"], parts["count"])
    english, values = parts["text"], {name: _said(one) for name, one in parts["values"].items()}
    # A text without values may hold braces of its own.
    return _(english).format(**values) if values else _(english)


def plural(one: str, many: str, count: int) -> str:
    """``one`` or ``many`` as ``count`` asks for, with ``{n}`` replaced by it."""
    return Text(_spoken.catalogue.ngettext(one, many, count).format(n=number(count)), one, {}, (many, count))


def labelled(label: str, text: str) -> str:
    """``label: text``, with the space before the colon that French has."""
    return _("{label}: {text}").format(label=label, text=text)


def number(value: float, decimals: int = 0) -> str:
    """A number with its thousands apart, as the language writes it."""
    written = f"{value:,.{decimals}f}"
    return written.translate(_FRENCH_NUMBER) if spoken() == "fr" else written


def mark(text: str) -> str:
    """For texts in tables: the catalogue takes them up, and :func:`_` translates them where they are shown."""
    return text

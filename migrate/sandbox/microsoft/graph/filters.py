"""``$filter``: the part of OData 4.01 (11.2.6) that Graph takes for these resources."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from migrate.sandbox.microsoft.graph.errors import GraphError
from migrate.sandbox.microsoft.graph.types import properties_of, unknown_property

Test = Callable[[Mapping[str, Any]], bool]

#: Texts, times and ids, signs, words, and whatever else.
_TOKEN = re.compile(
    r"\s*(?:'(?:[^']|'')*'"
    r"|\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|[(),:]|[A-Za-z_][\w/.]*|[^\s(),:']+)"
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda held, given: bool(held == given),
    "ne": lambda held, given: bool(held != given),
    "ge": lambda held, given: held is not None and held >= given,
    "gt": lambda held, given: held is not None and held > given,
    "le": lambda held, given: held is not None and held <= given,
    "lt": lambda held, given: held is not None and held < given,
}


def read_filter(kind: str, text: str) -> Test:
    """The test that a filter on objects of this type is.  Raises :class:`GraphError` for what is not understood."""
    reader = _Reader(kind, text)
    test = reader.either()
    reader.end()
    return test


def unsupported(text: str) -> GraphError:
    return GraphError(400, "Request_UnsupportedQuery", f"Unsupported or invalid query filter clause: {text}.")


class _Reader:
    def __init__(self, kind: str, text: str) -> None:
        self._kind = kind
        self._text = text
        self._tokens: list[str] = []
        place = 0
        while place < len(text.rstrip()):
            found = _TOKEN.match(text, place)
            if found is None:
                raise unsupported(text)
            self._tokens.append(found[0].strip())
            place = found.end()

    def end(self) -> None:
        if self._tokens:
            raise unsupported(self._text)

    def either(self) -> Test:
        tests = [self._both()]
        while self._is("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda item: any(test(item) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._is("and"):
            tests.append(self._single())
        return tests[0] if len(tests) == 1 else lambda item: all(test(item) for test in tests)

    def _single(self) -> Test:
        if self._is("not"):
            inner = self._single()
            return lambda item: not inner(item)
        if self._is("("):
            inner = self.either()
            self._expect(")")
            return inner
        word = self._next()
        if word.lower() in ("startswith", "endswith"):
            return self._beginning(word.lower())
        if word.endswith("/any"):
            return self._any(word.removesuffix("/any"))
        return self._comparison(word)

    def _beginning(self, word: str) -> Test:
        self._expect("(")
        name = self._property(self._next())
        self._expect(",")
        given = str(_value(self._next(), self._text)).lower()
        self._expect(")")
        if word == "startswith":
            return lambda item: str(_held(item, name) or "").lower().startswith(given)
        return lambda item: str(_held(item, name) or "").lower().endswith(given)

    def _any(self, word: str) -> Test:
        name = self._property(word)
        self._expect("(")
        variable = self._next()
        self._expect(":")
        inside = self._next()
        if inside.partition("/")[0] != variable:
            raise unsupported(self._text)
        field = inside.partition("/")[2]
        compare = self._operator()
        given = _value(self._next(), self._text)
        self._expect(")")
        return lambda item: any(
            compare(_folded(one.get(field) if field else one), _folded(given)) for one in _held(item, name) or ()
        )

    def _comparison(self, word: str) -> Test:
        name = self._property(word)
        if self._is("in"):
            self._expect("(")
            given = {_folded(_value(self._next(), self._text))}
            while self._is(","):
                given.add(_folded(_value(self._next(), self._text)))
            self._expect(")")
            return lambda item: _folded(_held(item, name)) in given
        compare = self._operator()
        value = _folded(_value(self._next(), self._text))
        return lambda item: compare(_folded(_held(item, name)), value)

    def _operator(self) -> Callable[[Any, Any], bool]:
        word = self._next().lower()
        if word not in _COMPARE:
            raise unsupported(self._text)

        def compare(held: Any, given: Any) -> bool:
            try:
                return _COMPARE[word](held, given)
            except TypeError:  # a number and a text
                raise unsupported(self._text) from None

        return compare

    def _property(self, name: str) -> str:
        if name.partition("/")[0] not in properties_of(self._kind):
            raise unknown_property(name, self._kind)
        return name

    def _next(self) -> str:
        if not self._tokens:
            raise unsupported(self._text)
        return self._tokens.pop(0)

    def _is(self, word: str) -> bool:
        if self._tokens and self._tokens[0].lower() == word:
            self._tokens.pop(0)
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._is(word):
            raise unsupported(self._text)


def _held(item: Mapping[str, Any], name: str) -> Any:
    value: Any = item
    for part in name.split("/"):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _folded(value: Any) -> Any:
    """Text is compared without regard to case."""
    return value.lower() if isinstance(value, str) else value


def _value(token: str, text: str) -> Any:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    words = {"true": True, "false": False, "null": None}
    if token.lower() in words:
        return words[token.lower()]
    if re.fullmatch(r"-?\d+", token):
        return int(token)
    if re.match(r"\d{4}-\d\d-\d\d|[0-9a-fA-F]{8}-", token):
        return token
    raise unsupported(text)

"""The search of users.messages.list: the operators that a migration needs.

https://support.google.com/mail/answer/7190.  An operator that is not known here is refused rather than searched for as
a word, as Gmail would: a test must not pass by finding nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from migrate.sandbox.google.errors import invalid_argument
from migrate.sandbox.google.headers import bare_id, fields
from migrate.sandbox.google.labels import Labels
from migrate.sandbox.google.mailbox import Stored

#: A bracket, OR, or a term; what a term looks for may be quoted, or several words in brackets.
_TOKEN = re.compile(
    r'\s*(?:(?P<bracket>[(){}])|(?P<not>-)?(?:(?P<name>[a-z0-9_]+):)?(?P<value>"[^"]*"|\([^)]*\)|[^\s(){}]+))',
    re.IGNORECASE,
)
_SIZE = {"": 1, "k": 1024, "m": 1024 * 1024}
_PLACES = {
    "inbox": "INBOX", "sent": "SENT", "drafts": "DRAFT", "draft": "DRAFT", "spam": "SPAM", "trash": "TRASH",
    "starred": "STARRED", "important": "IMPORTANT", "chats": "CHAT",
}  # fmt: skip
_STATES = _PLACES | {"unread": "UNREAD"}

Test = Callable[[Stored], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A search, ready to be asked of each message."""

    matches: Test
    #: The Message-ID that is asked for, where that narrows the search.
    message_id: str | None
    #: Whether spam and trash are looked into because the search names them.
    everywhere: bool


def parse(text: str, labels: Labels) -> Query:
    """Raises ApiError for what this stand-in does not know how to search."""
    tokens = list(_TOKEN.finditer(text.strip()))
    test, rest = _terms(tokens, labels, closing=None)
    if rest:
        raise invalid_argument("The stand-in cannot read this search: a bracket is not closed, or not opened")
    everywhere = any(
        (one["name"] or "").lower() in ("in", "label") and one["value"].lower() in ("anywhere", "spam", "trash")
        for one in tokens
    )
    only = tokens[0] if len(tokens) == 1 else None
    narrowed = only is not None and (only["name"] or "").lower() == "rfc822msgid" and not only["not"]
    return Query(test, bare_id(only["value"].strip('"')) if only is not None and narrowed else None, everywhere)


def _terms(tokens: list[re.Match[str]], labels: Labels, closing: str | None) -> tuple[Test, list[re.Match[str]]]:
    """The terms up to a closing bracket, and what follows it: all of them have to hold, any of them in braces."""
    tests: list[Test] = []
    either = False
    while tokens:
        token, tokens = tokens[0], tokens[1:]
        if token["bracket"] == closing and closing is not None:
            return _joined(tests, any if closing == "}" else all), tokens
        if token["bracket"] in (")", "}"):
            raise invalid_argument("The stand-in cannot read this search: a bracket is not opened")
        if token["value"] == "OR":
            either = True
            continue
        if token["bracket"]:
            test, tokens = _terms(tokens, labels, "}" if token["bracket"] == "{" else ")")
        else:
            test = _test((token["name"] or "").lower(), token["value"].strip('"'), labels)
            test = _not(test) if token["not"] else test
        tests.append(_joined([tests.pop(), test], any) if either and tests else test)
        either = False
    if closing is not None:
        raise invalid_argument("The stand-in cannot read this search: a bracket is not closed")
    return _joined(tests, all), []


def _joined(tests: list[Test], how: Callable[[Iterable[bool]], bool]) -> Test:
    return tests[0] if len(tests) == 1 else lambda stored: how(test(stored) for test in tests)


def _not(test: Test) -> Test:
    return lambda stored: not test(stored)


def _test(name: str, value: str, labels: Labels) -> Test:
    if name == "rfc822msgid":
        wanted = bare_id(value)
        return lambda stored: stored.head.message_id == wanted
    if name in ("in", "is", "label"):
        return _labelled(name, value, labels)
    if name in ("after", "newer", "before", "older"):
        moment = _moment(value)
        return lambda stored: (stored.internal_date >= moment) == (name in ("after", "newer"))
    if name in ("from", "to", "cc", "bcc", "subject"):
        return _mentions(name, value)
    if name in ("larger", "smaller", "size"):
        size = _size(value)
        return lambda stored: stored.size < size if name == "smaller" else stored.size > size
    raise invalid_argument(f"The stand-in does not know how to search for {name or value}")


def _labelled(name: str, value: str, labels: Labels) -> Test:
    folded = value.lower()
    if name == "in" and folded == "anywhere":
        return lambda _: True
    if name == "is" and folded == "read":
        return lambda stored: "UNREAD" not in stored.labels
    known = _STATES if name in ("is", "label") else _PLACES
    wanted = known.get(folded)
    if wanted is None:
        if name == "is":
            raise invalid_argument(f"The stand-in does not know how to search for is:{value}")
        # In a search a hyphen stands for a space or a slash of the name.
        plain = _as_searched(value)
        wanted = next((one.id for one in labels if _as_searched(one.name) == plain), None)
    return lambda stored: wanted is not None and wanted in stored.labels


def _as_searched(name: str) -> str:
    return re.sub(r"[ /]", "-", name).lower()


def _mentions(name: str, value: str) -> Test:
    wanted = [one.strip().lower() for one in re.split(r"\bOR\b|\s", value.strip("()")) if one.strip()]

    def test(stored: Stored) -> bool:
        told = " ".join(text for field, text in fields(stored.raw) if field.lower() == name).lower()
        return any(_as_word(one, told) for one in wanted)

    return test


def _as_word(wanted: str, told: str) -> bool:
    """Gmail finds whole words: ``from:example.org`` finds anna@example.org and not anna@myexample.org."""
    return re.search(rf"(?<![\w]){re.escape(wanted.lstrip('@'))}(?![\w])", told) is not None


def _moment(value: str) -> int:
    """Milliseconds: of seconds since 1970, or of a day, which begins at midnight, here in UTC."""
    if value.isdigit() and len(value) > 8:
        return int(value) * 1000
    try:
        year, month, day = (int(part) for part in re.split(r"[/-]", value))
        return int(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        raise invalid_argument(f"The stand-in does not know the date {value}") from None


def _size(value: str) -> int:
    found = re.fullmatch(r"(\d+)([km]?)b?", value.lower())
    if found is None:
        raise invalid_argument(f"The stand-in does not know the size {value}")
    return int(found[1]) * _SIZE[found[2]]

"""Messages to people say what is true on the day that they are sent, whichever day of the week the switch is on."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Literal

import pytest

from runbooks.building import build
from runbooks.catalogue import DOCUMENTS
from runbooks.document_facts import DocumentFacts, PersonDocumentFacts
from runbooks.templating import Templates
from tests.unit.documents.fixed_facts import every_document

#: On which a reminder for the Monday goes out on the Friday, and somebody asks on the Monday after a Friday.
MONDAY, FRIDAY = date(2027, 2, 8), date(2027, 2, 12)


@cache
def _facts(language: Literal["fr", "en"], moment: str) -> DocumentFacts:
    return every_document(language)[DOCUMENTS[f"messages/{moment}"]]


def _sent(language: Literal["fr", "en"], moment: str, switch: date, today: date) -> str:
    facts = _facts(language, moment)
    assert isinstance(facts, PersonDocumentFacts)
    told = {
        "site": facts.site.model_copy(update={"switch": switch}),
        "about": facts.about.model_copy(update={"today": today}),
    }
    kind = DOCUMENTS[f"messages/{moment}"]
    return build(kind, facts.model_copy(update=told), Templates(language), {}, {}).markdown


@pytest.mark.parametrize(("language", "word"), [("fr", "demain"), ("en", "tomorrow")])
def test_tomorrow_is_said_on_the_eve_alone(language: Literal["fr", "en"], word: str) -> None:
    assert word in _sent(language, "j-1", MONDAY, MONDAY - timedelta(days=1)).lower()
    assert word not in _sent(language, "j-1", MONDAY, MONDAY - timedelta(days=3)).lower()


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", ("hier", "dans une semaine", "aujourd’hui")), ("en", ("yesterday", "in a week", "today:"))],
)
def test_no_day_is_counted_from_the_one_that_a_message_is_sent_on(
    language: Literal["fr", "en"], words: tuple[str, ...]
) -> None:
    sent = [
        _sent(language, "j+1", FRIDAY, FRIDAY + timedelta(days=3)),
        _sent(language, "j-7", FRIDAY, FRIDAY - timedelta(days=2)),
        _sent(language, "j", FRIDAY, FRIDAY + timedelta(days=1)).partition("\n")[0],
    ]
    for text, word in zip(sent, words, strict=True):
        assert word not in text.lower()

"""The page of a verification: whole in itself, readable by a screen reader, and safe with any name."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from runbooks.report import MailboxFacts, ReportFacts, Table, render

_VOID = {"meta", "br", "link", "img"}

FACTS = ReportFacts(
    language="en",
    title="Verification of paris",
    organisation="Example & Sons",
    when="2027-02-09 18:00",
    zone="Europe/Paris",
    grade="poor",
    grade_word="Poor",
    meaning="Messages are missing.",
    method="Every message was read.",
    interrupted=False,
    steps=["Look at the list."],
    figures=Table("Messages by mailbox", ["mailbox", "found", "grade"], [["anna@example.org", 12345, "Poor"]]),
    mailboxes=[
        MailboxFacts(
            "anna@example.org",
            "poor",
            "Poor",
            ["3 messages: missing."],
            [Table("Differences", ["what", "folder"], [["missing", "<script>alert(1)</script>"]])],
            "7 more are not listed",
        ),
        MailboxFacts("bruno@example.org", None, "not verified", ["The password is wrong."], []),
        MailboxFacts("claire@example.org", "perfect", "Perfect", [], []),
    ],
)


class Page(HTMLParser):
    """Checks that every element is closed where it should be, and keeps what was seen."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def elements(page: Page, tag: str) -> list[dict[str, str | None]]:
    return [attributes for name, attributes in page.elements if name == tag]


def test_a_page_is_well_formed_and_needs_nothing_from_outside() -> None:
    text = render(FACTS)
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    names = {name for _tag, attributes in page.elements for name in attributes}
    assert names & {"src", "href", "srcset", "action", "onclick"} == set()
    assert {tag for tag, _attributes in page.elements} & {"script", "link", "img", "iframe"} == set()
    assert "url(" not in text
    assert "@import" not in text


def test_a_name_is_text_and_never_markup() -> None:
    text = render(FACTS)
    assert "&lt;script&gt;" in text
    assert "Example &amp; Sons" in text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_page_says_its_language_and_its_tables_say_what_their_cells_are(language: str) -> None:
    page = Page(render(replace(FACTS, language=language)))
    assert elements(page, "html") == [{"lang": language}]
    assert len(elements(page, "caption")) == len(elements(page, "table")) == 2
    assert {attributes["scope"] for attributes in elements(page, "th")} == {"col", "row"}
    assert len(elements(page, "h1")) == 1


def test_thousands_stand_apart_as_the_language_does_it() -> None:
    assert ">12,345<" in render(FACTS)
    assert ">12\u202f345<" in render(replace(FACTS, language="fr"))


def test_every_mailbox_has_its_grade_in_words_and_its_reasons() -> None:
    text = render(FACTS)
    for word in ("Poor", "not verified", "Perfect", "The password is wrong.", "3 messages: missing.", "7 more"):
        assert word in text
    assert text.count("No difference was found.") == 1


def test_an_interrupted_verification_says_so_on_the_page() -> None:
    assert "interrupted" not in render(FACTS)
    assert "interrupted" in render(replace(FACTS, interrupted=True))


def test_a_page_prints_its_colours_and_repeats_the_headings_of_its_tables() -> None:
    (style,) = re.findall(r"@media print \{(.*?)\n\}", render(FACTS), re.DOTALL)
    assert "table-header-group" in style
    assert "print-color-adjust" in style

"""French as it is set in print: spaces that hold, quotation marks with theirs, curved apostrophes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from connectors.language import in_language
from runbooks.building import build
from runbooks.catalogue import Kind
from runbooks.document_facts import DocumentFacts
from runbooks.pictures.of_facts import pictures
from runbooks.templating import Templates
from tests.unit.documents.fixed_facts import every_document
from tests.unit.documents.fixed_pages import pages

#: What is typed, not read: commands, addresses of the web, pictures, the rule below a table's head.
_TYPED = re.compile(r"`[^`]*`|<https?:[^>]*>|\]\(picture:[^)]*\)|^\|[-:| ]+\|$|\bbascule [a-z-]+ .*")
_RULES = {
    "no unbroken space before a colon": re.compile(r"(?<![\u00a0\d]):(?=[\s*]|$)"),
    "no narrow space before ; ! or ?": re.compile(r"(?<!\u202f)(?<!\| )[;!?](?=[\s*»]|$)"),
    "no narrow space inside « »": re.compile(r"«(?!\u202f)|(?<!\u202f)»"),
    "a straight apostrophe": re.compile(r"\w'\w"),
    "a straight quotation mark": re.compile(r'"'),
    "three dots for an ellipsis": re.compile(r"\.\.\."),
    "a space before a comma or a full stop": re.compile(r"\w [,.](?=\s|$)"),
    "words that a missing space joins": re.compile(r"[a-zà-ÿ][,;!?][A-Za-zÀ-ÿ]"),
}
_WRITTEN = sorted(every_document("fr").items(), key=lambda one: one[0].code)


def mistakes(text: str) -> Iterator[str]:
    typed = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip("> ").startswith("```"):
            typed = not typed
            continue
        # Escapes are Markdown's.
        read = "" if typed else re.sub(r"\\(.)", r"\1", _TYPED.sub("x", line))
        yield from (f"{number}: {name}: {line}" for name, rule in _RULES.items() if rule.search(read))


@pytest.mark.parametrize(("kind", "facts"), _WRITTEN, ids=[kind.code for kind, _facts in _WRITTEN])
def test_french_documents_are_set_as_french_is(kind: Kind, facts: DocumentFacts) -> None:
    with in_language("fr"):
        drawn = pictures(facts)
    assert list(mistakes(build(kind, facts, Templates("fr"), {}, drawn).markdown)) == []


def test_french_pages_are_set_as_french_is() -> None:
    for page in pages("fr"):
        # Sources are keys of files and names of pages, as they are typed.
        read = (line for line in page.markdown.splitlines() if not re.search("docs/|choice.yaml|RFC", line))
        assert list(mistakes("\n".join(read))) == []


@pytest.mark.parametrize(
    "text",
    [
        "Quoi :",
        "Quoi:",
        "Quoi ?",
        "Allez !",
        "un ; deux",
        "« mot »",
        "«mot»",
        "l'an",
        'un "mot"',
        "un...",
        "a ,",
        "un,deux",
    ],
)
def test_each_mistake_is_found(text: str) -> None:
    assert list(mistakes(text)) != []


def test_what_is_right_is_no_mistake() -> None:
    right = "L’an\u00a0: «\u202fun\u202f»\u202f; à 8\u202fh\u202f05, `a ; b: c`\u202f!"
    assert list(mistakes(right)) == []

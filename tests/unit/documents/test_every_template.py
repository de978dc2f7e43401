"""Every template that we ship: the facts that it uses are there, and it renders whatever the facts are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Literal

import pytest

from runbooks import templating
from runbooks.building import build
from runbooks.catalogue import DOCUMENTS, GUIDES, MOMENTS, SECTIONS, Kind, templates_of
from runbooks.choice_facts import ChoiceFacts
from runbooks.document_facts import FACTS_OF, DocumentFacts, SiteDocumentFacts
from runbooks.facts import Seen
from runbooks.output.document import Picture
from runbooks.output.markdown import inside
from runbooks.report_facts import ReportFacts
from runbooks.template_facts import read
from runbooks.templating import Templates
from tests.unit.documents.any_facts import AnyFacts
from tests.unit.documents.branches import no_outcomes, noting

LANGUAGES: tuple[Literal["fr", "en"], ...] = ("fr", "en")
_EVERY = [(kind, language) for kind in DOCUMENTS.values() for language in LANGUAGES]
#: Sets of facts by chance, beside one with all and one with nothing: so many, and more until each branch was taken.
_SEEDS, _MOST = 20, 80
#: Of these, those that are made into a page.
_PAGES = 4


_Set = tuple[int, bool | None]


class _AnyPictures(dict[str, Picture]):
    """There is every picture."""

    def __contains__(self, name: object) -> bool:
        return True

    def get(self, name: str, default: object = None) -> Picture:  # type: ignore[override]
        return Picture("<svg/>", name)


@cache
def _any(of: str, seed: int, there: bool | None) -> DocumentFacts:
    return AnyFacts(seed, there).of(FACTS_OF[of])


def _facts(kind: Kind, language: Literal["fr", "en"], seed: int, there: bool | None = None) -> DocumentFacts:
    facts = _any(kind.of, seed, there)
    told: dict[str, object] = {"code": kind.code, "title": kind.titles[language], "language": language}
    if isinstance(facts, SiteDocumentFacts) and isinstance(facts.timeline, Seen) and seed % 4 == 0:
        # Chance alone seldom meets the very day.
        told["today"] = facts.timeline.value.days["j"]
    if isinstance(facts, SiteDocumentFacts) and facts.site.switch is not None and seed % 4 == 1:
        told["today"] = facts.site.switch - timedelta(days=1)
    return facts.model_copy(update={"about": facts.about.model_copy(update=told)})


def _built(kind: Kind, templates: Templates, pictures: Mapping[str, Picture], sets: Sequence[_Set]) -> None:
    language = templates.language
    for seed, there in sets:
        document = build(kind, _facts(kind, language, seed, there), templates, {"contacts": "*nous*"}, pictures)
        assert document.markdown.strip()
        # Making pages takes most of the time, and a few show what an evil name can do.
        if seed < _PAGES:
            assert "<script" not in str(inside(document).html)


@pytest.mark.parametrize(("kind", "language"), _EVERY, ids=lambda one: getattr(one, "code", one))
def test_every_document_has_its_templates_in_both_languages(kind: Kind, language: Literal["fr", "en"]) -> None:
    ours = files("runbooks").joinpath("templates", language)
    missing = [name for name in templates_of(kind) if not ours.joinpath(f"{name}.md.j2").is_file()]
    assert missing == []


@pytest.mark.parametrize(("kind", "language"), _EVERY, ids=lambda one: getattr(one, "code", one))
def test_every_fact_that_a_template_uses_is_there(kind: Kind, language: Literal["fr", "en"]) -> None:
    found = read(Templates(language), kind.code, FACTS_OF[kind.of])
    assert found.misused == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_that_a_page_uses_is_there(language: Literal["fr", "en"]) -> None:
    assert read(Templates(language), "choice", ChoiceFacts).misused == []
    assert read(Templates(language), "report", ReportFacts).misused == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_document_renders_whatever_the_facts_are_and_every_branch_is_taken_both_ways(
    language: Literal["fr", "en"], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = no_outcomes()
    monkeypatch.setattr(templating, "ImmutableSandboxedEnvironment", noting(outcomes))
    templates, further = Templates(language), iter(range(_SEEDS, _MOST))
    sets: list[_Set] = [(0, True), (0, False), *((seed, None) for seed in range(_SEEDS))]
    while sets:
        for kind in DOCUMENTS.values():
            _built(kind, templates, _AnyPictures(), sets)
        one_way = {f"{file}:{line}": sorted(ways) for (file, line), ways in outcomes.items() if len(ways) < 2}
        sets = [(seed, None) for seed in islice(further, 2)] if one_way else []
    assert one_way == {}


def test_the_catalogue_has_what_a_rollout_needs() -> None:
    assert len(SECTIONS) == 17
    assert {f"guides/{program}" for program in GUIDES} <= set(DOCUMENTS)
    assert {f"messages/{moment}" for moment in MOMENTS} <= set(DOCUMENTS)
    assert all(kind.titles["fr"] and kind.titles["en"] for kind in DOCUMENTS.values())

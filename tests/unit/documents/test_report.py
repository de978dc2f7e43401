"""The report for the management: its templates use facts that are there, and it holds from no site to sixty."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest

from runbooks.building import build
from runbooks.catalogue import PAGES
from runbooks.output.document import Document
from runbooks.output.markdown import inside
from runbooks.report_facts import Ahead, ReportFacts, Risk, SiteRow
from runbooks.template_facts import read
from runbooks.templating import Templates
from tests.unit.documents.any_facts import AnyFacts
from tests.unit.documents.test_output import EVIL

_KIND = PAGES["report"]
LANGUAGES: tuple[Literal["fr", "en"], ...] = ("fr", "en")


def _facts(seed: int, language: Literal["fr", "en"], there: bool | None = None) -> ReportFacts:
    facts = AnyFacts(seed, there).of(ReportFacts)
    assert isinstance(facts, ReportFacts)
    told = {"language": language, "code": "report", "title": "Report"}
    return facts.model_copy(update={"about": facts.about.model_copy(update=told)})


def _built(facts: ReportFacts) -> Document:
    return build(_KIND, facts, Templates(facts.about.language), {}, {})


def _row(name: str) -> SiteRow:
    return SiteRow(
        name=name, wave=3, people=12, phase="pre-copy", phase_title="initial copy", step=3, steps=10,
        switch=date(2027, 2, 9), copied=0.9999, grade="good", grade_title="Good",
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_that_it_uses_is_there_and_it_renders_whatever_they_are(language: Literal["fr", "en"]) -> None:
    assert read(Templates(language), "report", ReportFacts).misused == []
    for seed, there in ((0, True), (0, False), *((seed, None) for seed in range(8))):
        assert _built(_facts(seed, language, there)).markdown.startswith("# ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_that_are_markup_stay_names(language: Literal["fr", "en"]) -> None:
    facts = _facts(1, language)
    told = {
        "sites": tuple(_row(one) for one in EVIL),
        "risks": tuple(Risk(code="incident", grave=True, subject=one, text=one) for one in EVIL),
        "ahead": tuple(Ahead(day=date(2027, 1, 1), what=one) for one in EVIL),
    }
    html = str(inside(_built(facts.model_copy(update=told))).html)
    assert "<script" not in html
    assert "<img" not in html


@pytest.mark.parametrize("sites", [0, 60])
def test_each_site_is_one_row_of_the_table(sites: int) -> None:
    rows = tuple(_row(f"site-{number}") for number in range(sites))
    html = str(inside(_built(_facts(2, "en").model_copy(update={"sites": rows}))).html)
    assert html.count("initial copy (3/10)") == sites
    # What is not whole is never told as the whole.
    assert html.count("99.9%") == sites

"""The page for a site's people: what happens when, what to do, whom to ask; nobody else's name, and no figures."""

from __future__ import annotations

import re
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pytest

import plans
from migrate.cli.organisation import Place
from migrate.cli.runbook_whom import gathered
from migrate.documents.gathering import Subject
from migrate.documents.making import Desk
from runbooks.catalogue import DOCUMENTS
from runbooks.output.page import html_page

EXAMPLE = Path(__file__).parents[3] / "examples" / "meridional"
KIND = DOCUMENTS["my-mail"]


def page(folder: Path, language: Literal["fr", "en"], today: date, switch: str = "switch: 2027-02-09") -> str:
    home = folder / "meridional"
    if not home.exists():
        shutil.copytree(EXAMPLE, home)
    plan = home / "sites" / "lyon.yaml"
    plan.write_text(re.sub("(?m)^switch:.*$", switch, (EXAMPLE / "sites" / "lyon.yaml").read_text(encoding="utf-8")))
    place = Place(home)
    organisation = plans.load(home)
    with gathered(place, organisation) as facts:
        at = Desk(facts, Subject("site", "lyon"), language)
        about = at.facts.about.model_copy(update={"today": today})
        at.__dict__["facts"] = at.facts.model_copy(update={"about": about})
        return html_page(at.document(KIND)[0])


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("days", [-20, 0, 20])
def test_a_page_says_the_days_and_whom_to_ask(tmp_path: Path, language: Literal["fr", "en"], days: int) -> None:
    told = page(tmp_path, language, date(2027, 2, 9) + timedelta(days=days))
    assert re.search("mardi 9 février 2027" if language == "fr" else "Tuesday,? 9 February 2027", told)
    assert ("Depuis le" in told or "Since" in told) == (days >= 0), "what is over is not told as to come"
    assert "Claire M." in told
    assert "+33400000001" in told
    assert "<svg" in told
    people = plans.load(EXAMPLE).sites["lyon"].people
    for person in people:
        assert person.address not in told
        assert person.name not in told or person.name == "Claire M."
    assert not re.search(r"\d\s*(%|Go|GB|Mo|MB)\b", told)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_without_a_day_says_that_nothing_changes_yet(tmp_path: Path, language: Literal["fr", "en"]) -> None:
    told = page(tmp_path, language, date(2027, 1, 1), "")
    assert ("pas encore fixé" if language == "fr" else "not settled yet") in told

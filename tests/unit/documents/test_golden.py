"""Documents from fixed facts, word for word; ``python scripts/golden_documents.py`` writes the files anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.documents.fixed_facts import Language
from tests.unit.documents.golden import DOCUMENTS, GOLDEN, LANGUAGES, examples, golden


def _on_disk(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def _same(wanted: Mapping[Path, str], there: Mapping[str, str]) -> None:
    made = {path.as_posix(): text for path, text in wanted.items()}
    # By name first: a whole text says little in a failure.
    assert sorted(made) == sorted(there)
    assert [name for name in made if made[name] != there[name]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_documents_from_fixed_facts_are_the_golden_files(language: Language) -> None:
    _same({path.relative_to(language): text for path, text in golden(language)}, _on_disk(GOLDEN / language))


def test_the_documents_of_the_example_are_those_that_it_gives_now() -> None:
    _same(dict(examples()), _on_disk(DOCUMENTS))

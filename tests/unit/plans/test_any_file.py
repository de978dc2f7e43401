"""Whatever a file holds, a person reads what is wrong with it and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plans import PlanError, Problem, load, loading
from plans.people import people_in_csv
from plans.yaml_file import read_yaml
from tests.unit.plans.conftest import ORGANISATION, PEOPLE, SITE, connector_class

FILES = {"organisation.yaml": ORGANISATION, "sites/lyon.yaml": SITE, "sites/lyon.csv": PEOPLE}


@given(st.one_of(st.binary(), st.text().map(str.encode), st.text("ab:-[]{}\"'#&*!|>%@\n\t \\xuU0F").map(str.encode)))
@example(b",")
def test_any_bytes_are_a_plan_or_a_list_of_problems(data: bytes) -> None:
    document, problems = read_yaml(data, "a.yaml")
    assert problems or document.value is None or document.values
    people_in_csv(data, "a.csv", "new")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("organisation")


@given(
    name=st.sampled_from(sorted(FILES)),
    place=st.integers(0, 250),
    length=st.integers(0, 12),
    typed=st.text("aé:;,-[]{}\"'#*!|@\n\t 0", max_size=3),
)
@settings(deadline=None)
def test_any_slip_of_the_keyboard_is_a_plan_or_a_list_of_problems(
    folder: Path, name: str, place: int, length: int, typed: str
) -> None:
    (folder / "sites").mkdir(exist_ok=True)
    for file, text in FILES.items():
        (folder / file).write_text(text, newline="")
    slipped = FILES[name][:place] + typed + FILES[name][place + length :]
    (folder / name).write_text(slipped, newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "connector_class", connector_class)
        try:
            load(folder)
            problems: tuple[Problem, ...] = ()
        except PlanError as error:
            problems = error.problems
    lines = {file: len(text.splitlines()) for file, text in {**FILES, name: slipped}.items()}
    for problem in problems:
        assert problem.line is None or 1 <= problem.line <= lines[problem.file] + 1

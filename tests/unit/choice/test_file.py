"""choice.yaml: written one answer at a time, edited by hand, and wrong ones told with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.language import in_language
from plans import PlanError
from plans.choice import CHOICE_FILE, QUESTIONS, read_choice, template, write_answer


def test_without_a_file_nothing_is_known_and_the_first_answer_makes_one(tmp_path: Path) -> None:
    assert read_choice(tmp_path) is None
    write_answer(tmp_path, "strategy", "growth")
    choice = read_choice(tmp_path)
    assert choice is not None
    assert (choice.strategy, choice.owner, choice.budget) == ("growth", "open", None)
    assert choice.model_fields_set == {"strategy", "years"}, "what was not asked is not answered"


def test_an_answer_changes_its_line_and_nothing_else(tmp_path: Path) -> None:
    text = "# ours\nstrategy: growth   # since May\nowner:\n  private\nprices:\n  currency: EUR\n"
    (tmp_path / CHOICE_FILE).write_text(text)
    write_answer(tmp_path, "strategy", "survival")
    write_answer(tmp_path, "owner", "public")
    write_answer(tmp_path, "budget", "12.5")
    assert (tmp_path / CHOICE_FILE).read_text() == (
        "# ours\nstrategy: survival   # since May\nowner: public\nprices:\n  currency: EUR\nbudget: 12.5\n"
    )


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_template_takes_every_answer_in_its_place(tmp_path: Path, language: str) -> None:
    with in_language(language):
        (tmp_path / CHOICE_FILE).write_text(template(), encoding="utf-8")
    lines = (tmp_path / CHOICE_FILE).read_text(encoding="utf-8").count("\n")
    for key, question in QUESTIONS.items():
        write_answer(tmp_path, key, next(iter(question.words), "7"))
    assert (tmp_path / CHOICE_FILE).read_text(encoding="utf-8").count("\n") == lines
    choice = read_choice(tmp_path)
    assert choice is not None
    assert choice.model_fields_set == {*QUESTIONS, "years"}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("strategy: best\n", 1, "survival, growth or open"),
        ("years: 3\nbudget: much\n", 2, "a number"),
        ("budget: .inf\n", 1, "a number"),
        ("growth: 1e9\n", 1, "300"),
        ("colour: red\n", 1, "colour"),
        ("prices:\n  microsoft365: {mailbox: 5, from: x}\n", 2, "looked_up"),
        ("prices:\n  microsoft365: {mailbox: -5, looked_up: 2026-11-20, from: x}\n", 2, "0 or more"),
        ('prices:\n  microsoft365: {looked_up: 2026-11-20, from: "a\\nb"}\n', 2, "one line"),
        ("prices: {currency: euros}\n", 1, "currency"),
        ("strategy: *x\n", 1, "quotes"),
        ("- growth\n", 1, "group of keys"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_file_stays(tmp_path: Path, text: str, line: int, said: str) -> None:
    (tmp_path / CHOICE_FILE).write_text(text)
    for attempt in (lambda: read_choice(tmp_path), lambda: write_answer(tmp_path, "owner", "public")):
        with pytest.raises(PlanError) as caught:
            attempt()
        assert caught.value.problems[0].line == line
        assert said in str(caught.value)
    assert (tmp_path / CHOICE_FILE).read_text() == text


@pytest.mark.parametrize("answer", ["best", "growth\nowner: public", "[growth]", "", "&a growth"])
def test_an_answer_that_does_not_fit_is_not_kept(tmp_path: Path, answer: str) -> None:
    write_answer(tmp_path, "strategy", "growth")
    before = (tmp_path / CHOICE_FILE).read_bytes()
    with pytest.raises(PlanError):
        write_answer(tmp_path, "strategy", answer)
    assert (tmp_path / CHOICE_FILE).read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [CHOICE_FILE]

"""The questions before a choice, on a terminal.  Each answer is on the disk before the next question."""

from __future__ import annotations

from pathlib import Path

import click

from connectors.language import _
from migrate.cli.exit_codes import Exit
from migrate.cli.organisation import Trouble
from plans import PlanError
from plans.choice import CHOICE_FILE, OPEN, QUESTIONS, Choice, Question, read_choice, write_answer


def ask(folder: Path, before: Choice | None, *, again: bool) -> Choice:
    """Ask what was never answered, with ``again`` all of it.  Raises PlanError; Ctrl-C is a Trouble."""
    now = before or Choice()
    asked = {key: question for key, question in QUESTIONS.items() if again or key not in now.model_fields_set}
    if not asked:
        return now
    click.echo(
        _("Enter keeps what stands in brackets; “open” means that nobody knows yet. Prices are written by hand.")
    )
    try:
        for count, (key, question) in enumerate(asked.items(), 1):
            present = getattr(now, key)
            given = _one(f"{count}/{len(asked)}", question, OPEN if present is None else _text(present))
            while not _kept(folder, key, given):
                given = _one(f"{count}/{len(asked)}", question, OPEN)
    except (click.Abort, KeyboardInterrupt):
        text = _("Interrupted. What was answered stands in {file}; the same command goes on.")
        raise Trouble("\n" + text.format(file=CHOICE_FILE), Exit.INTERRUPTED) from None
    return read_choice(folder) or now


def _one(place: str, question: Question, present: str) -> str:
    click.echo(f"\n{place}  {_(question.text)}")
    width = max((len(word) for word in question.words), default=0)
    for word, meaning in question.words.items():
        click.echo(f"  {word:{width}}  {_(meaning)}")
    choices = click.Choice([*question.words, OPEN]) if question.words else None
    given: str = click.prompt("", prompt_suffix="> ", default=present, type=choices, show_choices=False)
    return given.strip().replace(",", ".") if choices is None else given


def _kept(folder: Path, key: str, given: str) -> bool:
    """Whether the answer fits and is on the disk; else it is said why not."""
    try:
        write_answer(folder, key, given)
    except PlanError as error:
        if any(problem.line is None for problem in error.problems):
            raise  # the file itself
        click.echo("\n".join(problem.message for problem in error.problems), err=True)
        return False
    return True


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)

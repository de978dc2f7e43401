"""What codes mean is said in one place, and the documents say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.reasons import Reason
from migrate.cli.exit_codes import Exit
from migrate.cli.explanations import EXITS, REASONS, explanation_of
from migrate.cli.main import bascule
from migrate.ledger.schema import Outcome

_COMMANDS = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_code_is_explained_as_in_the_documents(reason: Reason) -> None:
    text = REASONS[reason]
    assert text.outcome is not None
    outcome = text.outcome.value.replace("_", " ")
    assert f"| `{reason.value}` | {outcome} | {text.what} | {text.to_do} |" in _COMMANDS
    assert text.why


@pytest.mark.parametrize("code", Exit, ids=lambda code: code.name)
def test_every_exit_code_is_explained_as_in_the_documents(code: Exit) -> None:
    text = EXITS[code]
    assert f"| {int(code)} | {code.name} | {text.what} | {text.to_do} |" in _COMMANDS
    assert text.why


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNCERTAIN, Outcome.MERGED, Outcome.LEFT_OUT])
def test_what_has_no_reason_is_explained_all_the_same(outcome: Outcome) -> None:
    assert explanation_of(outcome, None).what


@pytest.mark.parametrize("code", ["too-large", "TOO-LARGE", "5", "quota", "130"])
def test_explain_says_what_why_and_what_to_do(code: str) -> None:
    done = CliRunner().invoke(bascule, ["explain", code])
    assert done.exit_code == 0, done.output
    words = " ".join(done.output.split())
    assert "Why: " in words
    assert "What to do: " in words


def test_explain_lists_all_codes() -> None:
    done = CliRunner().invoke(bascule, ["explain"])
    for code in [*(reason.value for reason in Reason), *(f"{int(code)} {code.name}" for code in Exit)]:
        assert re.search(rf"^{re.escape(code)} ", done.output, re.MULTILINE), code
    told = json.loads(CliRunner().invoke(bascule, ["explain", "--json"]).output)
    assert len(told["codes"]) == len(Reason) + len(Exit)


def test_an_unknown_code_is_a_mistake_with_a_hint() -> None:
    done = CliRunner().invoke(bascule, ["explain", "too-big"])
    assert done.exit_code == 2
    assert 'There is no code "too-big".' in done.output
    assert "too-large" in done.output

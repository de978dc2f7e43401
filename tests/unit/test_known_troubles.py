"""docs/known-troubles.md names the tests that show the right behaviour; each of them exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(r"^\| (\d+) \|(.*)\|(.*)\|(.*)\|$", (ROOT / "docs/known-troubles.md").read_text(), re.MULTILINE)
NAMED = [(number, *test) for number, *_, tests in ROWS for test in re.findall(r"`([^`:]+)::(\w+)`", tests)]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_trouble_has_its_row() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 26))
    assert all(trouble.strip() and answer.strip() for _, trouble, answer, _ in ROWS)


@pytest.mark.parametrize(("number", "file", "name"), NAMED, ids=[f"{number}-{name}" for number, _, name in NAMED])
def test_the_named_test_exists(number: str, file: str, name: str) -> None:
    assert name in names_in(file), f"row {number} names {file}::{name}"


def test_nothing_else_stands_in_the_last_column() -> None:
    for number, *_, tests in ROWS:
        assert "::" in tests, f"row {number} names no test"
        left = re.sub(r"`[^`:]+::\w+`", "", tests)
        assert not left.strip(" ,"), f"row {number}"

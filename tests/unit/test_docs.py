"""What people can write, and what they can be told, stands in docs/."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import click
import pytest

from connectors.maildir.settings import MaildirSettings
from connectors.reasons import Reason
from migrate.cli.exit_codes import Exit
from migrate.cli.main import bascule
from migrate.dns.codes import CODES
from migrate.engine.sign_in import Verdict
from migrate.ledger import schema
from migrate.ledger.schema import MailboxState, Outcome
from plans.exports import FORMATS
from plans.files import PersonEntry

_ROOT = Path(__file__).parents[2]
_PAGES = sorted([_ROOT / "README.md", *(_ROOT / "docs").glob("*.md")])
_COMMANDS = (_ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
_PLAN = (_ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
_DESIGN = (_ROOT / "docs" / "design.md").read_text(encoding="utf-8")


def _first_cells(section: str) -> set[str]:
    """The words between backticks, and bare words, of the first column of a section's tables."""
    cells = re.findall(r"^\| *([^|]+?) *\|", section, re.MULTILINE)
    return {word for cell in cells for word in (re.findall(r"`([^`]+)`", cell) or [cell])}


def _section(page: str, heading: str) -> str:
    found = re.search(rf"^(#+) {re.escape(heading)}$(.*?)(?=^#{{1,3}} |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {heading}"
    return found[2]


@pytest.mark.parametrize("code", Exit, ids=lambda code: code.name)
def test_every_exit_code_is_documented(code: Exit) -> None:
    assert re.search(rf"^\| {int(code)} \| {code.name} \|", _section(_COMMANDS, "Exit codes"), re.MULTILINE)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_code_is_documented(reason: Reason) -> None:
    assert reason in _first_cells(_section(_COMMANDS, "Reason codes"))


def test_no_reason_code_is_documented_that_does_not_exist() -> None:
    assert _first_cells(_section(_COMMANDS, "Reason codes")) - {"code", "---"} == set(Reason)


def test_every_outcome_and_state_is_documented() -> None:
    assert set(Outcome) <= _first_cells(_section(_COMMANDS, "Outcomes"))
    assert {f"`{state}`" for state in MailboxState} <= set(
        re.findall("`[^`]+`", _section(_COMMANDS, "`bascule status`"))
    )


def _all_commands(group: click.Group, before: str = "") -> dict[str, click.Command]:
    """By the words that call it, each command; those of a group in its place."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        nested = _all_commands(command, f"{before}{name} ") if isinstance(command, click.Group) else {}
        found |= nested or {before + name: command}
    return found


@pytest.mark.parametrize("name", _all_commands(bascule.complete()))
def test_every_option_of_every_command_is_documented(name: str) -> None:
    command = _all_commands(bascule.complete())[name]
    assert _options(command) == _documented_options(_section(_COMMANDS, f"`bascule {name}`"))


def test_every_export_format_and_state_of_a_password_is_documented() -> None:
    assert set(FORMATS) <= _first_cells(_section(_COMMANDS, "Exports that are read"))
    assert set(Verdict) <= _first_cells(_section(_COMMANDS, "States of a password"))


def test_every_finding_about_dns_is_documented_and_no_other() -> None:
    page = (_ROOT / "docs" / "dns.md").read_text(encoding="utf-8")
    assert _first_cells(_section(page, "Findings")) - {"code", "---"} == set(CODES)


def test_every_common_option_is_documented() -> None:
    assert _options(bascule) <= _documented_options(_section(_COMMANDS, "Commands"))


def test_the_tables_of_keys_are_those_of_the_models() -> None:
    assert _reference().rendered(_PLAN) == _PLAN, "run: python scripts/plan_reference.py"
    assert set(re.findall(r"<!-- keys: (\w+)", _PLAN)) == set(_reference().MODELS)


def test_every_column_of_a_people_file_is_documented() -> None:
    assert set(PersonEntry.model_fields) <= _first_cells(_section(_PLAN, "People"))


def test_every_key_of_a_maildir_system_is_documented() -> None:
    assert set(MaildirSettings.model_fields) <= _first_cells(_section(_PLAN, "Maildirs"))


def _reference() -> ModuleType:
    spec = spec_from_file_location("plan_reference", _ROOT / "scripts" / "plan_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_table_of_the_ledger_is_in_the_design() -> None:
    assert set(schema.metadata.tables) <= _first_cells(_section(_DESIGN, "The ledger"))


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        if anchor:
            assert anchor in map(_anchor, re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE))


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _options(command: click.Command) -> set[str]:
    """Options in all their spellings; help and version are the same everywhere."""
    named = {name for parameter in command.params if isinstance(parameter, click.Option) for name in parameter.opts}
    return named - {"--version"}


def _documented_options(section: str) -> set[str]:
    return {word for word in _first_cells(section) if word.startswith("-") and word.strip("-")}


def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        capture_output=True, text=True, cwd=_ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr

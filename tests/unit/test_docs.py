"""What people can write, and what they can be told, stands in docs/."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from connectors.imap.settings import ImapSettings
from connectors.maildir import MaildirSettings
from connectors.reasons import Reason
from migrate.cli.exit_codes import Exit
from migrate.cli.main import bascule
from migrate.ledger import schema
from migrate.ledger.schema import MailboxState, Outcome
from plans.files import LeaveOutEntry, MasterEntry, OrganisationFile, PersonEntry, SiteFile, SystemEntry
from plans.folder_rules import FolderRules

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


@pytest.mark.parametrize("name", bascule.commands)
def test_every_option_of_every_command_is_documented(name: str) -> None:
    assert _options(bascule.commands[name]) == _documented_options(_section(_COMMANDS, f"`bascule {name}`"))


def test_every_common_option_is_documented() -> None:
    assert _options(bascule) <= _documented_options(_section(_COMMANDS, "Commands"))


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("organisation.yaml", OrganisationFile),
        ("A system", SystemEntry),
        ("A system", MasterEntry),
        ("An IMAP system", ImapSettings),
        ("Maildirs", MaildirSettings),
        ("sites/NAME.yaml", SiteFile),
        ("Folder rules", FolderRules),
        ("Message rules", LeaveOutEntry),
        ("People", PersonEntry),
    ],
)
def test_every_key_of_a_plan_is_documented(heading: str, model: type[BaseModel]) -> None:
    assert set(model.model_fields) <= _first_cells(_section(_PLAN, heading))


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

"""What commands write for programs is published."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from migrate.cli.main import bascule
from tests.acceptance.schemas import FOLDER, valid
from tests.unit.cli.memory_site import site_in_memory

_PAGE = (FOLDER.parent / "json.md").read_text(encoding="utf-8")


def _with_json(command: click.Command, name: str) -> list[str]:
    """The commands at or below this one that write JSON."""
    found = [name] if any(parameter.name == "to_json" for parameter in command.params) else []
    if isinstance(command, click.Group):
        found += [one for word, below in command.commands.items() for one in _with_json(below, f"{name} {word}")]
    return found


def test_every_json_has_a_schema() -> None:
    rows = [line for line in _PAGE.splitlines() if line.startswith("| `bascule ")]
    # What a group writes itself is told with its commands: bascule evidence --for-support.
    listed = {call.partition(" --")[0] for row in rows for call in row.split("`")[1::2]}
    assert set(_with_json(bascule.complete(), "bascule")) <= listed


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("backup", ["backup", "paris"]),
        ("verify", ["verify", "paris"]),
        ("verify", ["verify", "paris", "--sample", "1"]),
        ("secrets-status", ["secrets", "status", "paris"]),
        ("secrets-template", ["secrets", "template", "paris"]),
    ],
)
@pytest.mark.usefixtures("in_english")
def test_what_is_written_follows_it(tmp_path: Path, name: str, command: list[str]) -> None:
    with site_in_memory(tmp_path, more="passwords: file:secrets/paris.csv\n") as (old, _new):
        # The second mailbox cannot be opened: its errors are published too.
        old.add_user("bruno@x.example", "changed meanwhile")
        (tmp_path / "secrets").mkdir(mode=0o700)
        done = CliRunner().invoke(bascule, ["-C", str(tmp_path), *command, "--json"])
    told = valid(json.loads(done.stdout), name)
    assert told["exit_code"] == done.exit_code, done.output


@pytest.mark.usefixtures("in_english")
def test_a_report_in_the_place_of_another_is_its_owners_alone(tmp_path: Path) -> None:
    page = tmp_path / "paris.html"
    page.write_text("an older one")
    page.chmod(0o644)
    with site_in_memory(tmp_path):
        CliRunner().invoke(bascule, ["-C", str(tmp_path), "verify", "paris", "--report", str(page)])
    assert page.read_text().startswith("<!")
    assert page.stat().st_mode & 0o077 == 0

"""What systems say has to be true first reaches ``check`` and ``secrets status``, with what mends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connectors.memory import MemoryWorld
from connectors.preconditions import Precondition
from migrate.cli.exit_codes import Exit
from migrate.cli.main import bascule
from tests.acceptance.schemas import valid
from tests.unit.cli.memory_site import site_in_memory

CONSENT = Precondition(
    "consent", "system", False, "The app has no consent.", "An administrator clicks Grant admin consent."
)
LICENCE = Precondition("mailbox-licensed", "mailbox", False, "The mailbox has no licence.", "Assign one.")
KEY = Precondition("credentials", "system", True, "The key works.")
UNKNOWN = Precondition("quota-left", "system", None, "What is left of the quota cannot be asked for.")


@pytest.fixture
def new(tmp_path: Path, in_english: None) -> Iterator[MemoryWorld]:
    """The target of a site of two people; the plan of it is in ``tmp_path``."""
    with site_in_memory(tmp_path) as worlds:
        yield worlds[1]


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(bascule, ["-C", str(folder), *arguments])


def told(folder: Path) -> dict[str, Any]:
    return valid(json.loads(run(folder, "check", "paris", "--json").stdout), "check")


def test_systems_that_are_ready_say_so_in_json_alone(tmp_path: Path, new: MemoryWorld) -> None:
    new.preconditions = [("", KEY)]
    assert "2 of 2 mailboxes ready" in run(tmp_path, "check", "paris").stdout
    assert "The key works" not in run(tmp_path, "check", "paris").stdout
    (system,) = told(tmp_path)["systems"]
    assert (system["system"], system["side"], system["code"], system["met"]) == ("new", "target", "credentials", True)


def test_what_is_missing_of_a_whole_system_is_told_once_and_makes_nobody_ready(
    tmp_path: Path, new: MemoryWorld
) -> None:
    new.preconditions = [("", CONSENT)]
    done = run(tmp_path, "check", "paris")
    assert done.exit_code == Exit.AUTH
    assert done.stdout.count("new: The app has no consent. An administrator clicks Grant admin consent.") == 1
    assert "0 of 2 mailboxes ready" in done.stdout


def test_what_is_missing_of_one_mailbox_is_told_with_it(tmp_path: Path, new: MemoryWorld) -> None:
    new.preconditions = [("anna@x.example", LICENCE)]
    done = run(tmp_path, "check", "paris")
    assert done.exit_code == Exit.AUTH
    assert "anna@x.example: new: The mailbox has no licence. Assign one." in done.stdout
    assert "1 of 2 mailboxes ready" in done.stdout
    states = {one["mailbox"]: one["state"] for one in told(tmp_path)["mailboxes"]}
    assert states == {"anna@x.example": "problem", "bruno@x.example": "ok"}


def test_a_sign_in_that_fails_for_it_is_not_told_a_second_time(tmp_path: Path, new: MemoryWorld) -> None:
    new.preconditions = [("", CONSENT)]
    new.add_user("anna@x.example", "another")
    (anna, _bruno) = told(tmp_path)["mailboxes"]
    assert anna["findings"] == []


def test_what_cannot_be_found_out_needs_a_look_and_stops_nobody(tmp_path: Path, new: MemoryWorld) -> None:
    new.preconditions = [("", UNKNOWN)]
    done = run(tmp_path, "check", "paris")
    assert done.exit_code == Exit.PARTIAL
    assert "What is left of the quota cannot be asked for." in done.stdout
    assert "2 of 2 mailboxes ready" in done.stdout


def test_secrets_status_says_what_stands_in_the_way_of_a_sign_in(tmp_path: Path, new: MemoryWorld) -> None:
    new.preconditions = [("", CONSENT)]
    done = run(tmp_path, "secrets", "status", "paris")
    assert done.exit_code == Exit.AUTH
    assert "The app has no consent. An administrator clicks Grant admin consent." in done.stdout
    assert "sesame" not in done.output

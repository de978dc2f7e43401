"""``bascule systems``: presets, and what is in force for a system of the plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrate.cli.main import bascule
from tests.acceptance.schemas import valid

PLAN = """\
name: Try
language: en
time_zone: Europe/Paris
systems:
  old: {preset: gmail, sessions: 2}
  plain: {connector: imap, host: imap.gmail.com, master: {user: root, password: "env:PLANTED"}}
"""


pytestmark = pytest.mark.usefixtures("in_english")


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(bascule, ["-C", str(folder), "systems", *arguments])


def test_all_presets_are_listed_without_a_plan(tmp_path: Path) -> None:
    assert "ssl0.ovh.net" in run(tmp_path, "list").output
    told = valid(json.loads(run(tmp_path, "list", "--json").output), "systems")
    assert {"ovh", "gmail", "dovecot", "microsoft365"} <= {one["name"] for one in told["presets"]}


def test_a_preset_is_shown_with_where_it_was_read(tmp_path: Path) -> None:
    shown = run(tmp_path, "show", "gmail").output
    assert "2.5 GB" in shown
    assert "https://support.google.com/a/answer/1071518" in shown, "whole, so that it can be opened"
    assert "app password" in shown
    valid(json.loads(run(tmp_path, "show", "gmail", "--json").output), "systems")


def test_a_system_of_the_plan_says_where_each_value_is_from(tmp_path: Path) -> None:
    (tmp_path / "organisation.yaml").write_text(PLAN, encoding="utf-8")
    told = valid(json.loads(run(tmp_path, "show", "old", "--json").output), "systems")
    origin = {one["key"]: (one["value"], one["from"]) for one in told["values"]}
    assert origin["host"] == ("imap.gmail.com", "preset")
    assert origin["sessions"] == (2, "plan")
    assert origin["batch"] == (100, "usual")
    assert "the preset: gmail" in run(tmp_path, "show", "old").output


def test_what_a_host_is_known_to_allow_is_told_without_a_preset_too(tmp_path: Path) -> None:
    (tmp_path / "organisation.yaml").write_text(PLAN, encoding="utf-8")
    shown = run(tmp_path, "show", "plain").output
    assert "known of this host" in shown
    assert "root" in shown
    assert "PLANTED" not in shown, "not even where the secret is"


def test_a_name_that_is_neither_is_told_with_the_nearest(tmp_path: Path) -> None:
    done = run(tmp_path, "show", "gmial")
    assert done.exit_code == 2
    assert 'Did you mean "gmail"?' in done.output

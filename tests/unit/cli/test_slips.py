"""Commands that are mistyped, or ended before they were done."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner, Result

import plans
from migrate.cli.exit_codes import Exit
from migrate.cli.holding import alone
from migrate.cli.main import bascule
from migrate.cli.options import moment_of
from migrate.cli.organisation import Trouble
from migrate.cli.running import choose
from tests.unit.cli.memory_site import site_in_memory


@pytest.mark.parametrize("ended", [KeyboardInterrupt, click.Abort])
@pytest.mark.usefixtures("in_english")
def test_ctrl_c_ends_every_command_as_interrupted(monkeypatch: pytest.MonkeyPatch, ended: type[BaseException]) -> None:
    def interrupted(*_args: object) -> None:
        raise ended

    monkeypatch.setattr("migrate.cli.organisation.Place.load", interrupted)
    done = CliRunner().invoke(bascule, ["status"])
    assert done.exit_code == Exit.INTERRUPTED
    assert "Interrupted." in done.output
    assert "Aborted" not in done.output


@pytest.mark.usefixtures("in_english")
def test_a_command_that_nobody_has_imported_yet_is_suggested() -> None:
    done = CliRunner().invoke(bascule, ["cpoy"])
    assert done.exit_code == Exit.USAGE
    assert "No such command 'cpoy'. Did you mean \"copy\"?" in done.output


def test_who_is_named_twice_is_meant_once(tmp_path: Path) -> None:
    with site_in_memory(tmp_path):
        site = plans.load(tmp_path).sites["paris"]
    chosen = choose(site, ["anna@x.example", "bruno@x.example", "Anna@X.example"])
    assert [person.mailbox for person in chosen] == ["anna@x.example", "bruno@x.example"]


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
@pytest.mark.usefixtures("in_english")
def test_a_folder_that_no_mailbox_has_is_a_mistake(tmp_path: Path, more: list[str]) -> None:
    with site_in_memory(tmp_path) as (old, _new):
        old.mailbox("anna@x.example").create(("Empty",))
        wrong = _copied(tmp_path, "--folder", "Empti", *more)
        right = _copied(tmp_path, "--folder", "Empty", *more)
    assert wrong.exit_code == Exit.USAGE
    assert "None of these mailboxes has the folder Empti. All their names: bascule folders paris" in wrong.output
    assert right.exit_code == Exit.OK


def _copied(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(bascule, ["-C", str(folder), "copy", "paris", *options])


@pytest.mark.usefixtures("in_english")
def test_a_folder_with_a_blank_in_its_name_can_be_typed_as_it_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "Example Ltd"
    done = CliRunner().invoke(bascule, ["-C", str(folder), "init", "--name", "Example", "--site", "paris"])
    assert f"then: bascule -C '{folder}' plan check" in done.output


@pytest.mark.usefixtures("in_english")
def test_a_site_that_is_not_there_leaves_no_lock(tmp_path: Path) -> None:
    with site_in_memory(tmp_path):
        done = CliRunner().invoke(bascule, ["-C", str(tmp_path), "accounts", "apply", "../x", "--yes"])
    assert 'There is no site "../x"' in done.output
    assert not (tmp_path / ".bascule").exists()


def test_two_commands_of_a_kind_are_kept_apart(tmp_path: Path) -> None:
    with (
        alone(tmp_path / "lock", "busy"),
        pytest.raises(Trouble, match="busy") as told,
        alone(tmp_path / "lock", "busy"),
    ):
        pass
    assert told.value.exit_code == Exit.LOCKED
    with alone(tmp_path / "lock", "busy"):
        pass


@pytest.mark.parametrize("command", [["delivery", "on", "paris"], ["accounts", "apply", "paris", "--yes"]])
@pytest.mark.usefixtures("in_english")
def test_where_this_machine_knows_no_user_somebody_says_who_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def nobody() -> str:
        raise OSError

    monkeypatch.setattr("getpass.getuser", nobody)
    with site_in_memory(tmp_path):
        done = CliRunner().invoke(bascule, ["-C", str(tmp_path), *command])
    assert (done.exit_code, "--by NAME" in done.output) == (Exit.USAGE, True), done.output


@pytest.mark.parametrize("time", ["yesterday", "2027-02-30"])
def test_a_time_that_is_none_is_told(time: str) -> None:
    with pytest.raises(Trouble, match="is no time"):
        moment_of(time, ZoneInfo("Europe/Paris"))


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    assert moment_of("2026-10-25T02:30", ZoneInfo("Europe/Paris")) == moment_of("2026-10-25T00:30Z", UTC)

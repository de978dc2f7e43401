"""Every command answers one question, says so, and shows how it is called; the manual page says the same."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from migrate.cli.main import bascule

_ROOT = Path(__file__).parents[2]


def _leaves(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _leaves(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


_LEAVES = dict(_leaves(bascule.complete()))


@pytest.mark.parametrize("name", _LEAVES)
def test_help_begins_with_the_one_question_that_the_command_answers(name: str) -> None:
    text = _LEAVES[name].help or ""
    assert re.match(r"\s*[A-Z][^.?!:]+\?(\s|$)", text), text


@pytest.mark.parametrize("name", _LEAVES)
def test_help_has_an_example_that_calls_the_command(name: str) -> None:
    text = _LEAVES[name].help or ""
    found = re.search(r"^\s*Examples?:(.*)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, text
    lines = [line.strip() for line in found[1].strip().splitlines()]
    assert lines
    for line in lines:
        assert line.startswith("bascule ")
        assert f" {name}" in line


@pytest.mark.parametrize("name", _LEAVES)
def test_every_option_has_a_help_text(name: str) -> None:
    for parameter in _LEAVES[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, _ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_manual_page_is_up_to_date() -> None:
    made = _script("man_page")
    there = made.PAGE.read_text(encoding="utf-8")
    assert there == made.page(), "run scripts/man_page.py"
    for name in _LEAVES:
        escaped = name.replace("-", r"\-")
        assert f".SS {escaped}" in there


@pytest.mark.parametrize("name", ["cli_reference", "troubleshooting"])
def test_generated_pages_are_up_to_date(name: str) -> None:
    made = _script(name)
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), f"run scripts/{name}.py"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "sites").mkdir()
    (tmp_path / "organisation.yaml").write_text(
        "name: Example\nlanguage: en\ntime_zone: UTC\n"
        "systems:\n  a: {connector: imap, host: a.example}\n  b: {connector: imap, host: b.example}\n"
    )
    for site, people in (("paris", "[anna@example.org, Anton@example.org]"), ("lyon", "[bruno@example.org]")):
        (tmp_path / "sites" / f"{site}.yaml").write_text(f"site: {site}\nsource: a\ntarget: b\npeople: {people}\n")
    return tmp_path


def _completed(plan: Path, *words: str, incomplete: str = "") -> list[str]:
    completer = BashComplete(bascule, {}, "bascule", "_BASCULE_COMPLETE")
    found = completer.get_completions(["-C", str(plan), *words], incomplete)
    return [item.value for item in found]


@pytest.mark.parametrize("command", ["check", "copy", "status", "folders", "not-copied", "adopt", "verify", "backup"])
def test_the_shell_completes_sites(plan: Path, command: str) -> None:
    assert _completed(plan, command) == ["lyon", "paris"]
    assert _completed(plan, command, incomplete="pa") == ["paris"]


def test_the_shell_completes_addresses_of_the_site(plan: Path) -> None:
    assert _completed(plan, "copy", "paris", "--mailbox") == ["Anton@example.org", "anna@example.org"]
    assert _completed(plan, "copy", "paris", "--mailbox", incomplete="ANN") == ["anna@example.org"]
    assert _completed(plan, "copy", "--mailbox", incomplete="b") == ["bruno@example.org"]


def test_a_plan_with_a_mistake_completes_nothing_and_says_nothing(plan: Path) -> None:
    (plan / "organisation.yaml").write_text("nome: Example\n")
    assert _completed(plan, "copy") == []
    assert _completed(plan, "copy", "paris", "--mailbox") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_shells_script(shell: str) -> None:
    done = CliRunner().invoke(bascule, ["completion", shell], prog_name="bascule")
    assert done.exit_code == 0, done.output
    assert "_BASCULE_COMPLETE" in done.output
    assert "bascule" in done.output


_IMPORTED = """
import sys
from migrate.cli.main import bascule
bascule(sys.argv[1:], standalone_mode=False)
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "module", ["jinja2", "alembic", "keyring", "sqlalchemy.dialects.postgresql", "migrate.cli.verify"]
)
def test_a_command_imports_nothing_that_others_need(imported_for_copy: set[str], module: str) -> None:
    assert module not in imported_for_copy
    assert "migrate.cli.copy" in imported_for_copy


@pytest.fixture(scope="module")
def imported_for_copy() -> set[str]:
    return _imported("copy", "--help")


@pytest.mark.parametrize(
    ("command", "module"),
    [
        (["--help"], "migrate.cli.copy"),
        (["--help"], "sqlalchemy"),
        (["-C", "examples/midi", "plan", "check"], "sqlalchemy"),
        (["status", "--help"], "migrate.copy.run"),
    ],
)
def test_a_start_waits_for_nothing_that_it_does_not_need(command: list[str], module: str) -> None:
    assert module not in _imported(*command)


def _imported(*command: str) -> set[str]:
    called = [sys.executable, "-c", _IMPORTED, *command]
    done = subprocess.run(called, cwd=_ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_the_list_of_commands_shows_the_question_of_each() -> None:
    shown = " ".join(CliRunner().invoke(bascule, ["--help"]).output.split())
    for name, command in bascule.commands.items():
        assert f" {name} {command.short_help} " in f"{shown} "


def test_the_shell_completes_commands_and_tells_what_they_answer() -> None:
    completer = BashComplete(bascule, {}, "bascule", "_BASCULE_COMPLETE")
    found = {item.value: item.help for item in completer.get_completions([], "co")}
    assert found == {name: bascule.commands[name].short_help for name in ("completion", "copy")}
    assert [item.value for item in completer.get_completions([], "--o")] == ["--organisation"]

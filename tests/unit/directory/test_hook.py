"""A program of the organisation's own: what it is asked, what its answers mean, and that no password comes back."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from connectors.errors import Fatal, Transient
from migrate.directory.changes import AddMember, CreateAccount, CreateGroup
from migrate.directory.contract import Initial, NotTaken
from migrate.directory.hashes import Hash
from migrate.directory.hook import HookDirectory
from migrate.directory.model import Account, Group, Wanted, WantedAccount, WantedGroup
from plans import SecretRef

ANNA = CreateAccount("anna@a.example", WantedAccount("anna@a.example", "Anna", "Berg"))
SECRET = "planted-Secret-77"


def _hook(folder: Path, program: str) -> HookDirectory:
    script = folder / "hook.py"
    script.write_text(f"import json, sys\nasked = json.load(sys.stdin)\n{program}\n")
    return HookDirectory(SecretRef("command", f"{sys.executable} {script}"), folder)


def test_it_is_asked_what_is_there_and_says_what_it_takes_care_of(tmp_path: Path) -> None:
    hook = _hook(
        tmp_path,
        "assert asked == {'action': 'look', 'users': ['anna@a.example'], 'groups': ['g@a.example']}\n"
        "print(json.dumps({'accounts': [{'user': 'Anna@a.example', 'aliases': ['AB@a.example']}],"
        " 'groups': [{'address': 'g@a.example', 'members': ['anna@a.example']}], 'manages': ['aliases', 'groups']}))",
    )
    wanted = Wanted({"anna@a.example": ANNA.account}, {"g@a.example": WantedGroup("g@a.example", "G")})
    found = hook.look(wanted)
    assert found.accounts == {"anna@a.example": Account("anna@a.example", aliases=frozenset({"ab@a.example"}))}
    group = Group("g@a.example", posting=None, members=frozenset({"anna@a.example"}))
    assert found.groups == {"g@a.example": group}
    manners = hook.manners
    assert (manners.names, manners.aliases, manners.groups, manners.licences) == (False, True, True, False)


def test_each_change_is_one_question(tmp_path: Path) -> None:
    hook = _hook(tmp_path, "open('asked', 'a').write(json.dumps(asked) + '\\n')\nprint('{\"already\": true}')")
    group = WantedGroup("g@a.example", "G", members=frozenset({"b", "a"}))
    assert hook.do(ANNA, Initial(password=SECRET)) is False
    hook.do(ANNA, Initial(hash=Hash("$6$x")))
    hook.do(CreateGroup("g@a.example", group), None)
    hook.do(AddMember("g@a.example", "a"), None)
    first, second, third, fourth = map(json.loads, (tmp_path / "asked").read_text().splitlines())
    assert (first["action"], first["subject"], first["password"], first["hash"]) == (
        "create-account", "anna@a.example", SECRET, None,
    )  # fmt: skip
    assert (first["given_name"], first["aliases"], second["hash"]) == ("Anna", [], "$6$x")
    assert (third["kind"], third["members"], fourth["member"]) == ("list", ["a", "b"], "a")


def test_exit_codes_are_verdicts_and_what_is_told_holds_no_password(tmp_path: Path) -> None:
    said = "sys.stderr.write(f'no room for {asked[\"password\"]}\\n'); sys.exit({code})"
    with pytest.raises(NotTaken) as refused:
        _hook(tmp_path, said.replace("{code}", "3")).do(ANNA, Initial(password=SECRET))
    assert "exit code 3" in str(refused.value)
    assert "no room for ***" in str(refused.value)
    assert SECRET not in str(refused.value)
    with pytest.raises(Transient):
        _hook(tmp_path, said.replace("{code}", "75")).do(ANNA, Initial(password=SECRET))


def test_an_interrupt_at_the_terminal_does_not_reach_it(tmp_path: Path) -> None:
    _hook(tmp_path, "import os\nsys.exit(0 if os.getpgrp() == os.getpid() else 9)").do(ANNA, Initial(password=SECRET))


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("print('hello')", "no JSON"),
        ("print('{}')", "accounts: Field required"),
        ("", "not as the contract has it"),
        ("print(json.dumps({'accounts': [], 'more': 1}))", "more"),
    ],
)
def test_an_answer_that_is_none_is_told(tmp_path: Path, program: str, told: str) -> None:
    with pytest.raises(Fatal, match=told):
        _hook(tmp_path, program).look(Wanted())


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="cannot be run"):
        HookDirectory(SecretRef("command", "./nothing"), tmp_path).look(Wanted())

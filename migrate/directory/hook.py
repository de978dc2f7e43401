"""Accounts by a program of the organisation's own, which is asked in JSON on its standard input.

docs/accounts.md is its contract.  No shell reads the command, and nothing that it prints is shown before the password
that it was given is taken out.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.errors import ConnectorError, Fatal, Transient
from connectors.language import _
from connectors.os_errors import os_error_text
from migrate.directory.changes import Change, CreateAccount
from migrate.directory.contract import Initial, NotTaken
from migrate.directory.hashes import Hash
from migrate.directory.model import Account, Found, Group, GroupKind, Manners, Posting, Wanted
from plans.secrets import SecretRef

#: Seconds that one question may take.
_LIMIT = 120.0
#: sysexits.h: try again later.
_LATER = 75
#: Signs of what it says that are told.
_TOLD = 300


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _Account(_Told):
    user: str
    given_name: str = ""
    family_name: str = ""
    aliases: tuple[str, ...] = ()
    suspended: bool = False
    ready: bool = True


class _Group(_Told):
    address: str
    name: str = ""
    kind: GroupKind = "list"
    posting: Posting | None = None
    members: tuple[str, ...] | None = ()


class _Look(_Told):
    """The answer to ``look``; ``manages`` names what it takes care of besides accounts."""

    accounts: tuple[_Account, ...]
    groups: tuple[_Group, ...] = ()
    manages: tuple[Literal["names", "aliases", "groups"], ...] = ()


class HookDirectory:
    """A :class:`migrate.directory.contract.Directory` behind a program."""

    def __init__(self, command: SecretRef, folder: Path) -> None:
        self._arguments = shlex.split(command.value)
        self._folder = folder
        self._name = Path(self._arguments[0]).name
        self._manages: frozenset[str] = frozenset()

    @property
    def manners(self) -> Manners:
        has = self._manages.__contains__
        return Manners(
            self._name, names=has("names"), aliases=has("aliases"), groups=has("groups"), licences=False, domains=False
        )

    @property
    def domains(self) -> None:
        return None

    def look(self, wanted: Wanted) -> Found:
        told = self._look(sorted(wanted.accounts), sorted(wanted.groups))
        self._manages = frozenset(told.manages)
        accounts = {
            one.user.lower(): Account(
                one.user.lower(), one.given_name, one.family_name, frozenset(map(str.lower, one.aliases)),
                suspended=one.suspended, ready=one.ready,
            )
            for one in told.accounts
        }  # fmt: skip
        groups = {
            one.address.lower(): Group(
                one.address.lower(), one.name, one.kind, one.posting,
                None if one.members is None else frozenset(map(str.lower, one.members)),
            )
            for one in told.groups
        }  # fmt: skip
        return Found(accounts=accounts, groups=groups)

    def by_hand(self, change: Change) -> Sequence[str]:
        return ()

    def afterwards(self, change: Change) -> Sequence[str]:
        return ()

    def takes_hash(self, one: Hash) -> bool:
        return True

    def do(self, change: Change, initial: Initial | None) -> bool:
        question = {"action": change.code, "subject": change.subject, **_values(change)}
        secrets = []
        if isinstance(change, CreateAccount) and initial is not None:
            question["password"] = initial.password
            question["hash"] = initial.hash.text if initial.hash else None
            secrets = [one for one in (question["password"], question["hash"]) if one]
        answer = self._ask(question, secrets)
        return not (isinstance(answer, dict) and answer.get("already") is True)

    def ready(self, users: Iterable[str]) -> Mapping[str, bool]:
        asked = sorted(users)
        there = {one.user.lower(): one.ready for one in self._look(asked, []).accounts}
        return {user: there.get(user, False) for user in asked}

    def close(self) -> None:
        """Each question is a process of its own."""

    def _look(self, users: Sequence[str], groups: Sequence[str]) -> _Look:
        answer = self._ask({"action": "look", "users": users, "groups": groups}, [])
        try:
            return _Look.model_validate(answer)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            told = _("Its answer to look is not as the contract has it: {where}: {what}.")
            raise Fatal(told.format(where=where or "-", what=first["msg"]), system=self._name) from None

    def _ask(self, question: Mapping[str, Any], secrets: Sequence[str]) -> Any:
        """Its answer, None where it says nothing."""
        try:
            done = subprocess.run(  # noqa: S603  the plan's owner names the program; no shell reads it
                self._arguments, cwd=self._folder, input=json.dumps(question), capture_output=True, encoding="utf-8",
                errors="replace", timeout=_LIMIT, check=False,
                # Ctrl-C at the terminal is for us: a change that is begun is brought to its end.
                start_new_session=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:  # holds what it was told, so it must not be chained
            told = _("The program gave no answer within {seconds} seconds.").format(seconds=f"{_LIMIT:g}")
            raise Transient(told, system=self._name) from None
        except OSError as error:
            told = _("The program cannot be run: {why}.").format(why=os_error_text(error))
            raise Fatal(told, system=self._name) from None
        if done.returncode:
            raise self._refusal(done.returncode, done.stderr, secrets)
        if not done.stdout.strip():
            return None
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise Fatal(_("The program's answer is no JSON."), system=self._name) from None

    def _refusal(self, code: int, said: str, secrets: Sequence[str]) -> ConnectorError:
        for secret in secrets:
            said = said.replace(secret, "***")
        line = next((one.strip() for one in reversed(said.splitlines()) if one.strip()), "")
        told = _("The program ended with exit code {code}.").format(code=code)
        kind = Transient if code == _LATER else NotTaken
        return kind(told, system=self._name, detail=line[:_TOLD])


def _values(change: Change) -> dict[str, Any]:
    """The fields of a change for JSON, those of an account or a group flat."""
    values: dict[str, Any] = {}
    for field in fields(change):
        value = getattr(change, field.name)
        if field.name != "subject":
            values |= asdict(value) if field.name in ("account", "group") else {field.name: value}
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()}

"""What of an organisation's folder is packed, and what is left out because it is secret, or of this machine alone."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from connectors.language import _
from migrate.handover.passages import Passages
from migrate.ledger.holder import FILE as HOLDER
from plans import Organisation, SecretRef
from plans.csv_file import read_table
from plans.model import PasswdFile
from plans.passwords import COLUMNS

#: Below the organisation's folder, with forward slashes.
LEDGER = ".bascule/ledger.sqlite"
#: Of this machine alone: locks, what is under way, and who holds the folder here.
_OWN = (".bascule/locks/", ".bascule/spool/", f".bascule/{HOLDER}")
#: Settings of connectors that name a file with a secret in it, and are no references.
_SECRET_SETTING = re.compile(r"token|secret|password|private|credential|(^|_)key($|_)")
#: What no file without a secret has in it.
_TELL_TALES = (b"PRIVATE KEY-----", b'"private_key"', b'"refresh_token"', b'"RefreshToken"')
#: Files that people and programs write by the way; all else is mail, archives, databases, pictures.
_TEXTS = {"", ".csv", ".txt", ".yaml", ".yml", ".json", ".md", ".html", ".ini", ".env", ".conf", ".log", ".bak", ".old",
          ".orig", ".pem", ".key", ".tmp", ".swp", ".sh"}  # fmt: skip
#: Folders of mail, whose many files hold what people wrote.
_MAIL = ("backup/", "kept/", "handover/")
#: Bytes: a longer file is no note in which somebody left a password; the passwords of all people are well below.
_LONGEST = 20_000_000


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not packed.  ``needed``: the other machine has to get it by another way."""

    path: str
    why: str
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """What is packed, by path below the folder, and what is not."""

    packed: Sequence[str]
    left_out: Sequence[LeftOut]


def contents_of(organisation: Organisation) -> Contents:
    """Go through the folder.  Raises OSError when it cannot be read.

    Left out: ``secrets/``, every file that the plan names as a secret or a connector as its own, links, version control
    (a history remembers passwords), and any note in which a known password or a private key stands.
    """
    folder = organisation.folder.resolve()
    named = _named(organisation, folder)
    secrets = Secrets(_known_secrets(folder, named))
    packed: list[str] = []
    left: list[LeftOut] = []
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        found = _why(path, name, folder, named, secrets)
        if found is None:
            packed.append(name)
        elif found.why:
            left.append(found)
    there = {one.path for one in left}
    left += [LeftOut(name, _("named by the plan"), True) for name in sorted(named) if name not in there]
    return Contents(packed, left)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What may stand in no file that is given away: passwords that are known, and the marks of private keys."""

    known: Passages

    @classmethod
    def of(cls, organisation: Organisation) -> Secrets:
        """Raises OSError when a secret file cannot be read."""
        folder = organisation.folder.resolve()
        return cls(_known_secrets(folder, _named(organisation, folder)))

    def stand_in(self, data: bytes) -> bool:
        if b"\0" in data:
            # UTF-16, as spreadsheets save it.
            data = data.replace(b"\0", b"")
        return any(mark in data for mark in _TELL_TALES) or self.known.stand_in(data)

    def taken_out(self, text: str) -> str:
        """Text with each known password hidden."""
        return self.known.hidden(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        links = [one for one in folders if (Path(root) / one).is_symlink()]
        folders[:] = [one for one in folders if one not in links]
        yield from (Path(root) / name for name in sorted([*names, *links]))


def _why(path: Path, name: str, folder: Path, named: set[str], secrets: Secrets) -> LeftOut | None:
    """None where the file is packed; no reason where there is nothing to tell."""
    if name in named:
        return LeftOut(name, _("named by the plan as a secret"), needed=True)
    if name.startswith("secrets/"):
        return LeftOut(name, _("a secret"))
    if name.startswith(_OWN) or name.endswith(("-wal", "-shm", "-journal")) or path.name.endswith((".part", ".new")):
        return LeftOut(name, "")
    if ".git" in path.relative_to(folder).parts[:-1] or path.name == ".git":
        return LeftOut(name, "")
    if path.is_symlink() or not path.is_file():
        return LeftOut(name, _("a link, or no file"))
    is_note = path.suffix.lower() in _TEXTS and not name.startswith(_MAIL) and path.stat().st_size <= _LONGEST
    if is_note and secrets.stand_in(path.read_bytes()):
        return LeftOut(name, _("a password or a private key stands in it"))
    return None


def _named(organisation: Organisation, folder: Path) -> set[str]:
    """Files with secrets that the plan names: below the folder as such, others as they are written."""
    found = set()
    for written in _references((organisation.systems, organisation.sites)):
        path = (folder / Path(written).expanduser()).resolve()
        found.add(path.relative_to(folder).as_posix() if path.is_relative_to(folder) else written)
    return found


def _references(value: Any) -> Iterator[str]:
    """Each file that a plan's value names as a secret, whichever connector brought the setting."""
    if isinstance(value, PasswdFile):
        # The hashes of everybody's passwords stand in it.
        yield str(value.path)
    elif isinstance(value, SecretRef):
        yield from [value.value] if value.kind == "file" else []
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            one = getattr(value, name)
            if isinstance(one, Path) and _SECRET_SETTING.search(name):
                yield str(one)
            else:
                yield from _references(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from _references(getattr(value, one.name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _references(one)


def _known_secrets(folder: Path, named: set[str]) -> Passages:
    """What stands in the secret files, to be looked for everywhere else."""
    found: set[str] = set()
    for path in [folder / name for name in sorted(named)] + sorted((folder / "secrets").rglob("*")):
        if path.is_file() and path.stat().st_size <= _LONGEST:
            found |= _secrets_in(path)
    return Passages(found)


def _secrets_in(path: Path) -> set[str]:
    data = path.read_bytes()
    if path.suffix.lower() == ".csv":
        rows = read_table(data, path.name, COLUMNS, strip=False).rows
        return {cell for row in rows for column, cell in row.cells.items() if column != "address"}
    text = data.decode("utf-8", "replace").strip()
    try:
        told = json.loads(text)
    except ValueError:
        # A password alone on its line; a longer text is a key, whose lines nobody types elsewhere.
        return {line.strip() for line in text.splitlines() if "-----" not in line}
    return set(_texts(told)) if isinstance(told, dict) else {text}


def _texts(told: Mapping[str, Any]) -> Iterator[str]:
    for name, value in told.items():
        if isinstance(value, dict):
            yield from _texts(value)
        elif isinstance(value, str) and _SECRET_SETTING.search(name.lower()):
            yield value

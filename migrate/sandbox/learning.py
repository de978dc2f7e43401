"""A small company to learn with: an organisation's folder whose plan leads to a sandbox, and its mail."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from typing import Any

import yaml

from connectors.language import spoken
from migrate.sandbox.company import NAME, PEOPLE, Person, letters
from migrate.sandbox.letters import Letter
from migrate.sandbox.pymap_server import PymapServer
from migrate.sandbox.running import Sandbox
from migrate.sandbox.standing import write_private

#: Messages a mailbox: enough of every folder, and a copy takes seconds.
_MOST = 60
_ABOUT = "ABOUT.txt"
#: Tells a folder that was made to learn with from any other: only such a folder is ever replaced.
_OURS = """\
This folder was written by "bascule sandbox up --learn", and the next one replaces it.

organisation.yaml  what the whole company shares: the two mail systems
sites/             one plan and one people file a site
secrets/           the passwords, readable by you only (of stand-ins on this machine)
.bascule/          the ledger: where each message went, or why not
"""
#: What the next one replaces, and nothing besides.
_WRITTEN = ("organisation.yaml", "sites", "secrets")
_LEDGER = "ledger.sqlite*"

COMPANY: Sequence[tuple[str, str]] = [(person.login, person.name) for person in PEOPLE]


class ForeignFolder(Exception):
    """There is an organisation in the folder, and no sandbox made it."""


def check_room(folder: Path) -> None:
    """Raises :class:`ForeignFolder` when an organisation that is not ours is there."""
    about = folder / _ABOUT
    ours = about.is_file() and about.read_text(encoding="utf-8", errors="replace") == _OURS
    if not ours and any((folder / name).exists() for name in _WRITTEN):
        raise ForeignFolder


def write_company(folder: Path, sandbox: Sandbox, target: str) -> None:
    """Write the organisation, after :func:`check_room`: two sites, from the old IMAP server to ``target``."""
    for name in ("sites", "secrets"):
        if (folder / name).exists():
            rmtree(folder / name)
    for ledger in (folder / ".bascule").glob(_LEDGER):
        ledger.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ABOUT).write_text(_OURS, encoding="utf-8")  # first: what a kill leaves is still ours
    (folder / "sites").mkdir()
    (folder / "secrets").mkdir(mode=0o700)
    plan = {
        "name": NAME, "language": spoken(), "time_zone": "Europe/Paris",
        "systems": {"old": sandbox.plan_of("old"), target: sandbox.plan_of(target)},
    }  # fmt: skip
    _write_yaml(folder / "organisation.yaml", plan)
    for site in sorted({person.site for person in PEOPLE}):
        people = [person for person in PEOPLE if person.site == site]
        _write_site(folder, site, people, sandbox.imap, target)


def fill(server: PymapServer) -> int:
    """Put the company's mail on its old server; how many messages."""
    count = 0
    for person in PEOPLE:
        mail = some_letters(person)
        server.deliver(person.login, mail)
        count += len(mail)
    return count


def some_letters(person: Person) -> list[Letter]:
    """A part of the person's mail with something of every folder, and the largest message; folder by folder."""
    mail = letters(person)
    step = max(1, -(-len(mail) // _MOST))
    chosen = mail[::step]
    largest = max(mail, key=lambda letter: len(letter.data))
    place = {id(letter): number for number, letter in enumerate(mail)}
    if not any(letter is largest for letter in chosen):
        chosen.append(largest)
    return sorted(chosen, key=lambda letter: place[id(letter)])


def _write_site(
    folder: Path, site: str, people: Sequence[Person], imap: Mapping[str, PymapServer], target: str
) -> None:
    _write_yaml(
        folder / "sites" / f"{site}.yaml",
        {
            "site": site, "source": "old", "target": target, "people": f"{site}.csv",
            "passwords": f"file:secrets/{site}.csv",
        },
    )  # fmt: skip
    rows = [("address", "name"), *((person.login, person.name) for person in people)]
    (folder / "sites" / f"{site}.csv").write_text(_csv(rows), encoding="utf-8")
    target_passwords = imap["new"].users if target == "new" else {}
    passwords = [
        (person.login, imap["old"].users[person.login], target_passwords.get(person.login, "")) for person in people
    ]
    table = [("address", "source password", "target password"), *passwords]
    write_private(folder / "secrets" / f"{site}.csv", _csv(table))


def _write_yaml(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _csv(rows: Sequence[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()

"""A small company to learn with: an organisation's folder whose plan leads to a sandbox, and its mail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

from connectors.language import spoken
from migrate.sandbox.company import NAME, PEOPLE, Person, letters
from migrate.sandbox.company_folder import ForeignFolder, begin, is_ours, write_sites, write_yaml
from migrate.sandbox.letters import Letter
from migrate.sandbox.pymap_server import PymapServer
from migrate.sandbox.running import Sandbox

#: Messages a mailbox: enough of every folder, and a copy takes seconds.
_MOST = 60
_ABOUT = """\
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


def check_room(folder: Path) -> None:
    """Raises :class:`ForeignFolder` when an organisation is there that no sandbox made."""
    if not is_ours(folder, _ABOUT) and any((folder / name).exists() for name in _WRITTEN):
        raise ForeignFolder


def write_company(folder: Path, sandbox: Sandbox, target: str) -> None:
    """Write the organisation, after :func:`check_room`: two sites, from the old IMAP server to ``target``."""
    for name in ("sites", "secrets"):
        if (folder / name).exists():
            rmtree(folder / name)
    for ledger in (folder / ".bascule").glob(_LEDGER):
        ledger.unlink()
    begin(folder, _ABOUT)
    plan = {
        "name": NAME, "language": spoken(), "time_zone": "Europe/Paris",
        "systems": {"old": sandbox.plan_of("old"), target: sandbox.plan_of(target)},
    }  # fmt: skip
    write_yaml(folder / "organisation.yaml", plan)
    new = sandbox.imap["new"].users if target == "new" else {}
    write_sites(folder, target, sandbox.imap["old"].users, new)


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

"""The organisation's folder of the demo: a plan as a person would write it, for the two stand-in servers."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree

from connectors.language import spoken
from migrate.sandbox.company import NAME, PEOPLE
from migrate.sandbox.pymap_server import PymapServer

_ABOUT = "ABOUT.txt"
#: Tells a folder that the demo made from any other: only such a folder is ever replaced.
_OURS = """\
This folder was written by the demo of Bascule, and the next demo replaces it.

organisation.yaml  what the whole company shares: the two mail systems
sites/             one plan and one people file a site
secrets/           the passwords, readable by you only (of servers that ended with the demo)
.bascule/          the ledger: where each message went, or why not
"""

_ORGANISATION = """\
name: {name}
language: {language}
time_zone: Europe/Paris

systems:
  old:
    connector: imap
    host: {old.host}
    port: {old.port}
    tls: plain     # a server on this machine; elsewhere leave this line out, and the connection is encrypted
    settle: 2      # seconds in which this server stores what a cut connection sent; real servers keep the default, 60
  new:
    connector: imap
    host: {new.host}
    port: {new.port}
    tls: plain
    settle: 2
"""

_SITE = """\
site: {site}
source: old
target: new
people: {site}.csv
passwords: file:secrets/{site}.csv
"""


class ForeignFolder(Exception):
    """There is a folder where the demo's should be, and the demo did not make it."""


def make_room(folder: Path) -> None:
    """Take the folder of an earlier demo away.  Raises :class:`ForeignFolder` when anything else is there."""
    if not os.path.lexists(folder):
        return
    about = folder / _ABOUT
    if folder.is_symlink() or not about.is_file() or about.read_text(encoding="utf-8", errors="replace") != _OURS:
        raise ForeignFolder
    rmtree(folder)


def write_plan(folder: Path, old: PymapServer, new: PymapServer) -> None:
    """Write the organisation's folder, where nothing may be."""
    folder.mkdir()
    (folder / "sites").mkdir()
    (folder / "secrets").mkdir(mode=0o700)
    (folder / _ABOUT).write_text(_OURS, encoding="utf-8")
    (folder / "organisation.yaml").write_text(
        _ORGANISATION.format(name=NAME, language=spoken(), old=old, new=new), encoding="utf-8"
    )
    for site in sorted({person.site for person in PEOPLE}):
        people = [person for person in PEOPLE if person.site == site]
        (folder / "sites" / f"{site}.yaml").write_text(_SITE.format(site=site), encoding="utf-8")
        rows = [("address", "name"), *((person.login, person.name) for person in people)]
        _write_csv(folder / "sites" / f"{site}.csv", rows)
        passwords = [(person.login, old.users[person.login], new.users[person.login]) for person in people]
        _write_csv(folder / "secrets" / f"{site}.csv", [("address", "source password", "target password"), *passwords])


def _write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    # 0600 from the first byte: some of them hold passwords.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)

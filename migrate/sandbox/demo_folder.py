"""The organisation's folder of the demo: a plan as a person would write it, for the two stand-in servers."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import rmtree

from connectors.language import spoken
from migrate.sandbox.company import NAME
from migrate.sandbox.company_folder import ForeignFolder, begin, is_ours, write_sites
from migrate.sandbox.pymap_server import PymapServer

_ABOUT = """\
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


def make_room(folder: Path) -> None:
    """Take the folder of an earlier demo away.  Raises :class:`ForeignFolder` when anything else is there."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not is_ours(folder, _ABOUT):
        raise ForeignFolder
    rmtree(folder)


def write_plan(folder: Path, old: PymapServer, new: PymapServer) -> None:
    """Write the organisation's folder, where nothing may be."""
    begin(folder, _ABOUT)
    (folder / "organisation.yaml").write_text(
        _ORGANISATION.format(name=NAME, language=spoken(), old=old, new=new), encoding="utf-8"
    )
    write_sites(folder, "new", old.users, new.users)

"""The directory of a plan's system."""

from __future__ import annotations

from pathlib import Path

from connectors.language import _
from migrate.directory.contract import Directory
from migrate.directory.hook import HookDirectory
from migrate.directory.passwd_file import PasswdFileDirectory
from migrate.directory.skus import GOOGLE, MICROSOFT
from plans.model import System


class NoDirectory(Exception):
    """Nothing is known of how accounts are made on this system.  The text says what to write into the plan."""


def open_directory(system: System, folder: Path) -> Directory:
    """The directory of ``system``; the caller closes it.  A way that the plan names comes before the connector's own.

    Raises :class:`NoDirectory`.
    """
    accounts = system.accounts
    if accounts.hook is not None:
        return HookDirectory(accounts.hook, folder)
    if accounts.passwd_file is not None:
        return PasswdFileDirectory(accounts.passwd_file)
    if system.connector == GOOGLE:
        from migrate.directory.google import GoogleDirectory  # the vendor's library: only where it is needed

        return GoogleDirectory(system)
    if system.connector == MICROSOFT:
        from migrate.directory.microsoft import MicrosoftDirectory

        return MicrosoftDirectory(system)
    message = _(
        'Bascule does not know how accounts are made on "{system}". Write into its part of organisation.yaml either'
        " accounts: {{hook: command:PROGRAM}} or accounts: {{passwd_file: {{path: FILE}}}}, or make them by hand."
    )
    raise NoDirectory(message.format(system=system.name))

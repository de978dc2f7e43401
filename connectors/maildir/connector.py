"""The Maildir connector: Maildirs on this machine's disks."""

from __future__ import annotations

from threading import Event
from typing import ClassVar

from pydantic import BaseModel

from connectors.contract import Account, Resources
from connectors.errors import Fatal, Stopped
from connectors.language import _
from connectors.maildir.settings import MaildirSettings
from connectors.maildir.source import MaildirSource
from connectors.maildir.target import MaildirTarget
from connectors.maildir.verdicts import judged


class MaildirConnector:
    """Opens the Maildir of an account.  Thread-safe: its sessions share nothing but the disk."""

    Settings: ClassVar[type[BaseModel]] = MaildirSettings
    #: The rights of whoever runs the command decide.
    needs_password: ClassVar[bool] = False

    def __init__(self, settings: MaildirSettings, resources: Resources) -> None:
        self.settings = settings
        self._resources = resources

    def open_source(self, account: Account, stop: Event) -> MaildirSource:
        """Raises AuthFailed for a name that cannot be in a path, Fatal when there is no Maildir."""
        root = self.settings.root(account)
        _check(stop)
        with judged(root):
            there = root.is_dir()
        if not there:
            raise Fatal(
                _("there is no Maildir here; look at the path in the plan, and at the user name"), system=str(root)
            )
        return MaildirSource(root, self.settings, self._resources)

    def open_target(self, account: Account, stop: Event) -> MaildirTarget:
        """As ``open_source``; a Maildir that is not there is made with its first folder."""
        root = self.settings.root(account)
        _check(stop)
        return MaildirTarget(root, self.settings, self._resources)


def _check(stop: Event) -> None:
    if stop.is_set():
        raise Stopped(_("interrupted before the Maildir was opened"))

"""The POP3 connector: one configured POP3 system, a source and never a target."""

from __future__ import annotations

from collections import defaultdict
from threading import Event, Lock
from typing import ClassVar

from pydantic import BaseModel

from connectors.contract import Account, Resources, Target
from connectors.errors import Fatal
from connectors.language import _
from connectors.pop3.connection import connect
from connectors.pop3.known import KnownAccount, KnownServer
from connectors.pop3.settings import Pop3Settings
from connectors.pop3.source import Pop3Source


class Pop3Connector:
    """Signs in to one POP3 system.  Thread-safe; the sessions of one run share what they learn of it."""

    Settings: ClassVar[type[BaseModel]] = Pop3Settings

    def __init__(self, settings: Pop3Settings, resources: Resources) -> None:
        self.settings = settings
        self._resources = resources
        self._lock = Lock()
        self._server = KnownServer()
        self._accounts: dict[str, KnownAccount] = defaultdict(KnownAccount)

    def open_source(self, account: Account, stop: Event) -> Pop3Source:
        """Sign in for reading.  Raises AuthFailed, Unavailable, TooSoon, Transient, Fatal; Stopped once ``stop`` is
        set."""
        with self._lock:
            known = self._accounts[account.user]
        spool = self._resources.spool
        connection = connect(self.settings, account, known, stop, spool)
        return Pop3Source(connection, self.settings, self._server, known, spool)

    def open_target(self, account: Account, stop: Event) -> Target:
        raise Fatal(
            _("a POP3 server can be read and not written to; name another system as the target"),
            system=self.settings.host,
        )

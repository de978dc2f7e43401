"""The IMAP connector: one configured IMAP system."""

from __future__ import annotations

from threading import Event, Lock
from typing import ClassVar

from pydantic import BaseModel

from connectors.contract import Account, Resources
from connectors.imap.connection import Connection, connect
from connectors.imap.gmail import GmailSource
from connectors.imap.known import Known, KnownServer
from connectors.imap.settings import ImapSettings
from connectors.imap.source import ImapSource
from connectors.imap.target import ImapTarget


class ImapConnector:
    """Signs in to one IMAP system.  Thread-safe; the sessions of one mailbox share what they learn."""

    Settings: ClassVar[type[BaseModel]] = ImapSettings

    def __init__(self, settings: ImapSettings, resources: Resources) -> None:
        self.settings = settings
        self._resources = resources
        self._lock = Lock()
        self._server = KnownServer()
        self._known: dict[str, Known] = {}

    def open_source(self, account: Account, stop: Event) -> ImapSource:
        """Sign in for reading.  Raises AuthFailed, Unavailable, Transient, Fatal; Stopped once ``stop`` is set."""

        def sign_in(stop: Event) -> Connection:
            return connect(self.settings, account, stop, self._resources.spool, reset_on_close=False)

        connection = sign_in(stop)
        kind = GmailSource if "X-GM-EXT-1" in connection.features else ImapSource
        return kind(sign_in, connection, self.settings, self._known_of(account), self._resources.spool)

    def open_target(self, account: Account, stop: Event) -> ImapTarget:
        """Sign in for writing; as ``open_source``."""

        def sign_in(stop: Event) -> Connection:
            return connect(self.settings, account, stop, self._resources.spool, reset_on_close=True)

        return ImapTarget(sign_in, sign_in(stop), self.settings, self._known_of(account), self._resources.spool)

    def _known_of(self, account: Account) -> Known:
        with self._lock:
            return self._known.setdefault(account.user, Known(self._server, account.user))

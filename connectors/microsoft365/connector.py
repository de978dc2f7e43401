"""The Microsoft 365 connector: one tenant, its mail over IMAP with access tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event, Lock
from typing import ClassVar, Literal

from pydantic import BaseModel

from connectors.contract import Account, Resources
from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError
from connectors.imap.connection import Connection, connect
from connectors.imap.known import Known
from connectors.imap.source import ImapSource
from connectors.microsoft365.access import access_of
from connectors.microsoft365.categories import Categories
from connectors.microsoft365.grants import not_let_in, not_served
from connectors.microsoft365.preflight import Preflight
from connectors.microsoft365.settings import Microsoft365Settings
from connectors.microsoft365.target import ExchangeTarget
from connectors.preconditions import Precondition


class Microsoft365Connector:
    """Signs in to one tenant.  Thread-safe; the sessions of one mailbox share what they learn."""

    Settings: ClassVar[type[BaseModel]] = Microsoft365Settings
    needs_password: ClassVar[bool] = False

    def __init__(self, settings: Microsoft365Settings, resources: Resources) -> None:
        self.settings = settings
        self._imap = settings.imap
        self._resources = resources
        self._access = access_of(settings)
        self._lock = Lock()
        self._known: dict[str, Known] = defaultdict(Known)
        #: Mailboxes that were open in this run: the right to them is there.
        self._opened: set[str] = set()
        self._preflight = Preflight(settings, self._access, self.open_source)

    def open_source(self, account: Account, stop: Event) -> ImapSource:
        """Sign in for reading.  Raises AuthFailed, Unavailable, Transient, Fatal; Stopped once ``stop`` is set."""
        sign_in = self._signing_in(account, reset_on_close=False)
        return ImapSource(sign_in, sign_in(stop), self._imap, self._known_of(account), self._resources.spool)

    def open_target(self, account: Account, stop: Event) -> ExchangeTarget:
        """Sign in for writing; as ``open_source``."""
        sign_in = self._signing_in(account, reset_on_close=True)
        categories = None
        if self.settings.keywords == "categories":
            categories = Categories(self._access.graph(stop, account.user), account.user)
        known = self._known_of(account)
        spool = self._resources.spool
        return ExchangeTarget(sign_in, sign_in(stop), self._imap, known, spool, self.settings.longest, categories)

    def preconditions(self, account: Account, side: Literal["source", "target"], stop: Event) -> Iterator[Precondition]:
        return self._preflight.of(account, side, stop)

    def _signing_in(self, account: Account, *, reset_on_close: bool) -> Callable[[Event], Connection]:
        with_tokens = replace(account, password="", master_user=None, tokens=self._access.mail(account.user))

        def sign_in(stop: Event) -> Connection:
            try:
                connection = connect(
                    self._imap, with_tokens, stop, self._resources.spool, reset_on_close=reset_on_close
                )
            except AuthFailed as error:
                raise self._judged(error, account.user) from None
            with self._lock:
                self._opened.add(account.user.casefold())
            return connection

        return sign_in

    def _judged(self, error: AuthFailed, user: str) -> ConnectorError:
        with self._lock:
            was_open = user.casefold() in self._opened
            any_open = bool(self._opened)
        if error.denial is Denial.NOT_CONNECTED and was_open:
            return not_served(error.system)
        return not_let_in(error, self.settings, user, any_open=any_open)

    def _known_of(self, account: Account) -> Known:
        with self._lock:
            return self._known[account.user]

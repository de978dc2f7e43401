"""Signing in to a tenant: access tokens by msal, as an application or for people who signed in by code.

One :class:`Access` serves all threads and mailboxes of a tenant.  Tokens are kept in memory; of people who signed in
by code a file remembers that they did, which only its owner can read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Event, Lock, RLock
from typing import Any, NamedTuple
from weakref import finalize

import httpx
import msal
from filelock import FileLock
from msal.exceptions import MsalError

from connectors.contract import TokenSource
from connectors.denials import Denial
from connectors.errors import AuthFailed, Fatal, Stopped, Unavailable
from connectors.language import _
from connectors.microsoft365.credential import credential_of
from connectors.microsoft365.graph import Graph
from connectors.microsoft365.refusals import no_token
from connectors.microsoft365.settings import Microsoft365Settings
from connectors.microsoft365.web import TokenRequests, not_answered, web_client
from connectors.os_errors import os_error_text
from connectors.private_file import write_private

_IMAP_OF_PERSON = "IMAP.AccessAsUser.All"


class DeviceCode(NamedTuple):
    """What a person who signs in by code has to do, within ``minutes``."""

    address: str
    code: str
    minutes: int


class Access:
    """Gives tokens for mail and for Graph.  Thread-safe; a token is fetched once for all who wait for it."""

    def __init__(self, settings: Microsoft365Settings) -> None:
        self._settings = settings
        self.system = httpx.URL(settings.hosts.sign_in).netloc.decode()
        self._lock = RLock()
        self._client: httpx.Client | None = None
        self._app: Any = None
        self._requests: TokenRequests
        self._cache = msal.SerializableTokenCache()

    # -- for others ---------------------------------------------------------------------------------------------

    def mail(self, mailbox: str) -> TokenSource:
        """Tokens for IMAP.  Of people who signed in by code it is the one whose ``mailbox`` it is, or the only one."""
        hosts = self._settings.hosts
        if self._settings.app_only:
            return _Tokens(self, f"{hosts.mail}/.default", "")
        return _Tokens(self, f"{hosts.mail_of_person}/{_IMAP_OF_PERSON}", mailbox)

    def graph(self, stop: Event, mailbox: str = "") -> Graph:
        """Graph, as the application, or as the person of ``mailbox``."""
        return Graph(self.client, self._settings.hosts.graph, self.graph_tokens(mailbox), stop)

    def graph_tokens(self, mailbox: str = "") -> TokenSource:
        return _Tokens(self, f"{self._settings.cloud_hosts.graph}/.default", mailbox)

    @property
    def client(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = web_client(self._settings)
                finalize(self, self._client.close)
            return self._client

    def token(self, scope: str, mailbox: str, refused: str) -> str:
        """As :meth:`connectors.contract.TokenSource.token`.

        Raises AuthFailed, Unavailable, Fatal, and what the plan raises when the app's secret cannot be had.
        """
        with self._lock:
            answer = self._asked(lambda: self._acquire(scope, mailbox, renew=False))
            token = _token_in(self.system, answer)
            if refused and token == refused:
                token = _token_in(self.system, self._asked(lambda: self._acquire(scope, mailbox, renew=True)))
            if refused and token == refused:
                what = _("gives the access token again that was just refused")
                raise AuthFailed(what, denial=Denial.TOKEN, system=self.system)
            return token

    def sign_in(self, show: Callable[[DeviceCode], None], stop: Event) -> str:
        """Let a person sign in by code on any device; who it was.

        Raises AuthFailed, Unavailable; Stopped once ``stop`` is set.
        """
        scope = f"{self._settings.hosts.mail_of_person}/{_IMAP_OF_PERSON}"
        with self._lock:
            app = self._asked(self._application)
            flow = self._asked(lambda: app.initiate_device_flow([scope]))
            if "user_code" not in flow:
                raise no_token(self.system, flow)
            show(DeviceCode(flow["verification_uri"], flow["user_code"], int(flow.get("expires_in", 900)) // 60))
            answer = self._asked(lambda: self._signed_in_by(app, flow, stop))
            _token_in(self.system, answer)
            claims = answer.get("id_token_claims") or {}
            return str(claims.get("preferred_username") or "")

    def people(self) -> list[str]:
        """Who signed in by code, sorted."""
        with self._lock, self._remembered():
            accounts = self._asked(self._application).get_accounts()
            return sorted(str(account.get("username", "")) for account in accounts)

    # -- msal ---------------------------------------------------------------------------------------------------

    def _application(self) -> Any:
        """msal's application, made once it could be: making it asks the tenant where its tokens come from."""
        if self._app is None:
            settings = self._settings
            self._requests = TokenRequests(self.client)
            common = {
                "authority": f"{settings.hosts.sign_in}/{settings.tenant}",
                "instance_discovery": False,  # the hosts are our own table's, or the plan's
                "http_client": self._requests,
            }
            if settings.app_only:
                kind = msal.ConfidentialClientApplication
                common["client_credential"] = credential_of(settings)
            else:
                kind = msal.PublicClientApplication
                common["token_cache"] = self._cache
            self._app = kind(settings.client_id, **common)
        return self._app

    def _acquire(self, scope: str, mailbox: str, *, renew: bool) -> Any:
        if self._settings.app_only:
            app = self._application()
            if renew:
                app.remove_tokens_for_client()
            answer = app.acquire_token_for_client([scope])
            if "access_token" not in answer:
                self._app = None  # the secret may be another when it is asked for next
            return answer
        with self._remembered():
            app = self._application()
            account = _who(app.get_accounts(), mailbox)
            if account is None:
                raise self._nobody(mailbox)
            answer = app.acquire_token_silent_with_error([scope], account, force_refresh=renew)
            if answer is None:
                raise self._nobody(mailbox)
            return answer

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """What msal gives, its errors as verdicts."""
        try:
            return ask()
        except httpx.RequestError as error:
            raise not_answered(self.system, error) from None
        except (MsalError, RuntimeError):
            raise Unavailable(_("gives no token at the moment"), system=self.system) from None
        except ValueError:  # the tenant's page of endpoints: msal quotes it in part, and names no number
            raise no_token(self.system, self._requests.told()) from None

    def _signed_in_by(self, app: Any, flow: dict[str, Any], stop: Event) -> Any:
        """Ask as often as the flow says, until the person has signed in."""
        while not stop.is_set():
            with self._remembered():  # held for one look alone: the person may take a quarter of an hour
                answer = app.acquire_token_by_device_flow(flow, exit_condition=lambda _flow: True)
            if answer.get("error") not in ("authorization_pending", "slow_down") or time.time() > flow["expires_at"]:
                return answer
            stop.wait(float(flow.get("interval", 5)))
        raise Stopped(_("the session was aborted"), system=self.system)

    def _nobody(self, mailbox: str) -> AuthFailed:
        what = _(
            "nobody has signed in by code who may open this mailbox. Run: bascule microsoft365 sign-in SYSTEM, and sign"
            " in as {mailbox}, or as somebody with full access to all mailboxes"
        ).format(mailbox=mailbox or "-")
        return AuthFailed(what, denial=Denial.TOKEN, system=self.system)

    # -- who signed in by code ----------------------------------------------------------------------------------

    @contextmanager
    def _remembered(self) -> Iterator[None]:
        """The file is read before and written after, by one process at a time."""
        path = self._settings.token_cache
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(f"{path}.lock", timeout=60, mode=0o600):
                if path.exists():
                    self._recall(path)
                yield
                if self._cache.has_state_changed:
                    write_private(path, self._cache.serialize())
                    self._cache.has_state_changed = False
        except OSError as error:
            what = _("{path} cannot be used: {why}").format(path=path, why=os_error_text(error))
            raise Fatal(what, system=self.system) from None

    def _recall(self, path: Path) -> None:
        text = _read_private(path)
        try:
            self._cache.deserialize(text)
        except ValueError:
            what = _("{path} is damaged: delete it, and sign in again by bascule microsoft365 sign-in")
            raise Fatal(what.format(path=path), system=self.system) from None


class _Tokens:
    """A :class:`connectors.contract.TokenSource` for one scope."""

    def __init__(self, access: Access, scope: str, mailbox: str) -> None:
        self._access = access
        self._scope = scope
        self._mailbox = mailbox

    def token(self, refused: str = "") -> str:
        return self._access.token(self._scope, self._mailbox, refused)


class _Tenant(NamedTuple):
    """What makes two systems of a plan one tenant to sign in to.

    Secrets are compared by the object that fetches them: the same words may name others in another folder.
    """

    settings: Microsoft365Settings
    fetch: tuple[Callable[[], str] | None, ...]


_making = Lock()


def access_of(settings: Microsoft365Settings) -> Access:
    """The access of this tenant, one for all who ask in this process."""
    fetch = tuple(secret.reveal if secret else None for secret in (settings.secret, settings.certificate))
    with _making:
        return _access_of(_Tenant(settings, fetch))


@lru_cache(maxsize=64)
def _access_of(tenant: _Tenant) -> Access:
    return Access(tenant.settings)


def _who(accounts: list[dict[str, Any]], mailbox: str) -> dict[str, Any] | None:
    """The account of this mailbox's person; else the only one that there is."""
    own = [one for one in accounts if str(one.get("username", "")).casefold() == mailbox.casefold()]
    return own[0] if own else accounts[0] if len(accounts) == 1 else None


def _token_in(system: str, answer: Mapping[str, Any]) -> str:
    token = answer.get("access_token")
    if not isinstance(token, str):
        raise no_token(system, answer)
    return token


def _read_private(path: Path) -> str:
    """Raises Fatal for a file that others can read, as for every file with secrets."""
    if os.name != "nt" and path.stat().st_mode & 0o077:
        raise Fatal(_("{path} can be read by others on this machine. Run: chmod 600 {path}").format(path=path))
    return path.read_text(encoding="utf-8")

"""Access tokens for one person and a set of rights: fetched once for all threads, and only when they are needed.

What Google's token endpoint says is told apart by its error code (RFC 6749 5.2).  ``invalid_grant`` stands for three
things, which are told apart by asking: a clock that is off by the answer's own Date, a key that no longer counts by
asking a token for the service account itself, and else the person is not known.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any

import google_auth_httplib2
import httplib2
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError

from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError, Fatal, Transient, Unavailable, telling
from connectors.google_workspace.key import ServiceKey
from connectors.language import _

#: Google takes no assertion of a clock that is off by more (seconds).
_CLOCK_MAY_BE_OFF = 300
#: Answers that grant nothing for want of a right, by their code.
_NO_RIGHT = frozenset({"unauthorized_client", "access_denied", "invalid_scope"})


class Listening:
    """google-auth's transport, which remembers what time it is at the other end."""

    def __init__(self, http: httplib2.Http) -> None:
        self._request = google_auth_httplib2.Request(http)
        self.date = ""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        response = self._request(*arguments, **named)
        self.date = response.headers.get("date", "")
        return response


class Tokens(ABC):
    """Access tokens of one credential.  Thread-safe; one request renews the token for everybody who waits."""

    def __init__(self, credentials: Any, *, system: str, make_http: Callable[[], httplib2.Http]) -> None:
        """``credentials`` as google-auth knows them."""
        self._credentials = credentials
        self.system = system
        self._make_http = make_http
        self._lock = Lock()

    def token(self, refused: str = "") -> str:
        """A token that is good for some minutes at least; ``refused`` is one that was just turned down.

        Raises AuthFailed, Fatal, Unavailable, Transient.
        """
        with self._lock:
            credentials = self._credentials
            if not credentials.token or credentials.expired or credentials.token == refused:
                self._fetch(credentials)
            return str(credentials.token)

    def _fetch(self, credentials: Any) -> None:
        http = self._make_http()
        request = Listening(http)
        try:
            credentials.refresh(request)
        except RefreshError as error:
            code = _code(error)
            if error.retryable:
                what = _("Google hands out no access token at the moment")
                raise Transient(what, system=self.system, detail=code) from None
            raise self._why(code, request) from None
        except (GoogleAuthError, OSError) as error:
            raise _unreachable(self.system, error) from None
        finally:
            http.close()

    @abstractmethod
    def _why(self, code: str, request: Listening) -> ConnectorError:
        """What it means that none is given; ``code`` is RFC 6749's, ``request`` the one that was answered so."""


class Grant(Tokens):
    """The right to act for one person."""

    def __init__(
        self,
        key: ServiceKey,
        subject: str | None,
        scopes: tuple[str, ...],
        *,
        system: str,
        make_http: Callable[[], httplib2.Http],
    ) -> None:
        super().__init__(key.credentials(subject, scopes), system=system, make_http=make_http)
        self.key = key
        self.subject = subject
        self.scopes = scopes

    def _why(self, code: str, request: Listening) -> ConnectorError:
        if code in _NO_RIGHT:
            return not_granted(self.key, self.scopes, self.system, code)
        off = _seconds_off(request.date)
        if off is not None and abs(off) > _CLOCK_MAY_BE_OFF:
            what = _(
                "the clock of this machine is off by {minutes} minutes, so Google takes nothing that it signs: set the"
                " date and time, best by switching on automatic time"
            )
            return telling(Fatal(what.format(minutes=round(abs(off) / 60)), system=self.system, detail=code))
        if code == "invalid_grant" and self.subject is not None and self._is_known(request):
            what = _("there is no account {subject} in this Google Workspace, or it is suspended")
            told = what.format(subject=self.subject)
            return telling(AuthFailed(told, system=self.system, detail=code, denial=Denial.DISABLED))
        what = _(
            "Google does not know the key of the service account {account} any more: it was deleted or switched off."
            " In the Google Cloud console, under IAM & Admin > Service Accounts > {account} > Keys, make a new JSON key"
            " and put the file where the plan's key says"
        )
        told = what.format(account=self.key.client_email)
        return telling(AuthFailed(told, system=self.system, detail=code, denial=Denial.TOKEN))

    def _is_known(self, request: Listening) -> bool:
        """Whether the service account itself gets a token with this key."""
        itself: Any = self.key.credentials(None, self.scopes)
        try:
            itself.refresh(request)
        except (GoogleAuthError, OSError):
            return False
        return True


def not_granted(key: ServiceKey, scopes: tuple[str, ...], system: str, detail: str = "") -> AuthFailed:
    """The service account may not act for people with these rights."""
    what = _(
        "the service account was not granted {scopes}. In the Admin console, under Security > Access and data control >"
        " API controls > Domain-wide delegation, edit the client {client} (or add it) and put these rights there,"
        " separated by commas; it may take some minutes until they count"
    )
    told = what.format(scopes=", ".join(scopes), client=key.client_id or key.client_email)
    return telling(AuthFailed(told, system=system, detail=detail, denial=Denial.NO_RIGHT))


def _code(error: RefreshError) -> str:
    """The code of RFC 6749; never the description, which may hold anything."""
    told = error.args[1] if len(error.args) > 1 else None
    code = told.get("error") if isinstance(told, Mapping) else None
    return code if isinstance(code, str) and len(code) <= 60 and code.replace("_", "").isalnum() else ""


def _seconds_off(date: str) -> float | None:
    """How far this machine's clock is ahead of the date in an answer."""
    try:
        there = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    return (datetime.now(UTC) - there.astimezone(UTC)).total_seconds()


def _unreachable(system: str, error: Exception) -> ConnectorError:
    what = _("Google's place for access tokens cannot be reached")
    cause = error.__cause__ if isinstance(error, TransportError) and error.__cause__ else error
    return Unavailable(what, system=system, detail=type(cause).__name__)

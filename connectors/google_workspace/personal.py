"""A private Gmail account, read by leave of its person: the desktop flow of OAuth, a refresh token, a narrow search.

https://developers.google.com/identity/protocols/oauth2/native-app
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import httplib2
from google.auth.exceptions import GoogleAuthError
from google.oauth2.credentials import Credentials

from connectors.contract import Resources, TokenSource
from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError, Fatal, Stopped, Unavailable, telling
from connectors.google_workspace import units
from connectors.google_workspace.access import new_http
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.line import Line
from connectors.google_workspace.scopes import READ_MAIL
from connectors.google_workspace.settings import is_googles, is_on_this_machine
from connectors.google_workspace.source import GoogleSource
from connectors.google_workspace.tokens import Listening, Tokens
from connectors.google_workspace.units import ProjectLimits
from connectors.language import _

SYSTEM = "gmail.googleapis.com"
#: Seconds without a byte.
_TIMEOUT = 60.0
#: What a mailbox and a project may use a minute (see :class:`GoogleSettings`).
_USER_UNITS, _PROJECT_UNITS = 6_000, 1_200_000
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Client:
    """The desktop application of a Google Cloud project, in whose name people are asked for their leave."""

    project: str
    #: A stand-in's address; None for Google itself.
    endpoint: str | None
    config: dict[str, Any] = field(repr=False)


def read_client(text: str) -> Client:
    """The client in the JSON file that Google Cloud hands out.  Raises Fatal, worded for who fetched it."""
    advice = _(
        "the file that personal_gmail: client names is not the JSON file of a desktop application: in the Google Cloud"
        " console, under APIs & Services > Credentials, create an OAuth client ID of the type Desktop app, and download"
        " it"
    )
    try:
        config = json.loads(text)
        told = config["installed"]
        token_uri, project = str(told["token_uri"]), str(told.get("project_id", ""))
        complete = all(told[name] for name in ("client_id", "client_secret", "auth_uri"))
        parts = urlsplit(token_uri)
    except (ValueError, KeyError, TypeError):
        raise telling(Fatal(advice, system=SYSTEM)) from None
    if complete and is_on_this_machine(token_uri):
        return Client(project, f"{parts.scheme}://{parts.netloc}", config)
    if not complete or not is_googles(token_uri):
        raise telling(Fatal(advice, system=SYSTEM))
    return Client(project, None, config)


def ask_for_leave(client: Client, address: str, *, open_browser: bool) -> str:
    """Have the person sign in and agree, in a browser on this machine; the refresh token that comes of it.

    Prints the address to open.  Raises AuthFailed when somebody else signs in or nobody agrees.
    """
    # A quarter of a second to load, and needed for this alone.
    from google_auth_oauthlib.flow import InstalledAppFlow
    from oauthlib.oauth2.rfc6749.errors import OAuth2Error

    flow = InstalledAppFlow.from_client_config(client.config, scopes=[READ_MAIL])
    prompt = _("Open this address in a browser on this machine, and sign in as {address}:\n{url}")
    try:
        with _loopback_tokens(client):
            credentials = flow.run_local_server(
                port=0,
                open_browser=open_browser,
                authorization_prompt_message=prompt.format(address=address, url="{url}"),
                success_message=_("Thank you. You can close this window."),
                login_hint=address,
                access_type="offline",
                prompt="consent",
            )
    except (OAuth2Error, Warning) as error:  # a plain Warning: other rights were given than were asked for
        what = _("{address} did not agree").format(address=address)
        detail = str(getattr(error, "error", None) or "")
        raise telling(AuthFailed(what, system=SYSTEM, detail=detail, denial=Denial.TOKEN)) from None
    except (GoogleAuthError, OSError) as error:
        raise Unavailable(_("Google cannot be reached"), system=SYSTEM, detail=type(error).__name__) from None
    who = _address_of(PersonalMail(client, address, str(credentials.refresh_token)))
    if who != address.lower():
        what = _("{who} signed in, and not {address}: nothing was kept. Sign out in the browser and try again.")
        raise telling(AuthFailed(what.format(who=who, address=address), system=SYSTEM, denial=Denial.NO_RIGHT))
    return str(credentials.refresh_token)


@contextmanager
def _loopback_tokens(client: Client) -> Iterator[None]:
    """A stand-in speaks plain HTTP, which the library allows only when it is told so."""
    name = "OAUTHLIB_INSECURE_TRANSPORT"
    before = os.environ.get(name)
    if client.endpoint is not None:
        os.environ[name] = "1"
    try:
        yield
    finally:
        if client.endpoint is not None and before is None:
            del os.environ[name]


class PersonalMail(Tokens):
    """The way to one person's mail by their leave, as :class:`connectors.google_workspace.access.Way`.  Thread-safe."""

    def __init__(self, client: Client, address: str, refresh_token: str) -> None:
        told = client.config["installed"]
        credentials = Credentials(  # type: ignore[no-untyped-call]  # has no types
            None,
            refresh_token=refresh_token,
            token_uri=told["token_uri"],
            client_id=told["client_id"],
            client_secret=told["client_secret"],
            scopes=[READ_MAIL],
        )
        super().__init__(credentials, system=SYSTEM, make_http=self.http)
        self.endpoint = client.endpoint
        self.project = client.project
        self._address = address

    def http(self) -> httplib2.Http:
        return new_http(_TIMEOUT, self.endpoint)

    def grant(self, subject: str | None, *scopes: str) -> TokenSource:
        """The one right that the person gave."""
        return self

    def _why(self, code: str, request: Listening) -> ConnectorError:
        if code in ("invalid_client", "unauthorized_client", "deleted_client"):
            what = _(
                "Google does not know the desktop application that personal_gmail: client names any more: it was"
                " deleted, or its secret was changed. In the Google Cloud console, under APIs & Services > Credentials,"
                " download its JSON file anew, or make another client and have each person give their leave again"
            )
            return telling(Fatal(what, system=SYSTEM, detail=code))
        what = _(
            "{address} does not let us in any more: the leave was taken back, or is too old. Have the person give"
            " it anew: bascule gmail authorise"
        )
        return telling(AuthFailed(what.format(address=self._address), system=SYSTEM, detail=code, denial=Denial.TOKEN))


def open_personal(
    mail: PersonalMail, address: str, domains: Collection[str], resources: Resources, stop: Event
) -> GoogleSource:
    """A source session on a private account.

    ``domains``: only messages from, to or with a copy to an address of these are listed, and no other is ever asked
    for; empty: all.  Raises as :meth:`GoogleWorkspaceConnector.open_source`.
    """
    if stop.is_set():
        raise Stopped(_("interrupted before the mailbox was opened"))
    line = _line(mail, address, stop)
    try:
        line.get("profile", units.LOOK, fields="emailAddress")
    except Denied as answer:
        line.close()
        raise line.verdict(answer) from None
    except BaseException:
        line.close()
        raise
    return GoogleSource(line, resources, query=about(domains))


def about(domains: Collection[str]) -> str:
    """A search for messages that have to do with these domains (https://support.google.com/mail/answer/7190)."""
    named = sorted({_in_ascii(domain) for domain in domains})
    terms = [f"{field}:{domain}" for domain in named for field in ("from", "to", "cc")]
    return f"{{{' '.join(terms)}}}" if terms else ""


def _in_ascii(domain: str) -> str:
    """As a search takes it.  Raises Fatal for what would be read as a search of its own."""
    try:
        plain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        plain = ""
    if not _DOMAIN.fullmatch(plain):
        raise Fatal(_("{domain} is no mail domain").format(domain=domain), system=SYSTEM)
    return plain


def _line(mail: PersonalMail, address: str, stop: Event) -> Line:
    limits = ProjectLimits.of(mail.endpoint or SYSTEM, mail.project, _USER_UNITS, _PROJECT_UNITS).mailbox(
        address.lower()
    )
    return Line(mail, address, READ_MAIL, limits, stop, writes=False)


def _address_of(mail: PersonalMail) -> str:
    """Whose mail it is."""
    line = _line(mail, "", Event())
    try:
        return str(line.get("profile", units.LOOK, fields="emailAddress")["emailAddress"]).lower()
    except Denied as answer:
        raise line.verdict(answer) from None
    finally:
        line.close()

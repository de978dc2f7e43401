"""HTTPS to Microsoft: one client for tokens and Graph, which trusts what the plan trusts and logs nothing."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from connectors.errors import ConnectorError, Fatal, Unavailable
from connectors.language import _
from connectors.microsoft365.settings import Microsoft365Settings
from connectors.net.verdicts import tls_failed, unreachable

_TIMEOUT = httpx.Timeout(60.0, connect=20.0)
#: At their lower levels these write headers and answers, and so tokens.
_TALKATIVE = ("msal", "httpx", "httpcore")


def silence() -> None:
    """Nothing that these libraries log is for people, and some of it is secret."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def web_client(settings: Microsoft365Settings) -> httpx.Client:
    """A client for threads to share.  Raises Fatal for a ``ca_file`` that cannot be used."""
    silence()
    try:
        context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    except OSError as error:
        what = _("ca_file cannot be read, or holds no certificate")
        raise Fatal(what, system=settings.hosts.sign_in) from error
    # What is for a stand-in on this machine goes through no company's proxy.
    return httpx.Client(verify=context, timeout=_TIMEOUT, trust_env=settings.endpoints is None)


def not_answered(system: str, error: httpx.RequestError) -> ConnectorError:
    """The verdict for a request without an answer."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            what = _("cannot be found from this machine: look at its way to the Internet and its name servers")
            return Unavailable(what, system=system, detail="DNS")
        if isinstance(cause, ssl.SSLError):
            return tls_failed(system, cause)
        if isinstance(cause, OSError) and isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return unreachable(system, cause)
    return Unavailable(_("no answer in time, or the connection was lost"), system=system, detail=type(error).__name__)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class TokenRequests:
    """The part of an HTTP client that msal wants, over ours: its own one lets the environment choose whom to trust."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        #: What came last: msal hands on no more of a failed look-up of the tenant than that it failed.
        self.last: httpx.Response | None = None

    def get(self, url: str, **said: Any) -> httpx.Response:
        self.last = self._client.get(url, params=said.get("params") or None, headers=_told(said.get("headers")))
        return self.last

    def post(self, url: str, **said: Any) -> httpx.Response:
        self.last = self._client.post(
            url,
            params=said.get("params") or None,
            data=_told(said.get("data")),
            headers=_told(said.get("headers")),
        )
        return self.last

    def told(self) -> dict[str, Any]:
        """The JSON object that came last; empty when it was none."""
        try:
            answer = self.last.json() if self.last is not None else {}
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}

    def close(self) -> None:
        """The client is others' too."""


def _told(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is said, as text: msal has an assertion in bytes, and leaves values out by None."""
    given = {name: value for name, value in (values or {}).items() if value is not None}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in given.items()}

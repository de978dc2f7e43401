"""The way into a Google Workspace: tokens for whom and what, connections, and the discovery services.

One :class:`Access` a configured system; thread-safe.  Mail goes over :mod:`connectors.google_workspace.line`; whatever
else Google offers (accounts, licences, settings) over the client library, built by :meth:`Access.service` from the
discovery documents that it ships, against Google or against the stand-in that the plan names.
"""

from __future__ import annotations

import json
import logging
import weakref
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from importlib import resources
from threading import Lock, local
from typing import Any, Protocol

import httplib2
from googleapiclient.discovery import Resource, build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest, build_http

from connectors.contract import TokenSource
from connectors.errors import ConnectorError
from connectors.google_workspace.answers import Denied, denied
from connectors.google_workspace.key import ServiceKey, read_key
from connectors.google_workspace.scopes import api_name
from connectors.google_workspace.settings import GoogleSettings
from connectors.google_workspace.tokens import Grant
from connectors.google_workspace.verdicts import BROKEN, broken, verdict

# The library logs addresses of requests, with whom and what they name.
for _noisy in ("googleapiclient", "google_auth_httplib2", "google.auth", "google.oauth2"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)


class Way(Protocol):
    """A way to somebody's mail: an organisation's (:class:`Access`), or one person's own."""

    @property
    def system(self) -> str:
        """What errors name."""

    @property
    def endpoint(self) -> str | None:
        """A stand-in's address; None for Google itself."""

    @property
    def project(self) -> str:
        """The project in Google Cloud whose quota is used."""

    def http(self) -> httplib2.Http: ...
    def grant(self, subject: str | None, *scopes: str) -> TokenSource: ...


class Access:
    """Who may do what in one organisation's Google Workspace."""

    def __init__(self, settings: GoogleSettings) -> None:
        self.settings = settings
        self.system = settings.server
        self._lock = Lock()
        self._key: ServiceKey | None = None
        self._grants: dict[tuple[str | None, tuple[str, ...]], Grant] = {}
        self._of_thread = local()

    @property
    def endpoint(self) -> str | None:
        return self.settings.endpoint

    @property
    def project(self) -> str:
        return self.key.project

    @property
    def key(self) -> ServiceKey:
        """The service account's key, read when it is first needed.  Raises AuthFailed, and what the plan raises."""
        with self._lock:
            if self._key is None:
                stand_in = self.settings.endpoint is not None
                self._key = read_key(self.settings.key.reveal(), self.system, stand_in=stand_in)
            return self._key

    def grant(self, subject: str | None, *scopes: str) -> Grant:
        """The right to act for ``subject`` (None: the service account itself); the same one for all who ask."""
        key = self.key
        wanted = subject, tuple(sorted(scopes))
        with self._lock:
            if wanted not in self._grants:
                grant = Grant(key, *wanted, system=self.system, make_http=self.http)
                self._grants[wanted] = grant
            return self._grants[wanted]

    def http(self) -> httplib2.Http:
        """A connection of its own, for one thread."""
        return new_http(self.settings.timeout, self.endpoint)

    def service(self, name: str, version: str, subject: str | None, *scopes: str) -> Resource:
        """One of Google's APIs, such as ``("admin", "directory_v1")``, in the name of ``subject``.

        Belongs to the thread that asked for it, and is the same whenever that thread asks again.
        """
        kept: dict[object, Resource] | None = getattr(self._of_thread, "services", None)
        if kept is None:
            kept = self._of_thread.services = {}
        wanted = name, version, subject, scopes
        if wanted not in kept:
            http = AuthorisedHttp(self.http(), self.grant(subject, *scopes))
            document = _document(name, version, self.settings.endpoint)
            kept[wanted] = build_from_document(document, http=http)
        return kept[wanted]

    def execute(self, request: HttpRequest, *, scope: str, subject: str | None = None) -> Any:
        """The answer to a request of a service.  Raises a ConnectorError, worded for who can act on it.

        Who expects an answer that is no success (404, 409) calls ``request.execute()`` and reads it with
        :func:`denied_by`.
        """
        try:
            return request.execute()
        except HttpError as error:
            raise self.verdict(denied_by(error), scope=scope, subject=subject) from None
        except BROKEN as error:
            raise broken(self.system, error) from None

    def verdict(self, answer: Denied, *, scope: str, subject: str | None = None) -> ConnectorError:
        """What an answer means that was not expected; ``scope`` is the right that it was asked with."""
        return verdict(
            answer,
            system=self.system,
            api=api_name(scope),
            project=self.project,
            subject=subject or self.settings.admin,
        )


def denied_by(error: HttpError) -> Denied:
    """What an API answered, from the client library's error."""
    return denied(error.resp.status, error.resp, error.content)


def new_http(timeout: float, endpoint: str | None) -> httplib2.Http:
    """A connection for one thread; ``timeout`` in seconds, ``endpoint`` of a stand-in, None for Google itself."""
    http = build_http()
    http.timeout = timeout
    if endpoint is not None:
        # A company's proxy must not get to see what is for this machine alone: a rehearsal's whole mail.
        http.proxy_info = None
    return http


class AuthorisedHttp:
    """A connection of one thread that carries a grant's token; what the client library asks of an ``Http``.

    A token that is turned down is renewed once.  Nothing else is tried again here.
    """

    def __init__(self, http: httplib2.Http, grant: Grant) -> None:
        self.http = http
        self._grant = grant
        weakref.finalize(self, http.close)

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = httplib2.DEFAULT_MAX_REDIRECTS,
        connection_type: Any = None,
    ) -> tuple[httplib2.Response, bytes]:
        token = self._grant.token()
        told = self._ask(token, uri, method, body, headers, redirections, connection_type)
        if told[0].status == HTTPStatus.UNAUTHORIZED:
            token = self._grant.token(refused=token)
            told = self._ask(token, uri, method, body, headers, redirections, connection_type)
        return told

    def close(self) -> None:
        self.http.close()

    def _ask(
        self, token: str, uri: str, method: str, body: Any, headers: Mapping[str, str] | None, *rest: Any
    ) -> tuple[httplib2.Response, bytes]:
        carrying = {**(headers or {}), "authorization": f"Bearer {token}"}
        told: tuple[httplib2.Response, bytes] = self.http.request(uri, method, body, carrying, *rest)
        return told


@lru_cache
def _document(name: str, version: str, endpoint: str | None) -> str:
    """A discovery document as the client library ships it; a stand-in has its own address written into it.

    The library's own option for that changes only the host, and media uploads then go elsewhere.
    """
    shipped = resources.files("googleapiclient.discovery_cache") / "documents" / f"{name}.{version}.json"
    text = shipped.read_text("utf-8")
    if endpoint is None:
        return text
    document = json.loads(text)
    document["rootUrl"] = f"{endpoint}/"
    for key in ("mtlsRootUrl", "baseUrl", "basePath"):
        document.pop(key, None)
    return json.dumps(document)

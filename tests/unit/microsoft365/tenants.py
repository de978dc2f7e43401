"""A tenant in this process: tokens and Graph by functions, and what was asked of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx

from connectors.microsoft365.settings import Microsoft365Settings
from connectors.secret_setting import Secret

SECRET = "planted~secret~value"
BASE = "https://login.microsoftonline.com/contoso.example"

Answer = Callable[[httpx.Request], httpx.Response]


def settings(**more: Any) -> Microsoft365Settings:
    told: dict[str, Any] = {"tenant": "contoso.example", "client_id": "app", "secret": secret(), **more}
    return Microsoft365Settings(**told)


def secret(value: str = SECRET) -> Secret:
    return Secret("env:NAME").fetched_by(lambda: value)


@dataclass
class Tenant:
    """Answers the configuration itself; ``tokens`` and ``graph`` the rest."""

    tokens: Answer | None = None
    graph: Answer | None = None
    asked: list[httpx.Request] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def client(self, _settings: object = None) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def given(self) -> int:
        """Tokens that were asked for."""
        return sum(request.url.path.endswith("/token") for request in self.asked)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.asked.append(request)
        path = request.url.path
        if path.endswith("/openid-configuration"):
            ends = {"token_endpoint": "/oauth2/v2.0/token", "authorization_endpoint": "/oauth2/v2.0/authorize"}
            told = {name: BASE + end for name, end in ends.items()}
            return httpx.Response(200, json={**told, "issuer": f"{BASE}/v2.0"})
        if path.endswith("/token"):
            return self.tokens(request) if self.tokens else token(f"token-{self.given()}")
        assert self.graph is not None, f"nobody expects {path}"
        return self.graph(request)


def token(value: str) -> httpx.Response:
    return httpx.Response(200, json={"token_type": "Bearer", "expires_in": 3599, "access_token": value})


def refused(number: int, error: str = "invalid_client", status: int = 401) -> httpx.Response:
    text = f"AADSTS{number}: the app said {SECRET}. Trace ID: 0"
    return httpx.Response(status, json={"error": error, "error_description": text, "error_codes": [number]})

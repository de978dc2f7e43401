"""Access tokens: random to whoever holds them, and known here by digest with what they are good for."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from migrate.sandbox.microsoft.tenant import digest


@dataclass(eq=False)
class Grant:
    """What one access token is good for.  ``user``: its principal name, None when it is the application's own."""

    app_id: str
    tenant_id: str
    resource: str
    permissions: frozenset[str]
    #: Seconds since 1970; may come nearer.
    expires: float
    user: str | None = None

    @property
    def expired(self) -> bool:
        return time.time() >= self.expires


class Tokens:
    """All access tokens of this run; they end with it."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}
        #: Seconds that a new token is good for.
        self.lifetime = 3599

    def give(self, app_id: str, tenant_id: str, resource: str, permissions: frozenset[str], user: str | None) -> str:
        token = f"eyJ{secrets.token_urlsafe(96)}"
        until = time.time() + self.lifetime
        self._grants[digest(token)] = Grant(app_id, tenant_id, resource, permissions, until, user)
        return token

    def grant_of(self, token: str) -> Grant | None:
        """What a token is good for, also when it has expired; None for one that was never given."""
        return self._grants.get(digest(token))

    def expire_all(self) -> None:
        """Every token that is out is over from now on, as after a change of password or a revocation."""
        now = time.time()
        for grant in self._grants.values():
            grant.expires = min(grant.expires, now)

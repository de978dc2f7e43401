"""Access tokens: known here by digest with what they are good for, whatever they say of themselves.

As the real ones they are JWTs whose claims tell who they are for; their signature is random.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

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

    def give(
        self,
        app_id: str,
        tenant_id: str,
        resource: str,
        permissions: frozenset[str],
        user: str | None,
        object_id: str,
    ) -> str:
        """``object_id``: of the enterprise application, or of the person."""
        until = time.time() + self.lifetime
        claims: dict[str, Any] = {"appid": app_id, "tid": tenant_id, "oid": object_id, "exp": int(until)}
        claims |= {"roles": sorted(permissions)} if user is None else {"scp": " ".join(sorted(permissions))}
        token = f"{_encoded({'typ': 'JWT', 'alg': 'RS256'})}.{_encoded(claims)}.{secrets.token_urlsafe(96)}"
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


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

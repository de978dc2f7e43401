"""The token endpoint: who gets an access token, for whom, for what; and what a token that comes back stands for.

Access tokens live in this process only.  Of refresh tokens a digest is kept.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from migrate.sandbox.google.discovery import Routes
from migrate.sandbox.google.errors import ApiError, GrantError, Json
from migrate.sandbox.google.keys import checked_assertion
from migrate.sandbox.google.world import World

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: Of signing in itself, besides those of the APIs.
_IDENTITY = frozenset(
    {
        "openid", "email", "profile", "https://www.googleapis.com/auth/userinfo.email",
        "https://www.googleapis.com/auth/userinfo.profile",
    }
)  # fmt: skip
CLIENT_ID = "100000000001-stand-in.apps.googleusercontent.com"


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token is good for; ``user`` is None for a service account that speaks for itself."""

    user: str | None
    scopes: frozenset[str]
    ends: float


class Tokens:
    """Gives access tokens out and knows them again."""

    def __init__(self, world: World, routes: Routes) -> None:
        self._world = world
        self._known = _IDENTITY.union(*(method.scopes for method in routes.methods.values()))
        self._tokens: dict[str, Grant] = {}
        self._codes: dict[str, Json] = {}
        #: The secret of the desktop client; new in every run, as it protects nothing.
        self.client_secret = secrets.token_urlsafe(24)
        #: How many access tokens were given out.
        self.given = 0

    def exchange(self, form: Mapping[str, str]) -> Json:
        """Answer one request to the token endpoint.  Raises GrantError."""
        kind = form.get("grant_type")
        if kind == _JWT_BEARER:
            return self._by_key(form.get("assertion", ""))
        if kind == "refresh_token":
            return self._by_refresh(form)
        if kind == "authorization_code":
            return self._by_code(form)
        raise GrantError("unsupported_grant_type", f"Invalid grant_type: {kind}")

    def known(self, header: str | None) -> Grant:
        """What the Authorization header of a call stands for.  Raises ApiError."""
        scheme, _, token = (header or "").partition(" ")
        if header is None or scheme.lower() != "bearer":
            raise _unauthenticated("CREDENTIALS_MISSING", "Login Required.", "required")
        grant = self._tokens.get(token.strip())
        if grant is None:
            raise _unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED", "Invalid Credentials", "authError")
        if grant.ends <= self._world.clock.now():
            raise _unauthenticated("ACCESS_TOKEN_EXPIRED", "Invalid Credentials", "authError")
        return grant

    def expire(self, header: str | None = None) -> None:
        """Let the token of one header expire, or every token."""
        token = (header or "").partition(" ")[2].strip()
        for one in [token] if header is not None else list(self._tokens):
            if one in self._tokens:
                self._tokens[one] = replace(self._tokens[one], ends=0.0)

    def consent(self, query: Mapping[str, str], person: str | None) -> str:
        """The person signs in and agrees: where the browser is sent then.  Raises GrantError."""
        back = query.get("redirect_uri", "")
        if query.get("client_id") != CLIENT_ID or not back.startswith(("http://localhost", "http://127.0.0.1")):
            raise GrantError("invalid_client", "The OAuth client was not found.", 401)
        scopes = self._scopes(query.get("scope", ""))
        # A login_hint fills in the form; who is signed in decides.
        user = self._world.user(person or "")
        state = {"state": query["state"]} if "state" in query else {}
        if user is None:
            return f"{back}?{urlencode({'error': 'access_denied', **state})}"
        code = secrets.token_urlsafe(24)
        self._codes[code] = {
            "user": user, "scopes": sorted(scopes), "back": back, "challenge": query.get("code_challenge"),
        }  # fmt: skip
        return f"{back}?{urlencode({'code': code, 'scope': ' '.join(sorted(scopes)), **state})}"

    def refresh_token(self, user: str, scopes: list[str]) -> str:
        """A refresh token for a user, as a desktop sign-in gives one."""
        token = secrets.token_urlsafe(32)
        self._world.refresh.put(_digest(token), {"user": user, "scopes": scopes})
        return token

    def _by_key(self, assertion: str) -> Json:
        world = self._world
        claims = checked_assertion(world, assertion)
        scopes = self._scopes(str(claims.get("scope", "")))
        subject = claims.get("sub")
        user = None
        if subject is not None and subject != claims["iss"]:
            user = world.user(str(subject))
            if user is None:
                if any(row["email"] == str(subject).lower() for row in world.users.rows()):
                    raise GrantError("invalid_grant", "The account has been deleted")
                raise GrantError("invalid_grant", "Invalid email or User ID")
            granted = world.manners.granted_scopes
            if granted is not None and not scopes <= set(granted):
                raise GrantError(
                    "unauthorized_client",
                    "Client is unauthorized to retrieve access tokens using this method, "
                    "or client not authorized for any of the scopes requested.",
                    401,
                )
        return self._give(user, scopes)

    def _by_refresh(self, form: Mapping[str, str]) -> Json:
        self._check_client(form)
        row = self._world.refresh.get(_digest(form.get("refresh_token", "")))
        if row is None or self._world.user(row["user"]) is None:
            raise GrantError("invalid_grant", "Token has been expired or revoked.")
        return self._give(row["user"], frozenset(row["scopes"]))

    def _by_code(self, form: Mapping[str, str]) -> Json:
        self._check_client(form)
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code["back"] != form.get("redirect_uri"):
            raise GrantError("invalid_grant", "Malformed auth code.")
        if code["challenge"] is not None:
            made = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
            if made.rstrip(b"=").decode() != code["challenge"]:
                raise GrantError("invalid_grant", "Invalid code verifier.")
        refresh = self.refresh_token(code["user"], code["scopes"])
        return {**self._give(code["user"], frozenset(code["scopes"])), "refresh_token": refresh}

    def _check_client(self, form: Mapping[str, str]) -> None:
        if form.get("client_id") != CLIENT_ID:
            raise GrantError("invalid_client", "The OAuth client was not found.", 401)
        if form.get("client_secret") != self.client_secret:
            raise GrantError("invalid_client", "Unauthorized", 401)

    def _scopes(self, asked: str) -> frozenset[str]:
        scopes = frozenset(asked.split())
        if not scopes:
            raise GrantError("invalid_scope", "Empty or missing scope not allowed.")
        if not scopes <= self._known:
            raise GrantError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return scopes

    def _give(self, user: str | None, scopes: frozenset[str]) -> Json:
        token = "ya29." + secrets.token_urlsafe(40)
        life = self._world.manners.token_life
        self._tokens[token] = Grant(user, scopes, self._world.clock.now() + life)
        self.given += 1
        return {"access_token": token, "expires_in": life, "token_type": "Bearer", "scope": " ".join(sorted(scopes))}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _unauthenticated(reason: str, entry: str, older: str) -> ApiError:
    return ApiError(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        older,
        "UNAUTHENTICATED",
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "googleapis.com",
            }
        ],
        entry={"message": entry, "location": "Authorization", "locationType": "header"},
        headers={"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
    )

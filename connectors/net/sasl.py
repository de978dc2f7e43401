"""SASL mechanisms: what is said in which order.  Pure: challenges in, answers out, no sockets.

Passwords: PLAIN (RFC 4616), CRAM-MD5 (RFC 2195), SCRAM (RFC 5802, RFC 7677, by the library ``scramp``).
Tokens: OAUTHBEARER (RFC 7628), and XOAUTH2, Google's and Microsoft's form of it.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

#: From the one that shows the server least.  PLAIN, and the command LOGIN, hand it the password: they come before
#: CRAM-MD5 on a connection that TLS protects, as CRAM-MD5 makes servers keep passwords in the clear.
STRONGEST_FIRST = ("SCRAM-SHA-256", "SCRAM-SHA-1")
PROTECTED = (*STRONGEST_FIRST, "PLAIN", "LOGIN", "CRAM-MD5")
UNPROTECTED = (*STRONGEST_FIRST, "CRAM-MD5", "PLAIN", "LOGIN")
WITH_TOKEN = ("OAUTHBEARER", "XOAUTH2")
#: The mechanisms that can name whom one signs in for apart from who signs in.
NAMING_BOTH = ("PLAIN",)
#: The password itself does not travel, so that the server must hold it in a form that fits the mechanism.
CHALLENGING = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5")

#: What a server says in the exchange when a token is good and not for this mailbox (RFC 7628 3.2.2).
NO_SCOPE = "insufficient_scope"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in with what.  ``on_behalf`` is whose mailbox is opened when it is another's (SASL's authzid)."""

    name: str
    #: A password, or an access token.
    secret: str = field(repr=False)
    on_behalf: str = ""


class OddChallenge(Exception):
    """The server's challenge follows no mechanism, or proves that it does not know the password."""


class Exchange(Protocol):
    """One run of a mechanism."""

    #: What the client says first; None where the server does.
    first: bytes | None

    def answer(self, challenge: bytes) -> bytes:
        """The answer to a challenge.  Raises OddChallenge."""

    def complete(self) -> bool:
        """Whether the server's OK may be believed."""


class _Said:
    """The client says everything at once.  A challenge after it tells of a failure, and is answered as such."""

    def __init__(self, first: bytes, on_failure: bytes = b"") -> None:
        self.first: bytes | None = first
        self._on_failure = on_failure
        self._failed = False

    def answer(self, challenge: bytes) -> bytes:
        if self._failed:
            raise OddChallenge
        self._failed = True
        return self._on_failure

    def complete(self) -> bool:
        return not self._failed


class _CramMd5:
    """The server's challenge, keyed with the password."""

    first: bytes | None = None

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._answered = False

    def answer(self, challenge: bytes) -> bytes:
        if self._answered or not challenge:
            raise OddChallenge
        self._answered = True
        digest = hmac.new(self._credentials.secret.encode(), challenge, "md5").hexdigest()
        return f"{self._credentials.name} {digest}".encode()

    def complete(self) -> bool:
        return self._answered


class _Scram:
    """Both sides prove that they know the password; what the server keeps does not let anybody sign in."""

    def __init__(self, mechanism: str, credentials: Credentials) -> None:
        from scramp import ScramClient, ScramException  # loaded for who signs in by it

        self._failure = ScramException
        try:
            self._client = ScramClient([mechanism], credentials.name, credentials.secret)
            self.first: bytes | None = self._client.get_client_first().encode()
        except ScramException:  # a name or password that SASLprep does not allow; not chained: it may be quoted
            raise OddChallenge from None
        self._asked = 0
        self._proven = False

    def answer(self, challenge: bytes) -> bytes:
        self._asked += 1
        if challenge.startswith(b"e="):
            return b""  # the server says why, and its NO follows
        try:
            text = challenge.decode()
            if self._asked == 1:
                self._client.set_server_first(text)
                return bytes(self._client.get_client_final().encode())
            self._client.set_server_final(text)
        except (self._failure, ArithmeticError, LookupError, TypeError, ValueError):
            raise OddChallenge from None  # as above; the library takes much for granted of what a server says
        self._proven = True
        return b""

    def complete(self) -> bool:
        return self._proven


def _plain(credentials: Credentials) -> Exchange:
    return _Said(f"{credentials.on_behalf}\0{credentials.name}\0{credentials.secret}".encode())


def _xoauth2(credentials: Credentials) -> Exchange:
    return _Said(f"user={credentials.name}\1auth=Bearer {credentials.secret}\1\1".encode())


def _oauthbearer(credentials: Credentials) -> Exchange:
    name = credentials.name.replace("=", "=3D").replace(",", "=2C")
    return _Said(f"n,a={name},\1auth=Bearer {credentials.secret}\1\1".encode(), on_failure=b"\1")


_MECHANISMS: Mapping[str, Callable[[Credentials], Exchange]] = {
    "SCRAM-SHA-256": lambda credentials: _Scram("SCRAM-SHA-256", credentials),
    "SCRAM-SHA-1": lambda credentials: _Scram("SCRAM-SHA-1", credentials),
    "CRAM-MD5": _CramMd5,
    "PLAIN": _plain,
    "OAUTHBEARER": _oauthbearer,
    "XOAUTH2": _xoauth2,
}


def begin(mechanism: str, credentials: Credentials) -> Exchange:
    """Start a mechanism.  Raises OddChallenge when the credentials cannot be said in it."""
    return _MECHANISMS[mechanism](credentials)


def token_failure(challenge: bytes) -> str:
    """The status in the JSON that explains why a token is not taken (RFC 7628 3.2.2); empty when it is none."""
    try:
        told = json.loads(challenge)
    except (ValueError, RecursionError):
        return ""
    status = told.get("status") if isinstance(told, dict) else None
    return status if isinstance(status, str) else ""

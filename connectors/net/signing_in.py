"""Two things that signing in needs on any server: another token when one is turned down, and an unknown certificate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from connectors.contract import Account
from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError, Stopped, Untrusted

_C = TypeVar("_C")


def with_token(account: Account, sign_in: Callable[[str | None], _C], *, takes_tokens: bool) -> _C:
    """Sign in by ``sign_in``, which takes the token, None where a password is used.

    Where the account has tokens and the server turns one down, it is called again with another one.
    """
    if account.tokens is None:
        return sign_in(account.password if takes_tokens else None)
    token = account.tokens.token()
    try:
        return sign_in(token)
    except AuthFailed as error:
        if error.denial is not Denial.TOKEN:
            raise
    return sign_in(account.tokens.token(refused=token))


def with_fingerprint(error: Untrusted, look: Callable[[], None]) -> Untrusted:
    """The error with the fingerprint of the certificate: a handshake that fails does not show it.

    ``look`` goes as far as the certificate, trusts none, and so raises Untrusted with the fingerprint.
    """
    if error.fingerprint:
        return error
    try:
        look()
    except Untrusted as seen:
        return Untrusted(error.what, system=error.system, detail=error.detail, fingerprint=seen.fingerprint)
    except Stopped:
        raise
    except ConnectorError:
        pass  # it cannot be had, and the certificate is what matters
    return error

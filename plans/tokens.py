"""Access tokens from a secret reference: fetched again when the one that was given is refused."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Lock

from connectors.contract import AuthFailed, Denial
from connectors.language import _
from plans.secrets import SecretError, SecretRef, resolve


class SecretTokens:
    """A :class:`connectors.contract.TokenSource`: a ``command:`` is run again, a file is read again.

    The token is kept in memory only, as long as it is taken.
    """

    def __init__(self, ref: SecretRef, folder: Path) -> None:
        """Raises :class:`SecretError` when there is no token."""
        self._ref = ref
        self._folder = folder
        self._lock = Lock()
        self._token = resolve(ref, folder)

    def token(self, refused: str = "") -> str:
        with self._lock:
            if self._token == refused:
                self._token = self._another(refused)
            return self._token

    def _another(self, refused: str) -> str:
        try:
            token = resolve(self._ref, self._folder)
        except SecretError as error:
            raise AuthFailed(str(error), denial=Denial.TOKEN) from None
        if token == refused:
            message = _("{ref} gives the access token again that was just refused").format(ref=self._ref)
            raise AuthFailed(message, denial=Denial.TOKEN)
        return token


@lru_cache(maxsize=4096)
def tokens_of(ref: SecretRef, folder: Path) -> SecretTokens:
    """One for all sessions and mailboxes that name the same reference, so that a token is fetched once for all.

    Raises :class:`SecretError` when there is none; the next call then tries again.
    """
    return SecretTokens(ref, folder)

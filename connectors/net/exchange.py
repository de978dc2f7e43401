"""What signing in by SASL needs in every protocol: credentials, the choice of a mechanism, and its lines in base64.

Nothing that was said here is ever logged or quoted.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterable

from connectors.contract import Account
from connectors.denials import Denial
from connectors.errors import AuthFailed, Fatal
from connectors.language import _
from connectors.net import sasl
from connectors.net.denied import denied
from connectors.net.settings import AUTHZID, ServerSettings

#: Challenges that a server may ask with before it comes to a point.
_ROUNDS_LIMIT = 8
_NAME = re.compile(r"[A-Z0-9_-]{1,20}")


def credentials_of(settings: ServerSettings, account: Account, token: str | None) -> sasl.Credentials:
    """Who signs in, with ``token`` where tokens are taken.  Raises AuthFailed for what no protocol can carry."""
    name = settings.login_name(account.user, account.master_user)
    apart = account.master_user is not None and settings.master_user_form == AUTHZID and token is None
    secret = account.password if token is None else token
    if any(character in name + account.user + secret for character in "\0\1\r\n"):
        raise AuthFailed(_("the account's name or password holds a control character"), system=settings.host)
    return sasl.Credentials(name, secret, account.user if apart else "")


def pick(
    settings: ServerSettings, order: Iterable[str], offered: Collection[str], says: Callable[[str], bool]
) -> str | None:
    """The mechanism that the plan names, or the first of ``order`` that is offered and says these credentials.

    None when there is none; raises Fatal when the one that is named cannot be used.
    """
    if settings.auth is None:
        return next((mechanism for mechanism in order if mechanism in offered and says(mechanism)), None)
    named = settings.auth.upper()
    if named in offered and says(named):
        return named
    what = _("the server does not offer auth: {named}, but {offered}")
    raise Fatal(what.format(named=settings.auth, offered=listed(offered)), system=settings.host)


def listed(offered: Collection[str]) -> str:
    """Mechanisms as a plan names them; what is no such name is somebody's free text."""
    return ", ".join(sorted(name.lower() for name in offered if _NAME.fullmatch(name))[:12]) or "-"


class Exchange:
    """One run of a mechanism, as lines of a protocol."""

    def __init__(self, mechanism: str, credentials: sasl.Credentials, system: str) -> None:
        """Raises AuthFailed when the credentials cannot be said in it."""
        self._mechanism = mechanism
        self._system = system
        self._rounds = 0
        #: Why the server does not take a token, in its own word; empty unless it told.
        self._failure = ""
        try:
            self._run = sasl.begin(mechanism, credentials)
        except sasl.OddChallenge:
            what = _("the account's name or password cannot be said in {mechanism}").format(mechanism=mechanism)
            raise AuthFailed(what, system=system) from None
        self._first = self._run.first

    def initial(self) -> bytes | None:
        """What may be said together with the command; None where the server begins.  Asked for, it counts as said."""
        first, self._first = self._first, None
        return None if first is None else base64.b64encode(first)

    def answer(self, line: bytes) -> bytes:
        """The answer to a challenge, both in base64.  Raises Fatal for one that makes no sense."""
        self._rounds += 1
        first = self.initial()
        if first is not None:
            return first
        if self._rounds > _ROUNDS_LIMIT:
            raise self._senseless()
        try:
            challenge = base64.b64decode(line, validate=True)
            said = self._run.answer(challenge)
        except (binascii.Error, sasl.OddChallenge):
            raise self._senseless() from None
        if self._mechanism in sasl.WITH_TOKEN:
            self._failure = sasl.token_failure(challenge)
        return base64.b64encode(said)

    def judge(self, *, taken: bool) -> None:
        """Whether the server's last word may be believed.

        Raises Fatal for a server that let us in without proving itself, AuthFailed where it told that a token is not
        for this mailbox.
        """
        if taken and not self._run.complete():
            what = _("the server did not prove that it knows this account's password ({mechanism})")
            raise Fatal(what.format(mechanism=self._mechanism), system=self._system)
        if not taken and self._failure == sasl.NO_SCOPE:
            raise denied(self._system, Denial.NO_RIGHT, self._failure)

    def _senseless(self) -> Fatal:
        what = _("the server's part in {mechanism} makes no sense")
        return Fatal(what.format(mechanism=self._mechanism), system=self._system)

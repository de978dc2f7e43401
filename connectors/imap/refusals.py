"""A refused sign-in told apart: by response code (RFC 5530), and by known wordings where a server gives no telling one.

What a server says in free text is looked at here and kept nowhere: it may quote what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.denials import Denial
from connectors.errors import ConnectorError, Fatal, Unavailable
from connectors.imap.response import Status
from connectors.language import _
from connectors.net.denied import denied, meant_by
from connectors.net.throttling import Throttle, throttle_in
from connectors.net.verdicts import throttled

#: Codes that leave nothing open.
_TELLING: Mapping[str, Denial] = {
    "AUTHENTICATIONFAILED": Denial.BAD_PASSWORD,
    "AUTHORIZATIONFAILED": Denial.NO_RIGHT,
    "NOPERM": Denial.NO_RIGHT,
    "EXPIRED": Denial.PASSWORD_EXPIRED,
    "WEBALERT": Denial.POLICY,
}
_PASSING = frozenset({"UNAVAILABLE", "INUSE", "SERVERBUG", "EXPUNGEISSUED"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """NO, BAD or BYE while signing in: its status, and all that the server said with it, in lower case."""

    status: Status
    said: bytes
    #: It came in the place of the greeting, so it cannot be about an account.
    of_anybody: bool = False

    @property
    def detail(self) -> str:
        return self.status.code or self.status.word


def sign_in_refused(system: str, refusal: Refusal, *, by: str = "", chosen: bool = False) -> ConnectorError:
    """The verdict.

    ``by`` is the mechanism that was used, empty before one was; ``chosen`` that nobody asked for this one.
    """
    code, detail = refusal.status.code, refusal.detail
    if code == "PRIVACYREQUIRED":
        return Fatal(_("does not let anybody sign in without TLS"), system=system, detail=detail)
    throttle = _throttle(refusal)
    if throttle is not None:
        return throttled(system, throttle, detail)
    meant = _meant(refusal)
    if meant is not None:
        return denied(system, meant, detail, by=by, chosen=chosen)
    if code == "CONTACTADMIN":
        return denied(system, Denial.ADMINISTRATOR, detail)
    if code in _PASSING or refusal.status.word == "BYE":
        return Unavailable(_("takes no further session at the moment"), system=system, detail=detail)
    return denied(system, Denial.BAD_PASSWORD, detail, by=by, chosen=chosen)


def not_connected(system: str, refusal: Refusal) -> ConnectorError | None:
    """The verdict for the first command after signing in, where it is only now that the mailbox is not opened."""
    return sign_in_refused(system, refusal) if _meant(refusal) is Denial.NOT_CONNECTED else None


def _throttle(refusal: Refusal) -> Throttle | None:
    """What is asked of us, by code or by wording, in the refusal or beside it."""
    code = refusal.status.code
    if code in _TELLING:
        return None
    throttle = throttle_in(refusal.said, code)
    if code == "LIMIT" and throttle in (None, Throttle()):
        # Whatever the rate, it was a session too many: Yahoo calls the fourth of an account a rate limit.
        throttle = Throttle(sessions="account")
    if throttle is not None and throttle.sessions is not None and refusal.of_anybody:
        return replace(throttle, sessions="system")
    return throttle


def _meant(refusal: Refusal) -> Denial | None:
    code = refusal.status.code
    if code in _TELLING:
        return _TELLING[code]
    return meant_by(refusal.said)

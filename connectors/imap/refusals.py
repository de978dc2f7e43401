"""A refused sign-in told apart: by response code (RFC 5530), and by known wordings where a server gives no telling one.

What a server says in free text is looked at here and kept nowhere: it may quote what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError, Fatal, Unavailable
from connectors.imap.response import Status
from connectors.imap.throttling import Throttle, throttle_in
from connectors.imap.verdicts import throttled
from connectors.language import _, mark

#: Codes that leave nothing open.
_TELLING: Mapping[str, Denial] = {
    "AUTHENTICATIONFAILED": Denial.BAD_PASSWORD,
    "AUTHORIZATIONFAILED": Denial.NO_RIGHT,
    "NOPERM": Denial.NO_RIGHT,
    "EXPIRED": Denial.PASSWORD_EXPIRED,
    "WEBALERT": Denial.POLICY,
}
_PASSING = frozenset({"UNAVAILABLE", "INUSE", "SERVERBUG", "EXPUNGEISSUED"})

#: Parts of what servers say, in lower case, and what is meant.  The first that fits counts.
_WORDINGS: Sequence[tuple[bytes, Denial]] = (
    # Exchange and Microsoft 365
    (b"authenticated but not connected", Denial.NOT_CONNECTED),
    (b"basicauthblocked", Denial.POLICY),
    (b"basic authentication is disabled", Denial.POLICY),
    # Gmail
    (b"application-specific password required", Denial.POLICY),
    (b"web login required", Denial.POLICY),
    (b"log in via your web browser", Denial.POLICY),
    (b"not enabled for imap", Denial.POLICY),
    (b"imap access is disabled", Denial.POLICY),
    # Zoho
    (b"yet to enable imap", Denial.POLICY),
    # Dovecot, Courier, Cyrus and their kin
    (b"login disabled for this user", Denial.DISABLED),
    (b"account is disabled", Denial.DISABLED),
    (b"account disabled", Denial.DISABLED),
    (b"user is disabled", Denial.DISABLED),
    (b"account is locked", Denial.DISABLED),
    (b"account locked", Denial.DISABLED),
    (b"account is suspended", Denial.DISABLED),
    (b"account has been suspended", Denial.DISABLED),
    (b"account blocked", Denial.DISABLED),
    (b"password expired", Denial.PASSWORD_EXPIRED),
    (b"password has expired", Denial.PASSWORD_EXPIRED),
)

_TEXTS: Mapping[Denial, str] = {
    Denial.BAD_PASSWORD: mark("does not let this account in"),
    Denial.PASSWORD_EXPIRED: mark("does not let this account in: its password has expired"),
    Denial.TOKEN: mark("does not take this account's access token"),
    Denial.DISABLED: mark("does not let this account in: it is switched off or locked"),
    Denial.NO_RIGHT: mark("knows who signs in, and does not let them into this mailbox"),
    Denial.POLICY: mark("does not let this account in: a rule of the provider stands against it"),
    Denial.NOT_CONNECTED: mark("knows the account and opens no mailbox for it (authenticated but not connected)"),
    Denial.ADMINISTRATOR: mark("does not let this account in, and leaves it to its administrator to say why"),
}


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


def denied(system: str, denial: Denial, detail: str, *, by: str = "", chosen: bool = False) -> AuthFailed:
    if by in ("XOAUTH2", "OAUTHBEARER") and denial in (Denial.BAD_PASSWORD, Denial.PASSWORD_EXPIRED):
        denial = Denial.TOKEN
    what = _(_TEXTS[denial])
    if denial is Denial.BAD_PASSWORD and chosen and by not in ("", "PLAIN", "LOGIN"):
        what = _(
            "does not let this account in by {mechanism}; if user name and password are right, try auth: plain for "
            "this system"
        ).format(mechanism=by)
    return AuthFailed(what, denial=denial, system=system, detail=detail)


def _throttle(refusal: Refusal) -> Throttle | None:
    """What is asked of us, by code or by wording, in the refusal or beside it."""
    code = refusal.status.code
    if code in _TELLING:
        return None
    throttle = throttle_in(refusal.said)
    if throttle is None and code == "LIMIT":
        throttle = Throttle(sessions="account")
    if throttle is not None and throttle.sessions is not None and refusal.of_anybody:
        return replace(throttle, sessions="system")
    return throttle


def _meant(refusal: Refusal) -> Denial | None:
    code = refusal.status.code
    if code in _TELLING:
        return _TELLING[code]
    return next((meant for words, meant in _WORDINGS if words in refusal.said), None)

"""A refused sign-in told apart: by response code (RFC 5530), and by known wordings where a server gives no telling one.

What a server says in free text is looked at here and kept nowhere: it may quote what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError, Fatal, TooManySessions, Unavailable
from connectors.imap.response import Status
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


class _TooMany:
    """Stands for a wording that tells of too many sessions."""


#: Parts of what servers say, in lower case, and what is meant.  The first that fits counts.
_WORDINGS: Sequence[tuple[bytes, Denial | type[_TooMany]]] = (
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
    (b"too many simultaneous connections", _TooMany),
    # Zoho
    (b"yet to enable imap", Denial.POLICY),
    # Dovecot, Courier, Cyrus and their kin
    (b"maximum number of connections", _TooMany),
    (b"too many connections", _TooMany),
    (b"too many open connections", _TooMany),
    (b"too many concurrent", _TooMany),
    (b"too many sessions", _TooMany),
    (b"connection limit", _TooMany),
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
#: How many connections are granted, where the server says so: Dovecot; Cyrus, ``(2 of 2 for anna)`` or ``from`` a host.
_STATED_LIMIT = re.compile(rb"mail_max_userip_connections=(\d{1,6})\b|\(\d{1,6} of (\d{1,6}) (?:for|from) ")
_OF_HOST = re.compile(rb"\(\d{1,6} of \d{1,6} from ")
#: Wordings of a limit for a whole machine, not for one mailbox.
_OF_ALL = (b"from your host", b"from this host", b"from your ip", b"from this ip", b"per ip")

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
    meant = _meant(refusal)
    if meant is _TooMany:
        return _too_many(system, refusal)
    if isinstance(meant, Denial):
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


def _meant(refusal: Refusal) -> Denial | type[_TooMany] | None:
    code = refusal.status.code
    if code == "LIMIT":
        return _TooMany
    if code in _TELLING:
        return _TELLING[code]
    return next((meant for words, meant in _WORDINGS if words in refusal.said), None)


def _too_many(system: str, refusal: Refusal) -> TooManySessions:
    said = refusal.said
    stated = _STATED_LIMIT.search(said)
    return TooManySessions(
        _("takes no further session: too many are open"),
        "system" if _OF_HOST.search(said) or any(words in said for words in _OF_ALL) else "account",
        system=system,
        detail=refusal.detail,
        limit=int(stated[1] or stated[2]) if stated else None,
    )

"""Sign-ins that servers refuse: the known wordings where a server gives no telling code, and what people read.

What a server says in free text is looked at and kept nowhere: it may quote what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.denials import Denial
from connectors.errors import AuthFailed
from connectors.language import _, mark

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
    (b"not enabled for pop", Denial.POLICY),
    (b"pop access is disabled", Denial.POLICY),
    # Zoho
    (b"yet to enable imap", Denial.POLICY),
    (b"yet to enable pop", Denial.POLICY),
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


def meant_by(said: bytes) -> Denial | None:
    """What a refusal, in lower case, is known to mean; None when its words are not known."""
    return next((meant for words, meant in _WORDINGS if words in said), None)


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

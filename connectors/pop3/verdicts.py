"""What a POP3 server refuses, mapped to the verdicts of :mod:`connectors.errors`.

Response codes decide (RFC 2449 8, RFC 3206); free text where a server gives none.  It is not kept: it may quote what
we sent.
"""

from __future__ import annotations

import re

from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError, TooManySessions, TooSoon, Transient, Unavailable
from connectors.language import _
from connectors.net import sasl
from connectors.net.denied import denied, meant_by
from connectors.net.throttling import throttle_in
from connectors.net.verdicts import throttled
from connectors.pop3.answers import Status

#: What to wait for when a server asks for a pause between sign-ins and does not say how long a one.
_PAUSE = 60.0
#: ``Exceeded the login limit for a 15 minute period`` (Microsoft), in lower case.
_LOGIN_LIMIT = re.compile(rb"exceeded the login limit for a (\d{1,3}) minute")
#: The maildrop belongs to one session at a time (RFC 1939 4, whose examples say so in the first two ways).
_LOCKED = re.compile(
    rb"already locked|unable to lock|(?:mailbox|maildrop|mail drop) (?:is )?(?:locked|busy|in use|already open)"
    rb"|lock(?:ed)? by another|is already (?:in use|logged in)"
)


def sign_in_refused(
    system: str, status: Status, *, by: str = "", chosen: bool = False, login_delay: int = 0
) -> ConnectorError:
    """Verdict for a refused sign-in, or for a server that refuses everybody in its greeting.

    ``by`` is the mechanism, empty before one was used; ``chosen`` that nobody asked for this one; ``login_delay`` the
    seconds between sign-ins that the server announces.
    """
    told = _of_sessions(system, status, login_delay)
    if told is not None:
        return told
    throttle = throttle_in(status.said)
    if throttle is not None:
        return throttled(system, throttle, status.detail)
    if status.code == "SYS/TEMP":
        return Unavailable(_("takes no further session at the moment"), system=system, detail=status.detail)
    meant = meant_by(status.said)
    if meant is None and status.code == "SYS/PERM":
        meant = Denial.ADMINISTRATOR
    if meant is None and not by:
        return Unavailable(_("takes no further session at the moment"), system=system, detail=status.detail)
    if meant is None and chosen and by in (*sasl.CHALLENGING, "APOP"):
        what = _(
            "does not let this account in by {mechanism}; if user name and password are right, try auth: user for "
            "this system"
        ).format(mechanism=by)
        return AuthFailed(what, system=system, detail=status.detail)
    return denied(system, meant or Denial.BAD_PASSWORD, status.detail, by=by)


def _of_sessions(system: str, status: Status, login_delay: int) -> ConnectorError | None:
    """The two refusals that are about sessions: one at a time, and not too often."""
    limit = _LOGIN_LIMIT.search(status.said)
    if status.code == "LOGIN-DELAY" or limit is not None:
        seconds = 60.0 * int(limit[1]) if limit is not None else float(login_delay) or _PAUSE
        return too_soon(system, seconds, status.detail)
    if status.code == "IN-USE" or (not status.code and _LOCKED.search(status.said)):
        what = _("the mailbox is in use by another session; a mail program that fetches it by POP3 may be open")
        return TooManySessions(what, system=system, detail=status.detail)
    return None


def too_soon(system: str, seconds: float, detail: str) -> TooSoon:
    what = _("lets an account sign in only so often")
    return TooSoon(what, system=system, detail=detail, retry_after=seconds)


def command_refused(system: str, what: str, status: Status) -> ConnectorError:
    """Verdict for a command that every server knows, refused after signing in."""
    throttle = throttle_in(status.said)
    if throttle is not None:
        return throttled(system, throttle, status.detail)
    return Transient(_("{what}: not now").format(what=what), system=system, detail=status.detail)

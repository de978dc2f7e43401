"""What a refusal asks of us beyond the command: to stay away for a time, or to hold fewer sessions.

Response codes decide where there are any.  These things are told in free text alone by the servers named below, so
their wording is looked for, in refusals only; the text itself is not kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

#: Exchange: ``Request is throttled. Suggested Backoff Time: 299609 milliseconds``.
_BACK_OFF = re.compile(rb"Suggested Backoff Time: *(\d{1,12}) *(milli)?seconds?", re.IGNORECASE)
#: Gmail: ``[OVERQUOTA] Account exceeded command or bandwidth limits.``
_ALLOWANCE = re.compile(rb"exceeded (?:command or )?bandwidth limits", re.IGNORECASE)
#: Dovecot: ``[LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)``; Gmail:
#: ``[ALERT] Too many simultaneous connections.``; Cyrus and others: ``Too many open connections from this host``.
_SESSIONS = re.compile(
    rb"(?:(?:too many|maximum number of)(?: (?!failed|bad|invalid)\w+){0,2} (?:connections|sessions|logins)"
    rb"|too many concurrent|connection limit)([^\r\n]{0,80})",
    re.IGNORECASE,
)
_OF_ALL = re.compile(rb"\b(?:host|ip|address|server)\b|\(\d{1,6} of \d{1,6} from ", re.IGNORECASE)
_OF_USER = re.compile(rb"\buser|\(\d{1,6} of \d{1,6} for ", re.IGNORECASE)
#: How many are granted, where that is said: Dovecot as above; Cyrus, ``(2 of 2 for anna)`` or ``from`` a host.
_STATED = re.compile(rb"mail_max_userip_connections=(\d{1,6})\b|\(\d{1,6} of (\d{1,6}) (?:for|from) ", re.IGNORECASE)
#: Gmail's own response code.
_TOO_FAST = "THROTTLED"
#: Yahoo: ``[LIMIT] UID FETCH Rate limit hit.``
_RATE = re.compile(
    rb"\brate limit (?:hit|reached|exceeded)|\bslow down\b|\btoo many requests\b|\bis throttled\b", re.IGNORECASE
)
#: Codes that leave open what was too much.  Beside any other, such words may be the name of a folder.
_OPEN = frozenset({"", "ALERT", "LIMIT"})

#: Nobody means more than a day; a server that says so is mistaken.
_LONGEST = 86_400.0


@dataclass(frozen=True, slots=True)
class Throttle:
    """One of these; none of them where we were too fast, and for how long to stay away is not said."""

    #: Seconds for which to ask nothing.
    seconds: float | None = None
    #: The mailbox's allowance is used up; until when is not said.
    allowance: bool = False
    #: No further session is granted: to this account, or to us at all.
    sessions: Literal["account", "system"] | None = None
    #: How many are granted, where that is said.
    limit: int | None = None


def throttle_in(text: bytes, code: str = "") -> Throttle | None:
    """What a refusal (its words after the response code) asks for; None when it is a plain refusal."""
    found = _BACK_OFF.search(text)
    if found is not None:
        return Throttle(seconds=min(int(found[1]) / (1000 if found[2] else 1), _LONGEST))
    if _ALLOWANCE.search(text):
        return Throttle(allowance=True)
    found = _SESSIONS.search(text)
    if found is None:
        return Throttle() if code == _TOO_FAST or (code in _OPEN and _RATE.search(text)) else None
    of_all = _OF_ALL.search(found[1]) and not _OF_USER.search(found[1])
    stated = _STATED.search(found[1])
    return Throttle(sessions="system" if of_all else "account", limit=int(stated[1] or stated[2]) if stated else None)


def retry_after(value: str) -> float | None:
    """Seconds for which an answer over HTTP asks us to stay away, said as such or as a date (RFC 9110 10.2.3)."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST)

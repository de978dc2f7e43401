"""What an IMAP server says, mapped to the verdicts of :mod:`connectors.errors`.

Response codes decide (RFC 5530), and free text only where :mod:`connectors.net.throttling` knows it; it is not kept
either, for it may quote what we sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.errors import (
    AuthFailed,
    ConnectorError,
    FolderMissing,
    FolderNotMade,
    OverQuota,
    Refused,
    Transient,
    Unavailable,
)
from connectors.language import _
from connectors.net.throttling import Throttle
from connectors.net.verdicts import throttled
from connectors.reasons import Reason

_PASSING = frozenset({"UNAVAILABLE", "INUSE", "SERVERBUG", "EXPUNGEISSUED"})
_MISSING = frozenset({"NONEXISTENT", "TRYCREATE"})

#: Why one message was refused, by response code (RFC 5530, 7889, 3516).
_MESSAGE_REASONS: Mapping[str, Reason] = {
    "TOOBIG": Reason.TOO_LARGE,
    "APPENDLIMIT": Reason.TOO_LARGE,
    "OVERQUOTA": Reason.OVER_QUOTA,
    "NOPERM": Reason.NO_PERMISSION,
    "UNKNOWN-CTE": Reason.CONTENT,
    "BADCHARSET": Reason.CONTENT,
    "PARSE": Reason.CONTENT,
}


def command_refused(system: str, what: str, status: str, code: str, throttle: Throttle | None = None) -> ConnectorError:
    """Verdict for any other command answered with NO, BAD or BYE."""
    detail = code or status
    if throttle is not None:
        return throttled(system, throttle, detail)
    if code in _MISSING:
        return FolderMissing(_("{what}: no such folder").format(what=what), system=system, detail=detail)
    if code == "OVERQUOTA":
        return OverQuota(_("{what}: the mailbox is full").format(what=what), system=system, detail=detail)
    if code == "NOPERM":
        return Refused(_("{what}: not permitted").format(what=what), Reason.NO_PERMISSION, system=system, detail=detail)
    if code == "LIMIT":
        return Unavailable(_("{what}: over a limit of the server").format(what=what), system=system, detail=detail)
    if code in ("AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED"):
        return AuthFailed(_("{what}: the account is no longer let in").format(what=what), system=system, detail=detail)
    if code in _PASSING or status != "NO":
        return Transient(_("{what}: not now").format(what=what), system=system, detail=detail)
    return Refused(_("{what}: refused").format(what=what), Reason.REFUSED, system=system, detail=detail)


def creation_refused(system: str, status: str, code: str, throttle: Throttle | None) -> ConnectorError | None:
    """Verdict for a CREATE answered with NO or BAD, where that is about this one folder; None where it may be more."""
    verdict = command_refused(system, "CREATE", status, code, throttle)
    what = _("the folder cannot be made")
    if isinstance(verdict, Refused | FolderMissing):
        return Refused(what, Reason.FOLDER_REFUSED, system=system, detail=verdict.detail)
    if isinstance(verdict, Transient) and throttle is None:
        return FolderNotMade(what, system=system, detail=verdict.detail)
    return None


def message_reason(status: str, code: str) -> Reason:
    """Why an APPEND was refused."""
    if status == "BAD":
        return Reason.ARGUMENTS
    return _MESSAGE_REASONS.get(code, Reason.REFUSED)

"""The verdicts of a connector: what an error means for the engine, whatever the vendor calls it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeVar

from connectors.denials import Denial
from connectors.language import _, labelled
from connectors.reasons import Reason


class ConnectorError(Exception):
    """Base of all verdicts.

    ``system`` is the host or service, ``detail`` what it said in its own protocol words (a response code, an errno),
    never any part of a message and never a secret.
    """

    #: Its own words say what to do about it: nothing more general need be said.
    tells_what_to_do = False

    def __init__(self, what: str, *, system: str = "", detail: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.system = system
        self.detail = detail

    def __str__(self) -> str:
        told = _("{what} ({detail})").format(what=self.what, detail=self.detail) if self.detail else self.what
        return labelled(self.system, told) if self.system else told


_E = TypeVar("_E", bound=ConnectorError)


def telling(error: _E) -> _E:
    """The same error, whose own words say what to do about it."""
    error.tells_what_to_do = True
    return error


class Transient(ConnectorError):
    """May work on a new session.  ``retry_after`` in seconds when the system asked for a pause."""

    def __init__(self, what: str, *, system: str = "", detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, system=system, detail=detail)
        self.retry_after = retry_after


class ConnectionLost(Transient):
    """The connection broke, or was given up because nothing that came on it could be trusted any more."""


class Unavailable(Transient):
    """The system cannot be reached, or takes no further session at the moment."""


class Postponed(Unavailable):
    """The system asked to be left alone, and nothing is asked of it before ``until``."""

    def __init__(
        self, what: str, until: datetime, *, system: str = "", detail: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(what, system=system, detail=detail, retry_after=retry_after)
        self.until = until


class TooManySessions(Unavailable):
    """No further session is granted beside those that are open: to this ``account``, or to us at all (``system``).

    ``limit``: how many are granted, None when the system does not say.
    """

    def __init__(
        self,
        what: str,
        of: Literal["account", "system"] = "account",
        *,
        system: str = "",
        detail: str = "",
        limit: int | None = None,
    ) -> None:
        super().__init__(what, system=system, detail=detail)
        self.of = of
        self.limit = limit


class TooSoon(Unavailable):
    """This account may not sign in again before ``retry_after`` seconds have passed; others may."""


class FolderNotMade(Transient):
    """The system answers, and does not make this one folder at the moment; others may be made all the same."""

    reason = Reason.FOLDER_REFUSED


class OverQuota(ConnectorError):
    """The mailbox is full, or a day's allowance is used up.  ``until``: when it may go on, None when not known."""

    def __init__(self, what: str, *, system: str = "", detail: str = "", until: datetime | None = None) -> None:
        super().__init__(what, system=system, detail=detail)
        self.until = until


class Refused(ConnectorError):
    """This one thing (a message, a folder) is refused, and will be again."""

    def __init__(self, what: str, reason: Reason, *, system: str = "", detail: str = "") -> None:
        super().__init__(what, system=system, detail=detail)
        self.reason = reason


class FolderMissing(ConnectorError):
    """The folder is gone, or its epoch changed: keys read before mean nothing now.  List the folders again."""


class AuthFailed(ConnectorError):
    """The system does not let this account in.  Trying again would only lock it.  ``denial`` says why, as a code."""

    def __init__(self, what: str, *, system: str = "", detail: str = "", denial: Denial = Denial.BAD_PASSWORD) -> None:
        super().__init__(what, system=system, detail=detail)
        self.denial = denial


class Stopped(ConnectorError):
    """The session was aborted, or the stop flag was set, by us."""


class Fatal(ConnectorError):
    """Nothing on this system will work until a person changes something (TLS, settings, a missing capability)."""


class SpoolError(Fatal):
    """This machine's own disk does not take a large message; no system is to blame."""


class ArchiveUnreadable(Fatal):
    """An archive file cannot be read until a person does something about it; no system is to blame."""


class Untrusted(Fatal):
    """The system's certificate is not trusted, or is not the pinned one.

    ``fingerprint``: sha256 of the certificate that it showed, 64 hexadecimal digits; empty when it could not be had.
    """

    def __init__(self, what: str, *, system: str = "", detail: str = "", fingerprint: str = "") -> None:
        super().__init__(what, system=system, detail=detail)
        self.fingerprint = fingerprint

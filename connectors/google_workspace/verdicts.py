"""What an answer of Google's means for the engine: verdicts, worded for an administrator who can act on them."""

from __future__ import annotations

import ssl
from http.client import HTTPException

import httplib2

from connectors.denials import Denial
from connectors.errors import (
    AuthFailed,
    ConnectorError,
    Fatal,
    OverQuota,
    Refused,
    TooSoon,
    Transient,
    Unavailable,
    telling,
)
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.scopes import WRITE_MAIL, api_name
from connectors.language import _
from connectors.net.verdicts import connection_lost, tls_failed
from connectors.reasons import Reason

#: What httplib2 and the library below it raise when a connection cannot be made, or breaks.
BROKEN = (OSError, HTTPException, httplib2.HttpLib2Error)
#: Seconds after which a rate is looked at again where Google does not say.
RATE_PAUSE = 5.0
#: Seconds after which a mailbox that is being set up is looked at again.
SETUP_PAUSE = 10.0


def broken(system: str, error: Exception) -> ConnectorError:
    """Verdict for a connection that could not be made or that broke."""
    if isinstance(error, ssl.SSLError):
        return tls_failed(system, error)
    if isinstance(error, httplib2.ServerNotFoundError):
        return Unavailable(_("the name cannot be looked up"), system=system, detail="DNS")
    if isinstance(error, OSError):
        return connection_lost(system, error)
    return Transient(_("the connection was lost"), system=system, detail=type(error).__name__)


def verdict(answer: Denied, *, system: str, api: str, project: str = "", subject: str = "") -> ConnectorError:
    """Verdict for an answer that was not expected where it came.

    ``api`` is the API as the console calls it, ``subject`` in whose name it was asked.
    """
    detail = str(answer)
    if answer.limited is not None:
        return _limited(answer, system, detail)
    if answer.passing:
        what = _("Google could not answer at the moment")
        return Transient(what, system=system, detail=detail, retry_after=answer.retry_after)
    if answer.reason == "storageQuotaExceeded":
        return OverQuota(_("the mailbox is full"), system=system, detail=detail)
    return _of_rights(answer, system, detail, api, project, subject) or _of_request(answer, system, detail, subject)


def _limited(answer: Denied, system: str, detail: str) -> ConnectorError:
    if answer.reason == "dailyLimitExceeded":
        what = _("the day's allowance of the Google Cloud project is used up")
        return Transient(what, system=system, detail=detail, retry_after=answer.pause)
    what = _("asks to be left alone for a while")
    seconds = RATE_PAUSE if answer.pause is None else answer.pause
    kind = TooSoon if answer.limited == "user" else Transient
    return kind(what, system=system, detail=detail, retry_after=seconds)


def _of_rights(answer: Denied, system: str, detail: str, api: str, project: str, subject: str) -> ConnectorError | None:
    if answer.reason == "accessNotConfigured" or answer.info == "SERVICE_DISABLED":
        what = _(
            'the "{api}" is not switched on in the Google Cloud project {project}: open'
            " https://console.cloud.google.com/apis/library?project={project}, look for it, click Enable, and wait"
            " five minutes"
        )
        return telling(Fatal(what.format(api=api, project=project), system=system, detail=detail))
    if answer.reason == "insufficientPermissions" or answer.info == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
        what = _("a right that is needed was not granted to the service account; run bascule check to see which one")
        return telling(AuthFailed(what, system=system, detail=detail, denial=Denial.NO_RIGHT))
    if answer.reason == "domainPolicy":
        what = _(
            "a policy of the organisation forbids access to the mail of {subject}: in the Admin console, under Apps >"
            " Google Workspace > Gmail, look whether the service is on for this person, and under Security > API"
            " controls whether the app is blocked"
        )
        return telling(AuthFailed(what.format(subject=subject), system=system, detail=detail, denial=Denial.POLICY))
    if answer.status == 401:
        what = _("does not take the access token of {subject}; is the account suspended or deleted?")
        return telling(AuthFailed(what.format(subject=subject), system=system, detail=detail, denial=Denial.TOKEN))
    if answer.status == 403 and api == api_name(WRITE_MAIL):
        what = _(
            "the mail of {subject} is closed: in the Admin console, under Directory > Users > {subject}, look whether"
            " the account is suspended, and under Apps > Google Workspace > Gmail whether the service is on for it"
        )
        return telling(AuthFailed(what.format(subject=subject), system=system, detail=detail, denial=Denial.DISABLED))
    if answer.status == 403:
        what = _("{subject} may not do this; an administrator role that allows it is needed")
        return telling(AuthFailed(what.format(subject=subject), system=system, detail=detail, denial=Denial.NO_RIGHT))
    return None


def _of_request(answer: Denied, system: str, detail: str, subject: str) -> ConnectorError:
    if answer.unready:
        return no_mailbox(system, detail, subject)
    if answer.status == 413 or answer.reason == "uploadTooLarge":
        return Refused(_("too large"), Reason.TOO_LARGE, system=system, detail=detail)
    return Fatal(_("answered in a way that was not expected"), system=system, detail=detail)


def no_mailbox(system: str, detail: str, subject: str) -> AuthFailed:
    """The account is there, and Gmail is not."""
    what = _(
        "{subject} has no Gmail mailbox: in the Admin console, under Directory > Users > {subject} > Licences, give"
        " the account a licence that includes Gmail, then wait until the mailbox is ready"
    )
    return telling(AuthFailed(what.format(subject=subject), system=system, detail=detail, denial=Denial.NOT_CONNECTED))


def being_set_up(system: str, subject: str) -> TooSoon:
    """The mailbox is being made: a matter of seconds or minutes."""
    what = _("the mailbox of {subject} is not ready yet; if this lasts, look whether the account has a licence")
    return TooSoon(what.format(subject=subject), system=system, retry_after=SETUP_PAUSE)

"""What Exchange must be told before an application may open mailboxes, as lines of PowerShell.

learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

from __future__ import annotations

import re

from connectors import powershell
from connectors.denials import Denial
from connectors.errors import AuthFailed, TooSoon
from connectors.language import _
from connectors.microsoft365.settings import Microsoft365Settings

#: Stands in a line for what only the tenant's administrator can look up.
OBJECT_ID = "<Object ID of the app under Enterprise applications>"
#: Seconds until such a mailbox is asked for again.
_NOT_SERVED_PAUSE = 60.0
_PLAIN = re.compile(r"[A-Za-z0-9._@+-]+|\$[A-Za-z.]+")


def quoted(word: str) -> str:
    """A word of PowerShell, in single quotes where it needs them; what is still to be filled in stays visible."""
    return word if _PLAIN.fullmatch(word) else powershell.quoted(word)


def register(client_id: str, object_id: str = "") -> str:
    """Makes Exchange know the app; the object ID is that of the enterprise application, not of the registration."""
    return f"New-ServicePrincipal -AppId {quoted(client_id)} -ObjectId {quoted(object_id or OBJECT_ID)}"


def unregister(client_id: str) -> str:
    """Takes away what stands under this app, whatever its object ID."""
    return f"Remove-ServicePrincipal -Identity {quoted(client_id)}"


def full_access(mailbox: str, user: str) -> str:
    """Lets ``user``, an app's object ID or a person, open the mailbox; Outlook does not show it to them."""
    return (
        f"Add-MailboxPermission -Identity {quoted(mailbox)} -User {quoted(user)} -AccessRights FullAccess"
        " -AutoMapping $false"
    )


def imap_on(mailbox: str) -> str:
    return f"Set-CASMailbox -Identity {quoted(mailbox)} -ImapEnabled $true"


def not_served(system: str) -> TooSoon:
    """Exchange hides throttling behind this refusal: a mailbox that was open before will be again."""
    what = _("lets nobody into this mailbox for the moment (authenticated but not connected)")
    return TooSoon(what, system=system, detail="BAD", retry_after=_NOT_SERVED_PAUSE)


def not_let_in(error: AuthFailed, settings: Microsoft365Settings, user: str, *, any_open: bool) -> AuthFailed:
    """A refusal of Exchange, with what mends it.

    ``any_open``: another mailbox of the tenant was opened, so that Exchange knows who signs in.
    """
    if error.denial is Denial.NOT_CONNECTED:
        lines = [full_access(user, _who(settings)), imap_on(user)]
        what = _(
            "knows who signs in and does not open this mailbox. One of these is missing: the right to it, IMAP, a"
            " licence with a mailbox (a new one is ready after up to 24 hours). In Exchange Online PowerShell: {lines}"
        ).format(lines="; ".join(lines))
        return AuthFailed(what, denial=error.denial, system=error.system, detail=error.detail)
    if error.denial is not Denial.TOKEN or error.system != settings.hosts.imap_host:
        return error
    if any_open or not settings.app_only:
        lines = [full_access(user, _who(settings)), imap_on(user)]
        what = _(
            "does not open this mailbox: there is none of this name, IMAP is switched off for it, or the right to it is"
            " missing. In Exchange Online PowerShell: {lines}"
        ).format(lines="; ".join(lines))
        return AuthFailed(what, denial=Denial.NO_RIGHT, system=error.system, detail=error.detail)
    what = _(
        "does not know this app yet, or knows it by a wrong object ID. In Exchange Online PowerShell: {lines}."
        " bascule check tells what is missing"
    ).format(lines=register(settings.client_id))
    return AuthFailed(what, denial=Denial.APP, system=error.system, detail=error.detail)


def _who(settings: Microsoft365Settings) -> str:
    return OBJECT_ID if settings.app_only else "<who signed in>"

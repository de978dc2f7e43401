"""What has to be true before a mailbox of a tenant can be used, asked one by one, with what mends each.

What only Exchange knows (its list of apps, the right to a mailbox, IMAP switched on) cannot be read without a mailbox
that opens; so the mailbox is opened first, and looked at more closely only where it does not.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any, Literal
from urllib.parse import quote

from connectors.contract import Account, Source
from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError, Stopped, Transient
from connectors.language import _
from connectors.microsoft365.access import Access
from connectors.microsoft365.grants import OBJECT_ID, full_access, imap_on, register, unregister
from connectors.microsoft365.graph import GraphRefused
from connectors.microsoft365.settings import Microsoft365Settings
from connectors.preconditions import Precondition

#: The permission for mail over IMAP, and those that are asked for by name where they are of use.
MAIL = "IMAP.AccessAsApp"
DIRECTORY = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
CATEGORIES = ("Mail.ReadWrite", "MailboxSettings.ReadWrite")
_READY = "Success"
_NO_MAILBOX = ("EXCHANGE_S_FOUNDATION", "EXCHANGE_S_ARCHIVE")


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says of itself.  Read for advice alone: only the system that it is for can judge it."""

    permissions: frozenset[str]
    #: Of the enterprise application (service principal).
    object_id: str

    @classmethod
    def of(cls, token: str) -> Claims | None:
        """None for a token that is no readable JWT."""
        parts = token.split(".")
        if len(parts) != 3:
            return None
        try:
            told: Any = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        except ValueError:
            return None
        if not isinstance(told, dict):
            return None
        roles, scopes, oid = told.get("roles"), told.get("scp"), told.get("oid")
        named = [one for one in roles if isinstance(one, str)] if isinstance(roles, list) else []
        named += scopes.split() if isinstance(scopes, str) else []
        return cls(frozenset(named), oid if isinstance(oid, str) else "")


class Preflight:
    """Asks for one tenant.  What is true of all of it is asked for once a process."""

    def __init__(
        self, settings: Microsoft365Settings, access: Access, open_source: Callable[[Account, Event], Source]
    ) -> None:
        self._settings = settings
        self._access = access
        self._open = open_source
        self._lock = Lock()
        #: By side, and where people sign in by code by person.
        self._of_tenant: dict[tuple[str, str], list[Precondition]] = {}
        self._object_id = ""

    def of(self, account: Account, side: Literal["source", "target"], stop: Event) -> Iterator[Precondition]:
        """As :meth:`connectors.preconditions.Prepared.preconditions`."""
        with self._lock:
            key = side, "" if self._settings.app_only else account.user
            if key not in self._of_tenant:
                self._of_tenant[key] = list(self._tenant(account, side, stop))
            told = self._of_tenant[key]
        yield from told
        if any(one.met is False for one in told if one.code in ("app-accepted", "signed-in", "mail-permission")):
            return
        yield from self._mailbox(account, stop)

    # -- of the tenant ------------------------------------------------------------------------------------------

    def _tenant(self, account: Account, side: str, stop: Event) -> Iterator[Precondition]:
        settings = self._settings
        code: str = "app-accepted" if settings.app_only else "signed-in"
        of: Literal["system", "mailbox"] = "system" if settings.app_only else "mailbox"
        secret = settings.secret or settings.certificate
        missing = "" if secret is None else secret.missing()
        if missing:
            yield Precondition(code, of, False, missing)
            return
        try:
            token = self._access.mail(account.user).token()
        except Stopped:
            raise
        except ConnectorError as error:
            yield Precondition(code, of, None if isinstance(error, Transient) else False, str(error))
            return
        yield Precondition(code, of, True, _("the tenant gives access tokens"))
        claims = Claims.of(token)
        if settings.app_only:
            yield self._mail_permission(claims)
        if settings.keywords == "categories" and side == "target":
            yield from self._categories(account, stop)

    def _mail_permission(self, claims: Claims | None) -> Precondition:
        code = "mail-permission"
        if claims is None:
            what = _("whether the app may use IMAP cannot be told from its token; the mailboxes will show it")
            return Precondition(code, "system", None, what)
        self._object_id = claims.object_id
        if MAIL in claims.permissions:
            return Precondition(code, "system", True, _("the app may use IMAP ({name})").format(name=MAIL))
        what = _("the app has no permission to use IMAP: {name} is missing, or has no admin consent").format(name=MAIL)
        mend = _(
            "In the Entra admin center, App registrations, the app, API permissions, Add a permission, APIs my"
            " organization uses, Office 365 Exchange Online, Application permissions: choose {name}; then Grant admin"
            " consent."
        ).format(name=MAIL)
        return Precondition(code, "system", False, what, mend)

    def _categories(self, account: Account, stop: Event) -> Iterator[Precondition]:
        path = f"/users/{quote(account.user, safe='@')}/outlook/masterCategories"
        code, names = "categories-permission", ", ".join(CATEGORIES)
        try:
            self._access.graph(stop, account.user).get(path, {"$top": "1"})
        except GraphRefused as error:
            if error.status == 404:
                yield Precondition(code, "system", None, _("this mailbox is not there to be asked for categories"))
                return
            what = _("keywords cannot become categories: Microsoft Graph does not permit it")
            mend = _(
                "In the Entra admin center, App registrations, the app, API permissions, Microsoft Graph, Application"
                " permissions: add {names}; then Grant admin consent. Or set keywords: off for this system."
            ).format(names=names)
            yield Precondition(code, "system", False, what, mend)
        except Stopped:
            raise
        except ConnectorError as error:
            yield Precondition(code, "system", None, str(error))
        else:
            yield Precondition(code, "system", True, _("keywords can become categories"))

    # -- of a mailbox -------------------------------------------------------------------------------------------

    def _mailbox(self, account: Account, stop: Event) -> Iterator[Precondition]:
        code = "mailbox-opens"
        try:
            self._open(account, stop).close()
        except Stopped:
            raise
        except AuthFailed as error:
            yield from self._why(account, error, stop)
        except ConnectorError as error:
            yield Precondition(code, "mailbox", None, str(error))
        else:
            yield Precondition(code, "mailbox", True, _("the mailbox opens"))

    def _why(self, account: Account, error: AuthFailed, stop: Event) -> Iterator[Precondition]:
        """Why it did not open: what Graph knows of the person first, then what only Exchange knows."""
        closed = yield from self._person(account, stop)
        if closed:
            return
        user = account.user
        if error.denial is Denial.APP:
            yield self._unregistered(error)
            return
        if error.denial not in (Denial.NO_RIGHT, Denial.NOT_CONNECTED):
            yield Precondition("mailbox-opens", "mailbox", False, str(error))
            return
        what = _("Exchange does not open this mailbox: the right to it is missing, or IMAP is switched off for it")
        lines = [
            full_access(user, (self._object_id or OBJECT_ID) if self._settings.app_only else "<who signed in>"),
            imap_on(user),
        ]
        yield Precondition("full-access", "mailbox", False, what, self._in_shell(lines))

    def _unregistered(self, error: AuthFailed) -> Precondition:
        what = _("Exchange does not know this app, or knows it by a wrong object ID (that of the registration)")
        client_id = self._settings.client_id
        mend = self._in_shell([unregister(client_id), register(client_id, self._object_id)])
        return Precondition("app-known-to-exchange", "system", False, what, mend)

    def _in_shell(self, lines: list[str]) -> str:
        return _("In Exchange Online PowerShell (Connect-ExchangeOnline): {lines}").format(lines="; ".join(lines))

    def _person(self, account: Account, stop: Event) -> Generator[Precondition, None, bool]:
        """Whether the person is there, may sign in and has a licence; True when that explains it."""
        path = f"/users/{quote(account.user, safe='@')}/licenseDetails"
        try:
            states = _mailbox_plans(self._access.graph(stop, account.user).pages(path))
        except GraphRefused as error:
            if error.status == 404:
                what = _("there is no person or mailbox {name} in this tenant").format(name=account.user)
                mend = _("Make the account (bascule accounts apply), or correct the address in the people file.")
                yield Precondition("mailbox-there", "mailbox", False, what, mend)
                return True
            what = _("whether the mailbox has a licence cannot be asked: the app may not read the directory")
            mend = _("To be told, give the app the Microsoft Graph permission {name}, with admin consent.").format(
                name=DIRECTORY[0]
            )
            yield Precondition("mailbox-licensed", "mailbox", None, what, mend)
            return False
        except Stopped:
            raise
        except ConnectorError as error:
            yield Precondition("mailbox-licensed", "mailbox", None, str(error))
            return False
        yield Precondition("mailbox-there", "mailbox", True, _("the person is in the tenant's directory"))
        if _READY in states:
            yield Precondition("mailbox-licensed", "mailbox", True, _("a licence with a mailbox is assigned"))
            return False
        if any(state.startswith("Pending") for state in states):
            what = _("the licence is assigned, and the mailbox is still being made")
            mend = _("Wait: it is ready within minutes as a rule, and after 24 hours at the latest.")
            yield Precondition("mailbox-ready", "mailbox", False, what, mend)
            return True
        what = _("no licence with a mailbox is assigned; a shared mailbox needs none, any other does")
        mend = _(
            "Assign one (bascule accounts apply, or the Microsoft 365 admin center, Users). A new mailbox is ready"
            " within minutes as a rule, and after 24 hours at the latest."
        )
        yield Precondition("mailbox-licensed", "mailbox", False, what, mend)
        return False


def _mailbox_plans(licences: Iterator[dict[str, Any]]) -> set[str]:
    """How far the service plans with a mailbox are, of all licences of a person.

    learn.microsoft.com/graph/api/resources/serviceplaninfo; of the plans of Exchange some are no mailbox.
    """
    states: set[str] = set()
    for licence in licences:
        plans = licence.get("servicePlans")
        for plan in plans if isinstance(plans, list) else ():
            name = str(plan.get("servicePlanName", "")) if isinstance(plan, dict) else ""
            if name.startswith("EXCHANGE_") and not name.startswith(_NO_MAILBOX):
                states.add(str(plan.get("provisioningStatus")))
    return states

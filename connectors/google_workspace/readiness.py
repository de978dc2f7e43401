"""What has to be true before mailboxes of a Google Workspace can be opened, asked for one by one.

Each answer that is no says what to click.  Of the whole organisation it is asked once a process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from threading import Event, Lock
from typing import Any, Literal

from googleapiclient.errors import HttpError

from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError, Stopped, Transient
from connectors.google_workspace.access import Access, denied_by
from connectors.google_workspace.scopes import (
    MANAGE_ACCOUNTS,
    READ_ACCOUNTS,
    READ_LICENCES,
    READ_MAIL,
    WRITE_MAIL,
    api_name,
)
from connectors.google_workspace.verdicts import BROKEN, broken
from connectors.language import _
from connectors.preconditions import Precondition

Side = Literal["source", "target"]

#: The product whose licences hold a mailbox (https://developers.google.com/workspace/admin/licensing/v1/how-tos/products).
_PRODUCT = "Google-Apps"
_PAGE = 1000
#: Seconds for which somebody who was seen to have a licence has one.
_LICENCES_KEEP = 600.0
_PERSON = "primaryEmail,suspended,isMailboxSetup"


def mail_scope(side: Side) -> str:
    """The right that mailboxes are opened with."""
    return READ_MAIL if side == "source" else WRITE_MAIL


class Readiness:
    """Asks what stands in the way.  Thread-safe; ``open_mailbox`` opens one and closes it again."""

    def __init__(self, access: Access, open_mailbox: Callable[[str, Side, Event], None]) -> None:
        self._access = access
        self._open_mailbox = open_mailbox
        self._lock = Lock()
        self._asking = Lock()
        self._of_system: dict[Side, list[Precondition]] = {}
        self._licensed = frozenset[str](), 0.0

    def ask(self, subject: str, side: Side, stop: Event) -> Iterator[Precondition]:
        """As :meth:`connectors.preconditions.Prepared.preconditions`."""
        with self._asking:
            if side not in self._of_system:
                self._of_system[side] = list(self._ask_system(side, stop))
            of_system = self._of_system[side]
        yield from of_system
        if all(one.met for one in of_system if one.code in _NEEDED):
            directory = any(one.code == "accounts-readable" and one.met for one in of_system)
            yield from self._ask_mailbox(subject, side, stop, directory=directory)

    def is_being_made(self, subject: str) -> bool:
        """Whether a mailbox that does not open is one that Google is still making.

        Raises Transient when the directory cannot tell at the moment.
        """
        scope = self.accounts_scope()
        try:
            directory = self._access.service("admin", "directory_v1", self._access.settings.admin, scope)
            person = self._access.execute(directory.users().get(userKey=subject, fields=_PERSON), scope=scope)
        except Transient:
            raise
        except ConnectorError:
            return False
        if person.get("isMailboxSetup", True) or person.get("suspended"):
            return False
        return self._is_licensed(str(person.get("primaryEmail", subject))) is not False

    # -- the organisation ---------------------------------------------------------------------------------------------

    def _ask_system(self, side: Side, stop: Event) -> Iterator[Precondition]:
        missing = self._access.settings.key.missing()
        if missing:
            yield Precondition("key-usable", "system", False, missing)
            return
        key = self._try("key-usable", _("the key of the service account can be read"), lambda: self._access.key)
        yield key
        if not key.met:
            return
        admin, mail = self._access.settings.admin, mail_scope(side)
        for code, scope in (("scope-granted", mail), ("accounts-readable", self.accounts_scope())):
            _check(stop)
            grant = self._access.grant(admin, scope)
            granted = self._try(code, _("granted: {scope}").format(scope=scope), grant.token)
            yield granted
            if code == "scope-granted" and not granted.met:
                return
        _check(stop)
        yield self._switched_on(admin, mail)

    def accounts_scope(self) -> str:
        """The right to read accounts that was granted: the small one, or the one to manage them."""
        try:
            self._access.grant(self._access.settings.admin, READ_ACCOUNTS).token()
        except AuthFailed as error:
            if error.denial is Denial.NO_RIGHT and self._has(MANAGE_ACCOUNTS):
                return MANAGE_ACCOUNTS
        except ConnectorError:
            pass  # met again when the right is asked for
        return READ_ACCOUNTS

    def _has(self, scope: str) -> bool:
        try:
            self._access.grant(self._access.settings.admin, scope).token()
        except ConnectorError:
            return False
        return True

    def _switched_on(self, admin: str, scope: str) -> Precondition:
        """Whether the project has the Gmail API; a person without a mailbox is answered by it too."""
        code, told = "api-enabled", _("the {api} is switched on").format(api=api_name(scope))
        try:
            gmail = self._access.service("gmail", "v1", admin, scope)
            gmail.users().getProfile(userId="me", fields="emailAddress").execute()
        except HttpError as error:
            answer = denied_by(error)
            if answer.reason == "accessNotConfigured" or answer.info == "SERVICE_DISABLED":
                return _unmet(code, self._access.verdict(answer, scope=scope))
            if answer.limited or answer.passing:
                return Precondition(code, "system", None, str(self._access.verdict(answer, scope=scope)))
        except ConnectorError as error:
            return _unmet(code, error)
        except BROKEN as error:
            return Precondition(code, "system", None, str(broken(self._access.system, error)))
        return Precondition(code, "system", True, told)

    def _try(self, code: str, told: str, ask: Callable[[], object]) -> Precondition:
        try:
            ask()
        except Stopped:
            raise
        except ConnectorError as error:
            return _unmet(code, error)
        return Precondition(code, "system", True, told)

    # -- one mailbox --------------------------------------------------------------------------------------------------

    def _ask_mailbox(self, subject: str, side: Side, stop: Event, *, directory: bool) -> Iterator[Precondition]:
        person: dict[str, Any] = {}
        if directory:
            _check(stop)
            account = self._account(subject, person)
            yield account
            if not account.met:
                return
        _check(stop)
        try:
            self._open_mailbox(subject, side, stop)
        except Stopped:
            raise
        except AuthFailed as error:
            if error.denial is Denial.NOT_CONNECTED or person.get("isMailboxSetup") is False:
                yield from self._without_mailbox(subject, person, error)
                return
            yield _unmet("mailbox-opens", error, of="mailbox")
        except ConnectorError as error:
            if person.get("isMailboxSetup") is False:
                yield from self._without_mailbox(subject, person, error)
                return
            yield Precondition("mailbox-opens", "mailbox", None, str(error))
        else:
            yield Precondition("mailbox-opens", "mailbox", True, _("the mailbox opens"))

    def _account(self, subject: str, person: dict[str, Any]) -> Precondition:
        """Whether there is an account that may be used; ``person`` takes what the directory tells of it."""
        scope = self.accounts_scope()
        code: str = "account-active"
        try:
            directory = self._access.service("admin", "directory_v1", self._access.settings.admin, scope)
            person.update(directory.users().get(userKey=subject, fields=_PERSON).execute())
        except HttpError as error:
            answer = denied_by(error)
            if answer.status == HTTPStatus.NOT_FOUND:
                return Precondition(
                    code,
                    "mailbox",
                    met=False,
                    what=_("there is no account {subject}").format(subject=subject),
                    mend=_(
                        "In the Admin console, under Directory > Users, add the account, or correct the address in the"
                        " people file."
                    ),
                )
            return Precondition(code, "mailbox", None, str(self._access.verdict(answer, scope=scope)))
        except ConnectorError as error:
            return Precondition(code, "mailbox", None, str(error))
        except BROKEN as error:
            return Precondition(code, "mailbox", None, str(broken(self._access.system, error)))
        if person.get("suspended"):
            return Precondition(
                code,
                "mailbox",
                met=False,
                what=_("the account {subject} is suspended").format(subject=subject),
                mend=_("In the Admin console, under Directory > Users > {subject}, click Reactivate.").format(
                    subject=subject
                ),
            )
        return Precondition(code, "mailbox", True, _("the account is there and active"))

    def _without_mailbox(self, subject: str, person: dict[str, Any], error: ConnectorError) -> Iterator[Precondition]:
        """Why an account has no mailbox: no licence, or it is still being made."""
        licensed = self._is_licensed(str(person.get("primaryEmail", subject)))
        mend = _(
            "In the Admin console, under Directory > Users > {subject} > Licences, give the account a licence that"
            " includes Gmail."
        ).format(subject=subject)
        if licensed is False:
            what = _("the account {subject} has no licence").format(subject=subject)
            yield Precondition("mailbox-licensed", "mailbox", met=False, what=what, mend=mend)
            return
        if licensed:
            yield Precondition("mailbox-licensed", "mailbox", True, _("the account has a licence"))
        if person.get("isMailboxSetup") is False:
            what = _("the mailbox of {subject} is not ready yet").format(subject=subject)
            wait = _("Wait some minutes and try again; after a day, look at the account's licence.")
            yield Precondition("mailbox-opens", "mailbox", met=False, what=what, mend=wait)
            return
        yield _unmet("mailbox-opens", error, of="mailbox")

    def _is_licensed(self, address: str) -> bool | None:
        """Whether a licence was assigned; None when that cannot be asked.

        All that are assigned come in one list, page by page: it is asked for anew only for who is not on it.
        """
        with self._lock:
            known, since = self._licensed
        if address.lower() in known and time.monotonic() - since < _LICENCES_KEEP:
            return True
        licensed = self._ask_licences()
        if licensed is None:
            return None
        with self._lock:
            self._licensed = licensed, time.monotonic()
        return address.lower() in licensed

    def _ask_licences(self) -> frozenset[str] | None:
        admin = self._access.settings.admin
        people = set[str]()
        try:
            licensing = self._access.service("licensing", "v1", admin, READ_LICENCES)
            those = licensing.licenseAssignments()
            request = those.listForProduct(productId=_PRODUCT, customerId=admin.rpartition("@")[2], maxResults=_PAGE)
            while request is not None:
                told = self._access.execute(request, scope=READ_LICENCES)
                people.update(str(one["userId"]).lower() for one in told.get("items", ()))
                request = those.listForProduct_next(request, told)
        except ConnectorError:
            return None
        return frozenset(people)


#: Without these no mailbox opens.
_NEEDED = frozenset({"key-usable", "scope-granted", "api-enabled"})


def _unmet(code: str, error: ConnectorError, of: Literal["system", "mailbox"] = "system") -> Precondition:
    """A verdict says both what is wrong and what to do; one that may pass is no verdict about us."""
    met = None if isinstance(error, Transient) else False
    return Precondition(code, of, met, error.what)


def _check(stop: Event) -> None:
    if stop.is_set():
        raise Stopped(_("interrupted while looking"))

"""Calls of Google's administrative APIs, each with the right that it needs, their answers as verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import tenacity
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest

from connectors.errors import Fatal, Transient
from connectors.google_workspace.access import Access, denied_by
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.settings import GoogleSettings
from connectors.google_workspace.verdicts import BROKEN, broken
from connectors.language import _
from migrate.directory.contract import NotTaken
from migrate.directory.patience import pause

_AUTH = "https://www.googleapis.com/auth/"
USERS = f"{_AUTH}admin.directory.user"
GROUPS = f"{_AUTH}admin.directory.group"
DOMAINS = f"{_AUTH}admin.directory.domain"
ORG_UNITS = f"{_AUTH}admin.directory.orgunit"
GROUP_SETTINGS = f"{_AUTH}apps.groups.settings"
GROUP_ARCHIVE = f"{_AUTH}apps.groups.migration"
LICENCES = f"{_AUTH}apps.licensing"
VERIFICATION = f"{_AUTH}siteverification"
_APIS = {
    USERS: ("admin", "directory_v1"),
    GROUPS: ("admin", "directory_v1"),
    DOMAINS: ("admin", "directory_v1"),
    ORG_UNITS: ("admin", "directory_v1"),
    GROUP_SETTINGS: ("groupssettings", "v1"),
    GROUP_ARCHIVE: ("groupsmigration", "v1"),
    LICENCES: ("licensing", "v1"),
    VERIFICATION: ("siteVerification", "v1"),
}
#: What stands for the customer of whoever asks.
CUSTOMER = "my_customer"
#: Answers that say: not as you think it is; the caller looks again.
_CONFLICTS = frozenset({409, 412})
#: Tries of one question, and the longest wait between two, in seconds.
_TRIES, _LONGEST = 5, 30.0


def _patiently(ask: Callable[[], Any]) -> Any:
    """What is asked, again where that may help: a question does no harm."""
    for attempt in tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Transient),
        stop=tenacity.stop_after_attempt(_TRIES),
        wait=pause(_LONGEST),
        reraise=True,
    ):
        with attempt:
            return ask()
    raise AssertionError("the last error was raised")


class Conflict(Exception):
    """It is there already, or something else has its place: look which of the two."""

    def __init__(self, answer: Denied) -> None:
        super().__init__(str(answer))
        self.answer = answer


class Calls:
    """One thread's calls, in the name of the plan's administrator."""

    def __init__(self, settings: GoogleSettings) -> None:
        self.access = Access(settings)
        self._admin = settings.admin

    def api(self, scope: str) -> Any:
        """The API that this right belongs to, asked with this right alone."""
        return self.access.service(*_APIS[scope], self._admin, scope)

    def ask(self, request: HttpRequest, scope: str) -> Any:
        """The answer of a question; what passes is waited for a while.  Raises ConnectorError."""
        return _patiently(lambda: self.access.execute(request, scope=scope))

    def ask_for(self, request: HttpRequest, scope: str) -> Any | None:
        """As :meth:`ask`, None where there is no such thing."""
        return _patiently(lambda: self._ask_for(request, scope))

    def _ask_for(self, request: HttpRequest, scope: str) -> Any | None:
        try:
            return request.execute()
        except HttpError as error:
            answer = denied_by(error)
            if answer.status == 404:
                return None
            raise self.access.verdict(answer, scope=scope) from None
        except BROKEN as error:
            raise broken(self.access.system, error) from None

    def pages(self, collection: Any, scope: str, items: str, **parameters: object) -> Iterator[Any]:
        """The ``items`` of all pages of a collection's list."""
        request = collection.list(**parameters)
        while request is not None:
            page = self.ask(request, scope)
            yield from page.get(items, ())
            request = collection.list_next(request, page)

    def change(self, request: HttpRequest, scope: str) -> Any:
        """The answer of a change.

        Raises Conflict; Transient also where what it is about is not seen yet; NotTaken where Google does not take this
        one; else as :meth:`ask`.
        """
        try:
            return request.execute()
        except HttpError as error:
            answer = denied_by(error)
        except BROKEN as error:
            raise broken(self.access.system, error) from None
        if answer.status in _CONFLICTS:
            raise Conflict(answer)
        if answer.status == 404:
            told = _("It is not there, or Google does not see it yet.")
            raise Transient(told, system=self.access.system, detail=str(answer))
        error_of = self.access.verdict(answer, scope=scope)
        if answer.status == 400 and isinstance(error_of, Fatal):
            raise NotTaken(_("Google does not take this."), system=self.access.system, detail=str(answer))
        raise error_of

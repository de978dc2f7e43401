"""Mail into a group's conversations: https://developers.google.com/workspace/admin/groups-migration/v1/guides/overview

At most 25 MB a message, and ten messages a second.
"""

from __future__ import annotations

import json
import time
from threading import Event
from urllib.parse import quote

from connectors.google_workspace.answers import denied
from connectors.google_workspace.line import AnswerLost, Once
from connectors.google_workspace.settings import GoogleSettings
from connectors.google_workspace.verdicts import BROKEN, broken
from connectors.language import _
from migrate.directory.contract import NotTaken
from migrate.directory.google.calls import GROUP_ARCHIVE, Calls
from migrate.directory.group_archive import Unsure

_HOST = "https://groupsmigration.googleapis.com"
_A_SECOND = 10.0


class GoogleGroupArchive:
    """A :class:`migrate.directory.group_archive.GroupArchive`.

    The request is our own: the client library's connection sends a request a second time when its answer is lost, and
    beside other parts it would write the body as text and break 8-bit mail.
    """

    def __init__(self, calls: Calls, settings: GoogleSettings, stop: Event) -> None:
        self._access = calls.access
        self._grant = calls.access.grant(settings.admin, GROUP_ARCHIVE)
        self._http = calls.access.http()
        self._root = settings.endpoint or _HOST
        self._stop = stop
        self._next = 0.0

    @property
    def most(self) -> int:
        return 25 << 20

    def put(self, group: str, message: bytes) -> None:
        self._keep_pace()
        token = self._grant.token()
        status, headers, content = self._asked(group, message, token)
        if status == 401:
            status, headers, content = self._asked(group, message, self._grant.token(refused=token))
        if status == 200:
            if _code_in(content, self._access.system) != "SUCCESS":
                raise NotTaken(_("Google does not take this message."), system=self._access.system)
            return
        answer = denied(status, headers, content)
        if answer.passing:
            told = _("Google could not answer at the moment")
            raise Unsure(told, system=self._access.system, detail=str(answer))
        if status == 400:
            told = _("Google does not take this message.")
            raise NotTaken(told, system=self._access.system, detail=str(answer))
        raise self._access.verdict(answer, scope=GROUP_ARCHIVE)

    def _asked(self, group: str, message: bytes, token: str) -> tuple[int, dict[str, str], bytes]:
        address = f"{self._root}/upload/groups/v1/groups/{quote(group)}/archive?uploadType=media&alt=json"
        headers = {
            "authorization": f"Bearer {token}",
            "content-type": "message/rfc822",
            "content-length": str(len(message)),
        }
        body = Once(lambda: iter((message,)))
        try:
            response, content = self._http.request(address, "POST", body, headers)
        except (AnswerLost, *BROKEN) as error:
            # The connection stands in the middle of a request: nothing more can be said on it.
            self._http.close()
            self._http = self._access.http()
            if body.begun or isinstance(error, AnswerLost):
                raise Unsure(_("The answer was lost."), system=self._access.system) from None
            raise broken(self._access.system, error) from None
        return response.status, dict(response), content

    def _keep_pace(self) -> None:
        now = time.monotonic()
        self._stop.wait(max(self._next - now, 0.0))
        self._next = max(self._next, now) + 1 / _A_SECOND


def _code_in(content: bytes, system: str) -> str:
    """Google's word on a message that it has answered for.  Raises Unsure where it cannot be read."""
    try:
        return str(json.loads(content)["responseCode"])
    except (ValueError, KeyError, TypeError):
        raise Unsure(_("The answer cannot be read."), system=system) from None

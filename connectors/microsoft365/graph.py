"""Microsoft Graph v1.0: paging, pauses that it asks for, batches, and its errors as verdicts.

Errors are told apart by status and code (learn.microsoft.com/graph/errors), never by their text, which may quote what
was sent; ``UnknownError`` is no code to decide by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from connectors.contract import TokenSource
from connectors.denials import Denial
from connectors.errors import AuthFailed, ConnectorError, Fatal, OverQuota, Refused, Stopped, Transient
from connectors.language import _
from connectors.microsoft365.web import not_answered
from connectors.net.throttling import retry_after
from connectors.reasons import Reason

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
Json = dict[str, Any]

_VERSION = "/v1.0"
#: Calls of one ``$batch`` (learn.microsoft.com/graph/json-batching).
BATCH = 20
#: Tries of one call, and the longest pause (seconds) that is waited for here; a longer one is the caller's.
_TRIES = 5
_PATIENCE = 60.0
_PASSING = frozenset({408, 423, 429, 500, 502, 503, 504, 509})
#: After these the call was certainly not done.
_NOT_DONE = frozenset({429, 509})
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}")


class GraphRefused(Refused):
    """Graph refuses this one call.  ``status`` is HTTP's, ``code`` Graph's own word for it, empty when it has none."""

    def __init__(self, what: str, reason: Reason, *, status: int, code: str, system: str) -> None:
        super().__init__(what, reason, system=system, detail=f"{status} {code}".strip())
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a batch; ``path`` begins with a slash and has no version."""

    method: Method
    path: str
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one call of a batch: its body, or the verdict."""

    status: int
    body: Json
    error: ConnectorError | None = None


class Graph:
    """Calls Graph with one kind of token.  For threads to share."""

    def __init__(self, client: httpx.Client, base: str, tokens: TokenSource, stop: Event) -> None:
        """``base`` is the cloud's address, without version.  After ``stop`` every call raises Stopped."""
        self._client = client
        self._base = base
        self._tokens = tokens
        self._stop = stop
        self.system = urlsplit(base).netloc

    def get(self, path: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Json:
        """One object.  Raises GraphRefused (404 when it is not there), AuthFailed, Transient, OverQuota."""
        return self._call("GET", self._url(path), params=params, headers=headers)

    def pages(
        self, path: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[Json]:
        """The members of a collection, page by page.  Raises as ``get``."""
        page = self._call("GET", self._url(path), params=params, headers=headers)
        while True:
            yield from page.get("value", ())
            following = page.get("@odata.nextLink")
            if not isinstance(following, str):
                return
            if not following.startswith(f"{self._base}/"):
                raise Fatal(_("Graph goes on at another host; nothing is sent there"), system=self.system)
            page = self._call("GET", following, headers=headers)

    def post(self, path: str, body: Json) -> Json:
        """Make or do something; the answer, empty when there is none.

        Raises as ``get``; a Transient other than 429 leaves open whether it was done.
        """
        return self._call("POST", self._url(path), body=body)

    def patch(self, path: str, body: Json) -> Json:
        """Change what ``body`` names.  Raises as ``get``."""
        return self._call("PATCH", self._url(path), body=body)

    def batch(self, calls: Sequence[Call]) -> list[Answered]:
        """Many calls, twenty a request; an answer each, in order.  Each is judged alone, and paused for alone.

        Raises what concerns all of them: AuthFailed, Stopped, and Transient when Graph itself does not answer.
        """
        answers: dict[int, Answered] = {}
        for start in range(0, len(calls), BATCH):
            todo = list(range(start, min(start + BATCH, len(calls))))
            for trial in range(_TRIES):
                answers.update(self._batch_once(calls, todo))
                todo = [at for at in todo if _may_try_again(calls[at].method, answers[at])]
                pause = max((_pause_of(answers[at].error, trial) for at in todo), default=0.0)
                if not todo or trial == _TRIES - 1 or pause > _PATIENCE:
                    break
                self._wait(pause)
        return [answers[at] for at in range(len(calls))]

    def _batch_once(self, calls: Sequence[Call], places: Sequence[int]) -> dict[int, Answered]:
        requests: list[Json] = []
        for at in places:
            call = calls[at]
            request: Json = {"id": str(at), "method": call.method, "url": call.path}
            headers = dict(call.headers)
            if call.body is not None:
                request["body"] = call.body
                headers.setdefault("Content-Type", "application/json")
            if headers:
                request["headers"] = headers
            requests.append(request)
        # The envelope itself changes nothing, but its calls may: it is sent again only when it was not taken.
        told = self._call("POST", self._url("/$batch"), body={"requests": requests})
        answers = {str(one.get("id")): one for one in told.get("responses", ()) if isinstance(one, dict)}
        return {at: self._answered(answers.get(str(at))) for at in places}

    def _answered(self, one: Json | None) -> Answered:
        if one is None:
            error = Transient(_("a call of a batch was not answered"), system=self.system)
            return Answered(0, {}, error)
        status = one.get("status")
        status = status if isinstance(status, int) else 0
        body = one.get("body")
        body = body if isinstance(body, dict) else {}
        if 200 <= status < 300:
            return Answered(status, body)
        headers = one.get("headers")
        told = {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
        return Answered(status, body, verdict(self.system, status, body, told.get("retry-after", "")))

    # -- one request --------------------------------------------------------------------------------------------

    def _url(self, path: str) -> str:
        return f"{self._base}{_VERSION}{path}"

    def _call(
        self,
        method: Method,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Json | None = None,
    ) -> Json:
        trial, refused = 0, ""
        while True:
            token = self._tokens.token(refused)
            try:
                answer = self._send(method, url, token, params, headers, body)
            except Transient as error:
                failed, answered = error, Answered(0, {}, error)
            else:
                told = _json_of(answer)
                if answer.is_success:
                    return told
                if answer.status_code == httpx.codes.UNAUTHORIZED and not refused:
                    refused = token
                    continue
                error_of = verdict(self.system, answer.status_code, told, answer.headers.get("retry-after", ""))
                if not isinstance(error_of, Transient):
                    raise error_of
                failed, answered = error_of, Answered(answer.status_code, told, error_of)
            pause = _pause_of(failed, trial)
            trial += 1
            if not _may_try_again(method, answered) or trial == _TRIES or pause > _PATIENCE:
                raise failed
            self._wait(pause)

    def _send(
        self,
        method: Method,
        url: str,
        token: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: Json | None,
    ) -> httpx.Response:
        self._check()
        sent = {**(headers or {}), "Authorization": f"Bearer {token}"}
        try:
            return self._client.request(method, url, params=params or None, headers=sent, json=body)
        except httpx.RequestError as error:
            raise not_answered(self.system, error) from None  # it holds the request, and so the token

    def _wait(self, seconds: float) -> None:
        self._stop.wait(seconds)
        self._check()

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped(_("the session was aborted"), system=self.system)


def verdict(system: str, status: int, body: Json, pause: str) -> ConnectorError:
    """The verdict for an answer that is no success; ``pause`` is its Retry-After."""
    told = body.get("error")
    code = told.get("code") if isinstance(told, dict) else None
    code = code if isinstance(code, str) and _CODE.fullmatch(code) else ""
    detail = f"{status} {code}".strip()
    if status in _PASSING:
        return Transient(_("Microsoft Graph: not now"), system=system, detail=detail, retry_after=retry_after(pause))
    if status == httpx.codes.UNAUTHORIZED:
        what = _("Microsoft Graph does not take the access token")
        return AuthFailed(what, denial=Denial.TOKEN, system=system, detail=detail)
    if status == httpx.codes.INSUFFICIENT_STORAGE or code == "ErrorQuotaExceeded":
        return OverQuota(_("Microsoft Graph: the mailbox is full"), system=system, detail=detail)
    reasons = {403: Reason.NO_PERMISSION, 404: Reason.GONE}
    whats = {403: _("Microsoft Graph: not permitted"), 404: _("Microsoft Graph: not there")}
    what = whats.get(status) or _("Microsoft Graph: refused")
    return GraphRefused(what, reasons.get(status, Reason.REFUSED), status=status, code=code, system=system)


def _may_try_again(method: Method, answered: Answered) -> bool:
    """Whether the call may pass next time, and cannot be done twice by that."""
    if not isinstance(answered.error, Transient):
        return False
    return method != "POST" or answered.status in _NOT_DONE


def _pause_of(error: ConnectorError | None, trial: int) -> float:
    asked = error.retry_after if isinstance(error, Transient) else None
    return float(2**trial) if asked is None else asked


def _json_of(answer: httpx.Response) -> Json:
    if not answer.content:
        return {}
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}

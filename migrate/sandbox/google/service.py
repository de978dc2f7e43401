"""From a request to an answer: faults, token, method, scopes, quota, parameters, body, handler.

The order is that of Google's front: who asks comes before what is asked, and a call that is refused costs nothing.
"""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from functools import partial
from urllib.parse import parse_qsl, unquote

from migrate.sandbox.google import (
    directory_domains,
    directory_groups,
    directory_members,
    directory_users,
    gmail_labels,
    gmail_reading,
    gmail_writing,
    groups,
    licensing,
    site_verification,
    uploads,
)
from migrate.sandbox.google.batch import answer_batch
from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.checking import api_disabled, insufficient_scopes, read_body, read_parameters
from migrate.sandbox.google.discovery import Media, Method, Route, routes
from migrate.sandbox.google.errors import JSON, ApiError, GrantError, Json, failed_precondition, malformed
from migrate.sandbox.google.faults import Fault
from migrate.sandbox.google.quota import Quotas
from migrate.sandbox.google.selection import check_selection, parse, select
from migrate.sandbox.google.tokens import Grant, Tokens
from migrate.sandbox.google.world import World
from migrate.sandbox.web import Answer, Request, defect

HANDLERS: dict[str, Handler] = {
    **gmail_writing.HANDLERS,
    **gmail_reading.HANDLERS,
    **gmail_labels.HANDLERS,
    **directory_users.HANDLERS,
    **directory_groups.HANDLERS,
    **directory_members.HANDLERS,
    **directory_domains.HANDLERS,
    **groups.HANDLERS,
    **licensing.HANDLERS,
    **site_verification.HANDLERS,
}
#: What a request may take besides its message: parameters, metadata, part headers.
_ROOM = 1 << 20


@dataclass(slots=True)
class _Progress:
    """What is known of a call while it is judged: what a fault goes by, and what is counted."""

    method: str = "unknown"
    address: str | None = None
    user: str | None = None
    #: What :meth:`Quotas.leave` is told once the call has been answered.
    place: str | None = None
    faults: list[Fault] = field(default_factory=list)


class Service:
    """Answers requests, one after the other: each is done when :meth:`answer` returns."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.routes = routes()
        self.tokens = Tokens(world, self.routes)
        self.quotas = Quotas(world)
        self.sessions = uploads.Sessions()
        self.faults: list[Fault] = []
        #: Answers by method, status and reason: ``gmail.users.messages.import 429 rateLimitExceeded``.
        self.answers: Counter[str] = Counter()
        #: The address of the stand-in, as clients know it.
        self.endpoint = ""
        #: Who sits before the browser when a desktop application asks for consent.
        self.signed_in: str | None = None

    def answer(self, request: Request) -> Answer:
        """Do what is asked and say how it went."""
        progress = _Progress()
        reason = ""
        try:
            answer = self._answer(request, progress)
        except (ApiError, GrantError) as refused:
            reason = refused.error if isinstance(refused, GrantError) else refused.reason
            headers = JSON | (dict(refused.headers) if isinstance(refused, ApiError) else {})
            answer = Answer(refused.code, refused.body(), headers)
        except Exception as error:  # noqa: BLE001 -- a defect of the stand-in must not look like a connection that was cut
            reason = "standInDefect"
            answer = Answer(500, ApiError(500, defect(error), reason).body(), JSON)
        if progress.place is not None:
            answer.leave = partial(self.quotas.leave, progress.place)
        answer.delay = max(answer.delay, self.world.manners.latency)
        for fault in progress.faults:
            answer = _harmed(answer, fault)
        if not reason and answer.status >= 400:
            reason = "backendError"
        self.answers[f"{progress.method} {answer.status} {reason}".rstrip()] += 1
        # By the date a client can tell that its own clock is off.
        now = time.time() + self.world.manners.clock_off
        answer.headers = {"Date": formatdate(now, usegmt=True), **answer.headers}
        return answer

    def too_long(self, method: str, path: str, length: int) -> Answer | None:
        """What is answered to a body that is longer than anything at this address takes."""
        try:
            media = self.routes.find(method, path).method.media
        except ApiError:
            media = None
        if length <= (media.max_size if media is not None else 2 * 157_286_400) + _ROOM:
            return None
        return Answer(413, uploads.too_large().body(), JSON)

    def _answer(self, request: Request, progress: _Progress) -> Answer:
        if request.path == "/token":
            return self._token(request, progress)
        if request.path == "/o/oauth2/auth":
            asked = dict(parse_qsl(request.query))
            return Answer(302, headers={"Location": self.tokens.consent(asked, self.signed_in)})
        if request.path.startswith("/batch"):
            progress.method = "batch"
            return answer_batch(request, self._batched)
        if request.method == "PUT" and "upload_id=" in request.query:
            return self._go_on(request, progress)
        route = self.routes.find(request.method, request.path)
        grant = self._admit(request, route, progress)
        parameters = read_parameters(route, request.query)
        upload_type = parameters.get("uploadType")
        if route.upload and upload_type == "resumable":
            return self._begin(request, route, parameters, progress)
        uploaded = self._uploaded(request, route, upload_type)
        return self._call(route, parameters, uploaded, grant.scopes, progress)

    def _batched(self, request: Request) -> Answer:
        """Answer one call of a batch; its calls are done one after the other, so none is under way afterwards."""
        answer = self.answer(request)
        if answer.leave is not None:
            answer.leave()
        return answer

    def _token(self, request: Request, progress: _Progress) -> Answer:
        progress.method = "token"
        self._strike(progress, None)
        if request.method != "POST":
            raise GrantError("invalid_request", "The token endpoint is asked by POST.", 405)
        form = dict(parse_qsl(request.body.decode("latin-1")))
        return _told(self.tokens.exchange(_client_of(request.headers.get("authorization", "")) | form))

    def _admit(self, request: Request, route: Route, progress: _Progress) -> Grant:
        """Whether this caller may make this call now.  Raises ApiError."""
        method = route.method
        progress.method = method.id
        header = request.headers.get("authorization")
        grant = self.tokens.known(header)
        row = self.world.users.get(grant.user) if grant.user is not None else None
        progress.address = row["email"] if row is not None else None
        self._strike(progress, header)
        if method.service in self.world.manners.disabled_apis:
            raise api_disabled(method)
        if not grant.scopes & method.scopes:
            raise insufficient_scopes(method)
        if grant.user is None or row is None:
            # A service account has no mailbox and administers nothing itself.
            raise failed_precondition("Precondition check failed.")
        self.quotas.charge(method.id, grant.user)
        progress.place = self.quotas.enter(method.id, grant.user, route.path.get("groupId"))
        progress.user = grant.user
        return grant

    def _strike(self, progress: _Progress, header: str | None) -> None:
        """Find the faults that concern this call, and do what comes before it.  Raises ApiError."""
        if not self.faults:
            return
        progress.faults = [one for one in self.faults if one.strikes(progress.method, progress.address)]
        for fault in progress.faults:
            if fault.kind == "expire_token":
                self.tokens.expire(header)
                self.tokens.known(header)
            elif fault.kind in ("429", "403", "500", "502", "503", "drop"):
                raise fault.error() if fault.kind != "drop" else ApiError(500, "dropped", "dropped")

    def _uploaded(self, request: Request, route: Route, upload_type: str | None) -> uploads.Uploaded:
        content_type = request.headers.get("content-type", "")
        if request.headers.get("content-encoding", "identity") != "identity":
            raise malformed("The stand-in takes no compressed bodies.")
        if not route.upload:
            if request.body and not content_type.lower().startswith("application/json"):
                raise malformed("Invalid JSON payload received. The Content-Type is not application/json.")
            return uploads.Uploaded(uploads.read_json(request.body), None)
        media = self._media(route.method)
        if upload_type == "media":
            return uploads.simple(content_type, request.body, media)
        if upload_type == "multipart":
            return uploads.multipart(content_type, request.body, media)
        raise malformed("An upload needs uploadType: media, multipart or resumable.")

    def _media(self, method: Method) -> Media:
        assert method.media is not None
        limit = self.world.manners.max_message
        return method.media if limit is None else Media(min(limit, method.media.max_size), method.media.accept)

    def _begin(self, request: Request, route: Route, parameters: Json, progress: _Progress) -> Answer:
        """The first request of a resumable upload: metadata comes, and the address for the bytes goes back."""
        assert progress.user is not None
        media = self._media(route.method)
        kind, length = request.headers.get("x-upload-content-type"), request.headers.get("x-upload-content-length")
        if kind is not None:
            uploads.check_type(kind, media)
        if length is not None:
            uploads.check_size(int(length) if length.isdigit() else 0, media)
        metadata = uploads.read_json(request.body)
        read_body(route.method, metadata, has_media=True)
        session = uploads.Session(
            route, request.query, metadata, progress.user, int(length) if length and length.isdigit() else None
        )
        name = self.sessions.begin(session)
        address = f"{self.endpoint}{request.path}?uploadType=resumable&upload_id={name}"
        return Answer(200, headers={"Location": address, "X-GUploader-UploadID": name})

    def _go_on(self, request: Request, progress: _Progress) -> Answer:
        """A further request of a resumable upload; its address is the only credential it needs."""
        name = dict(parse_qsl(request.query)).get("upload_id", "")
        session = self.sessions.get(name)
        progress.method = session.route.method.id
        row = self.world.users[session.user]
        progress.address = row["email"]
        self._strike(progress, None)
        complete = uploads.add_chunk(session, request.headers.get("content-range"), request.body)
        media = self._media(session.route.method)
        uploads.check_size(len(session.received), media)
        if not complete:
            had = {"Range": f"bytes=0-{len(session.received) - 1}"} if session.received else {}
            return Answer(308, headers={**had, "X-GUploader-UploadID": name})
        self.sessions.end(name)
        parameters = read_parameters(session.route, session.query)
        uploaded = uploads.Uploaded(session.metadata, bytes(session.received))
        return self._call(session.route, parameters, uploaded, frozenset(), progress, user=session.user)

    def _call(
        self,
        route: Route,
        parameters: Json,
        uploaded: uploads.Uploaded,
        scopes: frozenset[str],
        progress: _Progress,
        *,
        user: str | None = None,
    ) -> Answer:
        method = route.method
        handler = HANDLERS.get(method.id)
        if handler is None:
            raise ApiError(501, f"The stand-in does not answer {method.id}.", "notImplemented", "UNIMPLEMENTED")
        caller = user or progress.user
        assert caller is not None
        if "userId" in parameters and method.api == "gmail":
            self._check_mailbox(parameters["userId"], caller)
        body = read_body(method, uploaded.metadata, has_media=uploaded.media is not None)
        selection = parse(parameters["fields"]) if "fields" in parameters else None
        if selection is not None and method.response is not None:
            check_selection(selection, method.schemas, method.schemas.fields(method.response))
        told = handler(Call(self.world, method, parameters, body, uploaded.media, caller, scopes))
        if told is None:
            return Answer(204)
        return _told(select(told, selection))

    def _check_mailbox(self, asked: str, caller: str) -> None:
        if asked != "me" and self.world.user(asked) != caller:
            raise ApiError(403, f"Delegation denied for {asked}", "forbidden", "PERMISSION_DENIED")


def _client_of(authorization: str) -> dict[str, str]:
    """Who asks for a token, where that is told as a user name and a password (RFC 6749 2.3.1)."""
    kind, _, told = authorization.partition(" ")
    if kind.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(told, validate=True).decode("latin-1").partition(":")
    except ValueError:
        return {}
    return {"client_id": unquote(name), "client_secret": unquote(secret)}


def _told(told: Json) -> Answer:
    return Answer(200, json.dumps(told).encode(), JSON)


def _harmed(answer: Answer, fault: Fault) -> Answer:
    """What a fault makes of an answer to a call that has been done."""
    if fault.kind == "latency":
        answer.delay += fault.seconds
    elif fault.kind == "503_after_commit" and answer.status < 400:
        error = fault.error()
        return replace(answer, status=503, body=error.body(), headers=JSON | dict(error.headers))
    elif fault.kind in ("drop", "drop_after_commit"):
        answer.cut = "nothing"
    elif fault.kind == "truncate":
        answer.cut = "half"
    return answer

"""Graph as a whole: the token, the permission, throttling, trouble on demand, batches; the resources are beside it."""

from __future__ import annotations

import re
from collections import Counter
from http import HTTPStatus

from migrate.sandbox.microsoft.behind import Behind
from migrate.sandbox.microsoft.faults import Faults
from migrate.sandbox.microsoft.graph.batch import BATCH_PATH, Batch
from migrate.sandbox.microsoft.graph.call import Call, Route
from migrate.sandbox.microsoft.graph.domains import Domains
from migrate.sandbox.microsoft.graph.errors import GraphError
from migrate.sandbox.microsoft.graph.groups import Groups
from migrate.sandbox.microsoft.graph.licences import Licences
from migrate.sandbox.microsoft.graph.limits import Limits
from migrate.sandbox.microsoft.graph.mail import Mail
from migrate.sandbox.microsoft.graph.users import Users
from migrate.sandbox.microsoft.tenant import GRAPH, Tenant
from migrate.sandbox.microsoft.tokens import Grant, Tokens
from migrate.sandbox.web import Answer, Request


class Graph:
    """Answers what is below ``/v1.0/``."""

    def __init__(self, tenant: Tenant, tokens: Tokens, behind: Behind) -> None:
        self._tenant = tenant
        self._tokens = tokens
        self.limits = Limits()
        self.faults = Faults()
        #: Requests by method and kind of path, and answers by status.
        self.requests: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        resources = (Users(tenant), Groups(tenant), Licences(tenant), Domains(tenant), Mail(tenant, behind))
        self._routes = [
            (re.compile("/v1.0" + re.escape(route.path).replace(r"\{\}", "([^/]+)")), route)
            for resource in resources
            for route in resource.routes()
        ]

    def reset(self) -> None:
        """Usual limits, no trouble, counts at zero."""
        self.limits = Limits()
        self.faults.clear()
        self.requests.clear()
        self.answers.clear()

    async def answer(self, request: Request, base: str) -> Answer:
        if request.path == BATCH_PATH and request.method == "POST":
            answer = await self._batch(request, base)
        else:
            answer = await self._single(request, base)
        self.answers[str(answer.status)] += 1
        return answer

    async def _batch(self, request: Request, base: str) -> Answer:
        try:
            self._grant(request)
            return await Batch(request).answer(lambda one: self._single(one, base))
        except GraphError as error:
            return error.answer()

    async def _single(self, request: Request, base: str) -> Answer:
        try:
            grant = self._grant(request)
            route, parts = self._route(request)
            return await self._done(Call(request, base, grant, parts, route.service), route)
        except GraphError as error:
            return error.answer()

    async def _done(self, call: Call, route: Route) -> Answer:
        name = f"{route.method} {route.path}"
        self.requests[name] += 1
        if not set(route.permissions) & call.grant.permissions:
            raise _denied(route)
        mailbox = call.parts[0].lower() if route.service == "mail" and call.parts else None
        key = self.limits.enter(call.grant.app_id, mailbox, writes=route.method != "GET")
        try:
            fault = self.faults.due(name, mailbox)
            if fault is not None and fault.what not in ("drop_reply", "answer_after"):
                if fault.what == "drop":
                    return Answer(HTTPStatus.OK, cut="nothing")
                raise _wanted(fault.status, fault.code, fault.retry_after)
            answer = await route.handler(call)
            if fault is not None and fault.what == "drop_reply":
                return Answer(answer.status, cut="nothing")
            if fault is not None:
                raise _wanted(fault.status, fault.code, fault.retry_after)
            return answer
        finally:
            self.limits.leave(key)

    def _grant(self, request: Request) -> Grant:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("Access token is empty.")
        grant = self._tokens.grant_of(token)
        if grant is None:
            raise _unauthorized("CompactToken parsing failed.")
        if grant.resource != GRAPH:
            raise _unauthorized("Access token validation failure. Invalid audience.")
        if grant.expired:
            raise _unauthorized("Lifetime validation failed, the token is expired.")
        return grant

    def _route(self, request: Request) -> tuple[Route, tuple[str, ...]]:
        known = False
        for pattern, route in self._routes:
            if found := pattern.fullmatch(request.path):
                known = True
                if route.method == request.method:
                    return route, found.groups()
        if known:
            raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        segment = request.path.rstrip("/").rpartition("/")[2]
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def _unauthorized(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": "Bearer"})


def _denied(route: Route) -> GraphError:
    if route.service == "mail":
        return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _wanted(status: int, code: str, retry_after: int | None) -> GraphError:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return GraphError(status, code, HTTPStatus(status).phrase, headers=headers)

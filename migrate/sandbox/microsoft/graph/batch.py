"""``$batch``: up to 20 requests in one, each judged alone (learn.microsoft.com/graph/json-batching)."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from migrate.sandbox.microsoft.graph.errors import GraphError, bad_request
from migrate.sandbox.web import Answer, Request

BATCH_PATH = "/v1.0/$batch"
_MOST = 20
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})


class Batch:
    """One batch.  Raises :class:`GraphError` from :meth:`answer` when it is none."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def answer(self, perform: Callable[[Request], Awaitable[Answer]]) -> Answer:
        """Everything is done; what depends on a request that failed is 424."""
        parts = self._parts()
        statuses: dict[str, int] = {}
        responses = []
        for part in parts:
            failed = [one for one in part.get("dependsOn", []) if statuses.get(one, 424) >= 400]
            if failed:
                error = GraphError(424, "FailedDependency", "Failed dependency")
                answer = error.answer()
            else:
                answer = await perform(self._request_of(part))
            if answer.cut is not None:
                return answer
            statuses[part["id"]] = answer.status
            responses.append(_told(part["id"], answer))
        return Answer.of_json(200, {"responses": responses})

    def _parts(self) -> list[dict[str, Any]]:
        try:
            parts = json.loads(self._request.body)["requests"]
        except (ValueError, TypeError, KeyError):
            raise bad_request("Invalid batch payload format.", code="BadRequest") from None
        if not isinstance(parts, list) or not parts:
            raise bad_request("Invalid batch payload format.", code="BadRequest")
        if len(parts) > _MOST:
            raise bad_request(f"Number of batch request steps exceeds the maximum value of {_MOST}.", code="BadRequest")
        seen: set[str] = set()
        for part in parts:
            if not isinstance(part, dict) or not isinstance(part.get("id"), str) or part.get("method") not in _METHODS:
                raise bad_request("Invalid batch payload format.", code="BadRequest")
            if part["id"] in seen or not isinstance(part.get("url"), str):
                raise bad_request("Invalid batch payload format.", code="BadRequest")
            if not set(part.get("dependsOn", [])) <= seen:
                raise bad_request("Invalid batch payload: dependsOn names a later or unknown step.", code="BadRequest")
            if "body" in part and "content-type" not in {name.lower() for name in part.get("headers", {})}:
                raise bad_request("Write request id : " + part["id"] + " does not contain Content-Type header or body.",
                                  code="BadRequest")  # fmt: skip
            seen.add(part["id"])
        return parts

    def _request_of(self, part: dict[str, Any]) -> Request:
        parsed = urlsplit("/v1.0/" + part["url"].lstrip("/"))
        headers = {name.lower(): str(value) for name, value in part.get("headers", {}).items()}
        headers["authorization"] = self._request.headers.get("authorization", "")
        body = json.dumps(part["body"]).encode() if "body" in part else b""
        return Request(part["method"], unquote(parsed.path), parsed.query, headers, body)


def _told(identity: str, answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"id": identity, "status": answer.status, "headers": dict(answer.headers)}
    if not answer.body:
        return told
    if answer.headers.get("Content-Type", "").startswith("application/json"):
        told["body"] = json.loads(answer.body)
    else:
        told["body"] = base64.b64encode(answer.body).decode()
    return told

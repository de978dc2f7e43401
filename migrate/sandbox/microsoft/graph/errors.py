"""Graph's errors: a status, a code, a text, and the envelope (learn.microsoft.com/graph/errors)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migrate.sandbox.microsoft.people import now_text
from migrate.sandbox.microsoft.tenant import new_id
from migrate.sandbox.web import Answer


class GraphError(Exception):
    """``code`` is what a client may branch on; ``details`` as directory errors have them."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = dict(headers or {})

    def body(self, request_id: str) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        error["innerError"] = {"date": now_text(), "request-id": request_id, "client-request-id": request_id}
        return {"error": error}

    def answer(self) -> Answer:
        request_id = new_id()
        return Answer.of_json(self.status, self.body(request_id), {"request-id": request_id, **self.headers})


def bad_request(message: str, *, code: str = "Request_BadRequest", **more: Any) -> GraphError:
    return GraphError(400, code, message, **more)


def not_found(key: str, code: str = "Request_ResourceNotFound") -> GraphError:
    return GraphError(
        404, code,
        f"Resource '{key}' does not exist or one of its queried reference-property objects are not present.",
    )  # fmt: skip

"""Harm that a test asks for: which calls, which of them, and what becomes of them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveInt, PrivateAttr

from migrate.sandbox.google.errors import ApiError, HtmlError

Kind = Literal[
    "latency", "429", "403", "500", "502", "503", "503_after_commit", "drop", "drop_after_commit", "truncate",
    "expire_token",
]  # fmt: skip


_PAGE = {"Content-Type": "text/html; charset=UTF-8"}


class Fault(BaseModel):
    """One rule.  Of the calls that it concerns, those from number ``first`` on, ``times`` of them, are harmed."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    #: A method's id, ``gmail.users.messages.import``, or ``token``; ``*`` and ``?`` stand for anything.
    method: str = "*"
    #: The address of the user who calls; None: anybody.
    user: str | None = None
    first: PositiveInt = 1
    #: None: every one from ``first`` on.
    times: PositiveInt | None = 1
    #: Of ``latency``.
    seconds: NonNegativeFloat = 0.0
    #: Sent as Retry-After with 403, 429 and 503.
    retry_after: PositiveInt | None = None
    _seen: int = PrivateAttr(0)

    def strikes(self, method: str, user: str | None) -> bool:
        """Whether this call is harmed; counts it if it is one of those concerned."""
        if (self.user is not None and self.user != user) or not fnmatchcase(method, self.method):
            return False
        self._seen += 1
        return self._seen >= self.first and (self.times is None or self._seen < self.first + self.times)

    def error(self) -> ApiError:
        """What a harmed call is answered, for the kinds that are an answer."""
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}
        code = int(self.kind[:3])
        if code == 429:
            return ApiError(
                429, "Resource has been exhausted (e.g. check quota).", "rateLimitExceeded", "RESOURCE_EXHAUSTED",
                headers=headers,
            )  # fmt: skip
        if code == 403:
            return ApiError(
                403, "User Rate Limit Exceeded", "userRateLimitExceeded", domain="usageLimits", headers=headers
            )
        if code == 500:
            return ApiError(500, "Internal error encountered.", "backendError", "INTERNAL")
        if code == 502:
            # Google's front answers so: no JSON, and no reason.
            return HtmlError(502, "The server encountered a temporary error.", "badGateway", headers=_PAGE)
        return ApiError(503, "The service is currently unavailable.", "backendError", "UNAVAILABLE", headers=headers)

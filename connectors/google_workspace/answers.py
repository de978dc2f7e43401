"""What an API of Google's says when it says no.  Pure.

Errors are told apart by status and reason, never by their text, which Google may word anew any day
(https://developers.google.com/workspace/gmail/api/guides/handle-errors, https://google.aip.dev/193).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connectors.net.throttling import retry_after

Whose = Literal["user", "project"]

#: Reasons for which the same question may be asked again after a pause.
_OF_USER = frozenset({"userRateLimitExceeded"})
_OF_PROJECT = frozenset({"rateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED"})
_OF_DAY = frozenset({"dailyLimitExceeded"})
#: A day's allowance of the project is looked at again after so long (seconds).
_AFTER_DAY = 3600.0


@dataclass(eq=False)
class Denied(Exception):
    """An answer that is no success.  Its text is not kept: it may quote what was sent."""

    status: int
    #: Google's own word, such as ``userRateLimitExceeded``; empty when the answer tells none.
    reason: str = ""
    #: The reason in the newer form (``SERVICE_DISABLED``), with what belongs to it.
    info: str = ""
    quota_limit: str = ""
    service: str = ""
    #: Seconds for which Google asks to be left alone; None when it does not say.
    retry_after: float | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.info or self.reason}".strip()

    @property
    def limited(self) -> Whose | None:
        """Whose rate is used up; None when this is about something else.  A 429 without more is about the user."""
        if self.reason in _OF_DAY:
            return "project"
        if self.status != 429 and not (self.status == 403 and self.reason in _OF_USER | _OF_PROJECT):
            return None
        if "PerUser" in self.quota_limit or self.reason in _OF_USER:
            return "user"
        if "PerProject" in self.quota_limit or (self.status == 403 and self.reason in _OF_PROJECT):
            return "project"
        return "user"

    @property
    def pause(self) -> float | None:
        """Seconds to stay away, as far as that is told."""
        if self.retry_after is None and self.reason in _OF_DAY:
            return _AFTER_DAY
        return self.retry_after

    @property
    def invalid(self) -> bool:
        """Something of what was sent is not as it has to be: the message, or a label that is not there."""
        return self.reason in ("invalidArgument", "INVALID_ARGUMENT")

    @property
    def unready(self) -> bool:
        """What was asked of is not there, or not yet: of Gmail, a mailbox."""
        return self.reason in ("failedPrecondition", "FAILED_PRECONDITION")

    @property
    def passing(self) -> bool:
        """A trouble on Google's side; whether the request did its work is not said."""
        return self.status >= 500 or self.reason in ("backendError", "internalError") or self.status == 408


def denied(status: int, headers: Mapping[str, str], content: bytes) -> Denied:
    """Read an answer; whatever it is, it becomes a :class:`Denied`."""
    error = _error_of(content)
    details = [one for one in error.get("details", ()) if isinstance(one, dict)] if _is_list(error, "details") else []
    info: dict[str, Any] = next((one for one in details if str(one.get("@type", "")).endswith("ErrorInfo")), {})
    told = error.get("metadata") if not info else info.get("metadata")
    metadata = told if isinstance(told, dict) else {}
    return Denied(
        status,
        _reason(error),
        _word(info.get("reason")),
        _word(metadata.get("quota_limit")),
        _word(metadata.get("service")),
        retry_after(headers.get("retry-after", "")),
    )


def _error_of(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, dict) else {}


def _is_list(error: dict[str, Any], name: str) -> bool:
    return isinstance(error.get(name), list)


def _reason(error: dict[str, Any]) -> str:
    listed = error.get("errors")
    if isinstance(listed, list) and listed and isinstance(listed[0], dict) and listed[0].get("reason"):
        return _word(listed[0]["reason"])
    return _word(error.get("status"))


def _word(value: object) -> str:
    """A code of Google's; anything that is none could be a part of a message."""
    text = str(value) if isinstance(value, str) else ""
    return text if len(text) <= 100 and text.replace("_", "").replace(".", "").replace("-", "").isalnum() else ""

"""How Google says no: one exception, one envelope, and the refusals that more than one place has.

The envelope is that of https://cloud.google.com/apis/design/errors, with the older ``errors`` list that the Gmail and
Admin APIs still send beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

#: What an answer of JSON says of itself.
JSON = {"Content-Type": "application/json; charset=UTF-8"}


@dataclass
class ApiError(Exception):
    """A call that is refused.  ``status`` is google.rpc.Code's name; the older APIs send none."""

    code: int
    message: str
    reason: str
    status: str | None = None
    domain: str = "global"
    details: Sequence[Json] = ()
    #: What the entry of ``errors`` says besides, or instead of ``message``.
    entry: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """The answer's body."""
        told: Json = {
            "code": self.code,
            "message": self.message,
            "errors": [{"message": self.message, "domain": self.domain, "reason": self.reason, **self.entry}],
        }
        if self.status is not None:
            told["status"] = self.status
        if self.details:
            told["details"] = list(self.details)
        return json.dumps({"error": told}).encode()


class HtmlError(ApiError):
    """What a server before Google's APIs says now and then: a page instead of JSON."""

    def body(self) -> bytes:
        return f"<!DOCTYPE html>\n<html lang=en><title>Error {self.code}</title><p>{self.message}</html>\n".encode()


@dataclass
class GrantError(Exception):
    """What the token endpoint refuses, as RFC 6749, section 5.2 words it."""

    error: str
    description: str
    code: int = 400

    def body(self) -> bytes:
        """The answer's body."""
        return json.dumps({"error": self.error, "error_description": self.description}).encode()


def invalid_argument(message: str) -> ApiError:
    """A value that Gmail does not take."""
    return ApiError(400, message, "invalidArgument", "INVALID_ARGUMENT")


def failed_precondition(message: str) -> ApiError:
    """A mailbox that cannot be used as it is."""
    return ApiError(400, message, "failedPrecondition", "FAILED_PRECONDITION")


def not_found(message: str = "Requested entity was not found.") -> ApiError:
    """A message, label or mailbox that is not there."""
    return ApiError(404, message, "notFound", "NOT_FOUND")


def malformed(message: str, *, field_name: str | None = None) -> ApiError:
    """A request that does not fit its description in the discovery document."""
    violation = {"description": message} | ({"field": field_name} if field_name else {})
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    return ApiError(400, message, "invalid", "INVALID_ARGUMENT", details=details)


def missing(name: str) -> ApiError:
    """A parameter or a field that has to be there."""
    return ApiError(
        400, f"Missing required field: {name}", "required", "INVALID_ARGUMENT", entry={"location": name}
    )  # fmt: skip


def duplicate() -> ApiError:
    """Something the directory has already."""
    return ApiError(409, "Entity already exists.", "duplicate")


def unknown_resource(key: str) -> ApiError:
    """Something the directory does not have; ``key`` names the parameter that said it."""
    return ApiError(404, f"Resource Not Found: {key}", "notFound")


def invalid_input(name: str) -> ApiError:
    """A value that the directory does not take."""
    return ApiError(400, f"Invalid Input: {name}", "invalid")


def not_authorised() -> ApiError:
    """The directory, asked by somebody who is no administrator, or about somebody else's domain."""
    return ApiError(403, "Not Authorized to access this resource/api", "forbidden")

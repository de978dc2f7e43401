"""Several calls in one request: ``POST /batch`` and below.

https://developers.google.com/gmail/api/guides/batch: at most 100 calls, each counted as one, and no media uploads.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from migrate.sandbox.google.errors import JSON, ApiError, malformed
from migrate.sandbox.google.uploads import split
from migrate.sandbox.web import Answer, Request

_MOST = 100
_BOUNDARY = "batch_of_the_stand_in"


def answer_batch(request: Request, answer: Callable[[Request], Answer]) -> Answer:
    """Answer each part by ``answer``.  Raises ApiError for a batch that cannot be read, or is too large."""
    parts = split(request.headers.get("content-type", ""), request.body)
    if len(parts) > _MOST:
        raise ApiError(
            400, f"The batch request has too many calls: at most {_MOST}.", "badRequest", "INVALID_ARGUMENT"
        )  # fmt: skip
    told = b""
    longest = 0.0
    for header, content in parts:
        inner = _request(content, request)
        if inner.path.startswith(("/upload", "/resumable", "/batch")):
            one = Answer(400, malformed("Media uploads are not supported in a batch.").body(), JSON)
        else:
            one = answer(inner)
        longest = max(longest, one.delay)
        told += _part(header.get("content-id", ""), one)
    body = told + f"--{_BOUNDARY}--\r\n".encode()
    return Answer(200, body, {"Content-Type": f"multipart/mixed; boundary={_BOUNDARY}"}, delay=longest)


def _request(content: bytes, outer: Request) -> Request:
    head, _, body = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    words = first.split(" ")
    if len(words) != 3:
        raise malformed("A part of the batch is no HTTP request.")
    path, _, query = words[1].partition("?")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "authorization" in outer.headers:
        headers.setdefault("authorization", outer.headers["authorization"])
    return Request(words[0], path, query, headers, body.rstrip(b"\n"))


def _part(content_id: str, answer: Answer) -> bytes:
    lines = [
        f"--{_BOUNDARY}",
        "Content-Type: application/http",
        f"Content-ID: <response-{content_id.lstrip('<')}",
        "",
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        f"Content-Length: {len(answer.body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1") + answer.body + b"\r\n"

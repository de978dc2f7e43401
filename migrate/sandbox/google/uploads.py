"""Media uploads: simple, multipart and resumable, with every byte as it was sent.

https://developers.google.com/gmail/api/guides/uploads.  Part headers may end in bare line feeds: Google's own library
writes them so.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message

from migrate.sandbox.google.discovery import Media, Route
from migrate.sandbox.google.errors import ApiError, Json, malformed

#: A part of a resumable upload other than the last is a multiple of this.
CHUNK = 256 * 1024
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What a call brought: its metadata, and the bytes of its media where there are any."""

    metadata: Json
    media: bytes | None


@dataclass(slots=True)
class Session:
    """A resumable upload under way."""

    route: Route
    query: str
    metadata: Json
    #: Who began it.
    user: str
    total: int | None
    received: bytearray = field(default_factory=bytearray)


class Sessions:
    """The resumable uploads under way, by their id."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def begin(self, session: Session) -> str:
        """A new upload; its id is the only key to it."""
        name = secrets.token_urlsafe(32)
        self._open[name] = session
        return name

    def get(self, name: str) -> Session:
        """The upload.  Raises ApiError when there is none (any more)."""
        if name not in self._open:
            raise ApiError(404, "Upload session not found.", "notFound", "NOT_FOUND")
        return self._open[name]

    def end(self, name: str) -> None:
        """It is complete."""
        del self._open[name]


def read_json(body: bytes) -> Json:
    """A body of JSON.  Raises ApiError."""
    if not body:
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        raise malformed("Invalid JSON payload received. Unexpected token.") from None
    if not isinstance(found, dict):
        raise malformed("Invalid JSON payload received. Expected an object.")
    return found


def simple(content_type: str, body: bytes, media: Media) -> Uploaded:
    """``uploadType=media``: the body is the message."""
    check_type(content_type, media)
    check_size(len(body), media)
    return Uploaded({}, body)


def multipart(content_type: str, body: bytes, media: Media) -> Uploaded:
    """``uploadType=multipart``: metadata as JSON, then the message.  Raises ApiError."""
    parts = split(content_type, body)
    if len(parts) != 2:
        raise malformed("Multipart content must have exactly two parts: metadata and media.")
    (first, metadata), (second, content) = parts
    if not first.get("content-type", "application/json").lower().startswith("application/json"):
        raise malformed("The first part of multipart content must be JSON.")
    if second.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise malformed("The media part must not be encoded.")
    check_type(second.get("content-type", ""), media)
    check_size(len(content), media)
    return Uploaded(read_json(metadata), content)


def split(content_type: str, body: bytes) -> list[tuple[Mapping[str, str], bytes]]:
    """The parts of a multipart body (RFC 2046, section 5.1): header fields and bytes.  Raises ApiError."""
    boundary = _boundary(content_type)
    delimiter = b"--" + boundary
    if body.startswith(delimiter):
        at = 0
    else:
        at = body.find(b"\n" + delimiter) + 1
        if at == 0:
            raise malformed("Missing end boundary in multipart body.")
    parts: list[tuple[Mapping[str, str], bytes]] = []
    while True:
        line = at + len(delimiter)
        if body.startswith(b"--", line):
            return parts
        start = body.find(b"\n", line) + 1
        end = body.find(b"\n" + delimiter, start - 1)
        if start == 0 or end < 0:
            raise malformed("Missing end boundary in multipart body.")
        # The line end before a delimiter belongs to it.
        content = body[start : end - 1] if body[end - 1 : end] == b"\r" else body[start:end]
        parts.append(_part(content))
        at = end + 1


def check_type(content_type: str, media: Media) -> None:
    """Raises ApiError unless this kind of media may be uploaded."""
    kind = content_type.partition(";")[0].strip().lower()
    for accepted in media.accept:
        if kind == accepted or (accepted.endswith("/*") and kind.startswith(accepted[:-1])):
            return
    raise ApiError(
        400,
        f"Media type '{kind}' is not supported. Valid media types: [{', '.join(media.accept)}]",
        "badContent",
        "INVALID_ARGUMENT",
    )


def check_size(size: int, media: Media) -> None:
    """Raises ApiError for what is larger than the API takes."""
    if size > media.max_size:
        raise too_large()


def too_large() -> ApiError:
    """A body over what the API takes."""
    return ApiError(413, "Request Too Large", "uploadTooLarge")


def add_chunk(session: Session, content_range: str | None, body: bytes) -> bool:
    """Add what a PUT brought; whether the upload is complete.  Raises ApiError."""
    if content_range is None:
        session.received[:] = body
        return True
    found = _RANGE.fullmatch(content_range)
    if found is None:
        raise malformed("Invalid Content-Range header.")
    if found[3] != "*":
        session.total = int(found[3])
    if found[1] is not None:
        start, end = int(found[1]), int(found[2])
        if end - start + 1 != len(body) or start > len(session.received):
            raise ApiError(400, "Invalid request. The range does not fit what was sent.", "badRequest")
        # What is sent again must not be there twice.
        del session.received[start:]
        session.received += body
        if session.total is None or len(session.received) < session.total:
            if len(body) % CHUNK:
                raise ApiError(400, f"The number of bytes uploaded must be a multiple of {CHUNK}.", "badRequest")
            return False
    return session.total is not None and len(session.received) == session.total


def _boundary(content_type: str) -> bytes:
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if not content_type.lower().startswith("multipart/") or not boundary:
        raise malformed("Multipart content needs a boundary in its Content-Type.")
    return boundary.encode("latin-1")


def _part(content: bytes) -> tuple[Mapping[str, str], bytes]:
    if content.startswith((b"\r\n", b"\n")):
        return {}, content[content.index(b"\n") + 1 :]
    found = _HEAD_END.search(content)
    if found is None:
        raise malformed("A part of the multipart body has no end of its header.")
    header = {}
    for line in content[: found.start()].splitlines():
        name, _, value = line.decode("latin-1").partition(":")
        header[name.strip().lower()] = value.strip()
    return header, content[found.end() :]

"""What the bytes of an import look like.  Pure.

A multipart upload (https://developers.google.com/workspace/gmail/api/guides/uploads) of two parts: what is to become of
the message, as JSON, and the message as it is.  It is put together here because the client library's own breaks mail
that holds bytes over 127.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence

from connectors.body import CHUNK
from connectors.contract import Body
from connectors.google_workspace.line import Once

#: messages.import as it is asked for: what only the message itself tells is left to Gmail.
IMPORT_QUERY = {
    "internalDateSource": "dateHeader",
    "neverMarkSpam": "true",
    "processForCalendar": "false",
    "fields": "id",
}


class Upload:
    """One message and the labels it is to get, as the body of a request."""

    def __init__(self, message: bytes, labels: Sequence[str]) -> None:
        boundary = secrets.token_hex(16)
        while boundary.encode() in message:
            boundary = secrets.token_hex(16)
        before = (
            f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{metadata(labels)}\r\n"
            f"--{boundary}\r\nContent-Type: message/rfc822\r\n\r\n"
        )
        self._bytes = b"".join((before.encode(), message, f"\r\n--{boundary}--".encode()))
        self.headers = {
            "content-type": f'multipart/related; boundary="{boundary}"',
            "content-length": str(len(self._bytes)),
        }

    def once(self, may_commit: Callable[[], None]) -> Once:
        """The body; its last byte waits for ``may_commit``."""

        def pieces() -> Iterator[bytes]:
            yield self._bytes[:-1]
            may_commit()
            yield self._bytes[-1:]

        return Once(pieces)


def metadata(labels: Sequence[str]) -> str:
    return json.dumps({"labelIds": list(labels)})


def rest_of(body: Body, start: int, may_commit: Callable[[], None]) -> Once:
    """A spooled message from byte ``start`` on; its last byte waits for ``may_commit``."""

    def pieces() -> Iterator[bytes]:
        left = body.size - start
        with body.open() as reader:
            reader.seek(start)
            while left > CHUNK:
                piece = reader.read(CHUNK)
                left -= len(piece)
                yield piece
            last = reader.read(left)
            yield last[:-1]
            may_commit()
            yield last[-1:]

    return Once(pieces)

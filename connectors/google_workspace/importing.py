"""Putting one message into a mailbox: in one round trip, or in a resumable upload where it is large."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus

from connectors.body import SPOOL_OVER
from connectors.contract import Body
from connectors.google_workspace import units
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.line import AnswerLost, Line, Once
from connectors.google_workspace.uploads import IMPORT_QUERY, Upload, metadata, rest_of

#: Times that a broken resumable upload is gone on with.
_TRIES = 3


def import_message(line: Line, body: Body, labels: Sequence[str], may_commit: Callable[[], None]) -> str:
    """The id under which Gmail has the message.

    Raises AnswerLost when it may have it, and Denied or a verdict when it does not (after an answer of 500 or more it
    may).
    """
    if body.size > SPOOL_OVER:
        return _Resumable(line, body, labels, may_commit).run()
    with body.open() as reader:
        upload = Upload(reader.read(), labels)
    address = line.upload_address("messages/import", {"uploadType": "multipart", **IMPORT_QUERY}, resumable=False)
    _response, content = line.send(address, units.IMPORT, "POST", upload.headers, lambda: upload.once(may_commit))
    return _id_of(content)


class _Resumable:
    """A large message: announced first, then sent, and gone on with where the connection broke."""

    def __init__(self, line: Line, body: Body, labels: Sequence[str], may_commit: Callable[[], None]) -> None:
        self._line = line
        self._body = body
        self._labels = labels
        self._may_commit = may_commit

    def run(self) -> str:
        address = self._announce()
        start = 0
        for _number in range(_TRIES):
            try:
                if start < self._body.size:  # else all of it was taken, and what came of it is still to be told
                    return self._send(address, start)
            except AnswerLost:
                pass
            except Denied as answer:
                if not answer.passing:
                    raise
            told = self._ask_how_far(address)
            if isinstance(told, str):
                return told
            start = told
        raise AnswerLost

    def _announce(self) -> str:
        query = {"uploadType": "resumable", **IMPORT_QUERY}
        address = self._line.upload_address("messages/import", query, resumable=True)
        content = metadata(self._labels).encode()
        headers = {
            "content-type": "application/json; charset=UTF-8",
            "content-length": str(len(content)),
            "x-upload-content-type": "message/rfc822",
            "x-upload-content-length": str(self._body.size),
        }
        response, _content = self._line.send(
            address, units.IMPORT, "POST", headers, lambda: Once(lambda: iter([content]))
        )
        if "location" not in response:
            raise AnswerLost
        return str(response["location"])

    def _send(self, address: str, start: int) -> str:
        size = self._body.size
        headers = {
            "content-type": "message/rfc822",
            "content-length": str(size - start),
            "content-range": f"bytes {start}-{size - 1}/{size}",
        }
        response, content = self._line.send(
            address, 0, "PUT", headers, lambda: rest_of(self._body, start, self._may_commit)
        )
        if response.status == HTTPStatus.PERMANENT_REDIRECT:  # 308: taken so far, not all of it
            raise AnswerLost
        return _id_of(content)

    def _ask_how_far(self, address: str) -> str | int:
        """The id when all of it was taken, else how many bytes were.  Raises AnswerLost when that is not told."""
        headers = {"content-length": "0", "content-range": f"bytes */{self._body.size}"}
        try:
            response, content = self._line.send(address, 0, "PUT", headers, lambda: Once(lambda: iter(())))
        except Denied:
            raise AnswerLost from None
        if response.status != HTTPStatus.PERMANENT_REDIRECT:
            return _id_of(content)
        taken = str(response.get("range", "")).rpartition("-")[2]
        return int(taken) + 1 if taken.isdecimal() else 0


def _id_of(content: bytes) -> str:
    """Raises AnswerLost for an answer that was cut off."""
    try:
        told = json.loads(content)
        return str(told["id"])
    except (ValueError, KeyError, TypeError):
        raise AnswerLost from None

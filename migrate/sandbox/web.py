"""A small HTTP/1.1 server for stand-ins: requests as values, answers sent late, cut short or not at all."""

from __future__ import annotations

import asyncio
import json
import ssl
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, cast
from urllib.parse import parse_qsl

import httptools

#: Bytes a request at most, unless a server says otherwise.
_LARGEST = 160 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` and ``query`` as they came, header names in small letters."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def options(self) -> dict[str, str]:
        """The query: the last value of each name."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def form(self) -> dict[str, str]:
        """The body as a form (application/x-www-form-urlencoded)."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(slots=True)
class Answer:
    """One answer, and what is to become of it on its way."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Seconds it waits.
    delay: float = 0.0
    #: How much of it is sent before the connection is cut, where it is.
    cut: Literal["nothing", "half"] | None = None
    #: Called when it is sent, or would be.
    leave: Callable[[], None] | None = None

    @classmethod
    def of_json(cls, status: int, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
        told = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        return cls(status, json.dumps(value, ensure_ascii=False).encode(), told)


Handler = Callable[[Request], Answer | Awaitable[Answer]]
#: Told method, path and length of a request: the answer for one that is not even read.
TooLong = Callable[[str, str, int], Answer | None]


async def serve_web(
    handler: Handler, *, port: int = 0, tls: ssl.SSLContext | None = None, too_long: TooLong | None = None
) -> asyncio.Server:
    """Serve on loopback.  A handler that fails is answered 500, and says nothing of what was asked."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: _Connection(handler, too_long or _too_long), "127.0.0.1", port, ssl=tls, backlog=512
    )


def defect(error: Exception) -> str:
    """Where a stand-in went wrong, without what it was asked: that may hold a secret."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"The stand-in has a defect: {type(error).__name__} in {place.filename}:{place.lineno}"


def _too_long(_method: str, _path: str, length: int) -> Answer | None:
    return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE) if length > _LARGEST else None


class _Connection(asyncio.Protocol):
    """One client.  Requests are answered in their order; while one waits the next is not begun."""

    def __init__(self, handler: Handler, too_long: TooLong) -> None:
        self._handler = handler
        self._too_long = too_long
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request | Answer] = deque()
        self._busy = False
        self._work: asyncio.Task[None] | None = None
        self._keep_alive = True
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._work is not None:
            self._work.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._close()

    # What httptools tells, in this order.

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        #: To a request that is read to its end and thrown away: a client that is cut off would try again.
        self._refusal: Answer | None = None

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        length = self._headers.get("content-length", "0")
        if length.isdigit() and int(length) > 1 << 20:
            path = self._url.decode("latin-1").partition("?")[0]
            self._refusal = self._too_long(self._parser.get_method().decode("ascii"), path, int(length))
        expected = self._headers.get("expect", "").lower() == "100-continue"
        if expected and self._refusal is None and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._refusal is None:
            self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode("ascii")
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._keep_alive = self._parser.should_keep_alive()
        self._waiting.append(self._refusal or Request(method, path, query, self._headers, body))
        self._next()

    # Answering.

    def _next(self) -> None:
        while self._waiting and not self._busy and self._transport is not None:
            waiting = self._waiting.popleft()
            answer = waiting if isinstance(waiting, Answer) else self._handled(waiting)
            if not isinstance(answer, Answer):
                self._busy = True
                self._work = asyncio.get_running_loop().create_task(self._awaited(answer))
            elif answer.delay > 0:
                self._busy = True
                asyncio.get_running_loop().call_later(answer.delay, self._late, answer)
            else:
                self._send(answer)

    def _handled(self, request: Request) -> Answer | Awaitable[Answer]:
        try:
            return self._handler(request)
        except Exception as error:  # noqa: BLE001  # a defect of the stand-in must look like a server's, whatever it is
            return _failed(error)

    async def _awaited(self, answer: Awaitable[Answer]) -> None:
        try:
            self._late(await answer)
        except Exception as error:  # noqa: BLE001  # as above
            self._late(_failed(error))

    def _late(self, answer: Answer) -> None:
        self._busy = False
        self._send(answer)
        self._next()

    def _send(self, answer: Answer) -> None:
        if answer.leave is not None:
            answer.leave()
        if self._transport is None:
            return
        if answer.cut == "nothing":
            self._transport.abort()
            return
        last = not self._keep_alive and not self._waiting
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(answer.body)}")
        if last:
            lines.append("Connection: close")
        sent = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + answer.body
        if answer.cut == "half":
            sent = sent[: len(sent) - max(1, len(answer.body) // 2)]
        self._transport.write(sent)
        if last or answer.cut:
            self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _failed(error: Exception) -> Answer:
    return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, defect(error).encode(), {"Content-Type": "text/plain"})

"""A small HTTP/1.1 server for stand-ins: requests as values, keep-alive, TLS, and connections that a fault may cut."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httptools

#: Bytes a request at most.
_LARGEST = 160 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` is decoded, ``query`` holds the last value of each name, headers are in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """The body as a form (application/x-www-form-urlencoded)."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """``drop``: do all that was asked, then cut the connection instead of answering."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False

    @classmethod
    def of_json(cls, status: int, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
        told = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        return cls(status, json.dumps(value, ensure_ascii=False).encode(), told)


Handler = Callable[[Request], Awaitable[Answer]]


async def serve_web(handler: Handler, *, tls: ssl.SSLContext | None, port: int = 0) -> asyncio.Server:
    """Serve on loopback.  A handler that fails is answered 500 and says nothing of what was asked."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _Connection(handler), "127.0.0.1", port, ssl=tls)


class _Connection(asyncio.Protocol):
    """One client; its requests are answered in order."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Queue[Request] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._worker = asyncio.get_running_loop().create_task(self._work())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._worker is not None:
            self._worker.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._close()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if len(self._body) + len(body) > _LARGEST:
            self._close()
            return
        self._body += body

    def on_message_complete(self) -> None:
        parts = urlsplit(self._url.decode("latin-1"))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        method = self._parser.get_method().decode()
        self._waiting.put_nowait(Request(method, unquote(parts.path), query, self._headers, bytes(self._body)))
        self._begin()

    async def _work(self) -> None:
        while True:
            request = await self._waiting.get()
            try:
                answer = await self._handler(request)
            except Exception:  # noqa: BLE001  # a defect of the stand-in must look like a server's, whatever it is
                answer = Answer(HTTPStatus.INTERNAL_SERVER_ERROR)
            if self._transport is None or self._transport.is_closing():
                return
            if answer.drop:
                self._transport.abort()
                return
            self._transport.write(_written(answer))

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _written(answer: Answer) -> bytes:
    phrase = HTTPStatus(answer.status).phrase
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in answer.headers.items())]
    if answer.status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + answer.body

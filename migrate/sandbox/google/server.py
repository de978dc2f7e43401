"""HTTP/1.1 on loopback: connections, requests cut out of the stream, answers sent late, cut short or not at all."""

from __future__ import annotations

import asyncio
import socket
from email.utils import formatdate
from http import HTTPStatus
from time import time
from typing import cast

import httptools

from migrate.sandbox.google.control import Control
from migrate.sandbox.google.exchange import Answer, Request
from migrate.sandbox.google.service import Service
from migrate.sandbox.google.uploads import too_large


class Connection(asyncio.Protocol):
    """One client.  Requests are answered in their order; while one waits the next is not begun."""

    def __init__(self, service: Service, control: Control) -> None:
        self._service = service
        self._control = control
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: list[Request] = []
        self._busy = False
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        #: Whether what comes is read to its end and thrown away: a client that is cut off would try again.
        self._too_long = False
        self._keep_alive = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._close()

    # What httptools tells, in this order.

    def on_message_begin(self) -> None:
        self._url, self._headers, self._body, self._too_long = b"", {}, [], False

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        length = self._headers.get("content-length", "0")
        path = self._url.decode("latin-1").partition("?")[0]
        verb = self._parser.get_method().decode("ascii")
        if length.isdigit() and int(length) > 1 << 20 and self._service.too_long(verb, path, int(length)):
            self._too_long = True
        elif self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if not self._too_long:
            self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        verb = self._parser.get_method().decode("ascii")
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        self._keep_alive = self._parser.should_keep_alive()
        if self._too_long:
            self._send(Answer(413, too_large().body()), last=not self._keep_alive)
            return
        self._waiting.append(Request(verb, path, query, self._headers, body))
        self._next()

    def _next(self) -> None:
        while self._waiting and not self._busy and self._transport is not None:
            request = self._waiting.pop(0)
            if request.path.startswith("/control"):
                self._send(self._control.answer(request), last=not self._keep_alive)
                continue
            answer = self._service.answer(request)
            if answer.delay > 0:
                self._busy = True
                asyncio.get_running_loop().call_later(answer.delay, self._late, answer)
            else:
                self._finish(answer)

    def _late(self, answer: Answer) -> None:
        self._busy = False
        self._finish(answer)
        self._next()

    def _finish(self, answer: Answer) -> None:
        if answer.place is not None:
            self._service.quotas.leave(answer.place)
        self._send(answer, last=not self._keep_alive)

    def _send(self, answer: Answer, *, last: bool) -> None:
        if self._transport is None:
            return
        if answer.cut == "nothing":
            self._transport.abort()
            return
        lines = [f"HTTP/1.1 {answer.code} {_phrase(answer.code)}"]
        lines.append(f"Date: {formatdate(time() + self._service.world.manners.clock_off, usegmt=True)}")
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.code != HTTPStatus.NO_CONTENT:
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


def _phrase(code: int) -> str:
    # 308 is "Resume Incomplete" in Google's upload protocol.
    return "Resume Incomplete" if code == 308 else HTTPStatus(code).phrase

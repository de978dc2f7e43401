"""The web server of the stand-ins."""

from __future__ import annotations

import asyncio

from migrate.sandbox.web import Answer, Request, serve_web


async def _asked(sent: bytes) -> bytes:
    async def answer(request: Request) -> Answer:
        await asyncio.sleep(0)
        if request.path == "/wrong":
            raise KeyError("a secret of the request")
        return Answer(200, f"{request.method} {request.path} {request.options}".encode())

    server = await serve_web(answer)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(sent)
        told = await asyncio.wait_for(reader.read(), timeout=10)
        writer.close()
        await writer.wait_closed()
    return told


def test_requests_are_answered_in_order_and_the_connection_ends_when_the_client_wants_it() -> None:
    sent = b"GET /a?x=1&x=2 HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\n"
    told = asyncio.run(_asked(sent))
    assert told.index(b"GET /a {'x': '2'}") < told.index(b"Connection: close") < told.index(b"GET /b {}")


def test_a_defect_says_where_it_is_and_nothing_of_what_was_asked() -> None:
    told = asyncio.run(_asked(b"GET /wrong HTTP/1.1\r\nConnection: close\r\n\r\n"))
    assert told.startswith(b"HTTP/1.1 500 ")
    assert b"KeyError in " in told
    assert b"secret" not in told

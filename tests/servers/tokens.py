"""A token endpoint on loopback: it says which access tokens are good, as mail servers ask it (RFC 7662)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


@dataclass
class TokenEndpoint:
    """``good``: whose each token is; may be changed while it runs."""

    port: int
    good: dict[str, str] = field(default_factory=dict)
    #: Every token that was asked for.
    asked: list[str] = field(default_factory=list)


@contextmanager
def running_tokens() -> Iterator[TokenEndpoint]:
    class Introspection(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            token = parse_qs(body)["token"][0]
            endpoint.asked.append(token)
            user = endpoint.good.get(token)
            told = {"active": user is not None, "username": user or ""}
            answer = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Introspection) as server:
        endpoint = TokenEndpoint(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()

"""How fast Google's stand-in takes mail: imports a second of one core, which a client's own rate must not be bound by.

A client without a library sends messages of 5 kB over a few connections to a stand-in without quotas.  What counts is
the CPU that the stand-in used: it is the same whatever else the machine does.  Prints one line a case, and fails when
an import costs more than docs/performance.md allows.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from migrate.sandbox.google.started import GoogleStandIn, running_google

#: Imports a second of one core to reach.
_REACH = 2_000
_SIZE = 5_000
_USER = "anna@example.org"
_SCOPE = "https://www.googleapis.com/auth/gmail.insert"


def main() -> int:
    parser = argparse.ArgumentParser(description="Imports messages of 5 kB into a private stand-in of Google.")
    parser.add_argument("--messages", type=int, default=10_000, help="messages a case (default 10,000)")
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    slow = False
    with tempfile.TemporaryDirectory(prefix="bascule-") as folder:
        for name, state, manners in (
            ("in memory", None, {}),
            ("in memory, with quotas counted", None, {"user_units": 10**9, "project_units": 10**9}),
            ("without bodies", None, {"keep_bodies": False}),
            ("kept on disk", Path(folder), {}),
        ):
            with running_google(state=state) as google:
                google.manners(**manners)
                rate, wall = _case(google, options.messages)
            slow = slow or rate < _REACH
            print(f"{name}: {rate:.0f} imports/s of one core (to reach: {_REACH}); {wall:.0f}/s seen here", flush=True)
    return 1 if slow else 0


def _case(google: GoogleStandIn, messages: int) -> tuple[float, float]:
    """Imports by second of the stand-in's CPU, and by second."""
    google.add_user(_USER)
    token = _token(google)
    host, _, port = google.endpoint.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        used, began = google.control("answers")["cpu"], time.perf_counter()
        for number in range(messages):
            connection.sendall(_request(number, token))
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 "), answer
        wall = time.perf_counter() - began
        used = google.control("answers")["cpu"] - used
    assert len(google.mailbox(_USER, bodies=False)) == messages
    return messages / used, messages / wall


def _request(number: int, token: str) -> bytes:
    head = (
        "Received: by bench.example; Wed, 01 Jan 2025 00:00:00 +0000\r\n"
        "From: Anna Berg <anna@example.org>\r\nTo: Bruno <bruno@example.org>\r\nSubject: Minutes\r\n"
        f"Date: Wed, 01 Jan 2025 00:00:00 +0000\r\nMessage-ID: <{number}@bench.example>\r\n\r\n"
    )
    message = head.encode() + b"x" * (_SIZE - len(head))
    body = (
        b'--b\r\nContent-Type: application/json\r\n\r\n{"labelIds": ["INBOX", "UNREAD"]}\r\n'
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + message + b"\r\n--b--\r\n"
    )
    return (
        "POST /upload/gmail/v1/users/me/messages/import?uploadType=multipart&internalDateSource=dateHeader"
        "&neverMarkSpam=true HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: multipart/related; boundary=b\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _token(google: GoogleStandIn) -> str:
    client = google.control("client")["installed"]
    form = {
        "grant_type": "refresh_token",
        "refresh_token": google.control("refresh_token", address=_USER, scopes=[_SCOPE]),
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
    }
    connection = http.client.HTTPConnection(google.endpoint.removeprefix("http://"))
    connection.request("POST", "/token", urlencode(form))
    told = json.loads(connection.getresponse().read())
    connection.close()
    return str(told["access_token"])


if __name__ == "__main__":
    sys.exit(main())

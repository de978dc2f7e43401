"""The stand-in of Microsoft 365 as tests hold it, and raw clients of it: nothing here uses a connector."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from imapclient import IMAPClient

from migrate.sandbox.microsoft.started import App, MicrosoftStandIn, running_microsoft

__all__ = ["App", "MicrosoftStandIn", "Person", "new_person", "running_microsoft"]

EXCHANGE, GRAPH = "https://outlook.office365.com", "https://graph.microsoft.com"


@dataclass(frozen=True)
class Person:
    """A mailbox of a test's own, and an application that may open it."""

    stand_in: MicrosoftStandIn
    address: str
    app: App

    def token(self, resource: str = EXCHANGE) -> str:
        answer = self.ask_token(self.app.secret, resource)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def ask_token(self, secret: str, resource: str = EXCHANGE, **more: str) -> httpx.Response:
        form = {
            "client_id": self.app.client_id, "client_secret": secret, "scope": f"{resource}/.default",
            "grant_type": "client_credentials", **more,
        }  # fmt: skip
        return httpx.post(
            f"{self.stand_in.authority}/oauth2/v2.0/token", data=form, verify=trusting(self.stand_in), trust_env=False
        )

    @contextmanager
    def imap(self) -> Iterator[IMAPClient]:
        """A client that is signed in."""
        with self.imap_outside() as client:
            client.oauth2_login(self.address, self.token())
            yield client

    @contextmanager
    def imap_outside(self) -> Iterator[IMAPClient]:
        """A client that is connected."""
        with IMAPClient(
            self.stand_in.host, self.stand_in.imap_port, ssl_context=trusting(self.stand_in), timeout=30
        ) as client:
            yield client

    @contextmanager
    def graph(self) -> Iterator[httpx.Client]:
        """A client of Graph with the application's token."""
        with httpx.Client(
            base_url=f"{self.stand_in.address}/v1.0",
            headers={"Authorization": f"Bearer {self.token(GRAPH)}"},
            verify=trusting(self.stand_in),
            trust_env=False,
        ) as client:
            yield client

    def raw(self) -> RawImap:
        """A connection whose every byte the test says itself."""
        return RawImap(self.stand_in)


def new_person(stand_in: MicrosoftStandIn, **app: Any) -> Person:
    made = stand_in.app(**app)
    address = f"anna-{uuid4().hex[:8]}@contoso.example"
    stand_in.person(address, opened_by=made)
    return Person(stand_in, address, made)


def trusting(stand_in: MicrosoftStandIn) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(stand_in.ca_file))


def xoauth2(mailbox: str, token: str) -> bytes:
    return base64.b64encode(f"user={mailbox}\x01auth=Bearer {token}\x01\x01".encode())


class RawImap:
    """Bytes out, lines in."""

    def __init__(self, stand_in: MicrosoftStandIn) -> None:
        plain = socket.create_connection(("127.0.0.1", stand_in.imap_port), timeout=30)
        self._socket = trusting(stand_in).wrap_socket(plain, server_hostname="localhost")
        self._lines = self._socket.makefile("rb")
        self._count = 0
        self.greeting = self.line()

    def __enter__(self) -> RawImap:
        return self

    def __exit__(self, *_error: object) -> None:
        self._lines.close()
        self._socket.close()

    def sign_in(self, mailbox: str, token: str) -> bytes:
        return self.ask(b"AUTHENTICATE XOAUTH2 " + xoauth2(mailbox, token))[-1]

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def line(self) -> bytes:
        """The next line without its end; empty at the end of the connection, however that came."""
        try:
            return self._lines.readline().rstrip(b"\r\n")
        except OSError:
            return b""

    def ask(self, command: bytes) -> list[bytes]:
        """All lines up to the answer; the answer last, without its tag.  An end of the connection is an empty line."""
        self._count += 1
        tag = b"t%d" % self._count
        self.send(tag + b" " + command + b"\r\n")
        lines = []
        while True:
            line = self.line()
            if line.startswith(tag + b" ") or not line:
                return [*lines, line[len(tag) + 1 :]]
            lines.append(line)

    def append(self, message: bytes, head: bytes = b"INBOX") -> list[bytes]:
        """One APPEND with a literal that does not wait."""
        return self.ask(b"APPEND " + head + b" {%d+}\r\n" % len(message) + message)

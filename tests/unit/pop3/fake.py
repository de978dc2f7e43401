"""A small POP3 server on loopback that answers as it should, but for what a test bends.

It keeps what it was asked, by connection, and has no command that deletes anything.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from connectors.body import ByteBudget
from connectors.contract import Account, Entry, Message, Resources, Source, Unread
from connectors.pop3.connector import Pop3Connector
from connectors.pop3.settings import Pop3Settings
from connectors.pop3.source import Pop3Source
from connectors.suite.samples import contents, folder_at, listed

PASSWORD = "planted secret"
FEATURES = ("TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE")
GREETING = b"+OK ready <17.42@fake.example>\r\n"
INBOX = ("INBOX",)
#: What a bent answer is made of: pieces, sent one after the other.  Raising ``Cut`` ends the connection.
Bend = Callable[[bytes, bytes], Iterable[bytes]]


class Cut(Exception):
    """The server hangs up."""


def letter(number: int, size: int = 0) -> bytes:
    head = (
        f"Received: by fake.example; Mon, 1 Jan 2024 00:00:{number % 60:02} +0000\r\n"
        f"From: a@example.org\r\nMessage-ID: <{number}@example.org>\r\nSubject: {number}\r\n\r\n.dot\r\n..\r\n"
    ).encode()
    return head + b"x" * max(size - len(head) - 2, 0) + b"\r\n"


def stuffed(data: bytes) -> bytes:
    """A message as it goes over the line."""
    assert data.endswith(b"\r\n") or not data
    return (b"." if data.startswith(b".") else b"") + data.replace(b"\r\n.", b"\r\n..") + b".\r\n"


@dataclass
class Fake:
    """A running server; ``bends`` by command, the message number with it where one is meant (``RETR 2``)."""

    port: int
    messages: list[bytes]
    features: Sequence[str] = FEATURES
    uids: Sequence[str] | None = None
    sizes: Mapping[int, int] = field(default_factory=dict)
    greeting: bytes = GREETING
    bends: dict[str, Bend] = field(default_factory=dict)
    #: What STLS puts on the connection, and what is offered from then on.
    protection: ssl.SSLContext | None = None
    protected_features: Sequence[str] = FEATURES
    #: For each AUTH that comes, what is said to it, and to each line of the client after it.
    exchanges: list[list[bytes]] = field(default_factory=list)
    heard: list[list[str]] = field(default_factory=list)
    #: The most commands that were there to be read at once.
    under_way: int = 0

    def serve(self, sock: socket.socket) -> None:
        heard: list[str] = []
        self.heard.append(heard)
        with contextlib.ExitStack() as ends, contextlib.suppress(OSError, Cut):
            ends.enter_context(sock)
            self._say(sock, "GREETING", b"", self.greeting)
            there, saying = b"", list[bytes]()
            while True:
                while b"\n" not in there:
                    piece = sock.recv(1 << 16)
                    if not piece:
                        return
                    there += piece
                self.under_way = max(self.under_way, there.count(b"\n"))
                line, _end, there = there.partition(b"\n")
                text = line.rstrip(b"\r").decode("latin-1")
                heard.append(text)
                if text.startswith("AUTH "):
                    saying = self.exchanges.pop(0)
                if saying:
                    sock.sendall(saying.pop(0))
                    continue
                self._say(sock, text, line, self._answer(text))
                if text == "STLS" and self.protection is not None:
                    sock = ends.enter_context(self.protection.wrap_socket(sock, server_side=True))
                    self.features = self.protected_features
                if text == "QUIT":
                    return

    def _say(self, sock: socket.socket, command: str, line: bytes, good: bytes) -> None:
        words = command.split(" ")
        names = (" ".join(words[:2]), words[0])
        bend = next((self.bends[name] for name in names if name in self.bends), None)
        for piece in bend(line, good) if bend else (good,):
            sock.sendall(piece)

    def _answer(self, text: str) -> bytes:
        word, *more = text.split(" ")
        if word == "CAPA":
            return b"+OK\r\n" + b"".join(f"{name}\r\n".encode() for name in self.features) + b".\r\n"
        if word == "STAT":
            return b"+OK %d %d\r\n" % (len(self.messages), sum(map(len, self.messages)))
        if word == "LIST":
            rows = [b"%d %d\r\n" % (n, self.sizes.get(n, len(data))) for n, data in enumerate(self.messages, 1)]
            return b"+OK\r\n" + b"".join(rows) + b".\r\n"
        if word == "UIDL":
            if "UIDL" not in self.features:
                return b"-ERR unknown command\r\n"
            uids = self.uids or [f"u{n}" for n in range(1, len(self.messages) + 1)]
            return b"+OK\r\n" + b"".join(b"%d %s\r\n" % (n, u.encode()) for n, u in enumerate(uids, 1)) + b".\r\n"
        if word == "TOP" and "TOP" not in self.features:
            return b"-ERR unknown command\r\n"
        if word in ("TOP", "RETR"):
            return self._message(int(more[0]), int(more[1]) if word == "TOP" else 10**9)
        return b"+OK\r\n"

    def _message(self, number: int, lines: int) -> bytes:
        if number > len(self.messages):
            return b"-ERR no such message\r\n"
        head, blank, body = self.messages[number - 1].partition(b"\r\n\r\n")
        some = b"".join(body.splitlines(keepends=True)[:lines]) if lines < 10**6 else body
        return b"+OK %d octets\r\n" % len(self.messages[number - 1]) + stuffed(head + blank + some)

    def said(self, *words: str) -> list[str]:
        """The commands of all connections that begin with one of these words."""
        return [line for lines in self.heard for line in lines if line.split(" ")[0] in words]

    def connector(self, spool: Path, **settings: object) -> Pop3Connector:
        values = {"host": "127.0.0.1", "port": self.port, "tls": "plain", "timeout": 2, "auth": "user", **settings}
        return Pop3Connector(Pop3Settings.model_validate(values), Resources(ByteBudget(), spool))

    def source(self, spool: Path, **settings: object) -> Pop3Source:
        return sign_in(self.connector(spool, **settings))


#: Sessions that were not ended by their tests.
_open: list[Pop3Source] = []


def sign_in(connector: Pop3Connector, account: Account | None = None) -> Pop3Source:
    """A session, which is over when its server is."""
    _open.append(connector.open_source(account or Account("ann", PASSWORD), Event()))
    return _open[-1]


def entries(session: Source) -> list[Entry]:
    return listed(session, folder_at(session, INBOX))


def read(session: Source, keys: Sequence[str] | None = None) -> dict[str, bytes | Unread]:
    """Bodies by key, or why there is none."""
    folder = folder_at(session, INBOX)
    found: dict[str, bytes | Unread] = {}
    for answer in session.read(folder, [entry.key for entry in listed(session, folder)] if keys is None else keys):
        assert answer.key not in found, "answered twice"
        if isinstance(answer, Message):
            found[answer.key] = contents(answer.body)
            answer.body.release()
        else:
            found[answer.key] = answer
    return found


def decoded(line: str) -> str:
    """What was said in an exchange."""
    return base64.b64decode(line).decode()


@contextmanager
def fake(*messages: bytes, bends: Mapping[str, Bend] | None = None, **more: object) -> Iterator[Fake]:
    """A server with these messages."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = Fake(port, list(messages), bends=dict(bends or {}), **more)  # type: ignore[arg-type]  # passed on
        sockets: list[socket.socket] = []
        threads: list[Thread] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    sockets.append(sock)
                    threads.append(Thread(target=server.serve, args=(sock,), daemon=True))
                    threads[-1].start()

        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            while _open:
                _open.pop().abort()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for sock in sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for one in threads:
                one.join(10)
        assert server.said("DELE") == [], "a source is only read"

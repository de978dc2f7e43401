"""A proxy before an IMAP source that says what large providers say when they are asked too much."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: A FETCH of whole messages.
_BODY = re.compile(rb"(\S+) UID FETCH .*BODY\.PEEK\[\]\)", re.IGNORECASE)


_LOGIN = re.compile(rb"(\S+) (?:LOGIN|AUTHENTICATE) ", re.IGNORECASE)
#: What Dovecot 2.3 says.
_DOVECOT = b"[LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=2)"


@dataclass(frozen=True)
class Heard:
    """A command that came, or a connection that was made (an empty one)."""

    at: float
    connection: int
    line: bytes


class Throttle:
    """Listens on ``port``.  The ``nth`` FETCH of bodies is answered with ``words``, all else goes to the server.

    With ``sessions``, no more than so many are signed in at a time; a real Dovecot counts as late as that several who
    come together all get in.
    """

    def __init__(self, to_port: int, words: str, nth: int = 1, sessions: int | None = None) -> None:
        self._to_port = to_port
        self._words = words.encode()
        self._sessions = sessions
        self._inside: set[int] = set()
        #: Sign-ins that were refused.
        self.refusals = 0
        self._left = nth
        self._lock = threading.Lock()
        self.heard: list[Heard] = []
        #: When the refusal was given.
        self.refused_at: float | None = None
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def connections(self) -> int:
        return sum(1 for one in self.heard if not one.line)

    def commands_between(self, start: float, end: float) -> list[Heard]:
        """What came in these seconds after the refusal."""
        assert self.refused_at is not None
        since = self.refused_at
        return [one for one in self.heard if start <= one.at - since < end]

    def close(self) -> None:
        for end in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to_port))
            except OSError:
                return
            with self._lock:
                self._sockets += [client, server]
                self.heard.append(Heard(time.monotonic(), number := self.connections + 1, b""))
            threading.Thread(target=self._up, args=(client, server, number), daemon=True).start()
            threading.Thread(target=self._down, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, ValueError), client.makefile("rb") as lines:
            for line in lines:
                refusal = self._refusal(number, line)
                if refusal:
                    client.sendall(refusal)
                else:
                    server.sendall(line)
        with self._lock:
            self._inside.discard(number)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _refusal(self, number: int, line: bytes) -> bytes:
        found, signs_in = _BODY.match(line), _LOGIN.match(line)
        with self._lock:
            if signs_in and self._sessions is not None:
                if len(self._inside) == self._sessions:
                    self.refusals += 1
                    return b"%s NO %s\r\n" % (signs_in[1], _DOVECOT)
                self._inside.add(number)
            self.heard.append(Heard(time.monotonic(), number, line))
            if found is None or self.refused_at is not None:
                return b""
            self._left -= 1
            if self._left:
                return b""
            self.refused_at = time.monotonic()
            return b"%s %s\r\n" % (found[1], self._words)

    def _down(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_throttle(
    to_port: int, words: str = "", nth: int = 1_000_000, sessions: int | None = None
) -> Iterator[Throttle]:
    throttle = Throttle(to_port, words, nth, sessions)
    try:
        yield throttle
    finally:
        throttle.close()

"""A proxy before an IMAP server that does harm to a connection at a given phase of a FETCH or an APPEND.

What the client sent before the fault has reached the server, what the server said before it has reached the client.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from tests.servers.phases import Conversation, Phase, Piece

_PIECE = 1 << 16


class Effect(StrEnum):
    """What happens to the connection."""

    CUT = "both sides see the end of the connection"
    SILENCE = "nothing is delivered any more, and nobody is told: a half-open connection"
    BYE = "the client hears a goodbye, and the connection is closed"
    GARBAGE = "the client hears bytes that follow no grammar"
    STALL = "nothing is delivered for some seconds, and then everything"
    DRIP = "the client hears one byte now and then"
    TRICKLE = "the server reads one byte now and then, until the client gives up"
    NONE = "the line goes on; somebody does something meanwhile"
    REFUSE = "the command does not reach the server; when its turn has come, the client hears NO"


@dataclass
class Fault:
    """Strikes at the ``nth`` time of ``phase``, and then each time until it struck so many ``times``."""

    phase: Phase
    effect: Effect
    nth: int = 1
    times: int = 1
    #: Words of a goodbye or a refusal.
    words: str = "[UNAVAILABLE] not now"
    #: Of a stall, and between two bytes that drip or trickle.
    seconds: float = 0.05
    #: Strikes only once this one has struck.
    after: Fault | None = None
    #: Done first, while the line waits.
    do: Callable[[], None] | None = None
    met: int = 0
    struck: int = 0
    #: When it struck last, by the clock of ``time.monotonic``.
    struck_at: float = 0.0

    def strikes(self, phase: Phase) -> bool:
        if phase is not self.phase or (self.after is not None and not self.after.struck):
            return False
        self.met += 1
        if self.met < self.nth or self.struck >= self.times:
            return False
        self.struck += 1
        self.struck_at = time.monotonic()
        return True


class _Broken(Exception):
    """Nothing more is carried on this connection."""


@dataclass
class _Line:
    """One connection: the client's and the server's socket, and where their conversation is."""

    client: socket.socket
    server: socket.socket
    talk: Conversation = field(default_factory=Conversation)
    silent: threading.Event = field(default_factory=threading.Event)
    dripping: float = 0.0
    trickling: float = 0.0
    #: The tag of the command that is being kept from the server.
    kept: bytes = b""
    #: What is said to commands that were kept from it, by tag.
    refused: dict[bytes, str] = field(default_factory=dict)


class FaultyProxy:
    """Listens on ``port`` until closed; ``faults`` may be changed while it runs."""

    def __init__(self, to_port: int, *faults: Fault) -> None:
        self.faults = list(faults)
        #: When clients sent something, by the clock of ``time.monotonic``.
        self.asked_at: list[float] = []
        self._to_port = to_port
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def close(self) -> None:
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets, threads = list(self._sockets), list(self._threads)
        for end in sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(timeout=10)
        for end in sockets:
            end.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]  # a bound method
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to_port))
                with self._lock:
                    self._sockets += [client, server]
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line = _Line(client, server)
                self._start(self._carry, line, "up")
                self._start(self._carry, line, "down")

    def _carry(self, line: _Line, direction: str) -> None:
        up = direction == "up"
        reads, writes = (line.client, line.server) if up else (line.server, line.client)
        with contextlib.suppress(_Broken, OSError):
            while data := reads.recv(_PIECE):
                if up:
                    self.asked_at.append(time.monotonic())
                for piece in line.talk.up(data) if up else line.talk.down(data):
                    self._pass(line, piece, writes, up=up)
        if line.silent.is_set():
            return
        with contextlib.suppress(OSError):
            writes.shutdown(socket.SHUT_WR)

    def _pass(self, line: _Line, piece: Piece, writes: socket.socket, *, up: bool) -> None:
        data, done = piece.data if up else _said(line, piece.data), 0
        for phase, at in piece.phases:
            with self._lock:
                fault = next((one for one in self.faults if one.strikes(phase)), None)
            if fault is None:
                continue
            self._deliver(line, data[done:at], writes, up=up)
            done = at
            self._strike(line, fault, piece)
        self._deliver(line, data[done:], writes, up=up)
        if up and line.kept and (piece.ends or piece.asks):
            # The server answers this one behind all that it was sent before.
            line.server.sendall(line.kept + b" NOOP\r\n")
            line.kept = b""
            if piece.asks:
                line.talk.no_literal_follows()

    def _deliver(self, line: _Line, data: bytes, writes: socket.socket, *, up: bool) -> None:
        if line.silent.is_set():
            raise _Broken
        if not data or (up and line.kept):
            return
        between = line.trickling if up else line.dripping
        if not between:
            writes.sendall(data)
            return
        for byte in data:
            writes.sendall(bytes([byte]))
            # A server that reads slowly never reads what a client that reset the connection had sent.
            if self._closed.wait(between) or (up and _was_reset(line.client)):
                raise _Broken

    def _strike(self, line: _Line, fault: Fault, piece: Piece) -> None:
        if fault.do is not None:
            fault.do()
        match fault.effect:
            case Effect.CUT:
                _end(line.server)
                _end(line.client)
                raise _Broken
            case Effect.BYE:
                line.client.sendall(f"* BYE {fault.words}\r\n".encode())
                _end(line.server)
                _end(line.client)
                raise _Broken
            case Effect.SILENCE:
                line.silent.set()
                raise _Broken
            case Effect.GARBAGE:
                line.client.sendall(b"\x00\xff)(* {3\r\n*&%\r\n")
            case Effect.STALL:
                self._closed.wait(fault.seconds)
            case Effect.DRIP:
                line.dripping = fault.seconds
            case Effect.TRICKLE:
                line.trickling = fault.seconds
            case Effect.REFUSE:
                line.talk.open.pop(piece.tag, None)
                line.refused[piece.tag] = fault.words
                line.kept = piece.tag


def _said(line: _Line, data: bytes) -> bytes:
    """What the server says, with a refusal in the place of the answer to a command that it was not sent."""
    tag = data.partition(b" ")[0] if line.refused else b""
    words = line.refused.pop(tag, None)
    return data if words is None else b"%s NO %s\r\n" % (tag, words.encode())


def _was_reset(end: socket.socket) -> bool:
    poll = select.poll()
    poll.register(end, 0)
    return bool(poll.poll(0))


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_faulty(to_port: int, *faults: Fault) -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(to_port, *faults)
    try:
        yield proxy
    finally:
        proxy.close()

"""A TCP proxy between a client and a test server: slow, late, stalled or cut, as a test needs it.

It runs in threads of the test process, so it outlives the client: what it has taken from a client that was killed it
still delivers to the server, at its pace, as a network with full buffers does.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["up", "down"]  # up: from the client to the server

_PIECE = 16 << 10
_RESET = struct.pack("ii", 1, 0)


@dataclass
class _Pipe:
    """One direction of one connection: bytes taken and not yet delivered."""

    direction: Direction
    reads: socket.socket
    writes: socket.socket
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)
    size: int = 0
    delivered: int = 0
    ended: bool = False
    #: Nothing more is delivered.
    broken: bool = False


class Proxy:
    """Listens on a free ``port`` of 127.0.0.1 until closed.

    ``rate``: bytes a second in each direction of each connection; ``delay``: seconds each way; ``buffer``: bytes that
    it takes in before it makes the sender wait.  May be changed while it runs.
    """

    def __init__(self, to_port: int, *, rate: int | None = None, delay: float = 0.0, buffer: int = 64 << 20) -> None:
        self.rate, self.delay, self.buffer = rate, delay, buffer
        #: Bytes taken from clients and servers, and bytes delivered, over all connections.
        self.taken: dict[Direction, int] = {"up": 0, "down": 0}
        self.delivered: dict[Direction, int] = {"up": 0, "down": 0}
        self._to_port = to_port
        self._cuts: dict[Direction, int] = {}
        #: Bytes of a direction after which each connection is cut.
        self.carries: dict[Direction, int] = {}
        self._stalled = False
        self._closed = False
        self._changed = threading.Condition()
        self._pipes: list[_Pipe] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def cut_after(self, size: int, direction: Direction) -> None:
        """Cut one connection, once, after ``size`` more bytes of ``direction`` were delivered over the proxy.

        The server sees an end of file after these bytes, the client a reset.
        """
        with self._changed:
            self._cuts[direction] = self.delivered[direction] + size

    def stall(self) -> None:
        """Deliver nothing more in either direction, and keep all connections open."""
        with self._changed:
            self._stalled = True

    def resume(self) -> None:
        with self._changed:
            self._stalled = False
            self._changed.notify_all()

    def wait_taken(self, size: int, direction: Direction, timeout: float = 30.0) -> bool:
        """Wait until ``size`` bytes were taken in since the proxy started; whether they were, within ``timeout`` s."""
        with self._changed:
            return self._changed.wait_for(lambda: self.taken[direction] >= size, timeout)

    def wait_idle(self, timeout: float = 60.0) -> bool:
        """Wait until every connection has ended and all that was taken in from it is delivered."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pipes, timeout)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            pipes = list(self._pipes)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for pipe in pipes:
            _reset(pipe.reads)
        self._accepting.join(timeout=10)
        self._listener.close()
        self.wait_idle(timeout=10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._to_port), timeout=5)
            except OSError:
                _reset(client)
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            for end in (client, server):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pipes = [_Pipe("up", client, server), _Pipe("down", server, client)]
            with self._changed:
                self._pipes += pipes
            threads = [
                threading.Thread(target=work, args=(pipe,)) for pipe in pipes for work in (self._take, self._give)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        with self._changed:
            for pipe in pipes:
                self._pipes.remove(pipe)
            self._changed.notify_all()

    def _take(self, pipe: _Pipe) -> None:
        while True:
            try:
                piece = pipe.reads.recv(_PIECE)
            except OSError:
                piece = b""  # a reset: what came before it still goes on
            with self._changed:
                if piece:
                    pipe.waiting.append((time.monotonic() + self.delay, piece))
                    pipe.size += len(piece)
                    self.taken[pipe.direction] += len(piece)
                else:
                    pipe.ended = True
                self._changed.notify_all()
                if not piece:
                    return
                self._changed.wait_for(lambda: pipe.size < self.buffer or pipe.broken or self._closed)

    def _give(self, pipe: _Pipe) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or (not self._stalled and (pipe.waiting or pipe.ended)))
                if self._closed or not pipe.waiting:
                    break
                due, piece = pipe.waiting.popleft()
            time.sleep(max(0.0, due - time.monotonic()))
            if not self._deliver(pipe, piece):
                with self._changed:
                    pipe.broken = True
                    self._changed.notify_all()
                return
        with contextlib.suppress(OSError):
            pipe.writes.shutdown(socket.SHUT_WR)

    def _deliver(self, pipe: _Pipe, piece: bytes) -> bool:
        """Write one piece at the pace; False when this direction is over."""
        with self._changed:
            never = len(piece) + 1
            left = min(
                self._cuts.get(pipe.direction, self.delivered[pipe.direction] + never) - self.delivered[pipe.direction],
                self.carries.get(pipe.direction, pipe.delivered + never) - pipe.delivered,
            )
        cut = left <= len(piece)
        piece = piece[:left]
        started = time.monotonic()
        try:
            pipe.writes.sendall(piece)
        except OSError:
            if pipe.direction == "up":
                _reset(pipe.reads)
                return False
            # The client is gone.  What the server says is lost, and what the client had sent still arrives.
        with self._changed:
            self.delivered[pipe.direction] += len(piece)
            pipe.delivered += len(piece)
            pipe.size -= len(piece)
            self._changed.notify_all()
            if cut:
                self._cuts.pop(pipe.direction, None)
        if cut:
            client, server = (pipe.reads, pipe.writes) if pipe.direction == "up" else (pipe.writes, pipe.reads)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            _reset(client)
            return False
        if self.rate:
            time.sleep(max(0.0, len(piece) / self.rate - (time.monotonic() - started)))
        return True


def _reset(end: socket.socket) -> None:
    """Have the other side see a reset; blocked reads and writes of ours return."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_proxy(to_port: int, *, rate: int | None = None, delay: float = 0.0) -> Iterator[Proxy]:
    proxy = Proxy(to_port, rate=rate, delay=delay)
    try:
        yield proxy
    finally:
        proxy.close()

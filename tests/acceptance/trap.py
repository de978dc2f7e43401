"""A proxy before an IMAP server that knows where in an APPEND a connection is, and kills the client just there.

What the client had sent before it died is delivered, late if need be, or lost: both are what networks do.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n\Z")
_PIECE = 1 << 16


class Moment(StrEnum):
    """Where the trap may snap."""

    BODY_READ = "the first bytes of a body on their way to the client"
    APPEND_BEGINS = "before the first byte of an APPEND"
    IN_LITERAL = "in the middle of a literal of an APPEND"
    LAST_LITERAL_BYTE = "before the last byte of a literal of an APPEND"
    LAST_BYTE = "behind the last byte of an APPEND"
    ANSWERED = "before the tagged answer to an APPEND"
    ANSWER_GIVEN = "behind the tagged answer to an APPEND"


@dataclass
class Snap:
    """When to snap: at the ``nth`` time of ``moment``, or once ``size`` bytes have come from the client.

    ``late``: seconds after which what comes behind the point is delivered all the same; None for never.
    """

    moment: Moment | None = None
    nth: int = 1
    size: int | None = None
    late: float | None = None


@dataclass
class Commands:
    """Reads a client's commands as they pass."""

    line: bytes = b""
    literal: int = 0
    left: int = 0
    tag: bytes = b""
    is_append: bool = False
    fresh: bool = True
    #: Tags of APPENDs that are not answered yet.
    open: set[bytes] = field(default_factory=set)

    def read(self, data: bytes) -> Iterator[tuple[Moment, int]]:
        """Moments in ``data``, each with the number of its bytes that come before."""
        at = 0
        while at < len(data):
            if self.left:
                yield from self._in_literal(data, at)
                step = min(self.left, len(data) - at)
                self.left -= step
                at += step
                continue
            start = at
            end = data.find(b"\n", at) + 1
            self.line += data[at : end or len(data)]
            at = end or len(data)
            if self.fresh and (named := re.match(rb"(\S+) (?:UID )?(\S+) ", self.line)):
                self.fresh = False
                self.tag, self.is_append = named[1], named[2].upper() == b"APPEND"
                if self.is_append:
                    self.open.add(self.tag)
                    yield Moment.APPEND_BEGINS, start
            if end:
                yield from self._end_of_line(at)

    def _in_literal(self, data: bytes, at: int) -> Iterator[tuple[Moment, int]]:
        if not self.is_append:
            return
        done = self.literal - self.left
        for moment, place in ((Moment.IN_LITERAL, self.literal // 2), (Moment.LAST_LITERAL_BYTE, self.literal - 1)):
            if done <= place < done + len(data) - at:
                yield moment, at + place - done

    def _end_of_line(self, at: int) -> Iterator[tuple[Moment, int]]:
        found = _LITERAL.search(self.line)
        if found:
            self.literal = self.left = int(found[1])
        else:
            if self.is_append:
                yield Moment.LAST_BYTE, at
            self.fresh, self.is_append = True, False
        self.line = b""


class Trap:
    """Listens on ``port`` until closed.  ``kill`` is called once, when ``snap`` says so."""

    def __init__(self, to_port: int, snap: Snap | None = None) -> None:
        self.snap = snap or Snap()
        self.kill: Callable[[], None] = lambda: None
        self.snapped = threading.Event()
        #: Bytes from clients.
        self.taken = 0
        self._to_port = to_port
        self._counts: dict[Moment, int] = {}
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def set(self, snap: Snap, kill: Callable[[], None]) -> None:
        """Snap once more."""
        with self._lock:
            self.snap, self.kill, self.taken = snap, kill, 0
            self._counts.clear()
            self.snapped.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for end in sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)

    def _start(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._to_port)) as server:
            with self._lock:
                self._sockets |= {client, server}
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            commands = Commands()
            silenced = threading.Event()
            down = self._start(self._carry_down, server, client, commands, silenced)
            self._carry_up(client, server, commands, silenced)
            down.join()
            with self._lock:
                self._sockets -= {client, server}

    def _carry_up(
        self, client: socket.socket, server: socket.socket, commands: Commands, silenced: threading.Event
    ) -> None:
        while data := _received(client):
            cut = self._cut_up(data, commands)
            if cut is None:
                _sent(server, data)
                continue
            # What the server says from here on does not reach the client.
            silenced.set()
            _sent(server, data[:cut])
            self._kill()
            if self.snap.late is None:
                break
            time.sleep(self.snap.late)
            _sent(server, data[cut:])
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _cut_up(self, data: bytes, commands: Commands) -> int | None:
        """How many bytes come before the point where the trap snaps, None when it does not."""
        with self._lock:
            before, self.taken = self.taken, self.taken + len(data)
        found = None
        for moment, at in commands.read(data):
            if found is None and self._is_it(moment):
                found = at
        if self.snap.size is not None and before < self.snap.size <= before + len(data) and not self.snapped.is_set():
            return self.snap.size - before
        return found

    def _carry_down(
        self, server: socket.socket, client: socket.socket, commands: Commands, silenced: threading.Event
    ) -> None:
        while data := _received(server):
            if silenced.is_set():
                continue
            moment = self._in_answer(data, commands)
            if moment is Moment.ANSWER_GIVEN:
                _sent(client, data)
            if moment is not None:
                silenced.set()
                self._kill()
            else:
                _sent(client, data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_WR)

    def _in_answer(self, data: bytes, commands: Commands) -> Moment | None:
        answered = {tag for tag in commands.open if re.search(rb"(?:^|\n)%s (?:OK|NO|BAD)" % re.escape(tag), data)}
        commands.open -= answered
        if answered:
            for moment in (Moment.ANSWERED, Moment.ANSWER_GIVEN):
                if self._is_it(moment):
                    return moment
        if re.search(rb"BODY\[\](?:<0>)? \{", data) and self._is_it(Moment.BODY_READ):
            return Moment.BODY_READ
        return None

    def _is_it(self, moment: Moment) -> bool:
        with self._lock:
            if moment is not self.snap.moment or self.snapped.is_set():
                return False
            self._counts[moment] = self._counts.get(moment, 0) + 1
            return self._counts[moment] == self.snap.nth

    def _kill(self) -> None:
        self.snapped.set()
        self.kill()


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(_PIECE)
    except OSError:
        return b""  # a reset: what came before it still goes on


def _sent(end: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        end.sendall(data)


@contextmanager
def running_trap(to_port: int, snap: Snap | None = None) -> Iterator[Trap]:
    trap = Trap(to_port, snap)
    try:
        yield trap
    finally:
        trap.close()

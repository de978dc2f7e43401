"""One TCP connection, plain or TLS: buffered reading, sending that hears early answers, and a cut that sends nothing.

The socket never blocks; whoever waits, waits for the socket *or* for a wake-up, so that ``cut`` works from any thread.
Cutting a target's connection closes the socket with ``SO_LINGER(1, 0)``: the kernel throws unsent bytes away and
sends RST.  ``shutdown`` would not do: it sends a FIN after all queued bytes were delivered.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from threading import Event, Lock

from connectors.errors import ConnectionLost, ConnectorError, Fatal, Stopped, Transient
from connectors.language import _
from connectors.net.deflate import Deflate
from connectors.net.sockets import limit_unsent, poll_socket, raise_failure, set_linger
from connectors.net.verdicts import connection_lost, tls_failed, unreachable

#: Bytes asked for at a time.
READ_SIZE = 1 << 18
#: A line longer than this (bytes) is an attack or a broken server, never an answer to what we ask.
LINE_LIMIT = 1 << 20
_UNASKED_LIMIT = 8 << 20  # bytes a server may send unasked while we send
_UNSENT_LIMIT = 1 << 18
#: Bytes that must come within the timeout once something comes at all: a byte now and then is as good as silence.
_PROGRESS = 512
_STOP_SLICE = 0.2


class Transport:
    """A connection used by one thread; only ``cut`` may come from any."""

    def __init__(self, host: str, *, timeout: float, reset_on_close: bool) -> None:
        self.host = host
        self.timeout = timeout
        self._reset_on_close = reset_on_close
        self._stop: Event | None = None
        self._sock: socket.socket | None = None
        self._buffer = b""
        self._at = 0
        self._deflate: Deflate | None = None
        self._lock = Lock()
        self._ended: ConnectorError | None = None
        self._waiting = False
        self._bell, self._wake = socket.socketpair()

    def connect(self, port: int, timeout: float, stop: Event) -> None:
        """Connect to the first address that answers.  Raises Unavailable, or Stopped once ``stop`` is set.

        ``stop`` is heard until ``opened`` is called.
        """
        self._stop = stop
        try:
            addresses = socket.getaddrinfo(self.host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise self._lost(unreachable(self.host, error)) from error
        failure: OSError = TimeoutError("no address")
        end = time.monotonic() + timeout
        for index, (family, kind, protocol, _name, address) in enumerate(addresses):
            now = time.monotonic()
            deadline = now + (end - now) / (len(addresses) - index)
            try:
                self._connect_to(socket.socket(family, kind, protocol), address, deadline)
            except OSError as error:
                failure = error
            else:
                return
        raise self._lost(unreachable(self.host, failure)) from failure

    def _connect_to(self, sock: socket.socket, address: tuple[object, ...], deadline: float) -> None:
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            limit_unsent(sock, _UNSENT_LIMIT)
            if self._reset_on_close:
                set_linger(sock, on=True)
            self._sock = sock
            try:
                sock.connect(address)
            except BlockingIOError:
                self._wait(write=True, deadline=deadline)
            raise_failure(sock)
        except BaseException:
            self._sock = None
            sock.close()
            raise

    def start_tls(self, context: ssl.SSLContext, server_name: str) -> None:
        """Put TLS on the connection.

        Raises Fatal when something came before it: a server says nothing there, so somebody else put it in.
        """
        if self._at < len(self._buffer):
            raise self._lost(Fatal(_("something was put in before TLS began; nothing is sent"), system=self.host))
        deadline = time.monotonic() + self.timeout
        try:
            wrapped = context.wrap_socket(self._live(), server_hostname=server_name, do_handshake_on_connect=False)
            self._sock = wrapped
            while True:
                try:
                    wrapped.do_handshake()
                except ssl.SSLWantReadError:
                    self._wait(deadline=deadline)
                except ssl.SSLWantWriteError:
                    self._wait(write=True, deadline=deadline)
                else:
                    return
        except OSError as error:
            raise self._lost(tls_failed(self.host, error)) from error

    def certificate(self) -> bytes:
        """The server's certificate (DER), after ``start_tls``."""
        sock = self._live()
        assert isinstance(sock, ssl.SSLSocket), "asked after start_tls"
        return sock.getpeercert(binary_form=True) or b""

    def compress(self) -> None:
        """From here on both directions are packed (RFC 4978)."""
        self._deflate = Deflate(self._take_all(), READ_SIZE)

    def opened(self) -> None:
        """From here on only ``cut`` interrupts; the stop flag is the engine's to read between batches."""
        self._stop = None

    def cut(self, because: ConnectorError | None = None) -> None:
        """End the connection now, from any thread; whoever uses it later gets ``because`` (Stopped by default)."""
        self._end(because or Stopped(_("the session was aborted"), system=self.host))

    def deliver_on_close(self) -> None:
        """From here on closing delivers what was sent: we are about to sign out."""
        with self._lock:
            if self._sock is not None and self._ended is None and self._reset_on_close:
                set_linger(self._sock, on=False)

    def close(self) -> None:
        """Give everything back to the system.  May be called twice."""
        self._end(Transient(_("the session is closed"), system=self.host))

    @property
    def ended(self) -> bool:
        return self._ended is not None

    def _end(self, because: ConnectorError) -> None:
        with self._lock:
            if self._ended is None:
                self._ended = because
            if self._sock is not None:
                self._sock.close()
            if self._waiting:
                self._wake.send(b"!")  # the waiter closes the bell: its poll still holds it
            else:
                self._close_bell()

    def _close_bell(self) -> None:
        self._bell.close()
        self._wake.close()

    def _live(self) -> socket.socket:
        if self._ended is not None:
            raise _again(self._ended)
        assert self._sock is not None, "used before connect"
        return self._sock

    def _wait(self, *, read: bool = True, write: bool = False, deadline: float) -> bool:
        """Wait until the socket is ready; True when it can be read.  Ends the connection when ``deadline`` passes."""
        with self._lock:
            sock = self._live()
            self._waiting = True
            number, bell = sock.fileno(), self._bell.fileno()
        try:
            while True:
                left = deadline - time.monotonic()
                slice_ = min(left, _STOP_SLICE) if self._stop is not None else left
                readable, writable = poll_socket(number, bell, read=read, write=write, timeout=max(slice_, 0))
                if self._ended is not None:
                    raise _again(self._ended)
                if readable or writable:
                    return readable
                if self._stop is not None and self._stop.is_set():
                    raise self._lost(Stopped(_("interrupted while connecting"), system=self.host))
                if left <= 0:
                    raise TimeoutError("timed out")
        finally:
            with self._lock:
                self._waiting = False
                if self._ended is not None:
                    self._close_bell()

    def _lost(self, because: ConnectorError) -> ConnectorError:
        self._waiting = False
        self._end(because)
        return _again(because)

    def _deadline(self) -> float:
        return time.monotonic() + self.timeout

    def _receive(self, deadline: float) -> bytes:
        """The next bytes, at least one."""
        try:
            while True:
                with self._lock:
                    sock = self._live()
                    try:
                        data = self._received(sock)
                    except (BlockingIOError, ssl.SSLWantReadError):
                        write = False
                    except ssl.SSLWantWriteError:
                        write = True
                    else:
                        if not data:
                            raise ConnectionResetError("closed by the server")
                        return data
                self._wait(write=write, deadline=deadline)
        except OSError as error:
            raise self._lost(connection_lost(self.host, error)) from error

    def _arriving(self) -> Iterator[bytes]:
        """What comes, without end; given up when too little of it comes within the timeout."""
        deadline, since = self._deadline(), _PROGRESS
        while True:
            data = self._receive(deadline)
            since += len(data)
            if since >= _PROGRESS:
                deadline, since = self._deadline(), 0
            yield data

    def _received(self, sock: socket.socket) -> bytes:
        """What the server said, unpacked; empty at the end.  Raises as ``recv`` where there is nothing yet."""
        if self._deflate is None:
            return sock.recv(READ_SIZE)
        return self._deflate.unpacked(lambda: sock.recv(READ_SIZE))

    def readline(self, limit: int = LINE_LIMIT) -> bytes:
        """The next line with its line feed; a longer one than ``limit`` ends the connection."""
        end = self._buffer.find(b"\n", self._at) + 1
        if end:
            line = self._buffer[self._at : end]
            self._at = end
            return line
        pieces = [self._take_all()]
        size = len(pieces[0])
        for data in self._arriving():
            end = data.find(b"\n") + 1
            size += end or len(data)
            if size > limit:
                raise self._lost(ConnectionLost(_("the server sent an endless line"), system=self.host))
            if end:
                pieces.append(data[:end])
                self._buffer, self._at = data, end
                return b"".join(pieces)
            pieces.append(data)
        raise AssertionError("what arrives has no end")

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes; the caller bounds it."""
        start, self._at = self._at, self._at + size
        if self._at <= len(self._buffer):
            return self._buffer[start : self._at]
        self._at = start
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """Exactly ``size`` bytes, piece by piece."""
        if size and self._at < len(self._buffer):
            piece = self._buffer[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece
        if not size:
            return
        for data in self._arriving():
            if len(data) > size:
                self._buffer, self._at = data, size
                data = data[:size]
            size -= len(data)
            yield data
            if not size:
                return

    def take_to(self, end: bytes, begun: int = 0) -> bytes | None:
        """What has come already, up to and with ``end``; None, and nothing taken, while that is not there.

        The first ``begun`` bytes of ``end`` may have been taken before.
        """
        if begun and self._buffer.startswith(end[begun:], self._at):
            stop = self._at + len(end) - begun
        else:
            found = self._buffer.find(end, self._at)
            if found < 0:
                return None
            stop = found + len(end)
        start, self._at = self._at, stop
        return self._buffer[start:stop]

    def stream(self) -> Iterator[bytes]:
        """Whatever comes, as it comes, without end.  Who has enough ends it and gives the rest back."""
        if self._at < len(self._buffer):
            yield self._take_all()
        yield from self._arriving()

    def give_back(self, rest: bytes) -> None:
        """What was taken from ``stream`` and is somebody else's."""
        self._buffer, self._at = rest, 0

    def _take_all(self) -> bytes:
        rest = self._buffer[self._at :]
        self._buffer, self._at = b"", 0
        return rest

    def send(self, data: bytes | memoryview, heard: Callable[[], None] | None = None) -> None:
        """Send all of ``data``.  When the server says something meanwhile it is kept, and ``heard`` is called;
        what ``heard`` raises stops the sending."""
        view, deadline = memoryview(data if self._deflate is None else self._deflate.pack(data)), self._deadline()
        try:
            while view:
                with self._lock:
                    sock = self._live()
                    try:
                        view, deadline = view[sock.send(view) :], self._deadline()
                        continue
                    except (BlockingIOError, ssl.SSLWantWriteError):
                        write = True
                    except ssl.SSLWantReadError:
                        write = False
                if self._wait(write=write, deadline=deadline) and self.answered() and heard is not None:
                    heard()
        except OSError as error:
            raise self._lost(connection_lost(self.host, error)) from error

    def answered(self) -> bool:
        """Whether the server has sent a whole line that was not read yet.  Does not wait.

        A lost connection raises only when there is no such line: a last word is heard first.
        """
        lost: OSError | None = None
        while lost is None:
            with self._lock:
                sock = self._live()
                try:
                    data = self._received(sock)
                except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    break
                except OSError as error:
                    data, lost = b"", error
            if data:
                self._buffer, self._at = self._take_all() + data, 0
            elif lost is None:
                lost = ConnectionResetError("closed by the server")
            if len(self._buffer) > _UNASKED_LIMIT:
                raise self._lost(ConnectionLost(_("the server floods the connection"), system=self.host))
        whole_line = self._buffer.find(b"\n", self._at) >= 0
        if lost is not None and not whole_line:
            raise self._lost(connection_lost(self.host, lost)) from lost
        return whole_line


def _again(error: ConnectorError) -> ConnectorError:
    """The same verdict as a new error, so that tracebacks of several threads do not mix."""
    return type(error)(error.what, system=error.system, detail=error.detail)

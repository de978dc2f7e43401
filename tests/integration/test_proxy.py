"""The proxy disturbs a connection as it says, and outlives the client."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from tests.conftest import ProxyFactory
from tests.servers.mail import Mail, expected, holdings
from tests.servers.proxy import Proxy
from tests.servers.server import ImapServer

_BODY = b"Subject: sent before the end\r\n\r\n" + (b"x" * 98 + b"\r\n") * 5000
#: A client that signs in, sends a whole APPEND and says so, and waits to be killed.
_CLIENT = """
import socket, struct, sys, time
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
if sys.argv[2] == "reset":
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
connection.recv(4096)
connection.sendall(f"a LOGIN {sys.argv[4]} {sys.argv[3]}\\r\\n".encode())
connection.recv(4096)
body = sys.stdin.buffer.read()
connection.sendall(b'b APPEND INBOX () "29-Feb-2020 12:00:00 +0000" {%d+}\\r\\n' % len(body) + body + b"\\r\\n")
print("sent", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_what_was_taken_reaches_the_server_after_the_client_was_killed(
    standing_dovecot: ImapServer, proxy: ProxyFactory, ending: str
) -> None:
    """Half a megabyte at 250 kB/s: when the client dies, most of its message is still on the way."""
    slow = proxy(standing_dovecot.port, rate=250_000)
    client = subprocess.Popen(
        [sys.executable, "-c", _CLIENT, str(slow.port), ending, standing_dovecot.password, f"killed-{ending}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    with client.stdin, client.stdout:
        client.stdin.write(_BODY)
        client.stdin.close()
        assert client.stdout.readline() == b"sent\n"
        assert slow.wait_taken(len(_BODY), "up")
        client.send_signal(signal.SIGKILL)
        client.wait()
    assert slow.delivered["up"] < len(_BODY) // 2
    assert slow.wait_idle()
    assert holdings(standing_dovecot, f"killed-{ending}") == expected([Mail(("INBOX",), _BODY)])


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65536):
                connection.sendall(data)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_connection_is_cut_once_after_the_bytes_asked_for(echo: int, proxy: ProxyFactory) -> None:
    cutting = proxy(echo)
    cutting.cut_after(1000, "down")
    assert _echoed(cutting, b"x" * 5000) == 1000
    assert _echoed(cutting, b"x" * 5000) == 5000
    cutting.cut_after(1000, "up")
    assert _echoed(cutting, b"x" * 5000) <= 1000
    assert cutting.delivered["up"] == 5000 + 5000 + 1000


def test_a_delay_holds_bytes_back_each_way(echo: int, proxy: ProxyFactory) -> None:
    started = time.monotonic()
    assert _echoed(proxy(echo, delay=0.1), b"x") == 1
    assert 0.2 <= time.monotonic() - started < 2


def test_a_rate_is_kept(echo: int, proxy: ProxyFactory) -> None:
    started = time.monotonic()
    assert _echoed(proxy(echo, rate=250_000), b"x" * 125_000) == 125_000
    assert 0.4 <= time.monotonic() - started < 3


def test_a_stalled_connection_stays_open_and_goes_on_when_resumed(echo: int, proxy: ProxyFactory) -> None:
    stalling = proxy(echo)
    with socket.create_connection(("127.0.0.1", stalling.port), timeout=0.2) as client:
        stalling.stall()
        client.sendall(b"hello")
        with pytest.raises(TimeoutError):
            client.recv(5)
        stalling.resume()
        client.settimeout(5)
        assert client.recv(5) == b"hello"


def _echoed(proxy: Proxy, data: bytes) -> int:
    """Bytes that come back before the connection ends or all are there."""
    came = 0
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client, contextlib.suppress(OSError):
        client.sendall(data)
        while came < len(data) and (piece := client.recv(65536)):
            came += len(piece)
    return came

"""The commit point of each server: the last byte without which an APPEND stores nothing when its connection is cut.

A FIN delivers what was sent, and what is stored is exact.  A RST may overtake it, so that nothing is promised behind
the commit point; before it, nothing may ever be stored.  What follows for Bascule: it holds back the last byte of the
last body, which no server stores without.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import count
from typing import Literal

import pytest

from tests.conftest import _entered
from tests.servers.certificates import Certificates
from tests.servers.courier import running_courier
from tests.servers.cyrus import running_cyrus
from tests.servers.dovecot import running_dovecot
from tests.servers.server import ImapServer

End = Literal["FIN", "RST"]

#: Bytes of the command that are missing when it is cut: from none to half of the last body, and with it of the body
#: before it when there are several.
MISSING, OF_A_BATCH = (*range(8), 40), 95
#: The line end that closes the command.
CLOSING = 2
#: Seconds after which a message is there, if it ever will be: on loopback it takes up to 70 ms.
SETTLE = 1.0
_numbers = count(1)


@dataclass(frozen=True)
class Manner:
    """How much may be missing of the command for its messages to be stored all the same."""

    server: str
    spare: int
    batch: int = 1
    synchronising: bool = False


MANNERS = {
    "Dovecot": Manner("dovecot", 0),
    "Dovecot, a batch": Manner("dovecot", 0, batch=3),
    "Dovecot, synchronising": Manner("dovecot", 0, synchronising=True),
    "Courier": Manner("courier", CLOSING, synchronising=True),
    "Cyrus": Manner("cyrus", 0),
    "Cyrus, a batch": Manner("cyrus", 0, batch=3),
    "Cyrus, synchronising": Manner("cyrus", 0, synchronising=True),
}


@pytest.fixture(scope="module")
def servers(certificates: Certificates) -> Iterator[Callable[[str], ImapServer]]:
    started: dict[str, ImapServer] = {}
    start = {
        "dovecot": lambda: running_dovecot(certificates),
        "courier": lambda: running_courier(sessions=100),
        "cyrus": running_cyrus,
    }
    with ExitStack() as running:

        def server(name: str) -> ImapServer:
            if name not in started:
                started[name] = _entered(running, start[name]())
            return started[name]

        yield server


@pytest.mark.parametrize("end", ["FIN", "RST"])
@pytest.mark.parametrize("name", MANNERS)
def test_nothing_is_stored_before_the_commit_point(servers: Callable[[str], ImapServer], name: str, end: End) -> None:
    manner = MANNERS[name]
    server, user = servers(manner.server), f"cut{next(_numbers)}"
    with server.login(user) as connection:
        connection.select()
    for missing in (*MISSING, OF_A_BATCH) if manner.batch > 1 else MISSING:
        cut(server, user, [_body(missing, index) for index in range(manner.batch)], missing, end, manner.synchronising)
    stored = _stored_at_last(server, user, range(manner.spare + 1), end)
    # Whole batches, and each of them once.
    assert sorted(stored) == sorted(list(set(stored)) * manner.batch)
    assert set(stored) <= set(range(manner.spare + 1))
    if end == "FIN":
        assert set(stored) == set(range(manner.spare + 1))


def cut(server: ImapServer, user: str, bodies: Sequence[bytes], missing: int, end: End, synchronising: bool) -> None:
    """Send one APPEND of ``bodies`` without its ``missing`` last bytes, and cut the connection."""
    with closing(socket.create_connection((server.host, server.port), timeout=30)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb")
        reader.readline()
        connection.sendall(f'a LOGIN "{user}" "{server.password}"\r\n'.encode())
        while not reader.readline().startswith(b"a OK"):
            pass
        command = b"b APPEND INBOX"
        for body in bodies:
            command += b" {%d%s}\r\n" % (len(body), b"" if synchronising else b"+")
            if synchronising:
                connection.sendall(command)
                assert reader.readline().startswith(b"+")
                command = b""
            command += body
        command += b"\r\n"
        connection.sendall(command[: len(command) - missing])
        reader.close()
        if end == "FIN":
            connection.shutdown(socket.SHUT_RDWR)
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _body(missing: int, index: int) -> bytes:
    return f"From: a@example.org\r\nX-Missing: {missing}\r\nSubject: {index}\r\n\r\nbody of some length\r\n".encode()


def _stored_at_last(server: ImapServer, user: str, hoped: Sequence[int], end: End) -> list[int]:
    """How much was missing of each message that is stored, once all that are ``hoped`` for are, and nothing follows."""
    deadline = time.monotonic() + 10
    while end == "FIN" and not set(hoped) <= set(_stored(server, user)) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(SETTLE)
    return _stored(server, user)


def _stored(server: ImapServer, user: str) -> list[int]:
    with server.login(user) as connection:
        _, [found] = connection.select(readonly=True)
        if found == b"0":
            return []
        _, answers = connection.fetch("1:*", "(BODY.PEEK[HEADER])")
    heads = [answer[1] for answer in answers if isinstance(answer, tuple)]
    return [int(named[1]) for head in heads if (named := re.search(rb"X-Missing: (\d+)", head))]

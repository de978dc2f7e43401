"""The proxy that does harm refuses commands as a server would: each in its turn, and a literal before it is sent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from tests.servers.faults import Effect, Fault, running_faulty
from tests.servers.phases import Phase


@contextmanager
def refusing(phase: Phase) -> Iterator[tuple[socket.socket, list[str]]]:
    """A client whose first command of ``phase`` is refused, and what reached a server that says OK to each line."""
    reached: list[str] = []

    def answer() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                reached.append(line.decode().strip())
                connection.sendall(line.split()[0] + b" OK done\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=answer)
        thread.start()
        fault = Fault(phase, Effect.REFUSE, words="[LIMIT] no")
        with (
            running_faulty(listener.getsockname()[1], fault) as proxy,
            socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client,
        ):
            yield client, reached
        thread.join(10)


def heard(client: socket.socket, count: int) -> list[bytes]:
    with client.makefile("rb") as lines:
        return [lines.readline() for _ in range(count)]


def test_a_refusal_does_not_overtake_the_answers_to_earlier_commands() -> None:
    with refusing(Phase.FETCH) as (client, reached):
        client.sendall(b"a EXAMINE INBOX\r\nb UID FETCH 1 (BODY.PEEK[])\r\nc CHECK\r\n")
        assert heard(client, 3) == [b"a OK done\r\n", b"b NO [LIMIT] no\r\n", b"c OK done\r\n"]
    assert reached == ["a EXAMINE INBOX", "b NOOP", "c CHECK"]


@pytest.mark.parametrize(
    "command", [b"a APPEND x {3}\r\n", b"a APPEND x {3+}\r\none {3}\r\n", b"a APPEND x {3+}\r\none\r\n"]
)
def test_a_literal_that_is_asked_for_is_refused_and_one_that_is_not_is_kept_back(command: bytes) -> None:
    with refusing(Phase.APPEND) as (client, reached):
        client.sendall(command)
        assert heard(client, 1) == [b"a NO [LIMIT] no\r\n"]
        client.sendall(b"b APPEND x {3+}\r\none\r\n")
        assert heard(client, 1) == [b"b OK done\r\n"]
    assert reached[:2] == ["a NOOP", "b APPEND x {3+}"]

"""One connection: no byte lost, no endless line, and a cut that sends nothing more."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from connectors.contract import ConnectorError, Stopped, Transient
from connectors.net.transport import LINE_LIMIT, Transport


@contextmanager
def connected(*, reset: bool = False, timeout: float = 5) -> Iterator[tuple[Transport, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        transport = Transport("127.0.0.1", timeout=timeout, reset_on_close=reset)
        transport.connect(listener.getsockname()[1], 5, Event())
        transport.opened()
        peer, _ = listener.accept()
        with peer:
            try:
                yield transport, peer
            finally:
                transport.close()


def test_lines_and_literals_share_one_buffer() -> None:
    with connected() as (transport, peer):
        peer.sendall(b"one {3}\r\nabcrest\r\n" + b"x" * 10)
        assert transport.readline() == b"one {3}\r\n"
        assert transport.read(3) == b"abc"
        assert transport.readline() == b"rest\r\n"
        peer.sendall(b"y" * 100_000)
        assert b"".join(transport.pieces(100_010)) == b"x" * 10 + b"y" * 100_000
        peer.sendall(b"end\r\n")
        assert transport.readline() == b"end\r\n"


def test_split_lines_are_put_together() -> None:
    with connected() as (transport, peer):
        text = b"* OK some longer line\r\nnext\r\n"

        def drip() -> None:
            for byte in text:
                peer.sendall(bytes([byte]))
                sleep(0.001)

        thread = Thread(target=drip)
        thread.start()
        assert transport.readline() == b"* OK some longer line\r\n"
        assert transport.readline() == b"next\r\n"
        thread.join()


def test_an_endless_line_ends_the_connection() -> None:
    with connected() as (transport, peer):
        flood = Thread(target=_flood, args=(peer, LINE_LIMIT * 3))
        flood.start()
        with pytest.raises(Transient, match="endless"):
            transport.readline()
        flood.join(10)
        with pytest.raises(Transient):
            transport.send(b"more")


@pytest.mark.parametrize("what", ["a line", "a literal"])
def test_a_byte_now_and_then_is_as_good_as_silence(what: str) -> None:
    with connected(timeout=0.3) as (transport, peer):
        over = Event()

        def drip() -> None:
            with suppress(OSError):
                while not over.wait(0.02):
                    peer.sendall(b"x")

        thread = Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(Transient) as raised:
                transport.readline() if what == "a line" else transport.read(100_000)
        finally:
            over.set()
            thread.join(5)
        assert raised.value.detail == "ETIMEDOUT"


def test_a_peer_that_never_reads_is_given_up() -> None:
    with connected(timeout=0.3) as (transport, _):
        with pytest.raises(Transient) as raised:
            transport.send(b"x" * (64 << 20))
        assert raised.value.detail == "ETIMEDOUT"


def test_a_peer_that_floods_while_we_send_is_given_up() -> None:
    with connected() as (transport, peer):
        flood = Thread(target=_flood, args=(peer, 64 << 20))
        flood.start()
        with pytest.raises(Transient, match="floods"):
            transport.send(b"x" * (64 << 20))
        flood.join(10)


def test_an_early_answer_is_heard_while_sending() -> None:
    class Early(Exception):
        pass

    def heard() -> None:
        assert transport.readline() == b"A1 BAD no\r\n"
        raise Early

    with connected() as (transport, peer):
        peer.sendall(b"A1 BAD no\r\n")
        with pytest.raises(Early):
            transport.send(b"x" * (64 << 20), heard)


def test_the_last_word_is_heard_before_the_end() -> None:
    with connected() as (transport, peer):
        peer.sendall(b"* BYE\r\n")
        peer.shutdown(socket.SHUT_WR)
        sleep(0.05)
        assert transport.answered()
        assert transport.readline() == b"* BYE\r\n"
        with pytest.raises(Transient):
            transport.answered()


def test_a_cut_throws_unsent_bytes_away() -> None:
    raised: list[ConnectorError] = []
    sent = 64 << 20
    with connected(reset=True) as (transport, peer):

        def send() -> None:
            try:
                transport.send(b"x" * sent)
            except ConnectorError as error:
                raised.append(error)

        thread = Thread(target=send)
        thread.start()
        sleep(0.2)
        transport.cut()
        thread.join(5)
        assert not thread.is_alive()
        received, end = _drain(peer)
    assert [type(error) for error in raised] == [Stopped]
    assert end == "RST"
    assert received < sent / 4, "what was queued must not arrive"


def test_a_cut_wakes_a_reader_at_once() -> None:
    raised: list[ConnectorError] = []
    with connected(timeout=60) as (transport, _):

        def read() -> None:
            try:
                transport.readline()
            except ConnectorError as error:
                raised.append(error)

        thread = Thread(target=read)
        thread.start()
        sleep(0.1)
        since = monotonic()
        transport.cut()
        thread.join(5)
        assert monotonic() - since < 1
        transport.cut()
    assert [type(error) for error in raised] == [Stopped]
    with pytest.raises(Stopped):
        transport.answered()


def test_signing_out_delivers_what_was_sent() -> None:
    with connected(reset=True) as (transport, peer):
        transport.send(b"LOGOUT\r\n")
        transport.deliver_on_close()
        transport.close()
        transport.close()
        assert _drain(peer) == (8, "FIN")


def test_a_target_that_is_only_closed_resets() -> None:
    with connected(reset=True) as (transport, peer):
        transport.close()
        assert _drain(peer)[1] == "RST"


def _flood(peer: socket.socket, size: int) -> None:
    try:
        for _ in range(size // 65536):
            peer.sendall(b"x" * 65536)
    except OSError:
        pass


def _drain(peer: socket.socket) -> tuple[int, str]:
    received = 0
    try:
        while data := peer.recv(1 << 20):
            received += len(data)
    except ConnectionResetError:
        return received, "RST"
    return received, "FIN"

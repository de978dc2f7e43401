"""A compressed connection: the same bytes, bounded memory, and nothing that was not given to it."""

from __future__ import annotations

import contextlib
import random
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event

import pytest

from connectors.contract import Account, Folder, Transient
from connectors.net.deflate import Deflate
from tests.unit.imap.scripted import PASSWORD, Peer, outgoing, playing

READ = 1 << 12
COMPRESSED = "IMAP4rev1 LITERAL+ COMPRESS=DEFLATE"


def packed(*pieces: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return b"".join(packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces)


def one_by_one(pieces: Iterable[bytes]) -> Callable[[], bytes]:
    waiting = iter(pieces)
    return lambda: next(waiting, b"")


def drain(deflate: Deflate, receive: Callable[[], bytes]) -> bytes:
    pieces = []
    while piece := deflate.unpacked(receive):
        assert len(piece) <= READ
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize("size", [1, 7, READ, 1 << 20])
def test_whatever_the_pieces_the_bytes_are_the_same(size: int) -> None:
    data = random.Random(1).randbytes(50_000) + b"mail " * 50_000
    wire = packed(data[:3], data[3:70_000], data[70_000:])
    pieces = [wire[start : start + size] for start in range(0, len(wire), size)]
    assert drain(Deflate(b"", READ), one_by_one(pieces)) == data


def test_what_came_behind_the_answer_is_packed_already() -> None:
    wire = packed(b"* OK hello\r\n")
    assert drain(Deflate(wire[:5], READ), one_by_one([wire[5:]])) == b"* OK hello\r\n"


def test_a_little_that_is_very_much_comes_in_pieces() -> None:
    """A hostile server: 1 kB on the wire for each MB."""
    wire = packed(bytes(64 << 20))
    assert len(wire) < 100_000
    deflate, total = Deflate(wire, READ), 0
    while piece := deflate.unpacked(lambda: b""):
        assert len(piece) <= READ
        total += len(piece)
    assert total == 64 << 20


def test_nothing_to_read_yet_is_no_end() -> None:
    def nothing() -> bytes:
        raise BlockingIOError

    wire = packed(b"line\r\n")
    deflate = Deflate(wire[:1], READ)
    with pytest.raises(BlockingIOError):
        deflate.unpacked(nothing)
    assert deflate.unpacked(one_by_one([wire[1:]])) == b"line\r\n"
    with pytest.raises(BlockingIOError):
        deflate.unpacked(nothing)


@pytest.mark.parametrize("missing", range(1, 12))
def test_all_that_can_be_known_is_given_before_more_is_waited_for(missing: int) -> None:
    """What was unpacked fills a piece to its last byte, and nothing is left on the wire: there may be more."""

    def nothing() -> bytes:
        raise BlockingIOError

    wire = packed(bytes(40 * READ))[:-missing]
    deflate, total = Deflate(wire, READ), 0
    with contextlib.suppress(BlockingIOError):
        while True:
            total += len(deflate.unpacked(nothing))
    assert total == len(zlib.decompressobj(wbits=-15).decompress(wire))


@pytest.mark.parametrize("wire", [b"\xff\xff\xff\xff", b"* OK this was never packed\r\n"])
def test_what_was_never_packed_is_an_error_of_the_connection(wire: bytes) -> None:
    with pytest.raises(OSError, match="not what a compressed"):
        drain(Deflate(b"", READ), one_by_one([wire, wire]))


def test_each_piece_can_be_read_whole_and_holds_nothing_more() -> None:
    deflate, reader = Deflate(b"", READ), zlib.decompressobj(wbits=-15)
    for piece in (b"A1 APPEND x {5+}\r\n1234", b"5", b"\r\n"):
        assert reader.decompress(deflate.pack(piece)) == piece


class Packed:
    """The server's end, compressed from now on."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._deflate = Deflate(b"", READ)
        self._left = b""
        self.wire = b""

    def _more(self) -> bytes:
        def receive() -> bytes:
            data = self._peer.sock.recv(READ)
            self.wire += data
            return data

        return self._deflate.unpacked(receive)

    def line(self) -> bytes:
        while b"\n" not in self._left:
            data = self._more()
            assert data, f"the end came after {self._left!r}"
            self._left += data
        line, _, self._left = self._left.partition(b"\n")
        return line.rstrip(b"\r")

    def read(self, size: int) -> bytes:
        while len(self._left) < size:
            data = self._more()
            assert data, "the end came too early"
            self._left += data
        data, self._left = self._left[:size], self._left[size:]
        return data

    def rest(self) -> bytes:
        """All that still comes, up to the end of the connection."""
        try:
            while data := self._more():
                self._left += data
        except ConnectionResetError:
            pass
        return self._left

    def say(self, text: str) -> None:
        self._peer.sock.sendall(self._deflate.pack(text.encode() + b"\r\n"))


def offer(peer: Peer, status: str) -> None:
    peer.say(f"* OK [CAPABILITY {COMPRESSED}] hello")
    peer.answer("LOGIN", status=f"OK [CAPABILITY {COMPRESSED}] in")
    peer.answer("COMPRESS DEFLATE", status=status)


def start(peer: Peer) -> Packed:
    offer(peer, "OK go")
    return Packed(peer)


def test_everything_after_the_answer_is_packed(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        packed_peer = start(peer)
        tag = packed_peer.line().split()[0].decode()
        packed_peer.say(f'* LIST (\\Noselect) "/" ""\r\n{tag} OK')
        while b"LOGOUT" not in (line := packed_peer.line()):
            packed_peer.say(f"{line.split()[0].decode()} OK")
        packed_peer.say("* BYE")

    with playing(tmp_path, script) as server:
        session = server.source(compress=True)
        assert list(session.folders()) == []
        session.close()
    assert b"LOGOUT" not in server.heard


def test_without_the_plans_word_or_the_servers_offer_nothing_is_packed(tmp_path: Path) -> None:
    def plain(peer: Peer) -> None:
        peer.sign_in("IMAP4rev1")
        peer.sign_out()

    def offered(peer: Peer) -> None:
        peer.sign_in(COMPRESSED)
        peer.sign_out()

    with playing(tmp_path, plain, offered) as server:
        server.source(compress=True).close()
        server.source().close()
    assert b"COMPRESS" not in server.heard


@pytest.mark.parametrize("status", ["NO [COMPRESSIONACTIVE] TLS does it", "BAD not today"])
def test_a_server_that_offers_it_and_does_not_do_it_is_spoken_to_as_it_is(tmp_path: Path, status: str) -> None:
    def script(peer: Peer) -> None:
        offer(peer, status)
        peer.answer("LIST", '* LIST (\\Noselect) "/" ""')
        peer.answer("LIST")
        peer.answer("LSUB")
        peer.sign_out()

    with playing(tmp_path, script) as server:
        session = server.source(compress=True)
        assert list(session.folders()) == []
        session.close()
    assert b"LOGOUT" in server.heard


def test_one_that_asks_to_be_left_alone_instead_is_heeded(tmp_path: Path) -> None:
    with playing(tmp_path, lambda peer: offer(peer, "BAD throttled. Suggested Backoff Time: 5000 milliseconds")) as it:
        with pytest.raises(Transient) as caught:
            it.source(compress=True)
        assert caught.value.retry_after == 5


def test_rubbish_from_the_server_is_a_lost_connection(tmp_path: Path) -> None:
    def script(peer: Peer) -> None:
        start(peer)
        peer.say("* OK this was never packed")
        peer.sock.recv(READ)

    with playing(tmp_path, script) as server:
        session = server.source(compress=True)
        with pytest.raises(Transient):
            list(session.folders())


def test_the_last_byte_is_not_in_what_was_packed_before_the_commit(tmp_path: Path) -> None:
    """Of a body that packs to almost nothing, all but the last byte is out when the commit is asked for."""
    body = b"a" * 100_000 + b"Z"
    all_but_one, after = Event(), []

    def script(peer: Peer) -> None:
        packed_peer = start(peer)
        tag = packed_peer.line().split()[0].decode()
        packed_peer.say(f'* LIST (\\Noselect) "/" ""\r\n{tag} OK')
        tag = packed_peer.line().split()[0].decode()
        packed_peer.say(f"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [PERMANENTFLAGS (\\*)] x\r\n{tag} OK")
        assert packed_peer.line().endswith(b"{%d+}" % len(body))
        assert packed_peer.read(len(body) - 1) == body[:-1]
        all_but_one.set()
        after.append(packed_peer.rest())

    class NotNow(Exception):
        pass

    def may_commit() -> None:
        assert all_but_one.wait(10), "what was packed before is not held back"
        raise NotNow

    with playing(tmp_path, script) as server:
        target = server.connector(compress=True).open_target(Account("ann", PASSWORD), Event())
        with pytest.raises(NotNow):
            list(target.write(Folder(("Work",), None, "7"), [outgoing(0, body)], may_commit))
        target.abort()
    assert after == [b""]

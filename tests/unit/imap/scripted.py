"""A server on loopback that follows a script: what it expects to hear, and what it answers."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from connectors.body import ByteBudget, MemoryBody
from connectors.contract import Account, Outgoing, Resources
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from connectors.imap.source import ImapSource
from connectors.imap.target import ImapTarget
from connectors.wire import digest_bytes

FULL = "IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND NAMESPACE UNSELECT"
PASSWORD = "planted secret"
WAIT = 10.0


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(WAIT)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = sock.makefile("rb")
        self.heard: list[bytes] = []

    def say(self, *lines: str | bytes) -> None:
        for line in lines:
            self.sock.sendall(line.encode() + b"\r\n" if isinstance(line, str) else line)

    def line(self) -> bytes:
        line = self.file.readline()
        self.heard.append(line)
        return line.rstrip(b"\r\n")

    def read(self, size: int) -> bytes:
        data = self.file.read(size)
        self.heard.append(data)
        return data

    def expect(self, command: str) -> str:
        """The next command, which must match; returns its tag."""
        line = self.line().decode("latin-1")
        tag, _, rest = line.partition(" ")
        assert re.match(command, rest), f"expected {command}, heard {line}"
        return tag

    def answer(self, command: str, *untagged: str | bytes, status: str = "OK done") -> None:
        """Expect a command and answer it."""
        tag = self.expect(command)
        self.say(*untagged, f"{tag} {status}")

    def sign_in(self, capabilities: str = FULL, greeting: str = "* OK hello") -> None:
        self.say(greeting)
        self.answer("CAPABILITY", f"* CAPABILITY {capabilities}")
        self.answer("LOGIN")
        self.answer("CAPABILITY", f"* CAPABILITY {capabilities}")
        if "NAMESPACE" in capabilities:
            self.answer("NAMESPACE", '* NAMESPACE (("" "/")) NIL NIL')

    def list_for_target(self, *lines: str, inbox: str = "") -> None:
        """What a target is asked first: its folders, and the ``inbox``, of which STATUS tells this."""
        self.answer('STATUS "INBOX"', *([f"* STATUS INBOX {inbox}"] if inbox else []))
        self.answer("LIST", *lines)

    def sign_out(self) -> None:
        self.answer("LOGOUT", "* BYE bye")

    def open_work(self, *, command: str = "EXAMINE", exists: int = 3, permanent: str = r"\Seen \Flagged \*") -> None:
        self.answer(
            f'{command} "Work"',
            f"* {exists} EXISTS",
            "* OK [UIDVALIDITY 7] epoch",
            rf"* OK [PERMANENTFLAGS ({permanent})] kept",
        )

    def ended_by(self) -> str:
        """RST or FIN, after all that is still to be heard."""
        try:
            while data := self.file.read1(1 << 16):
                self.heard.append(data)
        except ConnectionResetError:
            return "RST"
        return "FIN"


Script = Callable[[Peer], None]


@dataclass
class Scripted:
    """A running server; ``scripts`` are played one a connection, in order."""

    port: int
    spool: Path
    peers: list[Peer] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)

    def connector(self, **settings: object) -> ImapConnector:
        values = {"host": "127.0.0.1", "port": self.port, "tls": "plain", "timeout": 5, "batch": 10, **settings}
        return ImapConnector(ImapSettings.model_validate(values), Resources(ByteBudget(), self.spool))

    def source(self, **settings: object) -> ImapSource:
        return self.connector(**settings).open_source(Account("ann", PASSWORD), Event())

    def target(self, **settings: object) -> ImapTarget:
        return self.connector(**settings).open_target(Account("ann", PASSWORD), Event())

    def finish(self) -> None:
        """Wait until the scripts are played."""
        for thread in self.threads:
            thread.join(WAIT)
            assert not thread.is_alive(), "the script waits for something that does not come"
        if self.failures:
            raise self.failures[0]

    @property
    def heard(self) -> bytes:
        return b"".join(piece for peer in self.peers for piece in peer.heard)


@contextmanager
def playing(spool: Path, *scripts: Script) -> Iterator[Scripted]:
    """A server that plays the scripts; what fails in a script fails the test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)  # so that a sender soon has to wait
        server = Scripted(listener.getsockname()[1], spool)

        def play() -> None:
            try:
                for script in scripts:
                    sock, _ = listener.accept()
                    peer = Peer(sock)
                    server.peers.append(peer)
                    with sock, peer.file:
                        script(peer)
            except BaseException as error:  # noqa: BLE001 -- handed to the test's own thread
                server.failures.append(error)

        thread = Thread(target=play)
        thread.start()
        server.threads.append(thread)
        try:
            yield server
        except BaseException:
            thread.join(WAIT)
            if server.failures:
                raise server.failures[0] from None
            raise
        server.finish()


def outgoing(
    ordinal: int, data: bytes, flags: frozenset[str] = frozenset(), received: datetime | None = None
) -> Outgoing:
    digests = digest_bytes(data)
    when = received or datetime(2020, 2, 29, 12, 0, 0, tzinfo=UTC)
    return Outgoing(ordinal, MemoryBody(data), when, flags, digests.wire, digests.header)


def allow() -> None:
    """A ``may_commit`` that always allows."""

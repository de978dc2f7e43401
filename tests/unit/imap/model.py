"""A small IMAP server with folders in memory, for reading only: right by default, and lying as a test tells it to."""

from __future__ import annotations

import re
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread

BASIC = "IMAP4rev1 NAMESPACE"
CONDSTORE = f"{BASIC} CONDSTORE"
QRESYNC = f"{CONDSTORE} ENABLE QRESYNC LIST-STATUS"
_ITEMS = re.compile(
    r"\((?P<items>[^()]*(?:\([^()]*\)[^()]*)?)\)(?: \(CHANGEDSINCE (?P<since>\d+)(?P<van> VANISHED)?\))?"
)
_RANGE = re.compile(r"BODY\.PEEK\[\]<(\d+)\.(\d+)>")

#: A lie: the command as the server heard it, and what it would have said before its tagged answer; what it says.
Lie = Callable[[str, list[bytes]], list[bytes]]


@dataclass
class Held:
    """A message on the server."""

    uid: int
    data: bytes
    flags: set[str] = field(default_factory=set)
    date: str | None = "17-Jul-2024 02:44:25 +0000"
    modseq: int = 1


@dataclass
class Store:
    """One folder."""

    uidvalidity: int = 7
    uidnext: int = 1
    modseq: int = 1
    messages: list[Held] = field(default_factory=list)
    #: Modification sequence and UID of what went away.
    gone: list[tuple[int, int]] = field(default_factory=list)
    #: It has no modification sequences (NOMODSEQ).
    plain: bool = False

    def deliver(self, data: bytes, *flags: str) -> Held:
        self.modseq += 1
        held = Held(self.uidnext, data, set(flags), modseq=self.modseq)
        self.uidnext += 1
        self.messages.append(held)
        return held

    def set_flags(self, uid: int, *flags: str) -> None:
        self.modseq += 1
        held = next(message for message in self.messages if message.uid == uid)
        held.flags, held.modseq = set(flags), self.modseq

    def expunge(self, uid: int) -> None:
        self.modseq += 1
        self.messages = [message for message in self.messages if message.uid != uid]
        self.gone.append((self.modseq, uid))


class Model:
    """The server's mailbox, what it announces, and how it lies."""

    def __init__(self, capabilities: str = BASIC) -> None:
        self.capabilities = capabilities
        self.folders: dict[str, Store] = {"INBOX": Store()}
        self.lie: Lie = lambda _command, said: said
        #: Called before a command is done.
        self.before: Callable[[str], None] = lambda _command: None
        self.heard: list[str] = []
        self.lock = Lock()
        self.port = 0

    @property
    def inbox(self) -> Store:
        return self.folders["INBOX"]

    @contextmanager
    def serving(self) -> Iterator[Model]:
        model = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                _Conversation(model, self.rfile.readline, self.wfile.write).hold()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_: object) -> None:
                """A client that cut its connection is no trouble; a mistake here shows as a missing answer."""

        with Server(("127.0.0.1", 0), Handler) as server:
            self.port = server.server_address[1]
            thread = Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join(10)


class _Conversation:
    """One connection."""

    def __init__(self, model: Model, line: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
        self._model = model
        self._line = line
        self._write = write
        self._selected: Store | None = None
        #: The open folder as this connection sees it: sequence numbers are places in it.
        self._view: list[int] = []

    def hold(self) -> None:
        self._write(b"* OK hello\r\n")
        while line := self._line():
            tag, _, command = line.decode().rstrip("\r\n").partition(" ")
            model = self._model
            with model.lock:
                model.heard.append(command)
                model.before(command)
                said, status = self._do(command)
                said = model.lie(command, said)
            self._write(b"".join(said) + f"{tag} {status} done\r\n".encode())
            if command == "LOGOUT":
                return

    def _do(self, command: str) -> tuple[list[bytes], str]:
        word = command.removeprefix("UID ").partition(" ")[0]
        if word == "CAPABILITY":
            return [f"* CAPABILITY {self._model.capabilities}\r\n".encode()], "OK"
        if word == "NAMESPACE":
            return [b'* NAMESPACE (("" "/")) NIL NIL\r\n'], "OK"
        if word == "ENABLE":
            if self._selected is not None:
                return [], "BAD too late"
            return [b"* ENABLED QRESYNC\r\n"], "OK"
        if word == "LIST":
            return self._list("STATUS" in command), "OK"
        if word == "STATUS":
            return [self._status(command.split('"')[1])], "OK"
        if word == "EXAMINE":
            return self._examine(command.split('"')[1])
        if word == "FETCH":
            return list(self._fetch(command)), "OK"
        return [], "OK"

    def _list(self, with_status: bool) -> list[bytes]:
        said = [f'* LIST () "/" "{name}"\r\n'.encode() for name in self._model.folders]
        return said + [self._status(name) for name in self._model.folders if with_status]

    def _status(self, name: str) -> bytes:
        store = self._model.folders[name]
        told = f"MESSAGES {len(store.messages)} UIDNEXT {store.uidnext} UIDVALIDITY {store.uidvalidity}"
        if "CONDSTORE" in self._model.capabilities:
            told += f" HIGHESTMODSEQ {0 if store.plain else store.modseq}"
        return f'* STATUS "{name}" ({told})\r\n'.encode()

    def _examine(self, name: str) -> tuple[list[bytes], str]:
        store = self._selected = self._model.folders[name]
        self._view = [message.uid for message in store.messages]
        said = [f"* {len(self._view)} EXISTS\r\n* OK [UIDVALIDITY {store.uidvalidity}] x\r\n".encode()]
        if "CONDSTORE" in self._model.capabilities:
            said.append(b"* OK [NOMODSEQ] x\r\n" if store.plain else b"* OK [HIGHESTMODSEQ %d] x\r\n" % store.modseq)
        return said, "OK"

    def _fetch(self, command: str) -> Iterator[bytes]:
        by_uid = command.startswith("UID ")
        wanted, _, rest = command.removeprefix("UID ").removeprefix("FETCH ").partition(" ")
        asked = _ITEMS.fullmatch(rest)
        assert asked is not None, command
        assert self._selected is not None
        since = int(asked["since"]) if asked["since"] else None
        there = {message.uid: message for message in self._selected.messages}
        numbers = {uid: place for place, uid in enumerate(self._view, 1)}
        chosen = _chosen(wanted, list(numbers) if by_uid else list(numbers.values()))
        if asked["van"]:
            gone = sorted(uid for modseq, uid in self._selected.gone if since is not None and modseq > since)
            if gone:
                yield b"* VANISHED (EARLIER) " + ",".join(map(str, gone)).encode() + b"\r\n"
        for uid, place in numbers.items():
            message = there.get(uid)
            if (uid if by_uid else place) in chosen and message is not None and message.modseq > (since or 0):
                yield self._answer(place, message, asked["items"])

    @staticmethod
    def _answer(place: int, message: Held, items: str) -> bytes:
        told = [f"UID {message.uid}"]
        if "FLAGS" in items:
            told.append(f"FLAGS ({' '.join(sorted(message.flags))})")
        if "INTERNALDATE" in items:
            told.append(f'INTERNALDATE "{message.date}"' if message.date else "INTERNALDATE NIL")
        if "RFC822.SIZE" in items:
            told.append(f"RFC822.SIZE {len(message.data)}")
        head = f"* {place} FETCH ({' '.join(told)}".encode()
        part = _RANGE.search(items)
        if part is not None:
            start, length = int(part[1]), int(part[2])
            piece = message.data[start : start + length]
            return head + b" BODY[]<%d> {%d}\r\n%s)\r\n" % (start, len(piece), piece)
        if "HEADER.FIELDS" in items:
            header = message.data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            return head + b' BODY[HEADER.FIELDS ("DATE")] {%d}\r\n%s)\r\n' % (len(header), header)
        if "BODY.PEEK[]" in items:
            return head + b" BODY[] {%d}\r\n%s)\r\n" % (len(message.data), message.data)
        return head + b")\r\n"


def _chosen(wanted: str, there: list[int]) -> set[int]:
    """The numbers of a sequence set; ``n:*`` names the last one even below n."""
    highest = max(there, default=0)
    chosen: set[int] = set()
    for piece in wanted.split(","):
        low, high = (highest if end == "*" else int(end) for end in (piece.split(":") * 2)[:2])
        chosen.update(number for number in there if min(low, high) <= number <= max(low, high))
    return chosen

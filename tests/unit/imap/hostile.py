"""A small IMAP server on loopback that answers as it should, but for what a test bends; and a tour of all that we ask.

It speaks so plainly that whatever a session of ours makes of a bent answer comes from the answer.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from connectors.body import ByteBudget
from connectors.contract import (
    Account,
    ConnectorError,
    Entry,
    FlagChange,
    Folder,
    Message,
    Resources,
    Source,
    Suspect,
    Target,
)
from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings
from tests.unit.imap.scripted import outgoing

#: What a bent answer is made of: pieces, sent one after the other, endlessly if need be.
Pieces = Iterable[bytes]
#: Takes the tag and the answer as it should be.
Bend = Callable[[bytes, bytes], Pieces]

CAPABILITIES = (
    b"IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND NAMESPACE UNSELECT MOVE CONDSTORE OBJECTID QUOTA SPECIAL-USE LIST-EXTENDED"
)
BODY = (
    b"From: b@example.org\r\nSubject: s\r\nMessage-ID: <1@example.org>\r\nDate: Mon, 05 Jan 2026 08:00:00 +0000\r\n"
    b"\r\nhi\r\n"
)
_HEADER = BODY[: BODY.index(b"\r\n\r\n") + 4]
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r\n\Z")
#: The commands of a tour, each as it is bent by its name.
COMMANDS = (
    "GREETING", "CAPABILITY", "LOGIN", "NAMESPACE", "LIST", "STATUS", "EXAMINE", "SELECT", "UNSELECT", "UID FETCH",
    "FETCH", "APPEND", "CREATE", "SUBSCRIBE", "UID STORE", "UID MOVE", "GETQUOTAROOT", "LOGOUT",
    "STARTTLS", "LITERAL",
)  # fmt: skip


def answer(command: str, tag: bytes, line: bytes) -> bytes:
    """What a good server says."""
    ok = tag + b" OK done\r\n"
    opened = (
        b"* FLAGS (\\Seen)\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 4] x\r\n"
        b"* OK [PERMANENTFLAGS (\\Seen \\Flagged \\*)] x\r\n* OK [HIGHESTMODSEQ 9] x\r\n"
    )
    told = {
        "GREETING": b"* OK hello\r\n",
        "CAPABILITY": b"* CAPABILITY " + CAPABILITIES + b"\r\n" + ok,
        "NAMESPACE": b'* NAMESPACE (("" "/")) (("Other/" "/")) NIL\r\n' + ok,
        "LIST": b'* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST (\\Sent) "/" "Work"\r\n' + ok,
        "EXAMINE": opened + ok,
        "SELECT": opened + ok,
        "APPEND": tag + b" OK [APPENDUID 7 4:5] done\r\n",
        "UID MOVE": b"* OK [COPYUID 7 1 4] moved\r\n* 1 EXPUNGE\r\n" + ok,
        "GETQUOTAROOT": b'* QUOTAROOT "INBOX" ""\r\n* QUOTA "" (STORAGE 10 500)\r\n' + ok,
        "LOGOUT": b"* BYE bye\r\n" + ok,
        "LITERAL": b"+ go on\r\n",
    }
    if command == "STATUS":
        name = line.split(b" (")[0].split(b"STATUS ", 1)[1].strip()
        return b"* STATUS %s (UIDVALIDITY 7 UIDNEXT 4 MESSAGES 3 HIGHESTMODSEQ 9 MAILBOXID (f1))\r\n%s" % (name, ok)
    if command in ("UID FETCH", "FETCH"):
        return b"".join(_fetched(uid, line) for uid in (1, 2, 3)) + ok
    return told.get(command, ok)


def _fetched(uid: int, line: bytes) -> bytes:
    items = b"* %d FETCH (UID %d MODSEQ (5) FLAGS (\\Seen $Work)" % (uid, uid)
    items += b' INTERNALDATE "05-Jan-2026 08:00:00 +0000"'
    if b"HEADER.FIELDS" in line:
        items += b" BODY[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)] {%d}\r\n%s" % (len(_HEADER), _HEADER)
    elif b"BODY.PEEK[]" in line:
        items += b" BODY[] {%d}\r\n%s" % (len(BODY), BODY)
    else:
        items += b" RFC822.SIZE %d EMAILID (M%d)" % (len(BODY), uid)
    return items + b")\r\n"


@dataclass
class Hostile:
    """A running server.  ``bends`` by command; a command is bent each time it comes."""

    port: int
    bends: dict[str, Bend] = field(default_factory=dict)
    heard: list[bytes] = field(default_factory=list)

    def serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as file, contextlib.suppress(OSError, ValueError):
            self._say(sock, "GREETING", b"", b"")
            while line := file.readline():
                tag, _, rest = line.partition(b" ")
                command = next((one for one in COMMANDS if rest.upper().startswith(one.encode())), "")
                while found := _LITERAL.search(line):
                    if not found[2]:
                        self._say(sock, "LITERAL", tag, line)
                    self.heard.append(line)
                    literal = file.read(int(found[1]))
                    line = file.readline()
                    if command == "STATUS":
                        rest = b"STATUS {%d}\r\n%s%s" % (len(literal), literal, line)
                self.heard.append(line)
                self._say(sock, command, tag, rest)

    def _say(self, sock: socket.socket, command: str, tag: bytes, line: bytes) -> None:
        good = answer(command, tag, line)
        for piece in self.bends[command](tag, good) if command in self.bends else (good,):
            sock.sendall(piece)


@contextmanager
def hostile(**bends: Bend) -> Iterator[Hostile]:
    """A server; ``bends`` by command, with ``_`` for a space."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Hostile(listener.getsockname()[1], {name.replace("_", " "): bend for name, bend in bends.items()})
        sockets: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    sockets.append(sock)
                    Thread(target=server.serve, args=(sock,), daemon=True).start()

        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for sock in sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


def tour(port: int, spool: Path, *, timeout: float = 0.3, tls: str = "plain") -> list[ConnectorError]:
    """Ask everything that a pass asks; the verdicts met.  Whatever else is raised passes."""
    settings = ImapSettings.model_validate({"host": "127.0.0.1", "port": port, "tls": tls, "timeout": timeout})
    connector = ImapConnector(settings, Resources(ByteBudget(), spool))
    met: list[ConnectorError] = []

    def sign_in(how: Callable[[Account, Event], Source | Target]) -> None:
        try:
            session = how(Account("ann", "secret"), Event())
        except ConnectorError as error:
            met.append(error)
            return
        try:
            _look_at(session)
            if how == connector.open_target:
                _work_on(session)  # type: ignore[arg-type]  # what open_target gives is a target
        except ConnectorError as error:
            met.append(error)
        session.close()

    sign_in(connector.open_source)
    sign_in(connector.open_target)
    return met


def _look_at(session: Source) -> None:
    session.capabilities()
    folders = list(session.folders())
    for folder in folders:
        "/".join((*folder.path, folder.epoch)).encode()  # whoever keeps it needs it in UTF-8
    for folder in folders[:2]:
        for other in (folder, Folder(folder.path, folder.role, folder.epoch, messages=10**6)):
            entries = [entry for window in session.entries(other, None) for entry in window.entries]
            assert len({entry.key for entry in entries}) == len(entries), "a key that is listed twice"
            for entry in entries[:100]:
                _can_be_kept(entry)
            keys = [entry.key for entry in entries][:3]
        list(session.states(folder, keys))
        list(session.headers(folder, keys))
        for answered in session.read(folder, keys):
            if isinstance(answered, Message):
                answered.body.release()


def _can_be_kept(entry: Entry) -> None:
    """What a ledger does with an entry."""
    assert 0 < int(entry.key) < 2**32
    assert entry.size is None or 0 <= entry.size < 2**48, "sums of sizes must stay numbers of 64 bits"
    " ".join(entry.flags or ()).encode()
    if entry.received is not None:
        datetime.fromtimestamp(int(entry.received.timestamp()), UTC)


def _work_on(target: Target) -> None:
    target.quota()  # type: ignore[attr-defined]  # an IMAP target is Surveyed
    for path in (("New",), ("Work",)):
        folder = target.ensure(path, None)
        batch = [outgoing(0, BODY), outgoing(1, BODY, frozenset({"\\Seen", "$New"}))]
        fence = target.fence(folder, batch)
        list(target.write(folder, batch, lambda: None))
        one = batch[0]
        suspect = Suspect(
            0, "0", one.wire_digest, one.body.size, one.header_digest, datetime(2026, 1, 5, 8, tzinfo=UTC), None
        )
        list(target.find(folder, "7:1", [suspect], set()))
        list(target.find(folder, fence, [suspect], set()))
        list(target.mark(folder, [FlagChange("1", add=frozenset({"\\Flagged"}))]))
        list(target.move(folder, target.ensure(("INBOX",), None), ["1"]))

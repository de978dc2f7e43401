"""POP3 (RFC 1939, 2449) over the inbox of an IMAP stand-in: the same mail, seen as a POP3 server shows it."""

from __future__ import annotations

import socketserver
from collections.abc import Callable
from dataclasses import dataclass, field
from imaplib import IMAP4
from typing import ClassVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

_CAPABILITIES = ("TOP", "UIDL", "USER", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING")
_LONGEST = 1000


class _Bad(Exception):
    """The command cannot be done; the text is the answer."""


@dataclass
class _Drop:
    """The inbox as it was at the sign-in; what is deleted goes at QUIT, as POP3 has it."""

    client: IMAPClient
    uids: list[int]
    sizes: dict[int, int]
    validity: int
    deleted: set[int] = field(default_factory=set)

    @property
    def present(self) -> list[tuple[int, int]]:
        """Number and UID of each message that is not deleted."""
        return [(number, uid) for number, uid in enumerate(self.uids, 1) if uid not in self.deleted]


class Pop3Server(socketserver.ThreadingTCPServer):
    """Listens on loopback; signs in at the IMAP server with what it is told."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, imap: tuple[str, int]) -> None:
        self.imap = imap
        super().__init__(("127.0.0.1", port), _Session)

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    """One client."""

    disable_nagle_algorithm = True
    _drop: _Drop | None = None
    _user = ""
    _done = False

    def handle(self) -> None:
        self._say("+OK POP3 of the sandbox ready")
        try:
            while not self._done and (line := self.rfile.readline(_LONGEST)):
                word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
                try:
                    self._commands.get(word.upper(), _Session._unknown)(self, rest)
                except _Bad as bad:
                    self._say(f"-ERR {bad}")
        except (ConnectionError, IMAPClientError, IMAP4.error):
            pass  # the client or the sandbox is gone, and nothing was deleted
        finally:
            if self._drop is not None:
                self._drop.client.shutdown()

    def _unknown(self, _rest: str) -> None:
        raise _Bad("unknown command")

    def _capa(self, _rest: str) -> None:
        self._many("capabilities follow", _CAPABILITIES)

    def _name(self, rest: str) -> None:
        self._user = rest
        self._say("+OK")

    def _pass(self, rest: str) -> None:
        server = self.server
        assert isinstance(server, Pop3Server)
        client = IMAPClient(*server.imap, ssl=False, timeout=60)
        try:
            client.login(self._user, rest)
        except (IMAPClientError, IMAP4.error):
            client.shutdown()
            raise _Bad("[AUTH] the user name or the password is wrong") from None
        told = client.select_folder("INBOX")
        uids = client.search() if told[b"EXISTS"] else []
        sizes = {uid: item[b"RFC822.SIZE"] for uid, item in client.fetch(uids, ["RFC822.SIZE"]).items()} if uids else {}
        self._drop = _Drop(client, sorted(uids), sizes, int(told[b"UIDVALIDITY"]))
        self._say(f"+OK {len(uids)} messages")

    def _stat(self, _rest: str) -> None:
        drop = self._opened()
        self._say(f"+OK {len(drop.present)} {sum(drop.sizes[uid] for _, uid in drop.present)}")

    def _list(self, rest: str) -> None:
        self._listed(rest, lambda drop, uid: str(drop.sizes[uid]))

    def _uidl(self, rest: str) -> None:
        self._listed(rest, lambda drop, uid: f"{drop.validity}.{uid}")

    def _listed(self, rest: str, told: Callable[[_Drop, int], str]) -> None:
        drop = self._opened()
        if rest:
            number, uid = self._message(rest)
            self._say(f"+OK {number} {told(drop, uid)}")
        else:
            self._many("", [f"{number} {told(drop, uid)}" for number, uid in drop.present])

    def _retr(self, rest: str) -> None:
        _, uid = self._message(rest)
        self._say_message(self._read(uid))

    def _top(self, rest: str) -> None:
        number, _, lines = rest.partition(" ")
        if not lines.isdecimal():
            raise _Bad("TOP takes a message and a number of lines")
        head, _, body = self._read(self._message(number)[1]).partition(b"\r\n\r\n")
        wanted = body.split(b"\r\n")[: int(lines)]
        self._say_message(head + b"\r\n\r\n" + b"".join(line + b"\r\n" for line in wanted))

    def _dele(self, rest: str) -> None:
        _, uid = self._message(rest)
        self._opened().deleted.add(uid)
        self._say("+OK")

    def _rset(self, _rest: str) -> None:
        self._opened().deleted.clear()
        self._say("+OK")

    def _noop(self, _rest: str) -> None:
        self._say("+OK")

    def _quit(self, _rest: str) -> None:
        if self._drop is not None and self._drop.deleted:
            self._drop.client.delete_messages(sorted(self._drop.deleted))
            self._drop.client.expunge(sorted(self._drop.deleted))
        self._say("+OK")
        self._done = True

    def _opened(self) -> _Drop:
        if self._drop is None:
            raise _Bad("sign in first")
        return self._drop

    def _message(self, text: str) -> tuple[int, int]:
        drop = self._opened()
        number = int(text) if text.isdecimal() else 0
        if not 1 <= number <= len(drop.uids) or drop.uids[number - 1] in drop.deleted:
            raise _Bad("no such message")
        return number, drop.uids[number - 1]

    def _read(self, uid: int) -> bytes:
        item = self._opened().client.fetch([uid], ["BODY.PEEK[]"]).get(uid)
        if item is None:
            raise _Bad("no such message")
        return bytes(item[b"BODY[]"])

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def _many(self, told: str, lines: list[str] | tuple[str, ...]) -> None:
        self.wfile.write("\r\n".join([f"+OK {told}".rstrip(), *lines, ".", ""]).encode())

    def _say_message(self, message: bytes) -> None:
        """Lines that begin with a dot get one more (RFC 1939, 3); the end is a line of its own."""
        stuffed = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:]
        end = b"" if message.endswith(b"\r\n") else b"\r\n"
        self.wfile.write(b"+OK\r\n" + stuffed + end + b".\r\n")

    _commands: ClassVar[dict[str, Callable[[_Session, str], None]]] = {
        "CAPA": _capa, "USER": _name, "PASS": _pass, "STAT": _stat, "LIST": _list, "UIDL": _uidl, "RETR": _retr,
        "TOP": _top, "DELE": _dele, "RSET": _rset, "NOOP": _noop, "QUIT": _quit,
    }  # fmt: skip

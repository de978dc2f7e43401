"""A stand-in for Gmail's IMAP server, read only, as strict as Google's page on its extensions.

What it is built on: developers.google.com/workspace/gmail/imap/imap-extensions (X-GM-MSGID, X-GM-LABELS, the special
folders by their attributes).  A message has one X-GM-MSGID and any number of labels; All Mail holds each message that
is neither spam nor in the trash, once; X-GM-LABELS does not name the folder that is open.  Every command that would
change anything, and every item that nobody documented, is answered BAD and kept in ``refused``.
"""

from __future__ import annotations

import base64
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

CAPABILITIES = (
    "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS COMPRESS=DEFLATE ENABLE MOVE"
    " CONDSTORE ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584"
)
#: Special folders by attribute, as an English and as a French account of some countries name them.
ENGLISH = {
    "\\All": "All Mail", "\\Drafts": "Drafts", "\\Important": "Important", "\\Sent": "Sent Mail", "\\Junk": "Spam",
    "\\Flagged": "Starred", "\\Trash": "Trash",
}  # fmt: skip
FRENCH = {
    "\\All": "Tous les messages", "\\Drafts": "Brouillons", "\\Important": "Important",
    "\\Sent": "Messages envoyés", "\\Junk": "Spam", "\\Flagged": "Suivis", "\\Trash": "Corbeille",
}  # fmt: skip
_LABEL_OF = {"\\Drafts": "\\Draft", "\\Flagged": "\\Starred", "\\Sent": "\\Sent", "\\Important": "\\Important"}
_DOCUMENTED = re.compile(
    rb"UID|FLAGS|INTERNALDATE|RFC822\.SIZE|X-GM-MSGID|X-GM-LABELS|X-GM-THRID|"
    rb"BODY\.PEEK\[(?:HEADER\.FIELDS \([A-Z \-]+\))?\](?:<\d+\.\d+>)?"
)


@dataclass
class GmailMessage:
    """One message.  ``labels``: the person's as text, the system's with their backslash."""

    msgid: int
    data: bytes
    received: datetime
    labels: set[str]
    flags: set[str] = field(default_factory=set)
    #: Where it is when it is not in All Mail.
    box: str = "\\All"


@dataclass
class Gmail:
    """An account, and what was asked of it."""

    special: dict[str, str]
    root: str
    user: str = "anna"
    password: str = "correct-horse"
    port: int = 0
    messages: list[GmailMessage] = field(default_factory=list)
    #: Labels without a message.
    labels: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    refused: list[bytes] = field(default_factory=list)
    #: UIDs by folder: given when a message first appears in it, never again.
    _uids: dict[str, dict[int, int]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(
        self, data: bytes, received: datetime, *labels: str, flags: tuple[str, ...] = (), box: str = "\\All"
    ) -> int:
        msgid = 1278455344230334865 + len(self.messages) * 7919
        self.messages.append(GmailMessage(msgid, data, received, set(labels), set(flags), box))
        return msgid

    def message(self, msgid: int) -> GmailMessage:
        return next(one for one in self.messages if one.msgid == msgid)

    def folders(self) -> dict[str, str]:
        """Attributes by name."""
        labels = {label for one in self.messages for label in one.labels if not label.startswith("\\")} | self.labels
        names = {"INBOX": "\\HasNoChildren", self.root: "\\HasChildren \\Noselect"}
        for attribute, name in self.special.items():
            if attribute not in self.hidden:
                names[f"{self.root}/{name}"] = f"\\HasNoChildren {attribute}"
        return names | dict.fromkeys(sorted(labels), "\\HasNoChildren")

    def view(self, name: str) -> list[tuple[int, GmailMessage]]:
        """UIDs and messages of a folder, in order."""
        uids = self._uids.setdefault(name, {})
        there = [one for one in self.messages if self._is_in(one, name)]
        for one in there:
            uids.setdefault(one.msgid, len(uids) * 2 + 3)
        return sorted(((uids[one.msgid], one) for one in there), key=lambda pair: pair[0])

    def _is_in(self, one: GmailMessage, name: str) -> bool:
        attribute = self._attribute(name)
        if attribute in ("\\All", "\\Junk", "\\Trash"):
            return one.box == attribute
        return one.box == "\\All" and self.label_of(name) in one.labels

    def _attribute(self, name: str) -> str | None:
        return next((one for one, last in self.special.items() if name == f"{self.root}/{last}"), None)

    def label_of(self, name: str) -> str:
        if name == "INBOX":
            return "\\Inbox"
        attribute = self._attribute(name)
        return _LABEL_OF.get(attribute, "") if attribute else name


class _Session(socketserver.StreamRequestHandler):
    gmail: Gmail

    def handle(self) -> None:
        self.name: str | None = None
        self.signed_in = False
        self._say(b"* OK Gimap ready for requests from 127.0.0.1 k2if6111336rvb.0")
        while line := self.rfile.readline():
            tag, _, command = line.rstrip(b"\r\n").partition(b" ")
            word = re.match(rb"(?:UID )?[A-Z]+", command.upper())
            with self.gmail.lock:
                answer = getattr(self, "_" + word[0].decode().lower().replace(" ", "_") if word else "_none", None)
                if answer is None or (
                    not self.signed_in and word and word[0] not in (b"LOGIN", b"CAPABILITY", b"LOGOUT")
                ):
                    self.gmail.refused.append(command)
                    self._say(tag + b" BAD Unknown command")
                    continue
                self._say(tag + b" " + answer(command[len(word[0]) if word else 0 :].strip()))
            if word and word[0] == b"LOGOUT":
                return

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def _capability(self, _rest: bytes) -> bytes:
        self._say(b"* CAPABILITY " + CAPABILITIES.encode())
        return b"OK Success"

    def _login(self, rest: bytes) -> bytes:
        self.signed_in = rest == f'"{self.gmail.user}" "{self.gmail.password}"'.encode()
        return (
            b"OK anna authenticated (Success)" if self.signed_in else b"NO [AUTHENTICATIONFAILED] Invalid credentials"
        )

    def _logout(self, _rest: bytes) -> bytes:
        self._say(b"* BYE LOGOUT Requested")
        return b"OK Success"

    def _noop(self, _rest: bytes) -> bytes:
        return b"OK Success"

    def _id(self, _rest: bytes) -> bytes:
        self._say(b'* ID ("name" "GImap" "vendor" "Google, Inc.")')
        return b"OK Success"

    def _namespace(self, _rest: bytes) -> bytes:
        self._say(b'* NAMESPACE (("" "/")) NIL NIL')
        return b"OK Success"

    def _list(self, _rest: bytes) -> bytes:
        for name, attributes in self.gmail.folders().items():
            self._say(f'* LIST ({attributes}) "/" {_quoted(name)}'.encode())
        return b"OK Success"

    def _status(self, rest: bytes) -> bytes:
        name = self._named(rest)
        if name is None:
            return b"NO [NONEXISTENT] Unknown Mailbox"
        view = self.gmail.view(name)
        told = {"MESSAGES": len(view), "UIDNEXT": max((uid for uid, _ in view), default=0) + 1, "UIDVALIDITY": 11}
        asked = re.findall(rb"[A-Z]+", rest[rest.rindex(b"(") :])
        words = " ".join(f"{word.decode()} {told.get(word.decode(), 9)}" for word in asked)
        self._say(f"* STATUS {_quoted(name)} ({words})".encode())
        return b"OK Success"

    def _examine(self, rest: bytes) -> bytes:
        name = self._named(rest)
        if name is None or "\\Noselect" in self.gmail.folders()[name]:
            return b"NO [NONEXISTENT] Unknown Mailbox"
        self.name, view = name, self.gmail.view(name)
        self._say(b"* FLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen)")
        self._say(b"* OK [PERMANENTFLAGS ()] Flags permitted.")
        self._say(b"* OK [UIDVALIDITY 11] UIDs valid.")
        self._say(b"* %d EXISTS" % len(view))
        return b"OK [READ-ONLY] (Success)"

    def _unselect(self, _rest: bytes) -> bytes:
        self.name = None
        return b"OK Success"

    def _uid_fetch(self, rest: bytes) -> bytes:
        return self._answer(rest, by_uid=True)

    def _fetch(self, rest: bytes) -> bytes:
        return self._answer(rest, by_uid=False)

    def _answer(self, rest: bytes, *, by_uid: bool) -> bytes:
        where, _, items = rest.partition(b" ")
        asked = _DOCUMENTED.findall(items)
        if self.name is None or items != b"(" + b" ".join(asked) + b")":
            self.gmail.refused.append(rest)
            return b"BAD Could not parse command"
        view = self.gmail.view(self.name)
        last = (view[-1][0] if by_uid else len(view)) if view else 0
        for number, (uid, message) in enumerate(view, start=1):
            if _is_in(uid if by_uid else number, where, last):
                told = [self._item(item, uid, message) for item in asked]
                self._say(b"* %d FETCH (%s)" % (number, b" ".join(told)))
        return b"OK Success"

    def _item(self, item: bytes, uid: int, message: GmailMessage) -> bytes:
        match item:
            case b"UID":
                return b"UID %d" % uid
            case b"FLAGS":
                return b"FLAGS (%s)" % " ".join(sorted(message.flags)).encode()
            case b"INTERNALDATE":
                return message.received.strftime('INTERNALDATE "%d-%b-%Y %H:%M:%S %z"').encode()
            case b"RFC822.SIZE":
                return b"RFC822.SIZE %d" % len(message.data)
            case b"X-GM-MSGID":
                return b"X-GM-MSGID %d" % message.msgid
            case b"X-GM-LABELS":
                assert self.name is not None
                labels = sorted(message.labels - {self.gmail.label_of(self.name)})
                return b"X-GM-LABELS (%s)" % b" ".join(map(_label, labels))
        data = message.data
        name = item.replace(b".PEEK", b"")
        if b"HEADER" in item:
            wanted = {field.lower() for field in re.findall(rb"[A-Z\-]+", item[item.index(b"(") :])}
            head = data.partition(b"\r\n\r\n")[0] + b"\r\n"
            fields = re.findall(rb"(?ms)^(?:[^:\r\n]+):.*?\r\n(?![ \t])", head)
            data = b"".join(one for one in fields if one.partition(b":")[0].lower() in wanted) + b"\r\n"
        elif piece := re.search(rb"<(\d+)\.(\d+)>", item):
            data = data[int(piece[1]) :][: int(piece[2])]
            name = b"BODY[]<%s>" % piece[1]
        return b"%s {%d}\r\n%s" % (name, len(data), data)

    def _named(self, rest: bytes) -> str | None:
        quoted = re.match(rb'"((?:[^"\\]|\\.)*)"', rest)
        raw = re.sub(rb"\\(.)", rb"\1", quoted[1]).decode() if quoted else rest.split(b" ")[0].decode()
        return next((name for name in self.gmail.folders() if _encoded(name) == raw), None)


def _is_in(number: int, where: bytes, last: int) -> bool:
    for piece in where.split(b","):
        ends = [last if end == b"*" else int(end) for end in piece.split(b":")]
        if min(ends[0], ends[-1]) <= number <= max(ends[0], ends[-1]):
            return True
    return False


def _label(label: str) -> bytes:
    """The system's as an atom, a simple word as an atom, all else quoted; a quotation mark goes as a literal."""
    encoded = _encoded(label)
    if '"' in encoded:
        return b"{%d}\r\n%s" % (len(encoded), encoded.encode())
    if re.fullmatch(r"\\?[A-Za-z0-9]+", encoded):
        return encoded.encode()
    return _quoted(label).encode()


def _quoted(name: str) -> str:
    return '"' + _encoded(name).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _encoded(name: str) -> str:
    def shifted(run: re.Match[str]) -> str:
        if run[0] == "&":
            return "&-"
        return "&" + base64.b64encode(run[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", shifted, name)


@contextmanager
def running_gmail(special: dict[str, str] | None = None, root: str = "[Gmail]") -> Iterator[Gmail]:
    """A stand-in on loopback with one empty account."""
    gmail = Gmail(special or ENGLISH, root)
    handler = type("Handler", (_Session,), {"gmail": gmail})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        gmail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield gmail
        finally:
            server.shutdown()
            thread.join()

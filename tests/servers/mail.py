"""Putting mail on a server and counting what is on it, by content and without the product's own code."""

from __future__ import annotations

import base64
import hashlib
import imaplib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from tests.servers.server import ImapServer

Path = tuple[str, ...]
#: Messages a MULTIAPPEND, and messages a FETCH.
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to put on a server.  ``data`` has CRLF line ends; ``flags`` holds keywords too."""

    folder: Path
    data: bytes
    flags: frozenset[str] = frozenset()
    received: datetime = datetime(2020, 2, 29, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stored:
    """One message on a server.  Equal values are the same mail twice, so a Counter of them is a mailbox's content."""

    #: sha256 of the bytes with LF line ends and no line end at the very end (Courier adds one).
    content: str
    flags: frozenset[str]
    #: In UTC, whole seconds.
    received: datetime


def content_of(data: bytes) -> str:
    return hashlib.sha256(data.replace(b"\r\n", b"\n").rstrip(b"\n")).hexdigest()


def expected(mails: Iterable[Mail]) -> dict[Path, Counter[Stored]]:
    """What :func:`holdings` answers once these mails are on a server."""
    found: dict[Path, Counter[Stored]] = {}
    for mail in mails:
        stored = Stored(content_of(mail.data), mail.flags, mail.received.astimezone(UTC).replace(microsecond=0))
        found.setdefault(mail.folder, Counter())[stored] += 1
    return found


def holdings(server: ImapServer, user: str) -> dict[Path, Counter[Stored]]:
    """Everything in a mailbox, by folder; folders without mail are left out.  Nothing is marked as read."""
    found = {path: Counter(stored for stored, _ in folder) for path, folder in _read(server, user)}
    return {path: stored for path, stored in found.items() if stored}


def bodies(server: ImapServer, user: str) -> dict[Path, list[bytes]]:
    """The exact bytes of everything in a mailbox, in the order of each folder."""
    return {path: [data for _, data in folder] for path, folder in _read(server, user)}


def seed(server: ImapServer, user: str, mails: Sequence[Mail]) -> None:
    """Put mails into a mailbox, in order, making folders as needed."""
    with server.login(user) as connection:
        names = _Names(connection)
        made = set(names.paths())
        batched = {"MULTIAPPEND", "LITERAL+"} <= _capabilities(connection)
        for path, group in groupby(mails, key=lambda mail: mail.folder):
            for depth in range(1, len(path) + 1):
                if path[:depth] not in made:
                    _done(connection.create(names.quoted(path[:depth])))
                    made.add(path[:depth])
            batch = list(group)
            if batched:
                _append_all(connection, names.quoted(path), batch)
            else:
                for mail in batch:
                    _done(connection.append(names.quoted(path), *_arguments(mail), mail.data))


def _append_all(connection: imaplib.IMAP4, folder: str, mails: Sequence[Mail]) -> None:
    for start in range(0, len(mails), _BATCH):
        command = bytearray(f"s{start} APPEND {folder}".encode())
        for mail in mails[start : start + _BATCH]:
            flags, received = _arguments(mail)
            command += f" {flags} {received} {{{len(mail.data)}+}}\r\n".encode() + mail.data
        connection.send(bytes(command) + b"\r\n")
        while not (line := connection.readline()).startswith(f"s{start} ".encode()):
            assert line, "the server closed the connection"
        assert b" OK " in line, line


def _arguments(mail: Mail) -> tuple[str, str]:
    return f"({' '.join(sorted(mail.flags))})", imaplib.Time2Internaldate(mail.received)


def _read(server: ImapServer, user: str) -> Iterator[tuple[Path, list[tuple[Stored, bytes]]]]:
    with server.login(user) as connection:
        names = _Names(connection)
        for path in names.paths():
            status, [count] = connection.select(names.quoted(path), readonly=True)
            if status == "OK":
                assert count is not None
                yield path, list(_messages(connection, int(count)))


def _messages(connection: imaplib.IMAP4, count: int) -> Iterator[tuple[Stored, bytes]]:
    for start in range(1, count + 1, _BATCH):
        wanted = f"{start}:{min(start + _BATCH - 1, count)}"
        _, answers = connection.fetch(wanted, "(FLAGS INTERNALDATE BODY.PEEK[])")
        for answer in answers:
            if isinstance(answer, tuple):
                head, data = answer
                flags = frozenset(imaplib.ParseFlags(head)) - {b"\\Recent"}
                received = re.search(rb'INTERNALDATE "([^"]+)"', head)
                assert received is not None
                yield Stored(content_of(data), frozenset(flag.decode() for flag in flags), _date(received[1])), data


def _date(text: bytes) -> datetime:
    return datetime.strptime(text.decode().strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)


def _capabilities(connection: imaplib.IMAP4) -> set[str]:
    _, answers = connection.capability()
    return set(answers[-1].decode().upper().split())


class _Names:
    """Folder paths and their names on one server: personal prefix, separator and modified UTF-7 (RFC 9051 5.1)."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection
        answer = connection.namespace()[1][0].decode()
        personal = re.match(r'\(\("([^"]*)" "([^"]*)"', answer)
        assert personal is not None, answer
        self._prefix, self._separator = personal[1], personal[2].replace("\\\\", "\\")

    def paths(self, *, subscribed: bool = False) -> list[Path]:
        """The folders that can be opened; those of the list of subscriptions only, when ``subscribed``."""
        _, lines = self._connection.lsub() if subscribed else self._connection.list()
        found = []
        for line in lines:
            # A name as a literal arrives in two parts.
            text = line[0] + b'"' + line[1] + b'"' if isinstance(line, tuple) else line
            listed = re.match(rb'\(([^)]*)\) (?:"(?:[^"\\]|\\.)*"|NIL) (?:\{\d+\})?(.+)$', text or b"")
            if listed and b"\\noselect" not in listed[1].lower():
                found.append(self._path(listed[2].decode().strip()))
        return found

    def quoted(self, path: Path) -> str:
        inbox = path[0].upper() == "INBOX"
        name = self._separator.join(map(_encoded, path))
        name = name if inbox else self._prefix + name
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def _path(self, name: str) -> Path:
        if name.startswith('"'):
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
        if name.upper() != "INBOX":
            name = name.removeprefix(self._prefix)
        return tuple(map(_decoded, name.split(self._separator)))


def _encoded(name: str) -> str:
    def shifted(run: re.Match[str]) -> str:
        if run[0] == "&":
            return "&-"
        return "&" + base64.b64encode(run[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", shifted, name)


def _decoded(name: str) -> str:
    def plain(run: re.Match[str]) -> str:
        text = run[1].replace(",", "/")
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-16-be") if text else "&"

    return re.sub(r"&([^-]*)-", plain, name)


def _done(answer: tuple[str, Sequence[object]]) -> None:
    status, lines = answer
    assert status == "OK", lines

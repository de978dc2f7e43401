"""The plain IMAP server behind the Exchange front, where the mail really is: pymap in this process, or a given one."""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from migrate.sandbox.microsoft.commands import quoted
from migrate.sandbox.microsoft.manners import FOLDERS
from migrate.sandbox.pymap_mail import PymapMail

_LINE_LIMIT = 4 << 20
_LISTED = re.compile(rb'\* LIST \(([^)]*)\) (?:"/"|NIL) (.+)\r\n\Z', re.DOTALL)


class BehindFailed(Exception):
    """The server behind does not do its part."""


@dataclass(frozen=True, slots=True)
class Given:
    """A server that a test brings: everybody signs in there by ``password``; folders are separated by "/"."""

    host: str
    port: int
    password: str


@dataclass(frozen=True, slots=True)
class Account:
    """How one mailbox signs in at the server behind."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)


class Behind:
    """Opens connections for mailboxes, each with Exchange's own folders."""

    def __init__(self, given: Given | None, state: Path | None) -> None:
        self._given = given
        self._state = state / "mail" if state is not None and given is None else None
        self._pymap = PymapMail() if given is None else None
        self._password = given.password if given is not None else secrets.token_urlsafe()
        #: Mailboxes that have Exchange's folders, and who is making them.
        self._ready: set[str] = set()
        self._made: dict[str, asyncio.Lock] = {}

    async def start(self) -> None:
        if self._pymap is not None:
            await self._pymap.start()
            if self._state is not None:
                await self._pymap.load(self._state)

    def close(self) -> None:
        if self._pymap is not None:
            self._pymap.close()

    def save(self) -> None:
        if self._pymap is not None and self._state is not None:
            self._pymap.save(self._state)

    async def open(self, mailbox: str) -> BehindSession:
        """A connection that is signed in as this mailbox."""
        name = mailbox.lower()
        async with self._made.setdefault(name, asyncio.Lock()):
            first = name not in self._ready
            if first and self._pymap is not None and name not in self._pymap.users:
                await self._pymap.add_user(name, self._password)
            session = await self._signed_in(name)
            if first:
                known = {folder.lower() for folder, _ in await session.folders()}
                for folder in FOLDERS:
                    if folder.lower().encode() not in known:
                        await session.ask(b"CREATE " + quoted(folder.encode()))
                self._ready.add(name)
        return session

    async def account(self, mailbox: str) -> Account:
        """For whoever speaks with the server behind without the front; the mailbox has its folders."""
        (await self.open(mailbox)).close()
        return self._account(mailbox.lower())

    def _account(self, name: str) -> Account:
        if self._given is not None:
            return Account(self._given.host, self._given.port, name, self._password)
        assert self._pymap is not None
        return Account("127.0.0.1", self._pymap.port, name, self._password)

    async def _signed_in(self, name: str) -> BehindSession:
        account = self._account(name)
        reader, writer = await asyncio.open_connection(account.host, account.port, limit=_LINE_LIMIT)
        session = BehindSession(reader, writer)
        await reader.readline()
        login = b"LOGIN " + quoted(name.encode()) + b" " + quoted(self._password.encode())
        if not (await session.ask(login))[0].startswith(b"OK"):
            session.close()
            raise BehindFailed("the server behind does not let the mailbox in")
        return session


class BehindSession:
    """One connection to the server behind."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._count = 0

    def close(self) -> None:
        self.writer.transport.abort()

    async def ask(self, command: bytes) -> tuple[bytes, list[bytes]]:
        """Send one command of our own; the text of its answer and the whole lines before it, literals within."""
        self._count += 1
        tag = b"front%d" % self._count
        self.writer.write(tag + b" " + command + b"\r\n")
        lines: list[bytes] = []
        while True:
            line = await self.whole_line()
            if line.startswith(tag + b" "):
                return line[len(tag) + 1 :].rstrip(b"\r\n"), lines
            lines.append(line)

    async def whole_line(self) -> bytes:
        """A line of the server with the literals in it.  Raises BehindFailed at its end."""
        whole = bytearray()
        while True:
            line = await self.reader.readline()
            if not line.endswith(b"\n"):
                raise BehindFailed("the server behind ended the connection")
            whole += line
            literal = re.search(rb"\{(\d+)\}\r\n\Z", line)
            if literal is None:
                return bytes(whole)
            whole += await self.reader.readexactly(int(literal[1]))

    async def folders(self) -> list[tuple[bytes, frozenset[bytes]]]:
        """Names as they travel (modified UTF-7), with their attributes."""
        _, lines = await self.ask(b'LIST "" "*"')
        listed = [found for line in lines if (found := _LISTED.match(line))]
        return [(plain_name(found[2]), frozenset(found[1].split())) for found in listed]


def plain_name(text: bytes) -> bytes:
    """A folder's name without the quotes or the announcement of a literal."""
    if literal := re.match(rb"\{\d+\}\r\n", text):
        return text[literal.end() :]
    if text.startswith(b'"'):
        return re.sub(rb"\\(.)", rb"\1", text[1:-1])
    return text

"""One session with the stand-in's Exchange: signed in by XOAUTH2, judged, and served by the server behind.

Commands are done one after the other, as Exchange does them; a client may send several before it reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time

from migrate.sandbox.microsoft import manners as said
from migrate.sandbox.microsoft.behind import BehindFailed, BehindSession
from migrate.sandbox.microsoft.commands import Command, CommandTooLong, TokenGone, read_command
from migrate.sandbox.microsoft.exchange import Entry, Exchange, read_xoauth2
from migrate.sandbox.microsoft.faults import Fault
from migrate.sandbox.microsoft.folders import FolderCommands
from migrate.sandbox.microsoft.inside import Inside
from migrate.sandbox.microsoft.letters_in import MessageCommands
from migrate.sandbox.microsoft.tenant import Mailbox
from migrate.sandbox.microsoft.tokens import Grant
from migrate.sandbox.microsoft.words import COMMANDS, OF_A_FOLDER, UID_COMMANDS, takes

_LINE_LIMIT = 1 << 20
#: Commands that a throttled session may still give.
_ALWAYS = frozenset({"CAPABILITY", "LOGOUT", "ID", "NOOP"})
#: Exchange closes the session at the second command of one that is let in and not connected.
_NOT_CONNECTED_PATIENCE = 2


async def serve_exchange(exchange: Exchange, tls: ssl.SSLContext, port: int = 0) -> asyncio.Server:
    """Listen on loopback, TLS from the first byte."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = FrontSession(exchange, reader, writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, BehindFailed, ValueError, TimeoutError):
            try:
                await session.run()
            finally:
                session.end()

    return await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls, limit=_LINE_LIMIT)


class FrontSession:
    """From the greeting to the end."""

    def __init__(self, exchange: Exchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._exchange = exchange
        self._reader = reader
        self._writer = writer
        self._entry = Entry.REFUSED
        self._grant: Grant | None = None
        self._mailbox: Mailbox | None = None
        self._behind: BehindSession | None = None
        self._inside: Inside | None = None
        self._errors = 0
        self._throttled = 0
        self._ended = False
        #: Of the command that is being read or done.
        self._fault: Fault | None = None

    async def run(self) -> None:
        self._untagged("OK " + said.GREETING)
        while not self._ended:
            self._fault = None
            try:
                command = await self._next()
            except TokenGone:
                self._bye(said.EXPIRED)
                break
            except CommandTooLong:
                self._untagged("BAD Command Error. 10")
                self._bye(said.CLOSED)
                break
            if command is None:
                break
            self._exchange.commands[command.name or "?"] += 1
            await self._perform(command)
            await self._writer.drain()

    def end(self) -> None:
        """Nothing of the session is left."""
        if self._behind is not None:
            self._behind.close()
        if self._mailbox is not None and self._entry is Entry.CONNECTED:
            self._exchange.inside[self._mailbox.address] -= 1
        self._entry = Entry.REFUSED
        self._writer.close()

    async def _next(self) -> Command | None:
        left = None if self._grant is None else self._grant.expires - time.time()
        reading = read_command(self._reader, self._proceed, self._message_limit, self._still_good)
        try:
            return await asyncio.wait_for(reading, left if left is None else max(left, 0.001))
        except TimeoutError:
            raise TokenGone from None

    def _message_limit(self) -> int:
        return self._mailbox.max_receive if self._mailbox is not None else 0

    async def _proceed(self) -> None:
        self._writer.write(b"+ Ready for additional command text.\r\n")
        await self._writer.drain()

    def _still_good(self, read: int) -> None:
        """Called while the message of an APPEND is read."""
        if read == 0 and self._mailbox is not None:
            self._fault = self._exchange.faults.due("APPEND", self._mailbox.address)
        elif self._fault is not None and self._fault.what == "expire":
            raise TokenGone
        if self._expired():
            raise TokenGone

    def _expired(self) -> bool:
        return self._grant is not None and self._grant.expired

    async def _perform(self, command: Command) -> None:
        if self._exchange.manners.latency:
            await asyncio.sleep(self._exchange.manners.latency)
        if self._grant is None:
            await self._outside(command)
            return
        if self._expired():
            self._bye(said.EXPIRED)
            return
        if command.name == "LOGOUT":
            self._logout(command)
        elif command.name == "CAPABILITY":
            self._untagged("CAPABILITY " + said.CAPABILITIES_INSIDE)
            self._tagged(command, "OK CAPABILITY completed.")
        elif command.name == "ID":
            self._identify(command)
        elif self._entry is Entry.NOT_CONNECTED:
            self._not_connected(command)
        elif not self._throttle(command) and not self._struck(command):
            await self._served(command)

    def _not_connected(self, command: Command) -> None:
        self._tagged(command, said.NOT_CONNECTED)
        if self._errors >= _NOT_CONNECTED_PATIENCE:
            self._bye(said.CLOSED)

    def _throttle(self, command: Command) -> bool:
        """Whether the tenant has to wait; answers if so."""
        left = self._exchange.throttle.left()
        if left is None or command.name in _ALWAYS or self._mailbox is None:
            return False
        word, milliseconds = left
        ignored = self._exchange.throttle.ignored
        ignored[self._mailbox.address] = ignored.get(self._mailbox.address, 0) + 1
        self._throttled += 1
        self._tagged(command, f"{word} {said.THROTTLED.format(milliseconds=milliseconds)}")
        if self._throttled >= self._exchange.manners.patience:
            self._bye(said.CLOSED)
        return True

    def _struck(self, command: Command) -> bool:
        """Whether a planned fault takes the place of the command."""
        assert self._mailbox is not None
        if command.message is None:
            self._fault = self._exchange.faults.due(command.name, self._mailbox.address)
        fault = self._fault
        if fault is None or fault.what in ("drop_reply", "answer_after"):
            return False
        if fault.what == "throttle":
            self._exchange.throttle.begin(fault.milliseconds, fault.word)
            return self._throttle(command)
        if fault.what == "expire":
            self._bye(said.EXPIRED)
        elif fault.what == "bye":
            self._bye(said.CLOSED)
        elif fault.what == "drop":
            self._cut()
        else:
            self._tagged(command, said.NOT_CONNECTED if fault.what == "not_connected" else fault.text)
        return True

    async def _outside(self, command: Command) -> None:
        """Before anybody is signed in."""
        if command.name == "CAPABILITY":
            self._untagged("CAPABILITY " + said.CAPABILITIES)
            self._tagged(command, "OK CAPABILITY completed.")
        elif command.name == "NOOP":
            self._tagged(command, "OK NOOP completed.")
        elif command.name == "ID":
            self._identify(command)
        elif command.name == "LOGOUT":
            self._logout(command)
        elif command.name == "LOGIN":
            # Basic authentication is off in every tenant since 2022.
            self._tagged(command, "NO LOGIN failed.")
        elif command.name == "AUTHENTICATE":
            await self._authenticate(command)
        elif command.name in COMMANDS:
            self._tagged(command, "BAD Command received in Invalid state.")
        else:
            self._tagged(command, said.COMMAND_ERROR)

    async def _authenticate(self, command: Command) -> None:
        mechanism, *initial = command.arguments or (b"",)
        if not initial and mechanism.upper() in (b"XOAUTH2", b"PLAIN"):
            self._writer.write(b"+ \r\n")
            await self._writer.drain()
            initial = [(await self._reader.readline()).strip()]
        given = read_xoauth2(initial[0]) if initial and mechanism.upper() == b"XOAUTH2" else None
        if given is None:
            self._tagged(command, "NO AUTHENTICATE failed.")
            return
        self._entry, self._grant, self._mailbox = self._exchange.judge(*given)
        if self._entry is Entry.REFUSED:
            self._tagged(command, Entry.REFUSED.value)
            return
        if self._entry is Entry.CONNECTED and self._mailbox is not None:
            inside = self._exchange.inside
            address = self._mailbox.address
            inside[address] += 1
            self._exchange.most[address] = max(self._exchange.most[address], inside[address])
            self._behind = await self._exchange.behind.open(address)
            self._inside = Inside(self._exchange, self._mailbox, self._behind, self._reader, self._writer)
        self._tagged(command, "OK AUTHENTICATE completed.")

    async def _served(self, command: Command) -> None:
        inside = self._inside
        assert inside is not None
        if command.name == "AUTHENTICATE" or (command.name in OF_A_FOLDER and inside.folder is None):
            self._tagged(command, "BAD Command received in Invalid state.")
            return
        if command.name not in COMMANDS or (command.uid and command.name not in UID_COMMANDS):
            self._tagged(command, said.COMMAND_ERROR)
            return
        if command.name != "APPEND" and not takes(command.name, command.arguments, command.raw):
            self._tagged(command, said.ARGUMENT_ERROR)
            return
        inside.quiet = self._fault is not None and self._fault.what in ("drop_reply", "answer_after")
        text = await MessageCommands(inside).done(command) or await FolderCommands(inside).done(command)
        if self._fault is not None and self._fault.what == "drop_reply":
            self._cut()
        elif self._fault is not None and self._fault.what == "answer_after":
            self._tagged(command, self._fault.text)
        else:
            self._tagged(command, text)
            if command.more:
                self._bye(said.CLOSED)

    def _identify(self, command: Command) -> None:
        self._untagged('ID ("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")')
        self._tagged(command, "OK ID completed")

    def _logout(self, command: Command) -> None:
        self._untagged("BYE Microsoft Exchange Server IMAP4 server signing off.")
        self._tagged(command, "OK LOGOUT completed.")
        self._ended = True

    def _tagged(self, command: Command, text: str) -> None:
        self._exchange.answers[text.split(" ", 1)[0]] += 1
        self._writer.write(command.tag + b" " + text.encode("utf-8", "surrogateescape") + b"\r\n")
        if text.startswith(("NO", "BAD")):
            self._errors += 1
            if self._errors >= self._exchange.manners.errors:
                self._bye(said.CLOSED)

    def _untagged(self, text: str) -> None:
        self._writer.write(b"* " + text.encode() + b"\r\n")

    def _bye(self, text: str) -> None:
        if not self._ended:
            self._untagged("BYE " + text)
            self._ended = True

    def _cut(self) -> None:
        self._writer.transport.abort()
        self._ended = True

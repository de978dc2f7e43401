"""A session that is signed in and connected: its mailbox, the server behind, the folder that is open."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from migrate.sandbox.microsoft.behind import BehindSession
from migrate.sandbox.microsoft.exchange import Exchange
from migrate.sandbox.microsoft.relay import Relay, Told
from migrate.sandbox.microsoft.tenant import Mailbox
from migrate.sandbox.microsoft.words import folder_key


@dataclass
class OpenFolder:
    """``validity``: its UIDVALIDITY."""

    name: bytes
    validity: int


@dataclass
class Inside:
    """``quiet``: of the command in hand the client hears nothing."""

    exchange: Exchange
    mailbox: Mailbox
    behind: BehindSession
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    folder: OpenFolder | None = None
    quiet: bool = False
    #: Names of folders as they were made, by what makes them equal, when they were last looked up.
    _known: dict[str, bytes] = field(default_factory=dict)

    async def forward(
        self, tag: bytes, raw: bytes, *, names: list[bytes] | None = None, read_only: bool = False
    ) -> Told:
        """Send a command to the server behind and hand its answers to the client, all but the tagged one."""
        self.behind.writer.write(raw)
        await self.behind.writer.drain()
        return await Relay(self.behind, self.writer).answer(tag, quiet=self.quiet, names=names, read_only=read_only)

    async def names(self) -> list[bytes]:
        """All folders of the mailbox, as they are now."""
        self._known = {folder_key(name): name for name, _ in await self.behind.folders()}
        return list(self._known.values())

    async def real_name(self, name: bytes) -> bytes:
        """The folder's name as it was made: Exchange has no regard to case."""
        if name.upper() == b"INBOX":
            return b"INBOX"
        key = folder_key(name)
        if key not in self._known:
            await self.names()
        return self._known.get(key, name)

"""The commands of Exchange that are about folders, and all others that need nothing but the server behind."""

from __future__ import annotations

import asyncio

from migrate.sandbox.microsoft.commands import Command, quoted
from migrate.sandbox.microsoft.inside import Inside, OpenFolder
from migrate.sandbox.microsoft.relay import Told
from migrate.sandbox.microsoft.words import fault_of_name, folder_key, is_default, missing_parents

#: A folder that is nowhere: opening it closes the one that is open, and removes nothing from it.
_NOWHERE = b'EXAMINE "\\\\nowhere"'


class FolderCommands:
    """Each method returns the text of the tagged answer."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    async def done(self, command: Command) -> str:
        special = {
            "NAMESPACE": self._namespace, "SELECT": self._select, "EXAMINE": self._select, "CREATE": self._create,
            "DELETE": self._delete, "RENAME": self._rename, "LIST": self._list, "LSUB": self._list,
            "STATUS": self._status, "COPY": self._copy, "MOVE": self._copy, "CLOSE": self._close,
            "UNSELECT": self._close, "SUBSCRIBE": self._subscribe, "UNSUBSCRIBE": self._subscribe, "IDLE": self._idle,
        }  # fmt: skip
        method = special.get(command.name, self._passed_on)
        return await method(command)

    async def _passed_on(self, command: Command) -> str:
        return _text(await self._inside.forward(command.tag, command.raw))

    async def _namespace(self, command: Command) -> str:
        if not self._inside.quiet:
            self._inside.writer.write(b'* NAMESPACE (("" "/")) NIL NIL\r\n')
        return "OK NAMESPACE completed."

    async def _select(self, command: Command) -> str:
        inside = self._inside
        name = await inside.real_name(command.arguments[0])
        inside.folder = None
        raw = command.tag + b" " + command.name.encode() + b" " + quoted(name) + b"\r\n"
        told = await inside.forward(command.tag, raw, read_only=command.name == "EXAMINE")
        if told.text.startswith(b"OK"):
            inside.folder = OpenFolder(name, told.validity or 0)
        return _text(told)

    async def _create(self, command: Command) -> str:
        inside = self._inside
        manners = inside.exchange.manners
        name = (command.arguments or (b"",))[0].rstrip(b"/")
        names = await inside.names()
        fault = fault_of_name(name, names, depth=manners.depth, subfolders=manners.subfolders)
        if fault is not None:
            return fault
        for above in missing_parents(name, names):
            await inside.behind.ask(b"CREATE " + quoted(above))
        raw = command.tag + b" CREATE " + quoted(await self._below_real_parent(name, names)) + b"\r\n"
        return _text(await inside.forward(command.tag, raw))

    async def _below_real_parent(self, name: bytes, names: list[bytes]) -> bytes:
        """The name below its parent as that was made."""
        parent, _, last = name.rpartition(b"/")
        if not parent:
            return name
        key = folder_key(parent)
        return next((one for one in names if folder_key(one) == key), parent) + b"/" + last

    async def _delete(self, command: Command) -> str:
        name = await self._inside.real_name((command.arguments or (b"",))[0])
        if is_default(name):
            return "NO DELETE failed: a default folder cannot be removed."
        return _text(await self._inside.forward(command.tag, command.tag + b" DELETE " + quoted(name) + b"\r\n"))

    async def _rename(self, command: Command) -> str:
        inside = self._inside
        if len(command.arguments) != 2:
            return "BAD Command Argument Error. 11"
        name = await inside.real_name(command.arguments[0])
        if is_default(name):
            return "NO RENAME failed: a default folder cannot be renamed."
        manners = inside.exchange.manners
        names = [one for one in await inside.names() if folder_key(one) != folder_key(name)]
        fault = fault_of_name(command.arguments[1], names, depth=manners.depth, subfolders=manners.subfolders)
        if fault is not None:
            return fault.replace("CREATE", "RENAME")
        raw = command.tag + b" RENAME " + quoted(name) + b" " + quoted(command.arguments[1]) + b"\r\n"
        return _text(await inside.forward(command.tag, raw))

    async def _list(self, command: Command) -> str:
        names = await self._inside.names()
        return _text(await self._inside.forward(command.tag, command.raw, names=names))

    async def _status(self, command: Command) -> str:
        name = await self._inside.real_name(command.arguments[0])
        items = b" ".join(command.arguments[2:-1])
        raw = command.tag + b" STATUS " + quoted(name) + b" (" + items + b")\r\n"
        return _text(await self._inside.forward(command.tag, raw))

    async def _copy(self, command: Command) -> str:
        if len(command.arguments) != 2:
            return "BAD Command Argument Error. 11"
        name = await self._inside.real_name(command.arguments[1])
        verb = (b"UID " if command.uid else b"") + command.name.encode()
        raw = command.tag + b" " + verb + b" " + command.arguments[0] + b" " + quoted(name) + b"\r\n"
        return _text(await self._inside.forward(command.tag, raw))

    async def _close(self, command: Command) -> str:
        inside = self._inside
        inside.folder = None
        if command.name == "CLOSE":
            return await self._passed_on(command)
        await inside.behind.ask(_NOWHERE)
        return "OK UNSELECT completed."

    async def _subscribe(self, command: Command) -> str:
        name = await self._inside.real_name((command.arguments or (b"",))[0])
        raw = command.tag + b" " + command.name.encode() + b" " + quoted(name) + b"\r\n"
        return _text(await self._inside.forward(command.tag, raw))

    async def _idle(self, command: Command) -> str:
        """News from the server behind until the client says DONE."""
        inside = self._inside
        inside.behind.writer.write(command.raw)
        inside.writer.write(b"+ IDLE accepted, awaiting DONE command.\r\n")
        await inside.writer.drain()
        done = asyncio.ensure_future(inside.reader.readline())
        news = asyncio.ensure_future(inside.behind.whole_line())
        while not done.done():
            await asyncio.wait({done, news}, return_when=asyncio.FIRST_COMPLETED)
            if news.done():
                line = news.result()
                if line.startswith(b"* "):
                    inside.writer.write(line)
                    await inside.writer.drain()
                news = asyncio.ensure_future(inside.behind.whole_line())
        inside.behind.writer.write(b"DONE\r\n")
        while not (line := await news).startswith(command.tag + b" "):
            if line.startswith(b"* "):
                inside.writer.write(line)
            news = asyncio.ensure_future(inside.behind.whole_line())
        return "OK IDLE completed." if done.result().strip().upper() == b"DONE" else "BAD Command Argument Error. 11"


def _text(told: Told) -> str:
    return told.text.decode("utf-8", "surrogateescape")

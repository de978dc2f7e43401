"""APPEND and STORE as Exchange does them: what it forgets, what it refuses."""

from __future__ import annotations

import re

from migrate.sandbox.microsoft import manners as said
from migrate.sandbox.microsoft.commands import Command, quoted
from migrate.sandbox.microsoft.graph_ids import message_id
from migrate.sandbox.microsoft.inside import Inside
from migrate.sandbox.microsoft.words import longest_line, sort_flags

#: A flag that becomes a category, and is no flag any more.
_RECEIPT = "$MDNSent"
_MOST_UIDS = 10_000


class MessageCommands:
    """Each method returns the text of the tagged answer."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._manners = inside.exchange.manners

    async def done(self, command: Command) -> str | None:
        """None: not one of these commands."""
        if command.name == "APPEND":
            return await self._append(command)
        if command.name == "STORE":
            return await self._store(command)
        return None

    async def _append(self, command: Command) -> str:
        message = command.message
        if message is None or command.more or command.binary or not command.arguments:
            return said.ARGUMENT_ERROR
        if command.announced > self._inside.mailbox.max_receive:
            return said.ARGUMENT_ERROR
        folder, *rest = command.arguments
        flags, unknown = sort_flags(rest[rest.index(b"(") : rest.index(b")")] if b"(" in rest and b")" in rest else [])
        if unknown and self._manners.keywords == "refuse":
            return said.ARGUMENT_ERROR
        if self._manners.longest_line and longest_line(message) > self._manners.longest_line:
            return said.LONG_LINE
        name = await self._inside.real_name(folder)
        if (full := await self._full(name, len(message))) is not None:
            return full
        # What APPEND is told of a follow-up flag is forgotten; STORE keeps it.
        kept = [flag for flag in flags if flag not in ("\\Flagged", _RECEIPT)]
        date = rest[-1] if rest and rest[-1] not in (b")", b"(") else None
        head = b"APPEND " + quoted(name) + b" (" + " ".join(kept).encode() + b")"
        if date is not None:
            head += b" " + quoted(date)
        raw = command.tag + b" " + head + b" {%d+}\r\n" % len(message) + message + b"\r\n"
        told = await self._inside.forward(command.tag, raw)
        if _RECEIPT in flags and b"APPENDUID" in told.codes:
            validity, uid = told.codes[b"APPENDUID"].split()
            self._categorise(name, int(validity), [int(uid)])
        return told.text.decode("utf-8", "replace")

    async def _full(self, name: bytes, size: int) -> str | None:
        """Whether the folder or the mailbox takes no more.  Asks only where a limit is low enough to be met."""
        inside = self._inside
        if self._manners.folder_messages < 1_000_000:
            _, lines = await inside.behind.ask(b"STATUS " + quoted(name) + b" (MESSAGES)")
            count = next((int(found[1]) for line in lines if (found := re.search(rb"MESSAGES (\d+)", line))), 0)
            if count >= self._manners.folder_messages:
                return "NO APPEND failed: ErrorQuotaExceeded."
        if inside.mailbox.quota is not None:
            held = inside.exchange.held
            if held[inside.mailbox.address] + size > inside.mailbox.quota:
                return "NO APPEND failed: ErrorQuotaExceeded."
            held[inside.mailbox.address] += size
        return None

    async def _store(self, command: Command) -> str:
        numbers, operation, *words = command.arguments
        flags, unknown = sort_flags(words)
        if unknown and self._manners.keywords == "refuse":
            return said.ARGUMENT_ERROR
        kept = [flag for flag in flags if flag != _RECEIPT]
        if _RECEIPT in flags and command.uid and self._inside.folder is not None and not operation.startswith(b"-"):
            folder = self._inside.folder
            self._categorise(folder.name, folder.validity, _uids(numbers))
        if not kept and operation[:1] in b"+-":
            return "OK STORE completed."
        prefix = b"UID STORE " if command.uid else b"STORE "
        raw = command.tag + b" " + prefix + numbers + b" " + operation + b" (" + " ".join(kept).encode() + b")\r\n"
        told = await self._inside.forward(command.tag, raw)
        return told.text.decode("utf-8", "replace")

    def _categorise(self, name: bytes, validity: int, uids: list[int]) -> None:
        marked = self._inside.mailbox.marked
        for uid in uids:
            known = marked.setdefault(message_id(name, validity, uid), [])
            if _RECEIPT not in known:
                known.append(_RECEIPT)


def _uids(numbers: bytes) -> list[int]:
    """The UIDs of a set; none for one that is open or very large."""
    found: list[int] = []
    for part in numbers.split(b","):
        first, _, last = part.partition(b":")
        if not first.isdigit() or (last and not last.isdigit()):
            return []
        low, high = sorted((int(first), int(last or first)))
        if high - low > _MOST_UIDS:
            return []
        found += range(low, high + 1)
    return found

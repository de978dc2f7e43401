"""Handing the answers of the server behind to the client, in Exchange's words."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from migrate.sandbox.microsoft.behind import BehindFailed, BehindSession, plain_name
from migrate.sandbox.microsoft.manners import FLAGS
from migrate.sandbox.microsoft.words import attributes_of

_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")
_CODE = re.compile(rb"\A\* OK \[([A-Z-]+)")
_LISTED = re.compile(rb'\A\* (LIST|LSUB) \(([^)]*)\) (?:"/"|NIL) (.+)\r\n\Z', re.DOTALL)
_KEPT_CODES = frozenset({b"UIDVALIDITY", b"UIDNEXT", b"UNSEEN", b"ALERT", b"PARSE", b"COPYUID"})
_TEXT_CODES = (b"APPENDUID", b"COPYUID", b"READ-ONLY", b"READ-WRITE", b"TRYCREATE")


@dataclass
class Told:
    """What an answer said: its tagged text, and the codes that the front needs."""

    text: bytes = b""
    validity: int | None = None
    codes: dict[bytes, bytes] = field(default_factory=dict)


class Relay:
    """From the server behind to the client, one command at a time."""

    def __init__(self, behind: BehindSession, client: asyncio.StreamWriter) -> None:
        self._behind = behind
        self._client = client

    async def answer(
        self, tag: bytes, *, quiet: bool = False, names: list[bytes] | None = None, read_only: bool = False
    ) -> Told:
        """Hand everything on until the command ``tag`` is answered; the answer itself is only returned.

        ``quiet``: the client is to hear nothing.  ``names``: all folders, for a listing.
        """
        told = Told()
        while True:
            line = await self._line()
            if line.startswith(tag + b" "):
                told.text = _plain(line[len(tag) + 1 :].rstrip(b"\r\n"), told)
                return told
            literal = _LITERAL.search(line)
            if literal is not None and not line.startswith((b"* LIST", b"* LSUB")):
                await self._long(line, int(literal[1]), quiet=quiet)
                continue
            while literal is not None:
                line += await self._behind.reader.readexactly(int(literal[1])) + await self._line()
                literal = _LITERAL.search(line)
            if not quiet:
                self._client.write(_exchange_line(line, told, names, read_only=read_only))
                await self._client.drain()

    async def _long(self, line: bytes, size: int, *, quiet: bool) -> None:
        """A response with literals, piece by piece."""
        while True:
            if not quiet:
                self._client.write(line)
            left = size
            while left:
                piece = await self._behind.reader.read(min(left, 1 << 16))
                if not piece:
                    raise BehindFailed("the server behind ended the connection")
                left -= len(piece)
                if not quiet:
                    self._client.write(piece)
                    await self._client.drain()
            line = await self._line()
            literal = _LITERAL.search(line)
            if literal is None:
                if not quiet:
                    self._client.write(line)
                return
            size = int(literal[1])

    async def _line(self) -> bytes:
        line = await self._behind.reader.readline()
        if not line.endswith(b"\n"):
            raise BehindFailed("the server behind ended the connection")
        return line


def _exchange_line(line: bytes, told: Told, names: list[bytes] | None, *, read_only: bool) -> bytes:
    """An untagged line as Exchange says it; empty when it does not."""
    if line.startswith(b"* FLAGS "):
        return b"* FLAGS (" + " ".join(FLAGS).encode() + b")\r\n"
    if code := _CODE.match(line):
        if code[1] == b"PERMANENTFLAGS":
            kept = "" if read_only else " ".join(FLAGS)
            return b"* OK [PERMANENTFLAGS (" + kept.encode() + b")] Permanent flags\r\n"
        if code[1] == b"UIDVALIDITY" and (number := re.search(rb"UIDVALIDITY (\d+)", line)):
            told.validity = int(number[1])
        return line if code[1] in _KEPT_CODES else b""
    if (listed := _LISTED.match(line)) and names is not None:
        name = plain_name(listed[3])
        attributes = attributes_of(name, names, listed[2].split())
        return b'* %s (%s) "/" %s\r\n' % (listed[1], attributes, listed[3])
    return line


def _plain(text: bytes, told: Told) -> bytes:
    """The text of a tagged answer, without codes that Exchange does not know."""
    if code := re.match(rb"(OK|NO|BAD) \[([A-Z-]+)([^\]]*)\] ?", text):
        told.codes[code[2]] = code[3].strip()
        if code[2] not in _TEXT_CODES:
            return code[1] + b" " + text[code.end() :]
    return text

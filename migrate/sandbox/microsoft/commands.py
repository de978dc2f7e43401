"""Reading IMAP commands (RFC 3501) as Exchange takes them: lines, literals, arguments."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

_LITERAL = re.compile(rb"(~?)\{(\d+)(\+?)\}\r?\n\Z")
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\()|(\))|([^\s()"]+)')
#: Bytes of a command without its message.
_LONGEST = 1 << 20


class CommandTooLong(Exception):
    """More than any client sends."""


class TokenGone(Exception):
    """The access token of the session ended while a message was read."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command.  ``raw`` can be sent to another server as it is; ``message`` is the literal of an APPEND.

    ``arguments``: parentheses are arguments of their own, strings come without their quotes.  ``more``: an APPEND went
    on behind its message.
    """

    tag: bytes
    name: str
    uid: bool
    arguments: tuple[bytes, ...]
    raw: bytes
    message: bytes | None = None
    announced: int = 0
    more: bool = False
    binary: bool = False


async def read_command(
    reader: asyncio.StreamReader,
    proceed: Callable[[], Awaitable[None]],
    message_limit: Callable[[], int],
    still_good: Callable[[int], None],
) -> Command | None:
    """The next command; None at the end of the stream.

    ``proceed`` asks for a literal that waits to be asked for; what is longer than ``message_limit()`` is read and
    thrown away; ``still_good`` is called with the bytes of a message read so far and raises to break it off.
    """
    raw = bytearray()
    arguments: list[bytes] = []
    message: bytes | None = None
    announced = 0
    binary = False
    while True:
        line = await reader.readline()
        if not line.endswith(b"\n"):
            return None
        if len(raw) + len(line) > _LONGEST:
            raise CommandTooLong
        literal = _LITERAL.search(line)
        head = line[: literal.start()] if literal else line
        arguments += _tokens(head)
        raw += line
        if literal is None:
            break
        size, waits = int(literal[2]), not literal[3]
        if message is not None:
            # Whatever follows is not read as commands: the session has to end.
            return _command(arguments, bytes(raw), message, announced, more=True, binary=binary)
        if waits:
            await proceed()
        if _appends(arguments):
            announced, binary = size, bool(literal[1])
            message = await _message(reader, size, message_limit(), still_good)
        else:
            if size > _LONGEST:
                raise CommandTooLong
            text = await reader.readexactly(size)
            arguments.append(text)
            raw[len(raw) - len(literal[0]) :] = b"{%d+}\r\n" % size + text
    if not arguments:
        return _command([b"*", b""], bytes(raw), None, 0)
    return _command(
        arguments, bytes(raw), message, announced, binary=binary, more=message is not None and bool(head.strip())
    )


def _appends(arguments: list[bytes]) -> bool:
    return len(arguments) >= 3 and arguments[1].upper() == b"APPEND"


async def _message(reader: asyncio.StreamReader, size: int, limit: int, still_good: Callable[[int], None]) -> bytes:
    kept = bytearray()
    left = size
    while left:
        still_good(size - left)
        piece = await reader.read(min(left, 1 << 16))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        if size <= limit:
            kept += piece
    still_good(size)
    return bytes(kept)


def _command(
    arguments: list[bytes],
    raw: bytes,
    message: bytes | None,
    announced: int,
    *,
    more: bool = False,
    binary: bool = False,
) -> Command:
    tag, *rest = arguments
    name = rest[0].upper().decode("latin-1") if rest else ""
    uid = name == "UID" and len(rest) > 1
    if uid:
        rest = rest[1:]
        name = rest[0].upper().decode("latin-1")
    return Command(tag, name, uid, tuple(rest[1:]), raw, message, announced, more, binary)


def _tokens(text: bytes) -> list[bytes]:
    found = []
    for quoted, opened, closed, atom in _TOKEN.findall(text):
        found.append(opened or closed or atom or re.sub(rb"\\(.)", rb"\1", quoted))
    return found


def quoted(text: bytes) -> bytes:
    """As a string that any server reads."""
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'

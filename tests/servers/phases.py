"""Where in a FETCH of bodies, an APPEND or a LOGIN a connection is, to the byte: read off the line as it passes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n\Z")
_COMMAND = re.compile(rb"(\S+) (?:UID )?(\S+)")
_BODY = re.compile(rb"\* \d+ FETCH .*BODY\[\](?:<\d+>)? \{", re.IGNORECASE)
_ANSWER = re.compile(rb"(\S+) (?:OK|NO|BAD)\b")


class Phase(StrEnum):
    """Points of a command and of its answer."""

    LOGIN = "before a LOGIN"
    FETCH = "before a FETCH of bodies"
    BODY_LINE = "in the line before a body"
    BODY_BEGINS = "before the first byte of a body"
    IN_BODY = "in the middle of a body"
    LAST_BYTE_OF_BODY = "before the last byte of a body"
    BEHIND_BODY = "behind the last byte of a body"
    FETCHED = "before the answer to a FETCH"
    FETCH_OVER = "behind the answer to a FETCH"
    APPEND = "before an APPEND"
    APPEND_LINE = "in the line of an APPEND"
    LITERAL_BEGINS = "before the first byte of a literal"
    IN_LITERAL = "in the middle of a literal"
    LAST_BYTE = "before the last byte of a literal"
    APPEND_ENDS = "behind the last byte of an APPEND"
    STORED = "before the answer to an APPEND"
    APPEND_OVER = "behind the answer to an APPEND"


ON_FETCH = (
    Phase.FETCH, Phase.BODY_LINE, Phase.BODY_BEGINS, Phase.IN_BODY, Phase.LAST_BYTE_OF_BODY, Phase.BEHIND_BODY,
    Phase.FETCHED, Phase.FETCH_OVER,
)  # fmt: skip
ON_APPEND = (
    Phase.APPEND, Phase.APPEND_LINE, Phase.LITERAL_BEGINS, Phase.IN_LITERAL, Phase.LAST_BYTE, Phase.APPEND_ENDS,
    Phase.STORED, Phase.APPEND_OVER,
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """Bytes that belong together, and the phases in them, each with the number of bytes that come before it."""

    data: bytes
    phases: tuple[tuple[Phase, int], ...] = ()
    #: The tag of the command that it is part of; and whether the command ends with it.
    tag: bytes = b""
    ends: bool = False
    #: The client waits to be told whether its literal may follow.
    asks: bool = False


@dataclass
class _Pieces:
    """Cuts a stream into lines and literals."""

    held: bytes = b""
    size: int = 0
    left: int = 0

    def feed(self, data: bytes) -> Iterator[tuple[bytes, int | None]]:
        """A line with None, or a part of a literal with the number of its bytes that came before."""
        self.held += data
        while self.held:
            if self.left:
                part, self.held = self.held[: self.left], self.held[self.left :]
                at = self.size - self.left
                self.left -= len(part)
                yield part, at
                continue
            end = self.held.find(b"\n") + 1
            if not end:
                return
            line, self.held = self.held[:end], self.held[end:]
            found = _LITERAL.search(line)
            if found:
                self.size = self.left = int(found[1])
            yield line, None


@dataclass
class Conversation:
    """Both directions of one connection."""

    #: The commands under way that a phase can be of, by tag.
    open: dict[bytes, str] = field(default_factory=dict)
    _up: _Pieces = field(default_factory=_Pieces)
    _down: _Pieces = field(default_factory=_Pieces)
    _tag: bytes = b""
    _verb: str = ""
    _fresh: bool = True
    _in_body: bool = False

    def up(self, data: bytes) -> Iterator[Piece]:
        """What the client sends."""
        for part, at in self._up.feed(data):
            if at is not None:
                yield Piece(part, self._within(part, at, self._up.size, Phase.IN_LITERAL, Phase.LAST_BYTE), self._tag)
                continue
            yield self._command_line(part)

    def _command_line(self, line: bytes) -> Piece:
        literal = self._up.left > 0
        phases: list[tuple[Phase, int]] = []
        if self._fresh:
            named = _COMMAND.match(line)
            self._tag, self._verb = (named[1], named[2].decode("latin-1").upper()) if named else (b"", "")
            if self._verb == "FETCH" and b"BODY.PEEK[]" not in line:
                self._verb = ""
            if self._verb == "AUTHENTICATE":
                self._verb = "LOGIN"
            if self._verb in ("LOGIN", "FETCH", "APPEND"):
                self.open[self._tag] = self._verb
                phases.append((Phase(Phase[self._verb]), 0))
        if self._verb == "APPEND":
            if self._fresh:
                phases.append((Phase.APPEND_LINE, len(line) // 2))
            phases.append((Phase.LITERAL_BEGINS if literal else Phase.APPEND_ENDS, len(line)))
        self._fresh = not literal
        return Piece(line, tuple(phases), self._tag, ends=not literal, asks=literal and not line.endswith(b"+}\r\n"))

    def no_literal_follows(self) -> None:
        """The client asked whether it may send a literal, and may not: its command is over."""
        self._up.left, self._fresh = 0, True

    def _within(self, part: bytes, at: int, size: int, middle: Phase, last: Phase) -> tuple[tuple[Phase, int], ...]:
        if middle is Phase.IN_LITERAL and self._verb != "APPEND":
            return ()
        places = ((middle, size // 2), (last, size - 1))
        return tuple((phase, place - at) for phase, place in places if at <= place < at + len(part))

    def down(self, data: bytes) -> Iterator[Piece]:
        """What the server sends."""
        for part, at in self._down.feed(data):
            if at is not None:
                phases = self._within(part, at, self._down.size, Phase.IN_BODY, Phase.LAST_BYTE_OF_BODY)
                behind = () if self._down.left else ((Phase.BEHIND_BODY, len(part)),)
                yield Piece(part, (*phases, *behind) if self._in_body else ())
                continue
            self._in_body = _BODY.match(part) is not None
            if self._in_body:
                yield Piece(part, ((Phase.BODY_LINE, len(part) // 2), (Phase.BODY_BEGINS, len(part))))
                continue
            yield Piece(part, self._answers(part))

    def _answers(self, line: bytes) -> tuple[tuple[Phase, int], ...]:
        named = _ANSWER.match(line)
        verb = self.open.pop(named[1], "") if named else ""
        if verb == "FETCH":
            return (Phase.FETCHED, 0), (Phase.FETCH_OVER, len(line))
        if verb == "APPEND":
            return (Phase.STORED, 0), (Phase.APPEND_OVER, len(line))
        return ()

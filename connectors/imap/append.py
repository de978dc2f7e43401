"""The body path out: APPEND streamed, with the last byte held back until it may be committed.

A non-synchronising literal behind an argument that the server rejects would be read as commands.  So arguments are
made from typed values only; an argument that this server has not taken before goes with a *synchronising* literal,
which the server must ask for before any byte of the body leaves; and after BAD, or NO before all bytes are out, the
connection is cut by RST.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connectors.body import CHUNK, MemoryBody
from connectors.contract import Body, Outgoing
from connectors.errors import Transient
from connectors.imap.arguments import date_time, flag_list, is_usual_date
from connectors.imap.connection import Features
from connectors.imap.dialogue import Dialogue
from connectors.imap.known import Known
from connectors.imap.response import Status
from connectors.language import _

#: Bytes gathered before they are sent.
_GATHER = 1 << 18
#: Response codes of a refusal that may be due to flags or date.
BLAMES_ARGUMENTS = frozenset({"", "CANNOT", "LIMIT", "CLIENTBUG"})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message with its APPEND arguments."""

    message: Outgoing
    #: Flags the folder keeps; they are sent.
    flags: frozenset[str]
    arguments: bytes
    #: Keywords this server has not taken before.
    unproven: frozenset[str]
    usual_date: bool

    @classmethod
    def of(cls, message: Outgoing, flags: frozenset[str], known: Known) -> Prepared:
        """Raises ValueError when an argument cannot be said in IMAP."""
        arguments = b" ".join((flag_list(flags), date_time(message.received)))
        unproven = frozenset(flag for flag in flags if not flag.startswith("\\")) - known.server.accepted_keywords
        return cls(message, flags, arguments, unproven, is_usual_date(message.received))

    @property
    def relies_on_keywords(self) -> bool:
        """Whether keywords went with it unasked, because the server had taken them before."""
        return self.usual_date and not self.unproven and any(not flag.startswith("\\") for flag in self.flags)

    def is_proven(self, known: Known) -> bool:
        """Whether the server has taken such arguments; it may have since the batch was prepared."""
        return self.usual_date and self.unproven <= known.server.accepted_keywords


class EarlyAnswer(Exception):
    """The server answered before it had everything; the connection was cut, nothing of the command is stored."""

    def __init__(self, status: Status, blamed: Prepared | None = None) -> None:
        """``blamed``: the message whose arguments are why, as far as the answer tells."""
        super().__init__(status.word)
        self.status = status
        self.blamed = blamed


class Appender:
    """Streams APPEND commands on one connection."""

    def __init__(self, dialogue: Dialogue, features: Features, known: Known) -> None:
        self._dialogue = dialogue
        self._transport = dialogue.transport
        self._features = features
        self._known = known
        self._tag = b""
        self._gathered: list[bytes | memoryview] = []
        self._size = 0

    def send(self, folder: bytes, messages: Sequence[Prepared], may_commit: Callable[[], None]) -> bytes:
        """Send one APPEND command with all ``messages`` (RFC 3502 when there are several); its tag.

        ``folder`` is the name as argument.  The last byte of the last body, and what ends the command, leave after
        ``may_commit`` returned.  Raises EarlyAnswer; after any error the connection is cut.
        """
        self._tag = self._dialogue.new_tag()
        self._gathered, self._size = [], 0
        try:
            self._gather(self._tag + b" APPEND " + folder)
            for prepared in messages[:-1]:
                self._announce(prepared)
                for piece in _pieces(prepared.message.body):
                    self._gather(piece)
            self._announce(messages[-1])
            held = b""
            for piece in _pieces(messages[-1].message.body):
                self._gather(held)
                self._gather(memoryview(piece)[:-1])
                held = piece[-1:]
            self._flush()
            self._commit(may_commit)
            self._send(held + b"\r\n")
        except EarlyAnswer as early:
            self._dialogue.refuse()
            if early.status.word == "BAD":
                self._doubt(messages)
            raise
        except BaseException:
            self._dialogue.abandon()
            raise
        self._dialogue.defer(self._tag)
        return self._tag

    def answer(self, tag: bytes, messages: Sequence[Prepared]) -> Status:
        """The answer to a command that was sent, OK or not.  After BAD the connection is cut."""
        try:
            status = self._dialogue.deferred(tag)
        except BaseException:
            self._dialogue.abandon()
            raise
        if status.word == "BAD":
            self._dialogue.refuse()
            self._doubt(messages)
        if status.word == "OK":
            for prepared in messages:
                self._known.server.accepted_keywords.update(prepared.unproven)
        return status

    def _doubt(self, messages: Sequence[Prepared]) -> None:
        """What some machine behind this name took, another may not: next time it is asked before a body leaves."""
        for prepared in messages:
            self._known.server.accepted_keywords.difference_update(prepared.flags)

    def _commit(self, may_commit: Callable[[], None]) -> None:
        try:
            may_commit()
        except BaseException:
            self._transport.cut()
            raise

    def _announce(self, prepared: Prepared) -> None:
        size = prepared.message.body.size
        proven = prepared.is_proven(self._known)
        if proven and self._features.unsynchronised(size):
            self._gather(b" %s {%d+}\r\n" % (prepared.arguments, size))
            return
        self._gather(b" %s {%d}\r\n" % (prepared.arguments, size))
        self._flush()
        status = self._dialogue.wait_for_plus(self._tag)
        if status is None:
            self._known.server.accepted_keywords.update(prepared.unproven)
            return
        blames = status.throttle is None and (status.word == "BAD" or status.code in BLAMES_ARGUMENTS)
        raise EarlyAnswer(status, prepared if blames and not proven else None)

    def _gather(self, data: bytes | memoryview) -> None:
        if len(data) >= _GATHER:
            # What fills a packet by itself is not copied once more.
            self._flush()
            self._send(data)
            return
        self._gathered.append(data)
        self._size += len(data)
        if self._size >= _GATHER:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._gathered)
        self._gathered, self._size = [], 0
        if data:
            self._send(data)

    def _send(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        for start in range(0, len(data), _GATHER):
            if self._transport.answered():
                self._hear()
            self._transport.send(view[start : start + _GATHER], self._hear)

    def _hear(self) -> None:
        """The server says something before it has everything: news of the mailbox, or that it is useless to go on."""
        while self._transport.answered():
            parts = self._dialogue.read_response()
            status = self._dialogue.tagged(parts, self._tag)
            if status is not None:
                raise EarlyAnswer(status)


def _pieces(body: Body) -> Iterator[bytes]:
    """The body's bytes; exactly as many as were announced, or the connection must not go on."""
    if isinstance(body, MemoryBody):
        if body.data:
            yield body.data
        return
    left = body.size
    with body.open() as reader:
        while left and (piece := reader.read(min(left, CHUNK))):
            left -= len(piece)
            yield piece
    if left:
        raise Transient(_("a spooled message is shorter than it was"))

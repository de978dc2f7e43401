"""Commands and answers on a transport.  Answers come in the order of the commands, so that several may be under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from connectors.contract import Body
from connectors.errors import ConnectorError, Transient
from connectors.language import _
from connectors.net.transport import Transport
from connectors.pop3.answers import Status, parse_status
from connectors.pop3.stream import TooLong, read_message

_T = TypeVar("_T")
#: A status line, and a line of a listing, are short (RFC 2449 4: 512 bytes); free text may be somewhat longer.
_LINE = 1 << 16
#: Nothing that is listed needs more than this many bytes a message.
_LISTED = 600
#: What is never too long for a message, however short it is listed; above it, so many times its listed size.
_ANY_MESSAGE, _TIMES_LISTED = 64 << 20, 4


class Dialogue:
    """Talks POP3 on one transport, for one thread."""

    def __init__(self, transport: Transport, spool: Path) -> None:
        self.transport = transport
        self.system = transport.host
        self._spool = spool
        #: Commands whose answers were not read to their end.
        self._awaited = 0

    def run(self, command: bytes) -> Status:
        """Send a command and wait for its status line."""
        self.start([command])
        return self.status()

    def start(self, commands: Sequence[bytes]) -> None:
        """Send commands in one go; each answer is read by ``status``, and what follows it."""
        self.transport.send(b"".join(command + b"\r\n" for command in commands))
        self._awaited += len(commands)

    def status(self, *, more: bool = False) -> Status:
        """The status line of the next answer.  With ``more`` something follows it when it is ``+OK``."""
        status = parse_status(self.transport.readline(_LINE))
        if status is None:
            raise self.broken(_("the server's answer makes no sense"))
        if not (more and status.ok):
            self._awaited -= 1
        return status

    def lines(self, most: int) -> Iterator[bytes]:
        """The lines that follow a status line, without line ends, up to the single dot.

        Read to their end by whoever begins; more than ``most`` end the connection.
        """
        left = most * _LISTED
        while (line := self.transport.readline(_LINE).rstrip(b"\r\n")) != b".":
            left -= max(len(line), 1)
            most -= 1
            if left < 0 or most < 0:
                raise self.broken(_("the server floods the connection"))
            yield line[1:] if line.startswith(b"..") else line
        self._awaited -= 1

    def message(self, listed: int | None) -> Body:
        """The message that follows a status line; ``listed`` is its size as the server told it."""
        limit = max(_ANY_MESSAGE, _TIMES_LISTED * (listed or 0))
        try:
            body = read_message(self.transport, self._spool, limit)
        except TooLong:
            raise self.broken(_("the server sends a message without an end")) from None
        self._awaited -= 1
        return body

    def ahead(self, commands: Sequence[bytes], window: Callable[[], int], read: Callable[[int], _T]) -> Iterator[_T]:
        """Send commands, no more than ``window`` of them unanswered; ``read`` reads the answer to the one it is told.

        Who ends this half-way gives the connection up, unless nothing is under way.
        """
        sent = 0
        try:
            for index in range(len(commands)):
                most = max(window(), 1)
                if sent - index <= most // 2:
                    more = commands[sent : index + most]
                    self.start(more)
                    sent += len(more)
                yield read(index)
        finally:
            if self._awaited:
                self.abandon()

    def broken(self, what: str) -> ConnectorError:
        """End the connection, for nothing on it can be trusted any more; returns the error to raise."""
        self.transport.cut(Transient(_("the connection was given up"), system=self.system))
        return Transient(what, system=self.system)

    def abandon(self) -> None:
        """Give up in the middle of an answer."""
        self.transport.cut(Transient(_("an answer was not read to its end"), system=self.system))

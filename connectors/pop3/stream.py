"""A message as it comes over the line: up to the line with a single dot, doubled dots taken back (RFC 1939 3).

Only CRLF ends a line here.  A dot between bare line feeds is a part of the message.
"""

from __future__ import annotations

from pathlib import Path

from connectors.body import SPOOL_OVER, Gathering, MemoryBody
from connectors.contract import Body
from connectors.net.transport import Transport

#: What ends a message; its first two bytes end the last line, or the status line before an empty message.
END = b"\r\n.\r\n"
_LINE_END = b"\r\n"
_STUFFED, _PLAIN = b"\r\n..", b"\r\n."


class TooLong(Exception):
    """More came than a message of the listed size can have."""


class Unstuffing:
    """Takes pieces as they come and gives the message's bytes back; ``rest`` is what came after its end."""

    def __init__(self) -> None:
        self._held = _LINE_END  # as if it stood before the first line
        self._first = True
        self.rest: bytes | None = None

    def feed(self, piece: bytes) -> bytes:
        """The bytes of the message that are known by now.  Not called again once ``rest`` is there."""
        data = self._held + piece
        end = data.find(END)
        if end >= 0:
            self.rest = data[end + len(END) :]
            data, self._held = data[: end + len(_LINE_END)], b""
        else:
            held = next((n for n in range(len(END) - 1, 0, -1) if data.endswith(END[:n])), 0)
            data, self._held = data[: len(data) - held], data[len(data) - held :]
        out = data.replace(_STUFFED, _PLAIN)
        if self._first and out:
            self._first = False
            out = out[len(_LINE_END) :]
        return out


def read_message(transport: Transport, spool: Path, limit: int) -> Body:
    """The message that follows a status line; spooled when it is large.

    Raises TooLong after ``limit`` bytes, and then the connection stands in the middle of something.
    """
    whole = transport.take_to(END, begun=len(_LINE_END))
    if whole is not None and len(whole) <= SPOOL_OVER:
        return MemoryBody(Unstuffing().feed(whole))
    gathering, unstuffing = Gathering(spool), Unstuffing()
    with gathering.discarded_on_error():
        if whole is not None:
            gathering.write(unstuffing.feed(whole))
            return gathering.body()
        for piece in transport.stream():
            gathering.write(unstuffing.feed(piece))
            if gathering.size > limit:
                raise TooLong
            if unstuffing.rest is not None:
                transport.give_back(unstuffing.rest)
                break
        return gathering.body()

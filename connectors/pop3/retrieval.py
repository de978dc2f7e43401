"""Handing out messages: as many commands under way as the server bears, and no message cut short unnoticed.

Messages are asked for by TOP with more lines than any has: RETR makes servers mark them as read (Dovecot and Courier
do, even when the session ends without QUIT), and that would be a trace on a source.  RETR is the second look where what
came is shorter than what was listed, and the only one where a server has no TOP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from connectors.body import CHUNK
from connectors.contract import Body
from connectors.errors import Transient, Unavailable
from connectors.language import _
from connectors.pop3.answers import Features, Status
from connectors.pop3.dialogue import Dialogue
from connectors.pop3.known import KnownAccount, KnownServer
from connectors.reasons import Reason

_T = TypeVar("_T")
#: More lines than any message has, and few enough digits for every server.
_ALL_LINES = 99_999_999
#: A server may count a line end that its last line has not.
_LINE_END = 2
#: Bytes of a header that are looked at.
_HEADER = 1 << 20
#: Connections that a message may cost before it is believed that the server cannot hand it out.
_LOSSES = 3


class Retrieval:
    """Reads from the maildrop of one session."""

    def __init__(self, dialogue: Dialogue, features: Features, server: KnownServer, account: KnownAccount) -> None:
        self._dialogue = dialogue
        self._server = server
        self._account = account
        self._pipelines = "PIPELINING" in features
        self._has_top = features.may("TOP")
        #: Whether RETR was used, which may have marked messages as read.
        self.retrieved = False
        #: Whether anything was handed out on this session.
        self._began = False

    # -- whole messages -----------------------------------------------------------------------------------------

    def messages(self, wanted: Sequence[tuple[str, int, int | None]]) -> Iterator[tuple[str, Body | Reason]]:
        """The bodies of messages, given by name, number and listed size; or why there is none.

        ``name`` is what a loss of the connection is remembered by.
        """
        second_look: list[tuple[str, int, int | None, bytes]] = []
        left = []
        for one in wanted:
            if self._account.broke_at[one[0]] >= _LOSSES:
                del self._account.broke_at[one[0]]  # the next pass tries again
                yield one[0], Reason.UNREADABLE
            else:
                left.append(one)
        by_top = self._has_top and self._server.top
        commands = [b"TOP %d %d" % (number, _ALL_LINES) if by_top else b"RETR %d" % number for _, number, _ in left]
        self.retrieved = self.retrieved or (bool(commands) and not by_top)
        bodies = self._ahead(commands, [name for name, _, _ in left], lambda index: self._body(left[index][2]))
        for (name, number, listed), body in zip(left, bodies, strict=True):
            if isinstance(body, Status):
                if by_top:
                    second_look.append((name, number, listed, b""))
                else:
                    yield name, self._refused(body)
            elif self._is_short(body, listed):
                second_look.append((name, number, listed, _digest(body)))
                body.release()
            else:
                yield name, body
        for name, number, listed, first in second_look:
            yield name, self._again(name, number, listed, first, by_top=by_top)

    def _again(self, name: str, number: int, listed: int | None, first: bytes, *, by_top: bool) -> Body | Reason:
        """By RETR, one by one.  ``first`` is the digest of what came before, empty when nothing did."""
        self.retrieved = True
        (body,) = self._ahead([b"RETR %d" % number], [name], lambda _index: self._body(listed))
        if isinstance(body, Status):
            return self._refused(body)
        if first and listed is not None and _digest(body) == first:
            self._server.proves(body.size, listed)
            return body
        if by_top and (not first or not self._is_short(body, listed)):
            self._server.top = False  # it is refused, or cuts messages off
            return body
        if self._is_short(body, listed):
            body.release()
            return Reason.WRONG_LENGTH  # another beginning each time
        return body

    def _is_short(self, body: Body, listed: int | None) -> bool:
        """Whether something may be missing.  Many servers list sizes that are not those of what they send."""
        if listed is None or body.size + _LINE_END >= listed:
            return False
        return not self._server.believes(body.size, listed)

    def _refused(self, status: Status) -> Reason:
        if status.code == "SYS/TEMP":
            raise Unavailable(
                _("{what}: not now").format(what="RETR"), system=self._dialogue.system, detail=status.code
            )
        return Reason.UNREADABLE

    def _body(self, listed: int | None) -> Body | Status:
        status = self._dialogue.status(more=True)
        if not status.ok:
            return status
        return self._dialogue.message(listed)

    # -- headers ------------------------------------------------------------------------------------------------

    def headers(self, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """The header blocks of messages, in order; what the server refuses is left out."""
        if not self._has_top:
            for name, answer in self.messages([(str(number), number, None) for number in numbers]):
                if not isinstance(answer, Reason):
                    yield int(name), _head(answer)
            return
        commands = [b"TOP %d 0" % number for number in numbers]
        for number, body in zip(numbers, self._ahead(commands, [], lambda _index: self._body(None)), strict=True):
            if not isinstance(body, Status):
                yield number, _head(body)

    @property
    def tells_headers(self) -> bool:
        """Whether headers can be had without whole messages."""
        return self._has_top

    # -- under way ----------------------------------------------------------------------------------------------

    def _ahead(self, commands: Sequence[bytes], names: Sequence[str], read: Callable[[int], _T]) -> Iterator[_T]:
        """As ``Dialogue.ahead``; learns from how it goes how many commands the server bears."""
        asked = 0

        def learning(index: int) -> _T:
            nonlocal asked
            asked = index
            answer = read(index)
            self._began = True
            if index and index % self._server.window == 0:
                self._server.went_well()
            return answer

        try:
            yield from self._dialogue.ahead(commands, self._window, learning)
        except Transient:
            self._lost(names[asked] if names else "")
            raise

    def _window(self) -> int:
        return self._server.window if self._pipelines else 1

    def _lost(self, name: str) -> None:
        self._server.broke()
        if name and not self._began:
            self._account.broke_at[name] += 1


def _digest(body: Body) -> bytes:
    found = hashlib.sha256()
    with body.open() as reader:
        while piece := reader.read(CHUNK):
            found.update(piece)
    return found.digest()


def _head(body: Body) -> bytes:
    """The header block of a message, whose body is released."""
    try:
        return head_of(body)
    finally:
        body.release()


def head_of(body: Body) -> bytes:
    """The header block of a message, up to a megabyte of it."""
    with body.open() as reader:
        head = reader.read(_HEADER)
    end = head.find(b"\r\n\r\n")
    return head if end < 0 else head[: end + 2]

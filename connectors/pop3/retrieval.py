"""Handing out messages: as many commands under way as the server bears, and no message cut short unnoticed.

Messages are asked for by TOP with more lines than any has: RETR makes servers mark them as read (Dovecot and Courier
do, even when the session ends without QUIT), and that would be a trace on a source.  RETR is the second look where what
came is shorter than what was listed, and the only one where a server has no TOP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message: by what its losses are remembered, where it is, and its size as the server lists it."""

    name: str
    number: int
    listed: int | None


class Retrieval:
    """Reads from the maildrop of one session."""

    def __init__(self, dialogue: Dialogue, features: Features, server: KnownServer, account: KnownAccount) -> None:
        self._dialogue = dialogue
        self._server = server
        self._account = account
        self._pipelines = "PIPELINING" in features
        self._may_top = features.may("TOP")
        #: Whether RETR was used, which may have marked messages as read.
        self.retrieved = False
        #: Whether anything was handed out on this session.
        self._began = False

    # -- whole messages -----------------------------------------------------------------------------------------

    def messages(self, wanted: Sequence[Wanted]) -> Iterator[tuple[str, Body | Reason]]:
        """The bodies of messages by name; or why there is none."""
        left, second_look = [], list[tuple[Wanted, bytes]]()
        for one in wanted:
            if self._has_cost_too_much(one.name):
                del self._account.broke_at[one.name]  # the next pass tries again
                yield one.name, Reason.UNREADABLE
            else:
                left.append(one)
        by_top = self._asks_top and self._server.whole_by_top
        commands = [b"TOP %d %d" % (one.number, _ALL_LINES) if by_top else b"RETR %d" % one.number for one in left]
        self.retrieved = self.retrieved or (bool(left) and not by_top)
        bodies = self._ahead(commands, [one.name for one in left], lambda index: self._body(left[index].listed))
        for one, body in zip(left, bodies, strict=True):
            if by_top:
                self._hear_of_top(body)
            if isinstance(body, Status) and not by_top:
                yield one.name, self._refused(body)
            elif isinstance(body, Status):
                second_look.append((one, b""))
            elif self._is_short(body, one.listed):
                second_look.append((one, _digest(body)))
                body.release()
            else:
                yield one.name, body
        for one, first in second_look:
            yield one.name, self._again(one, first, by_top=by_top)

    def _again(self, one: Wanted, first: bytes, *, by_top: bool) -> Body | Reason:
        """By RETR, one by one, until the same came twice.  ``first`` is the digest of what came before, if anything."""
        self.retrieved = True
        seen = {first} - {b""}
        for _time in range(2):
            (body,) = self._ahead([b"RETR %d" % one.number], [one.name], lambda _index: self._body(one.listed))
            if isinstance(body, Status):
                return self._refused(body)
            digest = _digest(body)
            same, enough = digest in seen, not self._is_short(body, one.listed)
            if same:
                self._server.proves(body.size, one.listed or 0)
            if same or enough:
                if by_top and first and digest != first:
                    self._server.whole_by_top = False  # TOP cuts messages off
                return body
            seen.add(digest)
            body.release()
        return Reason.WRONG_LENGTH  # it ends in another place each time

    def _hear_of_top(self, answer: Body | Status) -> None:
        """The first answer to TOP tells whether the server knows it, if it does not say."""
        if self._server.knows_top is None:
            self._server.knows_top = not isinstance(answer, Status)

    def _has_cost_too_much(self, name: str) -> bool:
        return self._account.broke_at[name] >= _LOSSES

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
        """The header blocks of messages, in order; what the server refuses, or dies of, is left out."""
        if not self._asks_top:
            for name, answer in self.messages([Wanted(str(number), number, None) for number in numbers]):
                if not isinstance(answer, Reason):
                    yield int(name), _head(answer)
            return
        left = [number for number in numbers if not self._has_cost_too_much(f"TOP {number}")]
        bodies = self._ahead(
            [b"TOP %d 0" % number for number in left],
            [f"TOP {number}" for number in left],
            lambda _index: self._body(None),
        )
        for number, body in zip(left, bodies, strict=True):
            self._hear_of_top(body)
            if not isinstance(body, Status):
                yield number, _head(body)

    @property
    def tells_headers(self) -> bool:
        """Whether headers can be had without whole messages."""
        return self._asks_top

    @property
    def _asks_top(self) -> bool:
        return self._may_top and self._server.knows_top is not False

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
            self._lost(names[asked])
            raise

    def _window(self) -> int:
        return self._server.window if self._pipelines else 1

    def _lost(self, name: str) -> None:
        self._server.broke()
        if not self._began:
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

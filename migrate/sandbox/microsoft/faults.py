"""Trouble on demand: which command of Exchange, or request of Graph, goes wrong, and how."""

from __future__ import annotations

import time
from typing import Literal

from pydantic import BaseModel, ConfigDict

What = Literal[
    "throttle",  # the whole tenant is told to wait
    "expire",  # the session ends because its token has, in the middle of an APPEND if that is the command
    "bye",  # the session ends: Connection closed. 14
    "not_connected",  # BAD User is authenticated but not connected.
    "drop_reply",  # done, and the connection is cut instead of an answer
    "drop",  # the connection is cut and nothing is done
    "answer",  # answered with ``text`` (IMAP), or ``status`` and ``code`` (Graph), and nothing is done
    "answer_after",  # done, and answered so all the same
]


class Fault(BaseModel):
    """``nth`` (from 1) of those that match, and the ``times - 1`` that follow."""

    model_config = ConfigDict(extra="forbid")

    what: What
    #: An IMAP command in capitals (``UID`` is left out: FETCH), or a Graph request as "POST /users"; "*" is any.
    on: str
    nth: int = 1
    times: int = 1
    mailbox: str | None = None
    text: str = "BAD Command Argument Error. 11"
    status: int = 503
    code: str = "serviceUnavailable"
    retry_after: int | None = None
    #: Of a throttle.
    milliseconds: int = 2000
    word: Literal["NO", "BAD"] = "BAD"


class Faults:
    """Those that are planned, and how often each has been due."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []
        self._seen: list[int] = []

    def plan(self, fault: Fault) -> None:
        self._planned.append(fault)
        self._seen.append(0)

    def clear(self) -> None:
        self._planned.clear()
        self._seen.clear()

    def due(self, command: str, mailbox: str | None) -> Fault | None:
        """The fault that strikes this command; counts it."""
        for place, fault in enumerate(self._planned):
            if fault.on not in ("*", command) or (fault.mailbox is not None and fault.mailbox != mailbox):
                continue
            self._seen[place] += 1
            if fault.nth <= self._seen[place] < fault.nth + fault.times:
                return fault
        return None


class Throttle:
    """The tenant's back-off: nobody in it gets anything done before it is over."""

    def __init__(self) -> None:
        self._until = 0.0
        self._word: Literal["NO", "BAD"] = "BAD"
        #: Commands that came all the same, by mailbox.
        self.ignored: dict[str, int] = {}

    def begin(self, milliseconds: int, word: Literal["NO", "BAD"]) -> None:
        self._until = time.monotonic() + milliseconds / 1000
        self._word = word

    def end(self) -> None:
        self._until = 0.0
        self.ignored.clear()

    def left(self) -> tuple[Literal["NO", "BAD"], int] | None:
        """The word and the milliseconds that are left; None when nothing is throttled."""
        milliseconds = round((self._until - time.monotonic()) * 1000)
        return (self._word, milliseconds) if milliseconds > 0 else None

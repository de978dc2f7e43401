"""Messages of which a server dies: found out one by one, so that the others travel.

Some server ends the connection at a message that it cannot hand out, or announces it with another length than it sends,
so that nothing behind it can be told apart.  Asked for with others, it would keep them back in every pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.errors import Transient

#: A message by raw folder name, UIDVALIDITY and UID.
MessageName = tuple[bytes, str, int]

#: Messages that are asked for alone once a line broke.  The guilty one is among the first two: an answer is handed on
#: when the next one has come.
_ALONE = 16
#: Lines that break at a message that was asked for alone, until it is given up.
_LOSSES = 3
#: Messages given up one after the other.  What breaks at more of them is the line.
_IN_A_ROW = 20


@dataclass(slots=True)
class Losses:
    """Shared by the threads of one mailbox; whatever two of them write at once is right either way."""

    _alone: int = 0
    _given_up: int = 0
    _broke_at: Counter[MessageName] = field(default_factory=Counter)

    @property
    def ask_for_one(self) -> bool:
        """Whether messages are asked for one at a time."""
        return self._alone > 0

    @contextmanager
    def among_many(self) -> Iterator[None]:
        """While several messages are asked for together."""
        try:
            yield
        except Transient as error:
            if error.is_lost_line:
                self._alone = _ALONE
            raise

    @contextmanager
    def at(self, message: MessageName) -> Iterator[None]:
        """While this message is asked for alone."""
        try:
            yield
        except Transient as error:
            if error.is_lost_line:
                self._alone = _ALONE
                self._broke_at[message] += 1
            raise
        self._alone -= 1
        self._given_up = 0

    def give_up(self, message: MessageName) -> bool:
        """Whether it cost too many lines; the next pass tries it again."""
        if self._broke_at[message] < _LOSSES or self._given_up == _IN_A_ROW:
            return False
        del self._broke_at[message]
        self._given_up += 1
        return True

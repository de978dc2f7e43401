"""How many messages go to a target in one command, while lines break.

Some line carries only so much, or only for so long, before it breaks.  A command that is stored whole or not at all,
and is larger than that, never arrives, however often it is sent.
"""

from __future__ import annotations

#: Each command that went through lets the next one have this part more.
_GROWTH = 8


class Portions:
    """Shared by the pairs of one mailbox and by its rounds; whatever two of them write at once is right either way."""

    def __init__(self) -> None:
        #: Messages of one command, however many a batch has; None as long as no line broke.
        self.at_once: int | None = None

    def broke(self, sent: int) -> None:
        """A line broke while so many messages were on their way in one command."""
        self.at_once = max(1, min(self.at_once or sent, sent) // 2)

    def went_through(self) -> None:
        if self.at_once is not None:
            self.at_once += 1 + self.at_once // _GROWTH

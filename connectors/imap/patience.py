"""How long one listens to a server that talks without answering."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from connectors.body import SpooledBody
from connectors.errors import ConnectorError
from connectors.imap.response import Part

#: Bytes of responses beside an answer (as many as the folders of a mailbox may fill), and what each costs besides.
_BYTES, _EACH = 32 << 20, 100
#: Timeouts.  Servers that work on a large folder say now and then that they are still there.
_TIMEOUTS = 10


class Patience:
    """What a server may say between one command and its answer.  ``floods`` gives the verdict when it is too much."""

    def __init__(self, timeout: float, floods: Callable[[], ConnectorError]) -> None:
        self._until = time.monotonic() + _TIMEOUTS * timeout
        self._left = _BYTES
        self._floods = floods

    def bear(self, parts: Sequence[Part]) -> None:
        """One more response that is not the answer.  Raises the verdict when patience is at its end."""
        self._left -= sum(_EACH + (part.size if isinstance(part, SpooledBody) else len(part)) for part in parts)
        if self._left < 0 or time.monotonic() > self._until:
            raise self._floods()

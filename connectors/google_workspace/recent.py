"""Which messages this process put into a mailbox a short time ago, before a search can know them."""

from __future__ import annotations

from threading import Lock

#: Ids that are remembered, by mailbox: what was written earlier has long been in Gmail's index.
_MOST = 100_000


class Recent:
    """Shared by all sessions on one mailbox.  Thread-safe."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}
        #: Imports that were begun: the most that the mailbox can hold of ours.
        self.begun = 0
        self._lock = Lock()

    def begin(self) -> None:
        with self._lock:
            self.begun += 1

    def note(self, key: str) -> bool:
        """A message was written; whether it was known before."""
        with self._lock:
            if key in self._keys:
                return True
            self._keys[key] = None
            if len(self._keys) > _MOST:
                del self._keys[next(iter(self._keys))]
            return False

"""Which messages this process put into a mailbox a short time ago, before a search can know them."""

from __future__ import annotations

from threading import Lock

#: Ids that are remembered, by mailbox: what was written earlier has long been in Gmail's index.
_MOST = 100_000


class Recent:
    """Shared by all sessions on one mailbox.  Thread-safe."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}
        self._count = 0
        self._lock = Lock()

    def __len__(self) -> int:
        """How many messages were written, also those that are forgotten here."""
        return self._count

    def note(self, key: str) -> bool:
        """A message was written; whether it was known before."""
        with self._lock:
            if key in self._keys:
                return True
            self._keys[key] = None
            self._count += 1
            if len(self._keys) > _MOST:
                del self._keys[next(iter(self._keys))]
            return False

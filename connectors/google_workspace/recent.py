"""Which messages this process put into a mailbox a short time ago, before a search can know them."""

from __future__ import annotations

from threading import Lock

#: Ids that are remembered, by mailbox: what was written earlier has long been in Gmail's index.
_MOST = 100_000


class Recent:
    """Shared by all sessions on one mailbox.  Thread-safe."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}
        #: The most that the mailbox can hold of ours: imports that were begun, without those that added nothing.
        self.most = 0
        self._lock = Lock()

    def begin(self) -> None:
        with self._lock:
            self.most += 1

    def added_nothing(self) -> None:
        """An import that was begun was refused."""
        with self._lock:
            self.most -= 1

    def note(self, key: str, *, known: bool) -> bool:
        """A message was written; whether the mailbox had it before: it is ``known``, or we wrote it ourselves."""
        with self._lock:
            was_there = known or key in self._keys
            self.most -= was_there
            self._keys[key] = None
            if len(self._keys) > _MOST:
                del self._keys[next(iter(self._keys))]
            return was_there

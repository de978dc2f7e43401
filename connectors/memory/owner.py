"""What happens to a mailbox in memory behind our back: mail arrives, its owner works in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from connectors.memory.store import FolderPath, Incoming, Writer, canonical


class Mailbox(Writer):
    """A mailbox in its owner's hands: for tests that act as the person, or as the rest of the world."""

    def deliver(
        self,
        data: bytes,
        path: FolderPath = ("INBOX",),
        *,
        received: datetime | None = None,
        flags: Collection[str] = (),
    ) -> str:
        """A message arrives; its key.  ``received`` is now unless given."""
        when = self._world.clock() if received is None else received
        return self.store(path, [Incoming(data, when, frozenset(flags))])[0].key

    def contents(self, path: FolderPath = ("INBOX",)) -> list[bytes]:
        return [message.data for message in self.messages(path)]

    def set_flags(self, path: FolderPath, key: str, flags: Collection[str]) -> None:
        message = self.message(path, key)
        assert message is not None
        self.change_flags(path, key, flags, message.flags - frozenset(flags))

    def delete(self, path: FolderPath, key: str) -> None:
        with self._world.lock:
            folder = self._folder(path)
            folder.take(key)
            self._touch("delete", folder.path, key)

    def rename_folder(self, path: FolderPath, to: FolderPath) -> None:
        """Keys, epoch and ids stay; folders below it follow (RFC 9051 6.3.6)."""
        with self._world.lock:
            for old in [old for old in self._data.folders if old[: len(path)] == path]:
                folder = self._data.folders.pop(old)
                folder.path = to + old[len(path) :]
                self._data.folders[folder.path] = folder
            self._touch("rename", path)

    def delete_folder(self, path: FolderPath) -> None:
        with self._world.lock:
            self._folder(path)
            del self._data.folders[canonical(path)]
            self._touch("delete-folder", path)

    def bump_epoch(self, path: FolderPath) -> None:
        """A new epoch (UIDVALIDITY); every key now names another message, or none."""
        with self._world.lock:
            folder = self._folder(path)
            folder.epoch = f"e{self._world.number()}"
            first = min((message.number for message in folder.messages.values()), default=1) + 1
            kept = [replace(message, number=first + n) for n, message in enumerate(folder.messages.values())]
            folder.messages = {message.key: message for message in kept}
            folder.next_number = first + len(kept)
            folder.gone.clear()
            self._touch("epoch", folder.path)

"""Target keys that rows own already, looked up one by one: a folder may hold more than memory should."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from migrate.ledger import copies
from migrate.ledger.store import Ledger


class Claims(Collection[str]):
    """The keys of one target folder that are claimed, with some that this search gave out itself.

    Where messages have labels a key is the mailbox's, and what any folder's row owns is claimed (``anywhere``).
    """

    def __init__(
        self, ledger: Ledger, target_folder_id: int, given: frozenset[str] = frozenset(), *, anywhere: bool = False
    ) -> None:
        self._ledger = ledger
        self._folder = target_folder_id
        self._given = given
        self._anywhere = anywhere

    def __contains__(self, key: object) -> bool:
        if key in self._given:
            return True
        with self._ledger.read() as connection:
            return copies.is_claimed(connection, self._folder, str(key), anywhere=self._anywhere)

    def __iter__(self) -> Iterator[str]:
        with self._ledger.read() as connection:
            yield from self._given.union(copies.claimed_keys(connection, self._folder, anywhere=self._anywhere))

    def __len__(self) -> int:
        return sum(1 for _ in self)

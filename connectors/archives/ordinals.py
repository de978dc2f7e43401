"""Keys made of contents: the same in every copy of an archive, whatever else came, went or was moved in it."""

from __future__ import annotations

from collections import Counter


class Ordinals:
    """Tells twins of one folder apart: the first, second… item of the same digest.

    Twins are equal, so it does not matter which of them an ordinal names; that there are as many does.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def key(self, digest: str) -> str:
        self._seen[digest] += 1
        return f"{digest}-{self._seen[digest]}"

    @staticmethod
    def digest(key: str) -> str:
        """What a key was made of."""
        return key.rpartition("-")[0]

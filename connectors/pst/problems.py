"""What a reader found damaged, each thing once, with the item that was being read."""

from __future__ import annotations

from connectors.archives.contract import Problem
from connectors.language import _

#: Problems told one by one; of more only the number is told.
MOST = 2000


class Problems:
    """Collects; whoever reads an item says which before it begins."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str | None, str], Problem] = {}
        self._beyond = 0
        self.folder: tuple[str, ...] | None = None
        self.key: str | None = None

    def at(self, folder: tuple[str, ...] | None = None, key: str | None = None) -> None:
        """What is read from now on."""
        self.folder = folder
        self.key = key

    def add(self, code: str, message: str) -> None:
        """Tell it, unless the same was told of the same item."""
        mark = (code, self.key, message)
        if mark in self._found:
            return
        if len(self._found) >= MOST:
            self._beyond += 1
            return
        self._found[mark] = Problem(code, message, self.folder, self.key)

    def told(self) -> list[Problem]:
        told = list(self._found.values())
        if self._beyond:
            more = _("{count} more places are damaged; only the first are listed.").format(count=self._beyond)
            told.append(Problem("more", more))
        return told

"""What a reader found damaged, each thing once, with the item that was being read."""

from __future__ import annotations

from dataclasses import replace

from connectors.archives.contract import Problem
from connectors.language import plural

#: Problems told one by one; of more only the number is told.
MOST = 2000


class Problems:
    """Collects; whoever reads an item says which before it begins."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str | None, str], Problem] = {}
        self._beyond = 0
        self._of_item: list[tuple[str, str | None, str]] = []
        #: Keys of items that any problem is about, however many there are.
        self._harmed: set[str] = set()
        self.folder: tuple[str, ...] | None = None
        self.key: str | None = None

    def of(self, folder: tuple[str, ...], key: str) -> Problems:
        """For a ``with`` block that reads one item."""
        self.folder, self.key = folder, key
        self._of_item.clear()
        return self

    def called(self, key: str) -> None:
        """The item that is being read turns out to have this key: what was found of it is told under that."""
        if self.key in self._harmed:
            self._harmed.add(key)
        self.key = key
        for mark in self._of_item:
            problem = self._found.pop(mark)
            self._found[problem.code, key, problem.message] = replace(problem, key=key)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_error: object) -> None:
        self.folder = self.key = None

    def add(self, code: str, message: str) -> None:
        """Tell it, unless the same was told of the same item."""
        self.take(Problem(code, message, self.folder, self.key))

    def take(self, problem: Problem) -> None:
        """As :meth:`add`, for a problem that says itself where it is."""
        if problem.key is not None:
            self._harmed.add(problem.key)
        mark = (problem.code, problem.key, problem.message)
        if mark in self._found:
            return
        if len(self._found) >= MOST:
            self._beyond += 1
            return
        self._found[mark] = problem
        if problem.key == self.key:
            self._of_item.append(mark)

    def is_harmed(self, key: str) -> bool:
        """Whether there was any problem with the item."""
        return key in self._harmed

    def told(self) -> list[Problem]:
        told = list(self._found.values())
        if self._beyond:
            more = plural(
                "One more place is damaged; only the first are listed.",
                "{n} more places are damaged; only the first are listed.",
                self._beyond,
            )
            told.append(Problem("more", more))
        return told

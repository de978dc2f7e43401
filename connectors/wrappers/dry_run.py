"""Dry run: a target that is read, and never written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connectors.contract import (
    Entry,
    FlagChange,
    Folder,
    Headers,
    Marked,
    Outgoing,
    Receipt,
    Role,
    Target,
    ToEnsure,
    Window,
)
from connectors.wrappers.base import TargetWrapper

#: The epoch of a folder that would be made.
NOT_MADE = "not made"


class DryRunTarget(TargetWrapper):
    """Answers what a target would hold; a folder that is not there yet is empty.  Whoever writes has made a mistake."""

    def __init__(self, inner: Target) -> None:
        super().__init__(inner)
        self._there: list[Folder] | None = None

    def foresee(self, folders: Sequence[ToEnsure]) -> None:
        """Nothing is made."""

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        if self._there is None:
            self._there = list(super().folders())
        by_role = (folder for folder in self._there if role is not None and folder.role is role)
        by_path = (folder for folder in self._there if folder.path == path)
        return next(by_role, None) or next(by_path, None) or Folder(path, role, NOT_MADE, messages=0)

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        return iter(()) if folder.epoch == NOT_MADE else super().entries(folder, cursor)

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        return iter(()) if folder.epoch == NOT_MADE else super().states(folder, keys)

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        return iter(()) if folder.epoch == NOT_MADE else super().headers(folder, keys)

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        raise AssertionError("a dry run writes nothing")

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        raise AssertionError("a dry run changes no flag")

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        raise AssertionError("a dry run moves nothing")

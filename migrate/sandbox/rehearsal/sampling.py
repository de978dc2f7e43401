"""A part of each mailbox, the same at every run: a larger part holds the smaller one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from connectors.contract import Entry, Folder, Reason, Source, Window
from connectors.wrappers import SourceWrapper
from migrate.copy.job import Rules
from migrate.copy.placement import Placement

_WHOLE = 1 << 64


class SampledSource(SourceWrapper[Source]):
    """Lists this share of the messages of every folder, and nothing of the others."""

    def __init__(self, inner: Source, share: float) -> None:
        super().__init__(inner)
        self._most = int(share * _WHOLE)

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        for window in self._inner.entries(folder, cursor):
            yield replace(window, entries=[one for one in window.entries if self._is_in(folder, one)])

    def _is_in(self, folder: Folder, entry: Entry) -> bool:
        name = "\0".join((*folder.path, folder.epoch, entry.key))
        return int.from_bytes(sha256(name.encode("utf-8", "surrogatepass")).digest()[:8]) < self._most


@dataclass(frozen=True)
class SampledRules:
    """The rules of a site, whose digest tells one share from another: with a larger one folders are listed anew."""

    inner: Rules
    share: float

    def place(self, folder: Folder) -> Placement | None:
        return self.inner.place(folder)

    def why_left_out(self, folder: Folder) -> Reason:
        return self.inner.why_left_out(folder)

    def leaves_out(self, entry: Entry) -> Reason | None:
        return self.inner.leaves_out(entry)

    def digest(self) -> str:
        return sha256(f"{self.inner.digest()} {self.share!r}".encode()).hexdigest()


def share_of(messages: int, sample: int | None) -> float:
    """Which part of a mailbox is about ``sample`` messages; all of it where none, or more than it holds, are asked."""
    return 1.0 if sample is None or messages <= sample else sample / messages

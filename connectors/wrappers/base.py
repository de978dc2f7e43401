"""Sessions that pass everything on.  A wrapper overrides what it changes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from connectors.contract import (
    Capabilities,
    Entry,
    FlagChange,
    Folder,
    Found,
    Headers,
    LabelFacts,
    Marked,
    Message,
    NameRules,
    Outgoing,
    Quota,
    Receipt,
    Role,
    Source,
    Suspect,
    Target,
    ToEnsure,
    Unread,
    Window,
    foresee,
    foretell,
    foretell_reading,
    label_facts_of,
    names_of,
    quota_of,
    refused_by,
    roles_of,
    shared_left_out,
)

Inner = TypeVar("Inner", bound=Source)


class SourceWrapper(Generic[Inner]):
    """A source around a source."""

    def __init__(self, inner: Inner) -> None:
        self._inner = inner

    def capabilities(self) -> Capabilities:
        return self._inner.capabilities()

    def close(self) -> None:
        self._inner.close()

    def abort(self) -> None:
        self._inner.abort()

    def folders(self) -> Iterator[Folder]:
        return self._inner.folders()

    def label_facts(self) -> LabelFacts | None:
        return label_facts_of(self._inner)

    def entries(self, folder: Folder, cursor: str | None) -> Iterator[Window]:
        return self._inner.entries(folder, cursor)

    def lists_next(self, folders: Sequence[Folder]) -> None:
        foretell(self._inner, folders)

    def reads_next(self, folder: Folder, keys: Sequence[str]) -> None:
        foretell_reading(self._inner, folder, keys)

    def states(self, folder: Folder, keys: Sequence[str]) -> Iterator[Entry]:
        return self._inner.states(folder, keys)

    def headers(self, folder: Folder, keys: Sequence[str]) -> Iterator[Headers]:
        return self._inner.headers(folder, keys)

    def read(self, folder: Folder, keys: Sequence[str]) -> Iterator[Message | Unread]:
        return self._inner.read(folder, keys)

    def shared_left_out(self) -> Sequence[tuple[str, ...]]:
        return shared_left_out(self._inner)

    def quota(self) -> Quota | None:
        return quota_of(self._inner)


class TargetWrapper(SourceWrapper[Target]):
    """A target around a target."""

    def foresee(self, folders: Sequence[ToEnsure]) -> None:
        foresee(self._inner, folders)

    def ensure(self, path: tuple[str, ...], role: Role | None, *, subscribed: bool = True) -> Folder:
        return self._inner.ensure(path, role, subscribed=subscribed)

    def fence(self, folder: Folder, batch: Sequence[Outgoing]) -> str:
        return self._inner.fence(folder, batch)

    def write(self, folder: Folder, batch: Sequence[Outgoing], may_commit: Callable[[], None]) -> Iterator[Receipt]:
        return self._inner.write(folder, batch, may_commit)

    def find(
        self, folder: Folder, fence: str, suspects: Sequence[Suspect], claimed: Collection[str]
    ) -> Iterator[Found]:
        return self._inner.find(folder, fence, suspects, claimed)

    def mark(self, folder: Folder, changes: Sequence[FlagChange]) -> Iterator[Marked]:
        return self._inner.mark(folder, changes)

    def move(self, folder: Folder, to: Folder, keys: Sequence[str]) -> Iterator[Receipt]:
        return self._inner.move(folder, to, keys)

    def names(self) -> NameRules:
        return names_of(self._inner)

    def refuses(self, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
        return refused_by(self._inner, paths)

    def roles(self) -> Mapping[Role, tuple[str, ...]]:
        return roles_of(self._inner)

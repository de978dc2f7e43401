"""What a session may be able to tell besides.  Optional: the functions know what to say of one that cannot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

from connectors.folder_names import NameRules
from connectors.sessions import Source, Target
from connectors.values import (
    Folder,
    LabelFacts,
    Quota,
    Role,
    ToEnsure,
)


@runtime_checkable
class Shared(Protocol):
    """What a source may be able to tell of mail that is not the mailbox's own.

    Optional: ask by :func:`shared_left_out`, which knows what to say of a source that cannot.
    """

    def shared_left_out(self) -> Sequence[tuple[str, ...]]:
        """Folders that others share with this mailbox and that :meth:`Source.folders` leaves out, as it was set to."""


def shared_left_out(source: Source) -> Sequence[tuple[str, ...]]:
    """Shared folders that the source sees and leaves out; none where nothing is known of any."""
    return source.shared_left_out() if isinstance(source, Shared) else ()


@runtime_checkable
class Labelled(Protocol):
    """What a source whose messages have labels can tell; optional: ask by :func:`label_facts_of`."""

    def label_facts(self) -> LabelFacts | None:
        """As its folders were last listed; None when it has no labels."""


def label_facts_of(source: Source) -> LabelFacts | None:
    """How the source's labels fit into folders; None when it has none."""
    return source.label_facts() if isinstance(source, Labelled) else None


@runtime_checkable
class Foretold(Protocol):
    """A source that lists and reads many folders in fewer round trips when it knows which are next.

    Optional: tell by :func:`foretell` and :func:`foretell_reading`.
    """

    def lists_next(self, folders: Sequence[Folder]) -> None:
        """Behind the folder that is listed now these are, in this order, each from its beginning."""

    def reads_next(self, folder: Folder, keys: Sequence[str]) -> None:
        """Behind the messages that are read now these are, of another folder."""


def foretell(source: Source, folders: Sequence[Folder]) -> None:
    """Tell the source which folders will be listed behind the next one, if that is of use to it."""
    if isinstance(source, Foretold):
        source.lists_next(folders)


def foretell_reading(source: Source, folder: Folder, keys: Sequence[str]) -> None:
    """Tell the source which messages will be read behind the next ones, if that is of use to it."""
    if isinstance(source, Foretold):
        source.reads_next(folder, keys)


@runtime_checkable
class Metered(Protocol):
    """A session that may be able to tell how much its mailbox may hold.  Optional: ask by :func:`quota_of`."""

    def quota(self) -> Quota | None:
        """What the mailbox may hold; None when the system does not say.  Changes nothing."""


@runtime_checkable
class Surveyed(Protocol):
    """What a target may be able to tell before anything is written to it.

    Optional: ask by :func:`names_of`, :func:`refused_by` and :func:`roles_of`, which know what to say of a target that
    cannot.
    """

    def names(self) -> NameRules:
        """Which folder names the system holds.  Tells the same whatever the mailbox holds at the moment."""

    def refuses(self, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
        """Those of ``paths`` that the system says it can never hold.  Makes nothing; silence is no refusal."""

    def roles(self) -> Mapping[Role, tuple[str, ...]]:
        """The mailbox's own folder of each role that it has one for."""


def quota_of(session: Source) -> Quota | None:
    """The mailbox's quota; None when it is not known."""
    return session.quota() if isinstance(session, Metered) else None


def names_of(target: Target) -> NameRules:
    """Which names the target holds; every one where nothing is known."""
    return target.names() if isinstance(target, Surveyed) else NameRules()


def refused_by(target: Target, paths: Sequence[tuple[str, ...]]) -> Collection[tuple[str, ...]]:
    """Those of ``paths`` that the target can never hold, as far as it says."""
    return target.refuses(paths) if isinstance(target, Surveyed) else ()


def roles_of(target: Target) -> Mapping[Role, tuple[str, ...]]:
    """The target's own folders by role."""
    if isinstance(target, Surveyed):
        return target.roles()
    return {folder.role: folder.path for folder in target.folders() if folder.role is not None}


@runtime_checkable
class Foreseeing(Protocol):
    """A target that makes many folders in fewer round trips when it knows of them.

    Optional: tell by :func:`foresee`.
    """

    def foresee(self, folders: Sequence[ToEnsure]) -> None:
        """These are ensured next.  Those that are not there may be made at once; nothing is refused here."""


def foresee(target: Target, folders: Sequence[ToEnsure]) -> None:
    """Tell the target which folders will be ensured, if that is of use to it."""
    if isinstance(target, Foreseeing):
        target.foresee(folders)

"""Where source folders go: the target folders are made, and kept apart unless the plan merges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Condition, Lock
from types import MappingProxyType

from connectors.contract import (
    ConnectorError,
    Fatal,
    Folder,
    FolderNotMade,
    Reason,
    Refused,
    Role,
    Target,
    ToEnsure,
    foresee,
    names_of,
    refused_by,
    roles_of,
)
from connectors.folder_names import FolderPath, NameRules
from connectors.language import _
from migrate.copy.background import Background
from migrate.copy.batches import Place
from migrate.copy.hold import Hold
from migrate.copy.job import Job
from migrate.copy.naming import Proposed, Wanted, propose
from migrate.copy.scan import Listed, known_folders, wanted
from migrate.ledger import counts, folders, messages
from migrate.ledger.schema import Outcome

#: Names that are tried for a folder whose target answers each with a folder that is another's.
_MOST_NUMBERS = 100

#: A target's own folders by role, and which names it holds.
Surveyed = tuple[Mapping[Role, FolderPath], NameRules]


class Survey:
    """Asks a target what it says of its folders, while the source is asked for its own.

    On a thread of its own; nobody else may use the session until :meth:`told` returned.
    """

    def __init__(self, job: Job, target: Target) -> None:
        self._told: Surveyed | None = None
        self._asking = Background(partial(self._ask, target), f"survey {job.mailbox}")

    def told(self) -> Surveyed | None:
        """None where something stood in the way, which whoever asks next will meet again."""
        self._asking.finish()
        return self._told

    def _ask(self, target: Target) -> None:
        with suppress(ConnectorError):
            self._told = _said_by(target)


def _said_by(target: Target) -> Surveyed:
    return roles_of(target), names_of(target)


class Naming:
    """The target folder of each source folder of a pass, proposed for all of them together.  Thread-safe."""

    def __init__(self, job: Job, hold: Hold, there: Sequence[Folder], surveyed: Surveyed | None = None) -> None:
        """``surveyed``: what the target said a moment ago, if it was asked."""
        self._job = job
        self._hold = hold
        self._there = {folder.path: folder for folder in there}
        self._surveyed = surveyed
        self._proposed: dict[FolderPath, Proposed] | None = None
        self._lock = Lock()

    def of(self, folder: Folder, target: Target) -> Proposed | None:
        """Where a folder goes; None when it is left out.  Asks ``target`` once a pass, unless a folder is new."""
        with self._lock:
            if self._proposed is None or folder.path not in self._there:
                self._there[folder.path] = folder
                self._proposed = self._propose(target)
            return self._proposed.get(folder.path)

    def are_one(self, one: FolderPath, other: FolderPath) -> bool:
        """Whether one place is proposed for both source folders, which it is only where the plan says so."""
        with self._lock:
            proposed = self._proposed or {}
        return one in proposed and other in proposed and proposed[one].path == proposed[other].path

    def _propose(self, target: Target) -> dict[FolderPath, Proposed]:
        job, hold = self._job, self._hold
        with hold.ledger.read() as connection:
            recorded = folders.places(connection, hold.mailbox.id, job.direction, job.source)
        recorded |= {path: one.path for path, one in (self._proposed or {}).items()}
        roles, names = self._surveyed or _said_by(target)
        self._surveyed = None
        travelling = []
        for folder in self._there.values():
            placement = job.rules.place(folder)
            if placement is not None:
                by_role = roles.get(placement.role) if placement.role else None
                travelling.append(Wanted(folder.path, placement, by_role, recorded.get(folder.path)))
        return propose(travelling, names, partial(refused_by, target))


class Ahead:
    """Makes target folders while the source is being listed: the two sides wait for their servers side by side.

    Uses the target session on a thread of its own; nobody else may until :meth:`made` returned.
    """

    def __init__(
        self, job: Job, hold: Hold, open_target: Callable[[], Target], there: Sequence[Folder], naming: Naming
    ) -> None:
        known = known_folders(job, hold)
        self._folders = [
            folder
            for folder in wanted(job, there)
            # A way back makes no folder that nothing is brought to.
            if folder.for_mail
            and not job.is_way_back
            and (folder.path not in known or known[folder.path].target_folder_id is None)
            and job.rules.place(folder) is not None
        ]
        self._open_target = open_target
        self.naming = naming
        self._made: dict[FolderPath, Folder] = {}
        self._changed = Condition()
        self._making = Background(self._make, f"folders {job.mailbox}")

    def made(self) -> Mapping[FolderPath, Folder]:
        """The folders that could be made, by source path; whatever stood in the way of others will be met again.

        Raises Fatal, which nobody may have a second try at.
        """
        self._making.finish()
        return self._made

    def folder(self, source: FolderPath) -> Folder | None:
        """The target folder of this one as soon as it is made; None when it could not be."""
        with self._changed:
            while source not in self._made and self._making.is_alive():
                self._changed.wait(timeout=0.2)
            return self._made.get(source)

    def _make(self) -> None:
        try:
            target = self._open_target()
            to_ensure = [self._to_ensure(folder, target) for folder in self._folders]
            foresee(target, to_ensure)
            for folder, one in zip(self._folders, to_ensure, strict=True):
                there = target.ensure(one.path, one.role, subscribed=one.subscribed)
                with self._changed:
                    self._made[folder.path] = there
                    self._changed.notify_all()
        except Fatal:
            raise
        except ConnectorError:
            return

    def _to_ensure(self, folder: Folder, target: Target) -> ToEnsure:
        proposed = self.naming.of(folder, target)
        assert proposed is not None
        return ToEnsure(proposed.path, proposed.role, folder.subscribed is not False)


def place_in_empty(job: Job, hold: Hold, one: Listed, ahead: Ahead) -> Place | None:
    """The place of a folder whose target is empty and nobody else's, so that nothing has to be looked up before it is
    written to; None for any other.
    """
    placement = job.rules.place(one.folder)
    there = None if placement is None else ahead.folder(one.folder.path)
    if placement is None or there is None or there.messages != 0:
        return None
    if _is_anothers(job, hold, ahead.naming, one, there):
        return None
    with hold.ledger.write() as connection:
        row = folders.target(connection, hold.mailbox.id, job.direction, there)
        folders.place(connection, one.row.id, row.id)
        folders.mark_adopted(connection, one.row.id, row.id)
    return Place(one.row.id, one.folder, there, row, adopted=True)


def make_places(
    job: Job,
    hold: Hold,
    target: Target,
    listed: Sequence[Listed],
    naming: Naming,
    made: Mapping[FolderPath, Folder] = MappingProxyType({}),
) -> dict[int, Place]:
    """Places, by source folder row, of the folders that have something to copy or never had a place.

    ``made`` are target folders that were made a moment ago.  A folder that the target refuses, or does not make
    at the moment, keeps its messages, accounted for as refused.
    """
    with hold.ledger.read() as connection:
        pending = counts.count_pending(connection, hold.mailbox.id, job.direction, job.source)
    places: dict[int, Place] = {}
    for one in sorted(listed, key=lambda one: one.folder.role is None):
        placement = job.rules.place(one.folder)
        is_new = one.row.target_folder_id is None and one.folder.for_mail and not job.is_way_back
        needed = one.row.id in pending or is_new
        if placement is None or not needed:
            continue
        try:
            there = _make(job, hold, target, one, naming, made)
        except (Refused, FolderNotMade) as refusal:
            _refuse_folder(job, hold, one, refusal.reason)
            continue
        with hold.ledger.write() as connection:
            row = folders.target(connection, hold.mailbox.id, job.direction, there)
            adopted = folders.place(connection, one.row.id, row.id)
        places[one.row.id] = Place(one.row.id, one.folder, there, row, adopted)
    return places


def _make(
    job: Job, hold: Hold, target: Target, one: Listed, naming: Naming, made: Mapping[FolderPath, Folder]
) -> Folder:
    """The folder under its proposed name, under a number where the target makes of it a folder that is another's."""
    proposed = naming.of(one.folder, target)
    placement = job.rules.place(one.folder)
    assert proposed is not None
    assert placement is not None
    subscribed = one.folder.subscribed is not False
    there = made.get(one.folder.path) or target.ensure(proposed.path, proposed.role, subscribed=subscribed)
    if placement.merge and there.path == proposed.path:
        return there
    *parents, name = proposed.path
    for number in range(2, _MOST_NUMBERS):
        if not _is_anothers(job, hold, naming, one, there):
            return there
        there = target.ensure((*parents, f"{name} ({number})"), None, subscribed=subscribed)
    raise Refused(_("the folder cannot be made"), Reason.FOLDER_REFUSED)


def _is_anothers(job: Job, hold: Hold, naming: Naming, one: Listed, there: Folder) -> bool:
    """Whether another folder of this source has the place, and not because the plan has both in one."""
    with hold.ledger.read() as connection:
        if folders.place_of(connection, one.row.id) == there.path:
            return False
        others = folders.going_to(connection, hold.mailbox.id, job.direction, job.source, there.path)
    return not all(naming.are_one(one.folder.path, other) for other in others)


def _refuse_folder(job: Job, hold: Hold, one: Listed, reason: Reason) -> None:
    with hold.ledger.write() as connection:
        after = 0
        while rows := messages.pending(connection, one.row.id, one.folder.epoch, after, 1000):
            after = rows[-1].id
            decisions = [(row.id, Outcome.REFUSED, reason) for row in rows]
            messages.decide(connection, decisions, job.clock.now())

"""Where source folders go: the target folders are made, and kept apart unless the plan merges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from threading import Condition
from types import MappingProxyType

from connectors.contract import ConnectorError, Folder, Reason, Refused, Target
from migrate.copy.background import Background
from migrate.copy.batches import Place
from migrate.copy.hold import Hold
from migrate.copy.job import Job, Placement
from migrate.copy.scan import Listed, known_folders, wanted
from migrate.ledger import counts, folders, messages
from migrate.ledger.schema import Outcome


class Ahead:
    """Makes target folders while the source is being listed: the two sides wait for their servers side by side.

    Uses the target session on a thread of its own; nobody else may until :meth:`made` returned.
    """

    def __init__(self, job: Job, hold: Hold, open_target: Callable[[], Target], there: Sequence[Folder]) -> None:
        known = known_folders(job, hold)
        placements = (
            job.rules.place(folder)
            for folder in wanted(job, there)
            if folder.path not in known or known[folder.path].target_folder_id is None
        )
        self._placements = [placement for placement in placements if placement is not None]
        shown = (job.rules.place(folder) for folder in wanted(job, there) if folder.subscribed is not False)
        self._shown = set(shown)
        self._open_target = open_target
        self._made: dict[Placement, Folder] = {}
        self._changed = Condition()
        self._making = Background(self._make, f"folders {job.mailbox}")

    def made(self) -> Mapping[Placement, Folder]:
        """The folders that could be made; whatever stood in the way of others will be met again."""
        self._making.finish()
        return self._made

    def folder(self, placement: Placement) -> Folder | None:
        """This folder as soon as it is made; None when it could not be."""
        with self._changed:
            while placement not in self._made and self._making.is_alive():
                self._changed.wait(timeout=0.2)
            return self._made.get(placement)

    def _make(self) -> None:
        with suppress(ConnectorError):
            target = self._open_target()
            for placement in self._placements:
                there = target.ensure(placement.path, placement.role, subscribed=placement in self._shown)
                with self._changed:
                    self._made[placement] = there
                    self._changed.notify_all()


def place_in_empty(job: Job, hold: Hold, one: Listed, ahead: Ahead) -> Place | None:
    """The place of a folder whose target is empty and nobody else's, so that nothing has to be looked up before it is
    written to; None for any other.
    """
    placement = job.rules.place(one.folder)
    there = None if placement is None else ahead.folder(placement)
    if placement is None or there is None or there.messages != 0:
        return None
    with hold.ledger.write() as connection:
        others = folders.placed_elsewhere(connection, hold.mailbox.id, job.direction, one.row.id)
        if not placement.merge and folders.path_text(there.path) in others:
            return None
        row = folders.target(connection, hold.mailbox.id, job.direction, there)
        folders.place(connection, one.row.id, row.id)
        folders.mark_adopted(connection, row.id, job.clock.now())
    return Place(one.row.id, one.folder, there, row)


def make_places(
    job: Job,
    hold: Hold,
    target: Target,
    listed: Sequence[Listed],
    made: Mapping[Placement, Folder] = MappingProxyType({}),
) -> dict[int, Place]:
    """Places, by source folder row, of the folders that have something to copy or never had a place.

    ``made`` are target folders that were made a moment ago.  A folder that the target refuses keeps its messages,
    accounted for as refused.
    """
    with hold.ledger.read() as connection:
        pending = counts.count_pending(connection, hold.mailbox.id, job.direction)
    places: dict[int, Place] = {}
    for one in sorted(listed, key=lambda one: one.folder.role is None):
        placement = job.rules.place(one.folder)
        if placement is None or (one.row.target_folder_id is not None and one.row.id not in pending):
            continue
        try:
            there = _make(job, hold, target, one, placement, made)
        except Refused as refusal:
            _refuse_folder(job, hold, one, refusal.reason)
            continue
        with hold.ledger.write() as connection:
            row = folders.target(connection, hold.mailbox.id, job.direction, there)
            folders.place(connection, one.row.id, row.id)
        places[one.row.id] = Place(one.row.id, one.folder, there, row)
    return places


def _make(
    job: Job, hold: Hold, target: Target, one: Listed, placement: Placement, made: Mapping[Placement, Folder]
) -> Folder:
    """The target folder, under another name when an unrelated source folder has it already."""
    subscribed = one.folder.subscribed is not False
    there = made.get(placement) or target.ensure(placement.path, placement.role, subscribed=subscribed)
    if placement.merge:
        return there
    with hold.ledger.read() as connection:
        others = folders.placed_elsewhere(connection, hold.mailbox.id, job.direction, one.row.id)
    for number in count(2):
        if folders.path_text(there.path) not in others:
            return there
        *parents, name = placement.path
        there = target.ensure((*parents, f"{name} ({number})"), None, subscribed=subscribed)
    raise AssertionError("count() does not end")


def _refuse_folder(job: Job, hold: Hold, one: Listed, reason: Reason) -> None:
    with hold.ledger.write() as connection:
        after = 0
        while rows := messages.pending(connection, one.row.id, one.folder.epoch, after, 1000):
            after = rows[-1].id
            decisions = [(row.id, Outcome.REFUSED, reason) for row in rows]
            messages.decide(connection, decisions, job.clock.now())

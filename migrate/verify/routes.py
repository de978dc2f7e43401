"""Which target folder a source folder's messages must be in.  Pure.

As the copy places them: the target's own folder of the same role, else the path that the plan gives, else the one
folder whose name is that path with characters replaced that the target does not hold.  A place that the ledger names
is believed only where none of these is there, or it is another folder's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import Folder, Role
from migrate.copy.job import Rules
from migrate.copy.placement import Placement
from migrate.verify.shown import FolderPath


@dataclass(frozen=True, slots=True)
class Route:
    """Where one source folder's messages belong."""

    source: Folder
    #: As the plan says.
    wanted: FolderPath
    #: None when the target has no such folder.
    target: Folder | None

    @property
    def renamed(self) -> bool:
        """The target holds it under quite another name than the plan says, and not because of its role."""
        return (
            self.target is not None
            and self.target.path != self.wanted
            and not _is_adapted(self.wanted, self.target.path)
        )


@dataclass(frozen=True, slots=True)
class Routes:
    """The folders of a mailbox, on both sides."""

    routes: Sequence[Route]
    #: Source folders that a rule leaves out.
    left_out: Sequence[Folder]
    #: Target folders that nothing of the source goes to.
    others: Sequence[Folder]

    def groups(self) -> list[tuple[FolderPath, list[Route]]]:
        """Routes by where they lead, so that folders that were merged are compared together."""
        found: dict[FolderPath, list[Route]] = defaultdict(list)
        for route in self.routes:
            found[route.target.path if route.target else route.wanted].append(route)
        return list(found.items())


def find_routes(
    sources: Sequence[Folder], targets: Sequence[Folder], rules: Rules, recorded: Mapping[FolderPath, FolderPath]
) -> Routes:
    """``recorded``: where the ledger says that source folders were put, by source path."""
    by_path = {folder.path: folder for folder in targets}
    left_out: list[Folder] = []
    placed: list[tuple[Folder, Placement]] = []
    # As the copy does: a folder with a role has the first claim to its place.
    for folder in sorted(sources, key=lambda one: one.role is None):
        placement = rules.place(folder)
        if placement is None:
            left_out.append(folder)
        else:
            placed.append((folder, placement))
    routes: list[Route] = []
    used: set[FolderPath] = set()
    for folder, placement in placed:
        wanted = _wanted(placement, targets)
        there = by_path.get(wanted) or _adapted(wanted, targets, used)
        if there is None or (wanted in used and not placement.merge):
            there = by_path.get(recorded.get(folder.path, wanted), there)
        if there is not None:
            used.add(there.path)
        routes.append(Route(folder, wanted, there))
    return Routes(routes, left_out, [folder for folder in targets if folder.path not in used])


def _wanted(placement: Placement, targets: Sequence[Folder]) -> FolderPath:
    if placement.role is Role.INBOX or (len(placement.path) == 1 and placement.path[0].upper() == "INBOX"):
        return ("INBOX",)
    if placement.role is not None:
        for folder in targets:
            if folder.role is placement.role:
                return folder.path
    return placement.path


def _adapted(wanted: FolderPath, targets: Sequence[Folder], used: Collection[FolderPath]) -> Folder | None:
    """The one target folder that can be meant by ``wanted``, None when there is none or are several."""
    found = [folder for folder in targets if folder.path not in used and _is_adapted(wanted, folder.path)]
    return found[0] if len(found) == 1 else None


def _is_adapted(wanted: FolderPath, there: FolderPath) -> bool:
    """Whether ``there`` is ``wanted`` with an underscore in place of characters that a server does not hold."""
    return len(wanted) == len(there) and all(
        re.fullmatch(re.escape(name).replace("_", ".+?"), part, re.DOTALL)
        for part, name in zip(wanted, there, strict=True)
    )

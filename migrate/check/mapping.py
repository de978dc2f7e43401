"""Where the folders of a source would go.  Pure: a listing and the rules in, places out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connectors.contract import Folder, NameRules, Role
from connectors.folder_names import is_risky
from connectors.reasons import Reason
from migrate.copy.job import Rules
from migrate.copy.naming import Proposed, Refuses, Wanted, propose
from migrate.copy.placement import Placement
from plans.folder_patterns import fold

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A source folder, and the target folder that its messages go to."""

    folder: Folder
    #: None when the folder is left out.
    to: Path | None
    #: Why it is left out.
    left_out: Reason | None = None
    #: What the plan or the folder's own path asks for; ``to`` differs where the target cannot hold the name, has a
    #: folder of this role under another name, or another source folder goes there already.
    wanted: Path | None = None
    #: The plan sends it to ``to``, also when others go there.
    merged: bool = False
    #: The source folder that goes to the wanted place already, so that this one gets a number.
    collides_with: Path | None = None
    #: The role under which the target's own folder is used.
    role: Role | None = None
    #: What to write into the plan, under ``folders``, for a name of one's own; None where the name is as wanted.
    line: str | None = None
    #: Whether the target may refuse the name nevertheless, which shows only when the folder is made.
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class There:
    """What is known of a target before folders are made on it."""

    names: NameRules = field(default_factory=NameRules)
    refuses: Refuses = lambda _paths: ()
    roles: Mapping[Role, Path] = field(default_factory=dict)
    #: Where the ledger says that source folders were put.
    recorded: Mapping[Path, Path] = field(default_factory=dict)


def map_folders(folders: Iterable[Folder], rules: Rules, there: There | None = None) -> list[Mapped]:
    """The places that a pass would make, those with a role first, then by path."""
    there = there or There()
    placed = {folder.path: (folder, rules.place(folder)) for folder in folders}
    wanted = [
        Wanted(path, placement, there.roles.get(placement.role) if placement.role else None, there.recorded.get(path))
        for path, (_, placement) in placed.items()
        if placement is not None
    ]
    proposed = propose(wanted, there.names, there.refuses)
    mapped: list[Mapped] = []
    for path, (folder, placement) in sorted(placed.items(), key=lambda item: (item[1][0].role is None, item[0])):
        if placement is None:
            mapped.append(Mapped(folder, None, rules.why_left_out(folder)))
            continue
        to = proposed[path]
        met = proposed.get(to.collides_with) if to.collides_with is not None else None
        by_role = placement.role if placement.role and there.roles.get(placement.role) == to.path else None
        mapped.append(
            Mapped(
                folder,
                to.path,
                wanted=placement.path if met is None else met.path,
                merged=placement.merge,
                collides_with=to.collides_with,
                role=by_role,
                line=None if by_role else _line(path, placement, to, met),
                doubtful=by_role is None and not there.names.complete and is_risky(to.path[-1]),
            )
        )
    return mapped


def _line(source: Path, placement: Placement, to: Proposed, met: Proposed | None) -> str | None:
    """A mapping in YAML for a folder that did not get the name it should have.

    A plan's paths are compared without case, so that the folder that differs only by that gets its own place in it.
    """
    if to.collides_with is None and to.path[-1] == placement.path[-1]:
        return None
    places = {source: to.path}
    if met is not None and to.collides_with is not None and fold("/".join(to.collides_with)) == fold("/".join(source)):
        places = {to.collides_with: met.path} | places
    said = [f"{_quoted(old)}: {_quoted(new[len(placement.under) :])}" for old, new in places.items()]
    return f"map: {{{', '.join(said)}}}"


def _quoted(path: Path) -> str:
    return json.dumps("/".join(path), ensure_ascii=False)

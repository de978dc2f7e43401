"""Where the folders of a source would go.  Pure: a listing and the rules in, places out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from connectors.contract import Folder, Role
from connectors.reasons import Reason
from migrate.copy.job import Rules

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


def map_folders(
    folders: Iterable[Folder],
    rules: Rules,
    *,
    held_as: Callable[[Path], Path] = lambda path: path,
    there: Sequence[Folder] = (),
) -> list[Mapped]:
    """The places in the order in which a pass would make them: folders with a role first.

    ``held_as`` says how the target spells a path, ``there`` are the folders that it has already.
    """
    mapped: list[Mapped] = []
    taken: dict[Path, Path] = {}
    for folder in sorted(folders, key=lambda one: one.role is None):
        placement = rules.place(folder)
        if placement is None:
            mapped.append(Mapped(folder, None, rules.why_left_out(folder)))
            continue
        by_role = next((one.path for one in there if placement.role is not None and one.role is placement.role), None)
        to = at_first = by_role or held_as(placement.path)
        collides_with = None if placement.merge else taken.get(to)
        if collides_with is not None:
            *parents, name = placement.path
            numbered = (held_as((*parents, f"{name} ({number})")) for number in count(2))
            to = next(path for path in numbered if path not in taken)
        taken.setdefault(to, folder.path)
        mapped.append(
            Mapped(
                folder,
                to,
                wanted=at_first if collides_with is not None else placement.path,
                merged=placement.merge,
                collides_with=collides_with,
                role=placement.role if by_role else None,
            )
        )
    return mapped

"""Which target folder each source folder goes to.  Pure: the preview and the copy ask the same function.

A name depends on the source's folders, on the plan, on what the target can hold, and on places that the ledger has
recorded; never on the order of a listing, nor on what an earlier pass made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from connectors.contract import Role
from connectors.folder_names import FolderPath, NameRules, cautious, is_doubtful
from migrate.copy.placement import Placement

#: Asks the target which of these paths it holds under no circumstances.
Refuses = Callable[[Sequence[FolderPath]], Collection[FolderPath]]
_NUMBERED = re.compile(r" \(\d+\)\Z")
#: Stands for whatever a folder lies in when the target is asked about its name alone.
_ANYWHERE = "x"
#: What a number and a separator take, generously.
_NUMBER = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source folder that travels."""

    source: FolderPath
    placement: Placement
    #: The target's own folder of this role.
    by_role: FolderPath | None = None
    #: Where the ledger says that it was put.
    recorded: FolderPath | None = None


@dataclass(frozen=True, slots=True)
class Proposed:
    """Where a source folder goes."""

    path: FolderPath
    role: Role | None = None
    #: The source folder that has the name which this one would have had.
    collides_with: FolderPath | None = None


def propose(
    wanted: Iterable[Wanted], names: NameRules, refuses: Refuses = lambda _paths: ()
) -> dict[FolderPath, Proposed]:
    """The places by source path, of the folders of one source.

    In the order of precedence: what the ledger recorded, the target's own folder of a role, what the plan maps, roles,
    names that need no change, all others by their path.  Who comes too late for a name gets a number, and what lies
    below follows.
    """

    def rank(one: Wanted) -> tuple[bool, bool, bool, FolderPath]:
        path = one.placement.path
        return one.placement.role is None, names.arranged(path) != path, one.source != path, one.source

    folders = sorted(wanted, key=rank)
    tree = _Tree(names, _spellings(folders, names, refuses))
    for settle in (tree.keep_recorded, tree.take_role):
        for one in folders:
            settle(one)
    left = [one for one in folders if one.source not in tree.places]
    mapped = [one for one in left if one.placement.merge]
    of_roles = [one for one in left if one.placement.role is not None]
    for group in (mapped, of_roles, left):
        tree.grow([names.arranged(one.placement.path) for one in group])
    for one in left:
        tree.place(one)
    return tree.proposed()


def _spellings(folders: Sequence[Wanted], names: NameRules, refuses: Refuses) -> Callable[[str, bool], str]:
    """How the target spells a name (at the top, or below another), after asking about the doubtful ones."""
    held: dict[tuple[str, bool], str] = {}
    for one in folders:
        for depth, name in enumerate(names.arranged(one.placement.path)):
            held[name, depth == 0] = names.spelt(name, at_top=depth == 0)
    doubtful = {(spelt, at_top): [spelt, *cautious(spelt)] for (_, at_top), spelt in held.items() if is_doubtful(spelt)}
    asked = {(other, at_top) for (_, at_top), others in doubtful.items() for other in others}
    paths = {one: (one[0],) if one[1] else (_ANYWHERE, one[0]) for one in sorted(asked)}
    refused = set(refuses(list(paths.values()))) if paths else set()

    def spelt(name: str, at_top: bool) -> str:
        first = held[name, at_top]
        others = doubtful.get((first, at_top), [first])
        return next((other for other in others if paths.get((other, at_top)) not in refused), others[-1])

    return spelt


def _is_form_of(there: str, held: str, *, may_be_cut: bool) -> bool:
    """Whether ``there`` is the name ``held``, with a number, or cut."""
    base = _NUMBERED.sub("", there)
    return held in (there, base, base.rstrip()) or held.rstrip(" .") == base or (may_be_cut and held.startswith(base))


class _Tree:
    """The target's folders as they come to be taken.  A wanted path is a *node*; it has one place."""

    def __init__(self, names: NameRules, spelt: Callable[[str, bool], str]) -> None:
        #: By source path: the place, the role under which it is made, and the key of the name it came too late for.
        self.places: dict[FolderPath, tuple[FolderPath, Role | None, FolderPath | None]] = {}
        self._names = names
        self._spelt = spelt
        #: Who has a place, by the place's key: a source path, or the node of a folder that only holds others.
        self._taken: dict[FolderPath, FolderPath] = {}
        self._nodes: dict[FolderPath, FolderPath] = {("INBOX",): ("INBOX",)}
        #: Nodes that are a source folder's own, and roles that one of them has.
        self._used: set[FolderPath] = set()
        self._roles: set[Role] = set()
        #: The keys of the names that numbered places came too late for.
        self._numbered: dict[FolderPath, FolderPath] = {}
        #: The next number to try, by the key of the place with the first one.
        self._next: dict[FolderPath, int] = {}

    def keep_recorded(self, one: Wanted) -> None:
        """Stay where the ledger says, unless the plan wants another place now."""
        path = one.recorded
        if path is not None and not one.placement.merge and self._fits(one, path):
            self._settle(one, path, one.placement.role if one.by_role in (None, path) else None)

    def take_role(self, one: Wanted) -> None:
        """The target's own folder of the role, unless somebody has it."""
        if one.by_role is not None and not one.placement.merge and one.source not in self.places:
            self._settle(one, one.by_role, one.placement.role)

    def _settle(self, one: Wanted, path: FolderPath, role: Role | None) -> None:
        key, node = self._names.key(path), self._names.arranged(one.placement.path)
        if key in self._taken:
            return
        self._taken[key] = one.source
        if path != one.by_role or key == self._names.key(node):  # what lies below goes along, but not to another name
            self._nodes.setdefault(node, path)
            self._used.add(node)
        self._note(one, path, role, None)

    def _note(self, one: Wanted, path: FolderPath, role: Role | None, late_for: FolderPath | None) -> None:
        if role is not None and role in self._roles:
            role = None
        elif role is not None:
            self._roles.add(role)
        self.places[one.source] = path, role, late_for

    def _fits(self, one: Wanted, recorded: FolderPath) -> bool:
        """Whether a recorded place can have come of what is wanted now."""
        node = self._names.arranged(one.placement.path)
        spelt = [self._spelt(name, depth == 0) for depth, name in enumerate(node)]
        may_be_cut = self._is_long(spelt)
        if may_be_cut and len(recorded) < len(node):  # it moved up to have room
            return _is_form_of(recorded[-1], spelt[-1], may_be_cut=True)
        return recorded == one.by_role or (
            len(recorded) == len(node)
            and all(
                there == name or _is_form_of(there, held, may_be_cut=may_be_cut)
                for there, name, held in zip(recorded, node, spelt, strict=True)
            )
        )

    def _is_long(self, spelt: Sequence[str]) -> bool:
        """Whether such a path, or a name in it, may have been cut to have room for itself and a number."""
        limits = [limit for limit in (self._names.longest_name, self._names.longest_path) if limit is not None]
        return bool(limits) and sum(self._names.measure(name) + _NUMBER for name in spelt) > min(limits)

    def grow(self, paths: Sequence[FolderPath]) -> None:
        """Places for these nodes and all they lie in, from the top down.

        First what is a folder itself, then names that need no change.
        """
        folders = set(paths)
        nodes = {path[:depth] for path in folders for depth in range(1, len(path) + 1)} - self._nodes.keys()

        def rank(node: FolderPath) -> tuple[int, bool, bool, FolderPath]:
            return len(node), node not in folders, self._spelt(node[-1], len(node) == 1) != node[-1], node

        for node in sorted(nodes, key=rank):
            place = self._free(node)
            self._nodes[node] = place
            self._taken[self._names.key(place)] = node

    def _free(self, node: FolderPath) -> FolderPath:
        """The node's place, under the next free number when its name is taken."""
        parent = self._nodes[node[:-1]] if len(node) > 1 else ()
        name = self._spelt(node[-1], len(node) == 1)
        first = self._names.fitted(parent, name)
        if self._names.key(first) not in self._taken:
            return first
        path = self._under_a_number(parent, name)
        self._numbered[path] = self._names.key(first)
        return path

    def _under_a_number(self, parent: FolderPath, name: str) -> FolderPath:
        """The place with the next free number, counted on from the last one of this name."""
        family = self._names.key(self._names.fitted(parent, name, " (2)"))
        for number in count(self._next.get(family, 2)):
            path = self._names.fitted(parent, name, f" ({number})")
            if self._names.key(path) not in self._taken:
                self._next[family] = number
                return path
        raise AssertionError("count() does not end")

    def place(self, one: Wanted) -> None:
        """The place of the folder's node, or beside it when that is another folder's."""
        node = self._names.arranged(one.placement.path)
        path = self._nodes[node]
        if one.placement.merge:
            self.places[one.source] = path, one.placement.role, None
            return
        if node in self._used:
            path = self._free(node)
        self._used.add(node)
        self._taken[self._names.key(path)] = one.source
        # Its role's own folder is somebody else's, if there is one.
        self._note(one, path, one.placement.role if one.by_role is None else None, self._numbered.get(path))

    def proposed(self) -> dict[FolderPath, Proposed]:
        return {
            source: Proposed(path, role, None if late_for is None else self._taken[late_for])
            for source, (path, role, late_for) in self.places.items()
        }

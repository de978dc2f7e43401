"""The folders of a file, and which items lie in each, as the parents of nodes tell it ([MS-PST] 2.2.2.7.7.4)."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from connectors.archives.contract import ArchiveFolder, Damaged
from connectors.language import _
from connectors.pst.roles import roles_of, subtree_of
from connectors.pst.store import FOLDER, MESSAGE, ROOT, TYPE, Store

_NAME = 0x3001
#: Where that is put which lies in no folder that people see.  Outlook's own repair calls it so, in every language:
#: a name that changed with the reader's language would make another folder on the target.
LOST = "Lost and Found"
#: Folders in folders; deeper than this nobody can have made them by hand.
_DEEPEST = 200
_NOTHING: array[int] = array("I")


@dataclass(slots=True)
class Tree:
    """Folders by their nodes, and nodes of items by the node of their folder (0: in none)."""

    folders: dict[int, ArchiveFolder] = field(default_factory=dict)
    items: dict[int, array[int]] = field(default_factory=dict)

    def in_folder(self, folder: ArchiveFolder) -> Sequence[int]:
        return self.items.get(int(folder.key, 16), _NOTHING)


def read_tree(store: Store) -> Tree:
    """One walk over the index of nodes; reads no item."""
    parents: dict[int, int] = {}
    tree = Tree()
    for entry in store.nodes.walk():
        node, parent = entry[0] & 0xFFFFFFFF, entry[3] & 0xFFFFFFFF
        kind = node & TYPE
        if kind == MESSAGE:
            found = tree.items.get(parent)
            if found is None:
                found = tree.items[parent] = array("I")
            found.append(node)
        elif kind == FOLDER:
            parents[node] = parent
    names = {node: _name(store, node) for node in parents if node != ROOT}
    subtree = _subtree(store, parents)
    paths = _paths(parents, names, subtree)
    _gather_strays(tree, paths)
    seen = {node: path for node, (path, inside) in paths.items() if inside}
    roles = roles_of(store, seen)
    for node in sorted(paths):
        count = len(tree.items.get(node, _NOTHING))
        # Outside of what people see lie Outlook's own folders; without items nobody looks for them.
        if node in seen or count:
            tree.folders[node] = ArchiveFolder(paths[node][0], roles.get(node), f"{node:x}", count)
    if 0 in tree.items:
        tree.folders[0] = ArchiveFolder((LOST,), None, "0", len(tree.items[0]))
    return tree


def _name(store: Store, node: int) -> str:
    fallback = f"Folder {node:x}"
    try:
        name = store.bag(node).get(_NAME)
    except Damaged as damaged:
        what = _("The name of folder {node:x} cannot be read: {why}").format(node=node, why=damaged)
        store.core.problems.add("folder", what)
        return fallback
    return name if isinstance(name, str) and name else fallback


def _subtree(store: Store, parents: dict[int, int]) -> int:
    """The folder above all folders that people see; where the file does not say, the one with most folders in it."""
    told = subtree_of(store)
    if told in parents and told is not None:
        return told
    below = dict.fromkeys((node for node, parent in parents.items() if parent == ROOT and node != ROOT), 0)
    for node in parents:
        top = next((one for one in _upwards(node, parents) if one in below), None)
        if top is not None and top != node:
            below[top] += 1
    best = max(below, key=lambda node: (below[node], -node), default=ROOT)
    return best if below.get(best) else ROOT


def _upwards(node: int, parents: dict[int, int]) -> Iterator[int]:
    """A folder, the one it lies in, and so on; ends where the file does not know more, or goes in circles."""
    for _step in range(_DEEPEST):
        if node not in parents:
            return
        yield node
        if parents[node] == node:
            return
        node = parents[node]


def _paths(parents: dict[int, int], names: dict[int, str], subtree: int) -> dict[int, tuple[tuple[str, ...], bool]]:
    """Path of each folder and whether people see it; no two have the same one."""
    found: dict[int, tuple[tuple[str, ...], bool]] = {}
    taken: set[tuple[str, ...]] = {(LOST,)}
    for node in sorted(parents, key=lambda one: (sum(1 for _above in _upwards(one, parents)), one)):
        if node in (subtree, ROOT):
            continue
        parent = parents[node]
        if parent == subtree:
            above, inside = (), True
        elif parent in found:
            above, inside = found[parent]
        else:
            above, inside = (LOST,), False
        path = (*above, names[node])
        while path in taken:
            path = (*above, f"{path[-1]} ({node:x})")
        taken.add(path)
        found[node] = (path, inside)
    return found


def _gather_strays(tree: Tree, paths: dict[int, tuple[tuple[str, ...], bool]]) -> None:
    """Items that lie in no folder, or in one that has no name of its own, go into one."""
    strays = array("I")
    for parent in sorted(set(tree.items) - set(paths)):
        strays.extend(tree.items.pop(parent))
    if strays:
        tree.items[0] = array("I", sorted(strays))

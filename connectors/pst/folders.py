"""The folders of a file, and which items lie in each, as the parents of nodes tell it ([MS-PST] 2.2.2.7.7.4)."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from connectors.archives.contract import ArchiveFolder, Damaged
from connectors.language import _
from connectors.pst.eight_bit import text_codecs
from connectors.pst.layout import ANSI
from connectors.pst.roles import roles_of, subtree_of
from connectors.pst.store import FOLDER, MESSAGE, ROOT, TYPE, Store

_NAME = 0x3001
_CONTAINER_CLASS = 0x3613
_OF_NO_MAIL = ("ipf.appointment", "ipf.contact", "ipf.task", "ipf.stickynote", "ipf.journal")
#: PidTagMessageCodepage, PidTagMessageLocaleId, PidTagInternetCodepage.
_TEXT_PROPERTIES = (0x3FFD, 0x3FF1, 0x3FDE)
#: Items that are asked for their encoding.
_ASKED = 40
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
    _learn_encoding(store, tree)
    names = {node: _name(store, node) for node in parents if node != ROOT}
    subtree = _subtree(store, parents)
    paths = _paths(parents, names, subtree, own=subtree in tree.items)
    _gather_strays(tree, paths)
    seen = {node: path for node, (path, inside) in paths.items() if inside}
    roles = roles_of(store, seen)
    for node in sorted(paths):
        count = len(tree.items.get(node, _NOTHING))
        # Outside of what people see lie Outlook's own folders; without items nobody looks for them.
        if node in seen or count:
            tree.folders[node] = ArchiveFolder(
                paths[node][0], roles.get(node), f"{node:x}", count, for_mail=_is_for_mail(store, node)
            )
    if 0 in tree.items:
        # Somebody's own folder may be called so.
        path = _free((LOST,), {path for path, _inside in paths.values()}, 0)
        tree.folders[0] = ArchiveFolder(path, None, "0", len(tree.items[0]))
    return tree


def _learn_encoding(store: Store, tree: Tree) -> None:
    """Names of folders in an ANSI file say nothing of their encoding; that of most of its items is theirs as well."""
    if store.core.blocks.layout is not ANSI:
        return
    nodes = [node for items in tree.items.values() for node in items]
    counted: Counter[str] = Counter()
    for node in nodes[:: max(1, len(nodes) // _ASKED)]:
        try:
            bag = store.bag(node)
        except Damaged:
            continue  # told when it is listed
        told = text_codecs(*(bag.get(one) for one in _TEXT_PROPERTIES))
        counted.update(told[:1])
    if counted:
        store.core.encoding = counted.most_common(1)[0][0]


def _name(store: Store, node: int) -> str:
    fallback = f"Folder {node:x}"
    try:
        name = store.bag(node).get(_NAME)
    except Damaged as damaged:
        what = _("The name of folder {node:x} cannot be read: {why}").format(node=node, why=damaged)
        store.core.problems.add("folder", what)
        return fallback
    return name if isinstance(name, str) and name else fallback


def _is_for_mail(store: Store, node: int) -> bool:
    """By the folder's class ([MS-OXOSFLD] 2.2.5); mail, where it has none that is known."""
    try:
        told = store.bag(node).get(_CONTAINER_CLASS)
    except Damaged:
        return True  # told with its name
    return not (isinstance(told, str) and told.lower().startswith(_OF_NO_MAIL))


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


def _paths(
    parents: dict[int, int], names: dict[int, str], subtree: int, *, own: bool
) -> dict[int, tuple[tuple[str, ...], bool]]:
    """Path of each folder and whether people see it; no two have the same one."""
    found: dict[int, tuple[tuple[str, ...], bool]] = {}
    taken: set[tuple[str, ...]] = set()
    for node in sorted(parents, key=lambda one: (sum(1 for _above in _upwards(one, parents)), one)):
        if node == ROOT:
            continue
        if node == subtree:
            # Somebody may have put mail beside the folders: Outlook shows it under the name of the file.
            if own:
                found[node] = _free((names[node],), taken, node), True
            continue
        parent = parents[node]
        above: tuple[str, ...]
        if parent == subtree:
            above, inside = (), True
        elif parent in found:
            above, inside = found[parent]
        else:
            above, inside = (LOST,), False
        found[node] = _free((*above, names[node]), taken, node), inside
    return found


def _free(path: tuple[str, ...], taken: set[tuple[str, ...]], node: int) -> tuple[str, ...]:
    """The path, told from one that another folder has."""
    while path in taken:
        path = (*path[:-1], f"{path[-1]} ({node:x})")
    taken.add(path)
    return path


def _gather_strays(tree: Tree, paths: dict[int, tuple[tuple[str, ...], bool]]) -> None:
    """Items that lie in no folder, or in one that has no name of its own, go into one."""
    strays = array("I")
    for parent in sorted(set(tree.items) - set(paths)):
        strays.extend(tree.items.pop(parent))
    if strays:
        tree.items[0] = array("I", sorted(strays))

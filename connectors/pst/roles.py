"""What the folders of a file are for: by the properties that name them ([MS-OXOSFLD] 2.2), else by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from struct import unpack_from

from connectors.archives.contract import Damaged
from connectors.pst.bag import Bag
from connectors.pst.store import ROOT, Store
from connectors.pst.subnodes import Subnodes
from connectors.pst.tables import rows
from connectors.role_names import plain, roles_by_name
from connectors.values import Role

_SUBTREE, _WASTEBASKET, _SENT = 0x35E0, 0x35E3, 0x35E4
_DRAFTS, _ADDITIONAL = 0x36D7, 0x36D8
#: The place of the junk folder among PidTagAdditionalRenEntryIds.
_JUNK_AT = 4
#: The table of folders that mail is received in: by message class, the node of the folder.
_RECEIVE_FOLDERS = 0x62B
_MESSAGE_CLASS, _FOLDER_NODE = 0x001A, 0x6605
#: The inbox as Outlook calls it, in the languages of :mod:`connectors.role_names`.
_INBOXES = frozenset(
    plain(name)
    for name in (
        "Inbox", "Boîte de réception", "Posteingang", "Bandeja de entrada", "Posta in arrivo", "Postvak IN",
        "Caixa de Entrada", "A receber",
    )
)  # fmt: skip


def node_of(entry_id: object) -> int | None:
    """The node that an entry identifier names ([MS-PST] 2.4.3.2)."""
    if not isinstance(entry_id, bytes) or len(entry_id) < 24:
        return None
    node: int = unpack_from("<I", entry_id, 20)[0]
    return node or None


def subtree_of(store: Store) -> int | None:
    """The folder above all folders that people see."""
    return None if store.properties is None else node_of(store.properties.get(_SUBTREE))


def roles_of(store: Store, paths: Mapping[int, tuple[str, ...]]) -> dict[int, Role]:
    """Roles of the folders below the subtree, by their nodes; ``paths`` are those of all of them."""
    found: dict[int, Role] = {}

    def take(entry_id: object, role: Role) -> None:
        node = node_of(entry_id)
        if node is not None and node in paths and role not in found.values():
            found.setdefault(node, role)

    if store.properties is not None:
        take(store.properties.get(_WASTEBASKET), Role.TRASH)
        take(store.properties.get(_SENT), Role.SENT)
    inbox = _inbox(store, paths)
    if inbox is not None:
        found.setdefault(inbox, Role.INBOX)
    for bag in _bags(store, (inbox, ROOT)):
        take(bag.get(_DRAFTS), Role.DRAFTS)
        more = bag.get(_ADDITIONAL)
        if isinstance(more, tuple) and len(more) > _JUNK_AT:
            take(more[_JUNK_AT], Role.JUNK)
    # A role that is announced twice would be nobody's; by name only folders at the top get one.
    announced = [(path, found.get(node)) for node, path in paths.items()]
    by_name = roles_by_name(announced)
    for node, path in paths.items():
        if path in by_name and node not in found:
            found[node] = by_name[path]
    return found


def _inbox(store: Store, paths: Mapping[int, tuple[str, ...]]) -> int | None:
    """By the table of receiving folders; else the folder that names the drafts; else by its name."""
    node = _receiving(store)
    if node in paths:
        return node
    top = [node for node, path in paths.items() if len(path) == 1]
    named = [node for node in top if plain(paths[node][0]) in _INBOXES]
    if named:
        return named[0]
    for node in top:
        bags = list(_bags(store, (node,)))
        if bags and bags[0].kind(_DRAFTS) is not None:
            return node
    return None


def _receiving(store: Store) -> int | None:
    """The folder for what has no folder of its own: the row with an empty message class, or that for notes."""
    by_class: dict[str, int] = {}
    try:
        entry = store.nodes.find(_RECEIVE_FOLDERS)
        if entry is None:
            return None
        for _number, bag in rows(store.core, entry[1], Subnodes(store.core.blocks, entry[2]), None):
            node = bag.get(_FOLDER_NODE)
            if isinstance(node, int):
                by_class.setdefault(str(bag.get(_MESSAGE_CLASS) or "").upper(), node)
    except Damaged:
        return None
    return next((by_class[name] for name in ("IPM.NOTE", "IPM", "") if name in by_class), None)


def _bags(store: Store, nodes: Iterable[int | None]) -> Iterable[Bag]:
    for node in nodes:
        if node is None:
            continue
        try:
            yield store.bag(node)
        except Damaged:
            continue  # told when its name was read

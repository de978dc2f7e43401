"""One open file: its indexes, and the few nodes that stand at fixed places ([MS-PST] 2.4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from connectors.archives.contract import Damaged, NotAnArchive, Reading
from connectors.language import _, plural
from connectors.pst.bag import Bag, bag_of
from connectors.pst.blocks import Blocks
from connectors.pst.btree import BTree, Entry
from connectors.pst.core import Core
from connectors.pst.disk import Disk
from connectors.pst.header import Header, read_header
from connectors.pst.layout import BLOCK_PAGE, NODE_PAGE
from connectors.pst.names import STREAMS, NameMap
from connectors.pst.orphans import orphans
from connectors.pst.problems import Problems
from connectors.pst.salvage import Salvaged, search
from connectors.pst.subnodes import Subnodes

#: Types of nodes ([MS-PST] 2.2.2.1).
FOLDER, SEARCH_FOLDER, MESSAGE = 0x02, 0x03, 0x04
TYPE = 0x1F
#: Nodes at fixed places.
STORE, NAMES, ROOT = 0x21, 0x61, 0x122


class Index(Protocol):
    """Finds what has a number: nodes or blocks, as entries of :class:`connectors.pst.layout.Layout`."""

    def find(self, key: int) -> Entry | None: ...
    def walk(self) -> Iterator[Entry]: ...


class Store:
    """The nodes of one file by their identifiers."""

    def __init__(self, disk: Disk, core: Core, names: NameMap, nodes: Index, *, salvaged: bool) -> None:
        self.disk = disk
        self.core = core
        self.nodes = nodes
        self.salvaged = salvaged
        self.properties = self._bag(STORE)
        self._fill(names)

    def _bag(self, node: int) -> Bag | None:
        """The properties of a node; None, and told, when they cannot be read."""
        try:
            return self.bag(node)
        except Damaged as damaged:
            what = _("What the file says of itself (node {node:x}) cannot be read: {why}")
            self.core.problems.add(damaged.code, what.format(node=node, why=damaged))
            return None

    def bag(self, node: int) -> Bag:
        """The properties of a node.  Raises Damaged."""
        entry = self.nodes.find(node)
        if entry is None:
            raise Damaged("node", _("Node {node:x} is not in the file.").format(node=node))
        return bag_of(self.core, entry[1], Subnodes(self.core.blocks, entry[2]))

    def _fill(self, names: NameMap) -> None:
        bag = self._bag(NAMES)
        if bag is None:
            return
        streams = [bag.get(stream) for stream in STREAMS]
        guids, entries, strings = (value if isinstance(value, bytes) else b"" for value in streams)
        names.fill(guids, entries, strings)


def open_store(path: Path, reading: Reading) -> Store:
    """Raises NotAnArchive, OSError."""
    disk = Disk(path)
    try:
        return _opened(disk, reading)
    except BaseException:
        disk.close()
        raise


def _opened(disk: Disk, reading: Reading) -> Store:
    problems = Problems()
    names = NameMap()
    if reading.salvage:
        found = search(disk, problems)
        if found is None:
            message = _("Nothing of a PST or OST file is left in {path}.").format(path=disk.path)
            raise NotAnArchive(disk.path, message)
        _take_orphans(disk, found, problems, reading.encoding)
        blocks = Blocks(disk, found.layout, found.method, found.blocks.find, problems)
        return Store(disk, Core(blocks, names, problems, reading.encoding), names, found.nodes, salvaged=True)
    header = read_header(disk)
    nodes, tree = _trees(disk, header, problems)
    blocks = Blocks(disk, header.layout, header.method, tree.find, problems)
    return Store(disk, Core(blocks, names, problems, reading.encoding), names, nodes, salvaged=False)


def _take_orphans(disk: Disk, found: Salvaged, problems: Problems, encoding: str) -> None:
    """Add messages that no page of the node tree tells of."""
    # What is tried and does not fit is no problem of any item.
    quiet = Problems()
    blocks = Blocks(disk, found.layout, found.method, found.blocks.find, quiet)
    core = Core(blocks, NameMap(), quiet, encoding)
    entries = list(orphans(core, found.blocks.walk(), found.nodes.walk(), found.led_to))
    for entry in entries:
        found.nodes.add(entry, 0)
    if entries:
        message = plural(
            "One message was found whose folder is not known any more; it may have been deleted.",
            "{n} messages were found whose folder is not known any more; some may have been deleted.",
            len(entries),
        )
        problems.add("folder-lost", message)


def _trees(disk: Disk, header: Header, problems: Problems) -> tuple[BTree, BTree]:
    nodes = BTree(disk, header.layout, NODE_PAGE, header.nodes, problems)
    blocks = BTree(disk, header.layout, BLOCK_PAGE, header.blocks, problems)
    try:
        nodes.check()
        blocks.check()
    except Damaged as damaged:
        message = _("The index of {path} is damaged, or the file is cut off.").format(path=disk.path)
        raise NotAnArchive(disk.path, message, salvageable=True) from damaged
    if header.end > disk.size:
        message = _("The file is cut off: {size} of {end} bytes are there.  A search of the file may find more.")
        problems.add("truncated", message.format(size=disk.size, end=header.end))
    if not header.intact:
        problems.add("header", _("The checksum of the file's header does not fit."))
    return nodes, blocks

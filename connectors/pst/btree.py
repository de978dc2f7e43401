"""The two B-trees that find nodes and blocks ([MS-PST] 2.2.2.7.7), read a page at a time and as far as asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from struct import Struct

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.pst.disk import Disk
from connectors.pst.encoding import checksum
from connectors.pst.layout import BLOCK_PAGE, Layout, signature
from connectors.pst.problems import Problems

#: Entries of all pages that are kept at hand; about 150 bytes each.
_KEPT = 12_000
#: No tree of a file that fits on a disk is higher.
_HIGHEST = 12

Entry = tuple[int, ...]
#: A branch: keys and where the pages below begin.  A leaf: entries by key.
_Branch = tuple[int, list[int], list[tuple[int, int]]]


class BTree:
    """One of the two trees.  Entries are those of ``Layout.block_entry`` or ``Layout.node_entry``."""

    def __init__(self, disk: Disk, layout: Layout, kind: int, root: tuple[int, int], problems: Problems) -> None:
        self._disk = disk
        self._layout = layout
        self._kind = kind
        self._root = root
        self._problems = problems
        self._branches: dict[int, _Branch] = {}
        self._leaves: dict[int, dict[int, Entry]] = {}
        self._entry = layout.block_entry if kind == BLOCK_PAGE else layout.node_entry
        self._most_leaves = max(8, _KEPT // (layout.entries // self._entry.size))
        self._leaf: dict[int, Entry] = {}

    def check(self) -> None:
        """Raises Damaged when the root cannot be read."""
        self._page(*self._root, _HIGHEST)

    def find(self, key: int) -> Entry | None:
        """The entry of that key, None when there is none.  Raises Damaged when a page on the way cannot be read."""
        entry = self._leaf.get(key)
        if entry is not None:
            return entry
        identifier, offset = self._root
        limit = _HIGHEST
        while True:
            leaf = self._leaves.get(offset)
            if leaf is None:
                branch = self._branches.get(offset)
                if branch is None:
                    self._page(identifier, offset, limit)
                    continue
                level, keys, below = branch
                if level >= limit:
                    raise self._damaged(offset)
                limit = level
                at = bisect_right(keys, key) - 1
                if at < 0:
                    return None
                identifier, offset = below[at]
                continue
            self._leaf = leaf
            return leaf.get(key)

    def walk(self) -> Iterator[Entry]:
        """Every entry in the order of its key.  A page that cannot be read is told and left out."""
        # No page of a sound tree is reached twice; keys that do not ascend belong to a page that is reached wrongly.
        budget = self._disk.size // self._layout.page + 1
        last = -1
        stack = [(*self._root, _HIGHEST)]
        while stack and budget:
            budget -= 1
            identifier, offset, limit = stack.pop()
            try:
                page = self._read(identifier, offset, limit)
            except Damaged as damaged:
                self._problems.add(damaged.code, str(damaged))
                continue
            level, body, count, size = page
            if level:
                below = _unpacked(self._layout.branch, body, count, size)
                stack.extend((entry[1], entry[2], level) for entry in reversed(below))
                continue
            for entry in _unpacked(self._entry, body, count, size):
                if entry[0] > last:
                    last = entry[0]
                    yield entry

    def _page(self, identifier: int, offset: int, limit: int) -> None:
        """Bring a page to hand.  ``limit``: its level is below this, or the tree would lead in circles."""
        level, body, count, size = self._read(identifier, offset, limit)
        if level:
            entries = _unpacked(self._layout.branch, body, count, size)
            if len(self._branches) >= self._most_leaves:
                self._branches.clear()
            keys = [entry[0] for entry in entries]
            self._branches[offset] = (level, keys, [(entry[1], entry[2]) for entry in entries])
            return
        if len(self._leaves) >= self._most_leaves:
            del self._leaves[next(iter(self._leaves))]
        self._leaves[offset] = {entry[0]: entry for entry in _unpacked(self._entry, body, count, size)}

    def _read(self, identifier: int, offset: int, limit: int) -> tuple[int, bytes, int, int]:
        """Level, bytes, number and size of entries."""
        layout = self._layout
        page = self._disk.read(offset, layout.page)
        found = parse_page(layout, page, offset, identifier, self._kind)
        if found is None or found[0] >= limit:
            raise self._damaged(offset)
        return found

    def _damaged(self, offset: int) -> Damaged:
        return Damaged("index", _("A page of the index at byte {offset} is damaged.").format(offset=offset))


def parse_page(
    layout: Layout, page: bytes, offset: int, identifier: int | None, kind: int
) -> tuple[int, bytes, int, int] | None:
    """Level, bytes, number and size of entries of a page of a B-tree; None when it is none or damaged.

    With ``identifier`` None any page will do whose signature and checksum fit the place.
    """
    if len(page) < layout.page:
        return None
    first, again, signed, third, fourth = layout.page_trailer.unpack_from(page, layout.page_body)
    told, own = (third, fourth) if layout.crc_first else (fourth, third)
    if first != kind or again != kind or (identifier is not None and own != identifier):
        return None
    if identifier is None and signed != signature(offset, own):
        return None
    if checksum(memoryview(page)[: layout.page_body]) != told:
        return None
    count, _most, size, level = layout.counts.unpack_from(page, layout.entries)
    entry = layout.branch if level else layout.block_entry if kind == BLOCK_PAGE else layout.node_entry
    if size < entry.size or count * size > layout.entries:
        return None
    return level, page, count, size


def _unpacked(entry: Struct, page: bytes, count: int, size: int) -> list[Entry]:
    if size == entry.size:
        return list(entry.iter_unpack(memoryview(page)[: count * size]))
    return [entry.unpack_from(page, at) for at in range(0, count * size, size)]


def page_entries(layout: Layout, kind: int, parsed: tuple[int, bytes, int, int]) -> list[Entry]:
    """Entries of a leaf as :func:`parse_page` gave it."""
    _level, page, count, size = parsed
    return _unpacked(layout.block_entry if kind == BLOCK_PAGE else layout.node_entry, page, count, size)

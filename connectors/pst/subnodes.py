"""Nodes within a node: a message's tables, attachments and long values ([MS-PST] 2.2.2.8.3.3)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from connectors.archives.contract import Damaged
from connectors.language import _
from connectors.pst.blocks import Blocks


class Subnodes:
    """The subnodes of one node, read when the first is asked for."""

    __slots__ = ("_blocks", "_branches", "_identifier", "_keys", "_leaf", "_leaf_of")

    def __init__(self, blocks: Blocks, identifier: int) -> None:
        self._blocks = blocks
        self._identifier = identifier
        self._leaf: dict[int, tuple[int, ...]] | None = None if identifier > 1 else {}
        self._leaf_of = -1
        self._keys: list[int] = []
        self._branches: list[int] = []

    def find(self, node: int) -> tuple[int, int] | None:
        """Identifiers of its data and of its subnodes, None when there is no such subnode.  Raises Damaged."""
        if self._leaf is None:
            self._begin()
        if self._keys:
            at = bisect_right(self._keys, node) - 1
            if at < 0:
                return None
            self._turn_to(at)
        assert self._leaf is not None
        entry = self._leaf.get(node)
        return None if entry is None else (entry[1], entry[2])

    def of_type(self, kind: int) -> Iterator[int]:
        """Nodes of one type ([MS-PST] 2.2.2.1), in ascending order.  Raises Damaged."""
        if self._leaf is None:
            self._begin()
        for at in range(len(self._keys) or 1):
            if self._keys:
                self._turn_to(at)
            assert self._leaf is not None
            yield from sorted(node for node in self._leaf if node & 0x1F == kind)

    def _begin(self) -> None:
        level, entries = self._blocks.subnodes(self._identifier)
        if level == 0:
            self._leaf = entries
            return
        self._keys = sorted(entries)
        self._branches = [entries[key][1] for key in self._keys]
        self._leaf = {}

    def _turn_to(self, at: int) -> None:
        if self._leaf_of == at:
            return
        level, entries = self._blocks.subnodes(self._branches[at])
        if level:
            raise Damaged("block", _("The list of subnodes {block:x} is damaged.").format(block=self._branches[at]))
        self._leaf = entries
        self._leaf_of = at

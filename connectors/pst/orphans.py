"""Messages of a damaged file whose place in the node tree is lost: found by their own properties.

A message is a block of properties that names a message class.  When no node and no list of subnodes leads to one, it
is a message whose page of the node tree is gone, or an older state of one.  The list of its recipients and attachments
(a subnode block, 2.2.2.8.3.3) tells nobody whose it is; it is the nearest one by number, for Outlook numbers blocks as
it writes them, that has every subnode which the properties speak of.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from connectors.archives.contract import Damaged
from connectors.pst.bag import Bag, bag_of
from connectors.pst.blocks import INTERNAL, Blocks
from connectors.pst.btree import Entry
from connectors.pst.core import Core
from connectors.pst.heap import PROPERTIES
from connectors.pst.subnodes import Subnodes

_CLASS, _SEARCH_KEY = 0x001A, 0x300B
_TABLES = frozenset((0x692, 0x671))
_MARK = bytes((0xEC, PROPERTIES))
#: How far away by number a list of subnodes may be.
_FAR = 4 * 64
#: Numbers that Outlook does not come to: nodes found so get one of these, and of their block.
_FIRST = 1 << 26
_MESSAGE = 0x04


def orphans(core: Core, blocks: Iterable[Entry], nodes: Iterable[Entry], led_to: set[int]) -> Iterator[Entry]:
    """Nodes for messages that none of ``nodes`` is; ``led_to``: blocks that old or new nodes name."""
    marked, lists = _searched(core.blocks, blocks, led_to)
    found: dict[bytes, Entry] = {}
    if not marked:
        return
    known = {_search_key(core, entry) for entry in nodes if entry[0] & 0x1F == _MESSAGE} - {None}
    numbers = sorted(lists)
    for data in sorted(marked):
        bag = _message(core, data)
        if bag is None:
            continue
        key = bag.get(_SEARCH_KEY)
        if isinstance(key, bytes) and key in known:
            continue  # another state of a message that is there
        subnodes = _nearest(data, bag.subnodes_named(), lists, numbers)
        entry = ((_FIRST | data >> 2 & _FIRST - 1) << 5 | _MESSAGE, data, subnodes, 0)
        # Of several states the newest: blocks are numbered upwards.
        found[key if isinstance(key, bytes) and key else data.to_bytes(8, "little")] = entry
    yield from sorted(found.values())


def _searched(blocks: Blocks, there: Iterable[Entry], led_to: set[int]) -> tuple[set[int], dict[int, frozenset[int]]]:
    """Blocks of properties that nothing leads to, and lists of subnodes that nothing leads to, with their nodes."""
    marked: set[int] = set()
    lists: dict[int, frozenset[int]] = {}
    below: set[int] = set()
    first_of: dict[int, int] = {}
    for entry in there:
        identifier = entry[0]
        try:
            if not identifier & INTERNAL:
                if identifier not in led_to and blocks.begins(entry, 4)[2:4] == _MARK:
                    marked.add(identifier)
                continue
            if blocks.read(identifier)[:1] == b"\x01":
                parts = list(blocks.parts(identifier))
                below.update(parts[1:])
                first_of[parts[0] if parts else 0] = identifier
                continue
            level, rows = blocks.subnodes(identifier)
        except Damaged:
            continue
        below.update(one & ~1 for row in rows.values() for one in row[1:])
        if not level and identifier not in led_to:
            lists[identifier] = frozenset(rows)
    # Properties of several blocks are known by the list of these.
    whole = {first_of.get(one, one) for one in marked}
    return (whole - below) - led_to, {one: nodes for one, nodes in lists.items() if one not in below}


def _search_key(core: Core, entry: Entry) -> bytes | None:
    try:
        key = bag_of(core, entry[1], Subnodes(core.blocks, entry[2])).get(_SEARCH_KEY)
    except Damaged:
        return None
    return key if isinstance(key, bytes) and key else None


def _message(core: Core, data: int) -> Bag | None:
    try:
        bag = bag_of(core, data, Subnodes(core.blocks, 0))
    except Damaged:
        return None
    return bag if isinstance(bag.get(_CLASS), str) else None


def _nearest(data: int, named: frozenset[int], lists: dict[int, frozenset[int]], numbers: list[int]) -> int:
    """The list of subnodes that fits best, taken out of ``lists``; 0 when none does."""
    start = bisect_left(numbers, data - _FAR)
    end = bisect_left(numbers, data + _FAR)
    fitting = [
        one for one in numbers[start:end] if one in lists and named <= lists[one] and (named or lists[one] & _TABLES)
    ]
    if not fitting:
        return 0
    best = min(fitting, key=lambda one: abs(one - data))
    del lists[best]
    return best

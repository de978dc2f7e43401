"""What a listing tells of an item: its key, nature, time, flags."""

from __future__ import annotations

from datetime import datetime
from zlib import crc32

from connectors.archives.contract import Item
from connectors.mapi.marks import marks_of
from connectors.mapi.nature import nature_of
from connectors.pst.bag import Bag
from connectors.pst.items import PstItem

_FLAGS, _SIZE = 0x0E07, 0x0E08
_DELIVERED, _SUBMITTED, _CREATED = 0x0E06, 0x0039, 0x3007
_SEARCH_KEY = 0x300B


def key_of(node: int, bag: Bag) -> str:
    """The item's node, and what tells it from another one that has the same node in another copy of the file.

    Nodes are numbered by counting up.  When a copy of a file is taken and both are used on, each gives the next number
    to a message of its own: the same key would then stand for two messages, and one of them would never be moved.
    PidTagSearchKey is made at random with the message, stays when it is read, flagged, moved or edited, and lies with
    the properties that a listing reads anyway; where it is missing the time of making does.  Neither can name an item
    alone: a message that somebody copied within Outlook has the search key of the first one.
    """
    found = bag.get(_SEARCH_KEY)
    if isinstance(found, bytes) and found:
        return f"{node:x}-{crc32(found):08x}"
    made = bag.get(_CREATED)
    if isinstance(made, datetime):
        return f"{node:x}-{crc32(made.isoformat().encode()):08x}"
    return f"{node:x}"


def item_of(key: str, item: PstItem, *, salvaged: bool) -> Item:
    """The item as a listing tells it, from the properties of its node alone."""
    bag = item.properties
    size = bag.get(_SIZE)
    received = bag.get(_DELIVERED) or bag.get(_SUBMITTED) or bag.get(_CREATED)
    flags = marks_of(item).flags() if bag.get(_FLAGS) is not None else None
    return Item(
        key,
        # Attachments grow by a third on their way into a message.
        size * 4 // 3 if isinstance(size, int) and size >= 0 else None,
        received if isinstance(received, datetime) else None,
        flags,
        nature_of(bag),
        frozenset(),
        salvaged,
    )

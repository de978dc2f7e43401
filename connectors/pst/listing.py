"""What a listing tells of an item: its key, nature, time, flags."""

from __future__ import annotations

import re
from datetime import datetime
from zlib import crc32

from connectors.archives.contract import Item, Nature
from connectors.pst.bag import Bag
from connectors.pst.names import PUBLIC_STRINGS

_CLASS, _FLAGS, _SIZE = 0x001A, 0x0E07, 0x0E08
_DELIVERED, _SUBMITTED, _CREATED = 0x0E06, 0x0039, 0x3007
_SEARCH_KEY = 0x300B
_FLAG_STATUS, _ICON, _LAST_VERB = 0x1090, 0x1080, 0x1081
#: PidTagMessageFlags ([MS-OXCMSG] 2.2.1.6).
_READ, _UNSENT = 0x01, 0x08
_FOLLOW_UP = 2
#: PidTagLastVerbExecuted ([MS-OXOMSG] 2.2.1.7) and, where it is missing, PidTagIconIndex.
_REPLIED, _FORWARDED = (102, 103), (104,)
_ICON_REPLIED, _ICON_FORWARDED = 0x105, 0x106

#: Categories that every system holds as keywords: atoms of IMAP (RFC 9051 9), of sane length.
_KEYWORD = re.compile(r"[^\x00-\x20\x7f-\U0010ffff(){%*\"\\\]]{1,60}")

#: Message classes ([MS-OXPROPS] 1.3.1, [MS-OXOABK] and others) and what they begin; the longest that fits counts.
_NATURES = {
    "ipm.appointment": Nature.APPOINTMENT,
    "ipm.contact": Nature.CONTACT,
    "ipm.abchperson": Nature.CONTACT,
    "ipm.distlist": Nature.LIST,
    "ipm.task": Nature.TASK,
    "ipm.stickynote": Nature.NOTE,
    "ipm.activity": Nature.OTHER,
    "ipm.configuration": Nature.OTHER,
    "ipm.rule": Nature.OTHER,
    "ipm.extendedrule": Nature.OTHER,
    "ipm.microsoft.scheduledata": Nature.OTHER,
    "ipm.microsoft.folderdesign": Nature.OTHER,
    "ipm.microsoft.wunderbar": Nature.OTHER,
    "ipc": Nature.OTHER,
}  # fmt: skip


def nature_of(message_class: object) -> Nature:
    """What an item is.  What nobody knows counts as mail: so it is moved and not left behind."""
    name = message_class.casefold() if isinstance(message_class, str) else ""
    while name:
        nature = _NATURES.get(name)
        if nature is not None:
            return nature
        name = name.rpartition(".")[0]
    return Nature.MAIL


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


def item_of(key: str, bag: Bag, *, salvaged: bool) -> Item:
    """The item as a listing tells it, from the properties of its node alone."""
    size = bag.get(_SIZE)
    received = bag.get(_DELIVERED) or bag.get(_SUBMITTED) or bag.get(_CREATED)
    return Item(
        key,
        # Attachments grow by a third on their way into a message.
        size * 4 // 3 if isinstance(size, int) and size >= 0 else None,
        received if isinstance(received, datetime) else None,
        _flags(bag),
        nature_of(bag.get(_CLASS)),
        frozenset(),
        salvaged,
    )


def _flags(bag: Bag) -> frozenset[str] | None:
    told = bag.get(_FLAGS)
    if not isinstance(told, int):
        return None
    flags = set()
    if told & _READ:
        flags.add("\\Seen")
    if told & _UNSENT:
        flags.add("\\Draft")
    if bag.get(_FLAG_STATUS) == _FOLLOW_UP:
        flags.add("\\Flagged")
    verb, icon = bag.get(_LAST_VERB), bag.get(_ICON)
    if verb in _REPLIED or (verb is None and icon == _ICON_REPLIED):
        flags.add("\\Answered")
    if verb in _FORWARDED or (verb is None and icon == _ICON_FORWARDED):
        flags.add("$Forwarded")
    categories = bag.named(PUBLIC_STRINGS, "Keywords")
    if isinstance(categories, tuple):
        flags.update(name for name in categories if isinstance(name, str) and _KEYWORD.fullmatch(name))
    return frozenset(flags)

"""What an item is by its message class ([MS-OXCMSG] 2.2.1.3)."""

from __future__ import annotations

from connectors.archives.contract import Nature
from connectors.mapi import tags
from connectors.mapi.properties import Properties

#: By the first words of the class, the longest that fits.  Whatever nobody thought of is mail: it travels.
_CLASSES = {
    "ipm.appointment": Nature.APPOINTMENT,
    "ipm.ole.class.{00061055-0000-0000-c000-000000000046}": Nature.APPOINTMENT,
    "ipm.contact": Nature.CONTACT,
    "ipm.abchperson": Nature.CONTACT,
    "ipm.distlist": Nature.LIST,
    "ipm.task": Nature.TASK,
    "ipm.stickynote": Nature.NOTE,
    "ipm.activity": Nature.OTHER,
    "ipm.configuration": Nature.OTHER,
    "ipm.microsoft": Nature.OTHER,
    "ipm.rule": Nature.OTHER,
    "ipc": Nature.OTHER,
}


def nature_of(properties: Properties) -> Nature:
    """What an item is.  Requests of meetings and of tasks are mail, as they lie in the inbox."""
    return nature_of_class(message_class(properties))


def message_class(properties: Properties) -> str:
    """In lower case; empty when it has none."""
    text = properties.get(tags.MESSAGE_CLASS)
    return text.strip("\0 ").lower() if isinstance(text, str) else ""


def nature_of_class(name: str) -> Nature:
    """As :func:`nature_of`, by a class in lower case."""
    words = name.split(".")
    for count in range(len(words), 0, -1):
        found = _CLASSES.get(".".join(words[:count]))
        if found is not None:
            return found
    return Nature.MAIL

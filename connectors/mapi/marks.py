"""What its owner did with a message: the side-car of flags and categories that travels beside the message, not in it.

None of it may change the message's bytes: the same message, read a year later, is the same message with other marks.
What its author said of it (importance, sensitivity) is told here as well as in a header that had to be made.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from connectors.archives.contract import ArchiveFolder
from connectors.keywords import is_keyword
from connectors.mapi import tags
from connectors.mapi.properties import MapiItem, Properties

_READ, _UNSENT = 0x1, 0x8
_REPLIED = frozenset((102, 103))
_FORWARDED = 104
_ICON_REPLIED, _ICON_FORWARDED = 0x105, 0x106
_COMPLETE, _FLAGGED = 1, 2
_FLAG_REQUEST, _REMINDER_TIME, _REMINDER_SET = 0x8530, 0x8502, 0x8503
_TASK_START, _TASK_DUE = 0x8104, 0x8105
_IMPORTANCE: dict[object, Literal["low", "normal", "high"]] = {0: "low", 2: "high"}
_SENSITIVITY: dict[object, Literal["normal", "personal", "private", "confidential"]] = {
    1: "personal",
    2: "private",
    3: "confidential",
}


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one message.  Dates without a time of day are midnight, UTC."""

    read: bool
    replied: bool = False
    forwarded: bool = False
    draft: bool = False
    #: For follow-up, still to be done; ``completed`` when it was, and when if that is known.
    flagged: bool = False
    complete: bool = False
    completed: datetime | None = None
    #: What the flag asks for ("Follow up", or words of its owner's).
    request: str = ""
    start: datetime | None = None
    due: datetime | None = None
    reminder: datetime | None = None
    importance: Literal["low", "normal", "high"] = "normal"
    sensitivity: Literal["normal", "personal", "private", "confidential"] = "normal"
    categories: tuple[str, ...] = ()

    def flags(self) -> frozenset[str]:
        """What IMAP has flags and keywords for: of the categories those that can be keywords."""
        told = (
            (self.read, "\\Seen"),
            (self.replied, "\\Answered"),
            (self.flagged, "\\Flagged"),
            (self.draft, "\\Draft"),
            (self.forwarded, "$Forwarded"),
        )
        keywords = filter(is_keyword, self.categories)
        return frozenset((*(flag for is_set, flag in told if is_set), *keywords))

    def as_json(self) -> dict[str, object]:
        """Every field by its name, dates as ISO 8601 in UTC; for the side-car's file."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}


@runtime_checkable
class Marked(Protocol):
    """An archive that tells the marks of its messages."""

    def marks(self, folder: ArchiveFolder, key: str) -> Marks | None:
        """For the side-car; None when of this message no more is known than its flags.

        Raises Damaged, KeyError and OSError as ``Archive.write_message`` does.
        """


def marks_of(item: MapiItem) -> Marks:
    """Reads no body, no recipients and no attachments."""
    properties = item.properties
    state = _int(properties, tags.MESSAGE_FLAGS)
    verb = _int(properties, tags.LAST_VERB)
    icon = _int(properties, tags.ICON_INDEX)
    status = _int(properties, tags.FLAG_STATUS)
    request = properties.named(tags.COMMON, _FLAG_REQUEST)
    return Marks(
        read=bool(state & _READ),
        replied=verb in _REPLIED or (not verb and icon == _ICON_REPLIED),
        forwarded=verb == _FORWARDED or (not verb and icon == _ICON_FORWARDED),
        draft=bool(state & _UNSENT),
        flagged=status == _FLAGGED,
        complete=status == _COMPLETE,
        completed=_date(properties.get(tags.FLAG_COMPLETE_TIME)),
        request=request if isinstance(request, str) else "",
        start=_date(properties.named(tags.TASK, _TASK_START)),
        due=_date(properties.named(tags.TASK, _TASK_DUE)),
        reminder=_date(properties.named(tags.COMMON, _REMINDER_TIME))
        if properties.named(tags.COMMON, _REMINDER_SET) is True
        else None,
        importance=_IMPORTANCE.get(properties.get(tags.IMPORTANCE), "normal"),
        sensitivity=_SENSITIVITY.get(properties.get(tags.SENSITIVITY), "normal"),
        categories=categories_of(properties),
    )


def categories_of(properties: Properties) -> tuple[str, ...]:
    """In the order their owner gave them, each once."""
    told = properties.named(tags.PUBLIC_STRINGS, "Keywords")
    if isinstance(told, str):
        told = (told,)
    if not isinstance(told, tuple):
        return ()
    return tuple(dict.fromkeys(name for one in told if isinstance(one, str) and (name := one.strip("\0 "))))


def _int(properties: Properties, identifier: int) -> int:
    value = properties.get(identifier)
    return value if isinstance(value, int) else 0


def _date(value: object) -> datetime | None:
    return value if isinstance(value, datetime) and 1601 < value.year < 4500 else None


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value

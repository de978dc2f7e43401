"""What a mailbox holds: ids by label, the state of messages, and what changed since a moment of its history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from connectors.google_workspace import units
from connectors.google_workspace.answers import Denied
from connectors.google_workspace.flags import ARCHIVE
from connectors.google_workspace.line import Line

#: The most that users.messages.list and users.history.list tell at a time.
PAGE = 500
#: More changes than this are told by a whole listing.
MOST_CHANGES = 20_000
_STATE = "id,labelIds,internalDate,sizeEstimate,historyId"
_HIDDEN = frozenset({"SPAM", "TRASH"})


@dataclass(frozen=True, slots=True)
class State:
    """One message, without its body."""

    key: str
    labels: tuple[str, ...]
    received: datetime | None
    #: As Gmail estimates it, in bytes.
    size: int | None
    history: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened since a moment: messages that are still there, those that came, and those that are gone."""

    touched: frozenset[str]
    added: frozenset[str]
    gone: frozenset[str]


def state_of(told: dict[str, Any]) -> State:
    moment = told.get("internalDate")
    return State(
        str(told["id"]),
        tuple(told.get("labelIds", ())),
        datetime.fromtimestamp(int(moment) / 1000, UTC) if moment is not None else None,
        told.get("sizeEstimate"),
        int(told.get("historyId", 0)),
    )


def in_order(keys: Iterable[str]) -> list[str]:
    """Ids as Gmail gave them out."""
    return sorted(keys, key=lambda key: (len(key), key))


def ids(line: Line, label: str | None, query: str = "", *, everywhere: bool = False) -> Iterator[str]:
    """Ids of messages with this label, or with any, that a search finds; spam and trash only where they are asked for,
    by their label or by ``everywhere``.
    """
    asked: dict[str, Any] = {"maxResults": PAGE, "fields": "messages/id,nextPageToken"}
    if label is not None:
        asked["labelIds"] = label
    if label in _HIDDEN or everywhere:
        asked["includeSpamTrash"] = "true"
    if query:
        asked["q"] = query
    while True:
        told = line.get("messages", units.READ, **asked)
        yield from (str(one["id"]) for one in told.get("messages", ()))
        page = told.get("nextPageToken")
        if not page:
            return
        asked["pageToken"] = page


def ids_in(line: Line, label: str, filed: Iterable[str], query: str = "") -> list[str]:
    """Ids of what may be in the folder of a label; ``filed`` are the labels that take a message out of the archive."""
    if label != ARCHIVE:
        return in_order(ids(line, label, query))
    everything = set(ids(line, None, query))
    for other in filed:
        everything.difference_update(ids(line, other, query))
    return in_order(everything)


def state(line: Line, key: str) -> State | None:
    """The state of one message; None when it is gone."""
    try:
        return state_of(line.get(f"messages/{key}", units.READ, format="minimal", fields=_STATE))
    except Denied as answer:
        if is_gone(answer):
            return None
        raise


def is_gone(answer: Denied) -> bool:
    """Whether a message that was asked for is not there; an id that cannot be one is not there either."""
    return answer.status == HTTPStatus.NOT_FOUND


def changes_since(line: Line, history: str, kinds: Iterable[str] = (), most: int | None = None) -> Changes | None:
    """What happened after a moment of the mailbox's history; None when Gmail has forgotten, or it is about more than
    ``most`` messages.
    """
    asked: dict[str, Any] = {"startHistoryId": history, "maxResults": PAGE}
    if kinds:
        asked["historyTypes"] = list(kinds)
    touched, added, gone = set[str](), set[str](), set[str]()
    while True:
        try:
            told = line.get("history", units.HISTORY, **asked)
        except Denied as answer:
            if answer.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        for record in told.get("history", ()):
            touched.update(str(one["id"]) for one in record.get("messages", ()))
            for kind in ("messagesAdded", "labelsAdded", "labelsRemoved", "messagesDeleted"):
                named = {str(one["message"]["id"]) for one in record.get(kind, ())}
                touched |= named
                if kind == "messagesAdded":
                    added |= named
                elif kind == "messagesDeleted":
                    gone |= named
        if most is not None and len(touched) > most:
            return None
        page = told.get("nextPageToken")
        if not page:
            return Changes(frozenset(touched - gone), frozenset(added - gone), frozenset(gone))
        asked["pageToken"] = page

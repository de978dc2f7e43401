"""users.getProfile, messages.get and list, history.list: what tells of a mailbox.

The discovery document's descriptions of these methods, and
https://developers.google.com/gmail/api/guides/sync for the history.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import islice

from migrate.sandbox.google.call import Call, Handler, page_token, read_token
from migrate.sandbox.google.errors import ApiError, Json, invalid_argument
from migrate.sandbox.google.gmail_parts import headers_of, payload
from migrate.sandbox.google.headers import header_end
from migrate.sandbox.google.mailbox import Event, Mailbox, Stored
from migrate.sandbox.google.query import Query, parse

_METADATA = "https://www.googleapis.com/auth/gmail.metadata"
_AWAY = frozenset({"SPAM", "TRASH"})
_MOST = 500
_KINDS = {
    "messageAdded": "messagesAdded", "messageDeleted": "messagesDeleted", "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}  # fmt: skip


def get_profile(call: Call) -> Json:
    """Whose mailbox it is, how much is in it, and where its history stands."""
    mailbox = call.world.opened(call.user)
    return {
        "emailAddress": call.world.users[call.user]["email"],
        "messagesTotal": len(mailbox),
        "threadsTotal": len({one.thread_id for one in mailbox}),
        "historyId": str(mailbox.history_id),
    }


def get_message(call: Call) -> Json:
    """One message, in the format that is asked for."""
    mailbox = call.world.opened(call.user)
    stored = mailbox.get(call.parameters["id"])
    form = call.parameters.get("format") or "full"
    if form in ("full", "raw") and _only_metadata(call):
        raise _forbidden(f"Metadata scope doesn't allow format {form.upper()}")
    told: Json = {
        "id": stored.id,
        "threadId": stored.thread_id,
        "labelIds": sorted(stored.labels),
        "snippet": "",
        "sizeEstimate": min(stored.size, 2**31 - 1),
        "historyId": str(stored.history_id),
        "internalDate": str(stored.internal_date),
    }
    if form == "raw":
        told["raw"] = base64.urlsafe_b64encode(stored.raw).decode()
    elif form == "full":
        told["payload"] = payload(stored.raw)
    elif form == "metadata":
        wanted = {name.lower() for name in call.parameters.get("metadataHeaders", ())}
        told["payload"] = {"headers": headers_of(stored.raw[: header_end(stored.raw)], wanted)}
    return told


def list_messages(call: Call) -> Json:
    """A page of ids, newest first.  With ``q`` it tells what the index knows, which may lag behind."""
    mailbox = call.world.opened(call.user)
    text = call.parameters.get("q")
    if text and _only_metadata(call):
        raise _forbidden("Metadata scope does not support 'q' parameter")
    query = parse(text, mailbox.labels) if text else None
    wanted = frozenset(call.parameters.get("labelIds", ()))
    for one in wanted:
        if not mailbox.labels.knows(one):
            raise invalid_argument(f"Invalid label: {one}")
    everywhere = (
        bool(call.parameters.get("includeSpamTrash")) or bool(wanted & _AWAY) or bool(query and query.everywhere)
    )  # fmt: skip
    token = read_token(call.parameters.get("pageToken"), q=str | None, date=int, id=str)
    if token and token.get("q") != text:
        raise invalid_argument("Invalid pageToken value")
    before = (token["date"], token["id"]) if token else None
    size = min(call.parameters.get("maxResults") or 100, _MOST)
    found = (
        one
        for one in _candidates(mailbox, query, before)
        if (everywhere or not one.labels & _AWAY)
        and wanted <= one.labels
        and (query is None or (one.searched_from <= call.world.clock.now() and query.matches(one)))
    )
    page = list(islice(found, size + 1))
    told: Json = {"resultSizeEstimate": len(page)}
    if page[:size]:
        told["messages"] = [{"id": one.id, "threadId": one.thread_id} for one in page[:size]]
    if len(page) > size:
        last = page[size - 1]
        told["nextPageToken"] = page_token({"q": text, "date": last.internal_date, "id": last.id})
    return told


def list_history(call: Call) -> Json:
    """What happened to the mailbox since ``startHistoryId``, oldest first."""
    mailbox = call.world.opened(call.user)
    start = call.parameters.get("startHistoryId")
    if start is None:
        raise invalid_argument("Missing required parameter: startHistoryId")
    token = read_token(call.parameters.get("pageToken"), after=int)
    events = mailbox.since(max(int(start), token.get("after", 0)))
    kinds = frozenset(call.parameters.get("historyTypes", ()))
    label = call.parameters.get("labelId")
    wanted = [
        event
        for event in events
        if (not kinds or event.kind in kinds) and (label is None or label in event.labels | event.changed)
    ]
    size = min(call.parameters.get("maxResults") or 100, _MOST)
    told: Json = {"historyId": str(mailbox.history_id)}
    page = _records(wanted)
    shown = list(islice(page, size))
    if shown:
        told["history"] = shown
    if next(page, None) is not None:
        told["nextPageToken"] = page_token({"after": int(shown[-1]["id"])})
    return told


HANDLERS: dict[str, Handler] = {
    "gmail.users.getProfile": get_profile,
    "gmail.users.messages.get": get_message,
    "gmail.users.messages.list": list_messages,
    "gmail.users.history.list": list_history,
}


def _candidates(mailbox: Mailbox, query: Query | None, before: tuple[int, str] | None) -> Iterator[Stored]:
    if query is None or query.message_id is None:
        return mailbox.newest_first(before)
    found = sorted(mailbox.with_message_id(query.message_id), key=lambda one: one.order, reverse=True)
    return (one for one in found if before is None or one.order < before)


def _records(events: list[Event]) -> Iterator[Json]:
    """One record for what happened at once: labels that were put on and taken off share an id."""
    at = 0
    while at < len(events):
        first = events[at]
        record: Json = {"id": str(first.id), "messages": [{"id": first.message, "threadId": first.thread}]}
        while at < len(events) and events[at].id == first.id:
            event = events[at]
            entry: Json = {
                "message": {"id": event.message, "threadId": event.thread, "labelIds": sorted(event.labels)}
            }  # fmt: skip
            if event.changed:
                entry["labelIds"] = sorted(event.changed)
            record[_KINDS[event.kind]] = [entry]
            at += 1
        yield record


def _only_metadata(call: Call) -> bool:
    return call.scopes & call.method.scopes == {_METADATA}


def _forbidden(message: str) -> ApiError:
    return ApiError(403, message, "forbidden", "PERMISSION_DENIED")

"""Keywords as Outlook's categories: Exchange takes no keyword over IMAP, and Graph gives categories.

learn.microsoft.com/graph/api/resources/message (categories) and outlookuser-list-mastercategories.
A message is found in its folder by its Message-ID; one without gets no category.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import Any
from urllib.parse import quote

from connectors.errors import AuthFailed, ConnectorError, Refused
from connectors.microsoft365.graph import Answered, Call, Graph

FolderPath = tuple[str, ...]

#: What Thunderbird calls its first tags.
_TAGS = {
    "$label1": "Important",
    "$label2": "Work",
    "$label3": "Personal",
    "$label4": "To Do",
    "$label5": "Later",
}
#: Notes of programs to themselves, which no person gave.
_OF_PROGRAMS = frozenset({"junk", "nonjunk", "notjunk", "junkrecorded", "forwarded", "receiptchecked"})
#: Outlook's folders by the names that IMAP has for them.
_INBOX = "inbox"


def category_of(keyword: str) -> str | None:
    """The category that a keyword becomes; None for one that says nothing to people."""
    folded = keyword.casefold()
    if folded in _TAGS:
        return _TAGS[folded]
    if folded.startswith("$") or folded in _OF_PROGRAMS:
        return None
    return keyword


class Categories:
    """Gives categories in one mailbox.  For one thread."""

    def __init__(self, graph: Graph, mailbox: str) -> None:
        self._graph = graph
        self._mailbox = f"/users/{quote(mailbox, safe='@')}"
        self._folders: dict[FolderPath, str | None] = {}
        self._listed: set[str] | None = None

    def give(
        self, folder: FolderPath, wanted: Mapping[str, tuple[bytes, Collection[str]]]
    ) -> dict[str, frozenset[str]]:
        """The keywords that became categories, by key.

        ``wanted`` holds by key a message's header fields and its keywords.  Raises Transient, Stopped; what Graph
        refuses is left out of the answer.
        """
        asked: dict[str, tuple[str, dict[str, str]]] = {}
        for key, (fields, keywords) in wanted.items():
            named = {keyword: category for keyword in keywords if (category := category_of(keyword)) is not None}
            message_id = _message_id(fields)
            if named and message_id:
                asked[key] = message_id, named
        place = self._folder(folder) if asked else None
        if place is None:
            return {}
        self._list({name for _id, named in asked.values() for name in named.values()})
        return self._given(asked, self._found(place, {message_id for message_id, _named in asked.values()}))

    def _given(
        self, asked: Mapping[str, tuple[str, Mapping[str, str]]], found: Mapping[str, list[dict[str, Any]]]
    ) -> dict[str, frozenset[str]]:
        """Change the messages that were found; equal ones in one folder get the categories of each other."""
        names: dict[str, set[str]] = defaultdict(set)
        for message_id, named in asked.values():
            names[message_id] |= set(named.values())
        calls: list[Call] = []
        of_call: list[str] = []
        for message_id, messages in found.items():
            for message in messages:
                has = [name for name in message.get("categories", ()) if isinstance(name, str)]
                more = sorted(names[message_id] - set(has))
                if more:
                    path = f"{self._mailbox}/messages/{message['id']}"
                    calls.append(Call("PATCH", path, {"categories": [*has, *more]}))
                    of_call.append(message_id)
        answers = self._graph.batch(calls)
        failed = {message_id for message_id, answer in zip(of_call, answers, strict=True) if _is_failure(answer)}
        return {
            key: frozenset(named)
            for key, (message_id, named) in asked.items()
            if found.get(message_id) and message_id not in failed
        }

    def _found(self, place: str, message_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        ordered = sorted(message_ids)
        select = "$select=id,categories&$top=50"
        calls = [
            Call("GET", f"{self._mailbox}/mailFolders/{place}/messages?{select}&$filter={_same(message_id)}")
            for message_id in ordered
        ]
        answers = self._graph.batch(calls)
        return {
            message_id: [one for one in answer.body.get("value", ()) if isinstance(one, dict)]
            for message_id, answer in zip(ordered, answers, strict=True)
            if not _is_failure(answer)
        }

    def _folder(self, path: FolderPath) -> str | None:
        """Graph's id of a folder; None when it knows none of this name."""
        if path not in self._folders:
            if len(path) == 1:
                within = f"{self._mailbox}/mailFolders"
                found = _INBOX if path[0].upper() == "INBOX" else self._child(within, path[0])
            else:
                parent = self._folder(path[:-1])
                within = f"{self._mailbox}/mailFolders/{parent}/childFolders"
                found = None if parent is None else self._child(within, path[-1])
            self._folders[path] = found
        return self._folders[path]

    def _child(self, within: str, name: str) -> str | None:
        wanted = name.casefold()
        params = {"$select": "id,displayName", "$top": "100", "includeHiddenFolders": "true"}
        with suppress(Refused):
            for one in self._graph.pages(within, params):
                if str(one.get("displayName", "")).casefold() == wanted:
                    return str(one.get("id"))
        return None

    def _list(self, names: Collection[str]) -> None:
        """Put them on the mailbox's list, where Outlook shows them; a category works without that too."""
        path = f"{self._mailbox}/outlook/masterCategories"
        with suppress(Refused, AuthFailed):
            if self._listed is None:
                self._listed = {str(one.get("displayName", "")).casefold() for one in self._graph.pages(path)}
            for name in sorted(names):
                if name.casefold() not in self._listed:
                    self._listed.add(name.casefold())
                    self._graph.post(path, {"displayName": name, "color": "none"})


def _is_failure(answer: Answered) -> bool:
    """Whether this one was refused.  Raises what concerns more than this one."""
    if isinstance(answer.error, ConnectorError) and not isinstance(answer.error, Refused):
        raise answer.error
    return answer.error is not None


def _same(message_id: str) -> str:
    return quote("internetMessageId eq '" + message_id.replace("'", "''") + "'", safe="")


def _message_id(fields: bytes) -> str:
    told = BytesHeaderParser(policy=compat32).parsebytes(fields)["Message-ID"]
    return str(told or "").strip()

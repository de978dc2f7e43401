"""One request to Graph on its way through a resource, and how collections are answered."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from migrate.sandbox.microsoft.graph.errors import bad_request
from migrate.sandbox.microsoft.graph.filters import read_filter
from migrate.sandbox.microsoft.graph.types import Service, check_select
from migrate.sandbox.microsoft.tokens import Grant
from migrate.sandbox.web import Answer, Request

#: Options of a collection; the directory has no ``$skip``.
_OPTIONS = frozenset({"$select", "$filter", "$top", "$count", "$skiptoken", "$orderby"})
_MAIL_OPTIONS = _OPTIONS | {"$skip"}
_OPTIONS_OF_ONE = frozenset({"$select"})


@dataclass(frozen=True)
class Call:
    """``parts``: what stood in the variable places of the path.  ``base``: where Graph is, as the client sees it."""

    request: Request
    base: str
    grant: Grant
    parts: tuple[str, ...]
    service: Service

    def json(self) -> Any:
        """The body.  Raises :class:`~migrate.sandbox.microsoft.graph.errors.GraphError`."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        unreadable = bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON"
            " format."
        )
        if kind != "application/json":
            raise unreadable
        try:
            return json.loads(self.request.body)
        except ValueError:
            raise unreadable from None

    def one(
        self, kind: str, item: Mapping[str, Any], default: Sequence[str] | None = None, context: str = ""
    ) -> Answer:
        """One object, with what was selected of it."""
        self._check_options(_OPTIONS_OF_ONE)
        names = check_select(kind, self.request.options.get("$select")) or default
        told = _selected(item, names)
        return Answer.of_json(200, {"@odata.context": f"{self.base}/v1.0/$metadata#{context or kind}/$entity", **told})

    def many(
        self,
        kind: str,
        items: Iterable[Mapping[str, Any]],
        *,
        context: str,
        default: Sequence[str] | None = None,
        page: int = 100,
        largest_page: int = 999,
    ) -> Answer:
        """A page of a collection, and the address of the next."""
        query = self.request.options
        self._check_options(_OPTIONS if self.service == "directory" else _MAIL_OPTIONS)
        names = check_select(kind, query.get("$select")) or default
        found = list(items)
        if "$filter" in query:
            test = read_filter(kind, query["$filter"])
            found = [item for item in found if test(item)]
        if "$orderby" in query:
            found = _ordered(kind, found, query["$orderby"])
        size = _size(query.get("$top"), page, largest_page)
        start = _start(query)
        told: dict[str, Any] = {"@odata.context": f"{self.base}/v1.0/$metadata#{context}"}
        if query.get("$count") == "true":
            told["@odata.count"] = len(found)
        if start + size < len(found):
            told["@odata.nextLink"] = self._next(start + size)
        told["value"] = [_selected(item, names) for item in found[start : start + size]]
        return Answer.of_json(200, told)

    def _check_options(self, known: frozenset[str]) -> None:
        """Raises GraphError for an option that is not understood: ignoring it would answer another question."""
        for name in self.request.options:
            if name.startswith("$") and name not in known:
                raise bad_request(f"The query parameter '{name}' is not supported.", code="Request_UnsupportedQuery")

    def _next(self, start: int) -> str:
        query = {name: value for name, value in self.request.options.items() if name not in ("$skiptoken", "$skip")}
        query["$skiptoken"] = base64.urlsafe_b64encode(f"page {start}".encode()).decode()
        return f"{self.base}{quote(self.request.path)}?{urlencode(query)}"


#: Answers a call.
Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """``permissions``: one of them is needed."""

    method: str
    #: With ``{}`` for a part of the path.
    path: str
    permissions: tuple[str, ...]
    handler: Handler
    service: Service = "directory"


def _selected(item: Mapping[str, Any], names: Sequence[str] | None) -> dict[str, Any]:
    if names is None:
        return dict(item)
    wanted = {name.partition("/")[0] for name in names} | {"id"}
    return {name: value for name, value in item.items() if name in wanted or name.startswith("@odata.")}


def _size(text: str | None, usual: int, largest: int) -> int:
    if text is None:
        return usual
    if not text.isdigit() or not 1 <= int(text) <= largest:
        raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and {largest} inclusive.")
    return int(text)


def _start(query: Mapping[str, str]) -> int:
    if "$skiptoken" in query:
        try:
            word, number = base64.urlsafe_b64decode(query["$skiptoken"]).decode().split()
            if word == "page" and number.isdecimal():
                return int(number)
        except ValueError:
            pass
        raise bad_request("The specified page token value is invalid.", code="Directory_ExpiredPageToken")
    skip = query.get("$skip", "0")
    if not skip.isdigit():
        raise bad_request("Invalid value for $skip.", code="BadRequest")
    return int(skip)


def _ordered(kind: str, items: list[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    for part in reversed(text.split(",")):
        name, _, direction = part.strip().partition(" ")
        if "/" in name or direction not in ("", "asc", "desc"):
            raise bad_request(f"Unsupported sort: {part.strip()}.", code="Request_UnsupportedQuery")
        check_select(kind, name)
        items = sorted(items, key=lambda item: _sorted_by(item.get(name)), reverse=direction == "desc")
    return items


def _sorted_by(value: Any) -> tuple[bool, float, str]:
    """What has no value comes first; numbers go by their size, all else by its letters."""
    size = float(value) if isinstance(value, int | float) else 0.0
    return value is not None, size, "" if value is None else str(value).lower()

"""What may be asked, from the discovery documents of google-api-python-client, compiled once at start.

https://developers.google.com/discovery/v1/reference/apis describes the documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from migrate.sandbox.google.errors import ApiError
from migrate.sandbox.google.schemas import Check, Schemas

#: The APIs, by the file that describes each.
DOCUMENTS = (
    "gmail.v1",
    "admin.directory_v1",
    "groupssettings.v1",
    "groupsmigration.v1",
    "licensing.v1",
    "siteVerification.v1",
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the path or the query."""

    check: Check
    repeated: bool


@dataclass(frozen=True, slots=True)
class Media:
    """What may be uploaded."""

    max_size: int
    accept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of one API."""

    id: str
    api: str
    #: The service's name as the console and error details have it, e.g. ``gmail.googleapis.com``.
    service: str
    title: str
    scopes: frozenset[str]
    parameters: Mapping[str, Parameter]
    required: tuple[str, ...]
    body: Check | None
    body_required: tuple[str, ...]
    media: Media | None
    #: The schema of the answer, for ``fields``.
    response: str | None
    schemas: Schemas


@dataclass(frozen=True, slots=True)
class Route:
    """A method found by a request line."""

    method: Method
    path: Mapping[str, str]
    upload: bool


class Routes:
    """Every method of the documents, found by HTTP method and path."""

    def __init__(self) -> None:
        self._plain: dict[tuple[str, int], list[tuple[re.Pattern[str], Method, bool]]] = {}
        self._greedy: list[tuple[str, re.Pattern[str], Method]] = []
        self.methods: dict[str, Method] = {}
        for name in DOCUMENTS:
            document = load_document(name)
            for method, described in _methods(document):
                self.methods[method.id] = method
                self._add(document, method, described)
        for bucket in self._plain.values():
            # ``drafts/send`` is a name, not the id of a draft: what has fewer placeholders is looked at first.
            bucket.sort(key=lambda entry: entry[0].groups)

    def find(self, verb: str, path: str) -> Route:
        """The method for a request.  Raises ApiError when there is none."""
        for pattern, method, upload in self._plain.get((verb, path.count("/")), ()):
            found = pattern.fullmatch(path)
            if found:
                return Route(method, found.groupdict(), upload)
        for wanted, pattern, method in self._greedy:
            found = pattern.fullmatch(path) if wanted == verb else None
            if found:
                return Route(method, found.groupdict(), False)
        raise ApiError(404, "Method not found.", "notFound", "NOT_FOUND")

    def _add(self, document: Mapping[str, Any], method: Method, described: Mapping[str, Any]) -> None:
        verb = described["httpMethod"]
        template = "/" + document["servicePath"] + described["path"]
        if "{+" in template:
            self._greedy.append((verb, _pattern(template, described["parameters"]), method))
            return
        self._plain.setdefault((verb, template.count("/")), []).append((_pattern(template), method, False))
        for protocol in described.get("mediaUpload", {}).get("protocols", {}).values():
            uploaded = protocol["path"]
            # A resumable upload goes on with PUT at the address that its POST was given.
            self._plain.setdefault((verb, uploaded.count("/")), []).append((_pattern(uploaded), method, True))


@cache
def routes() -> Routes:
    """The methods of the installed documents, compiled once a process."""
    return Routes()


def load_document(name: str) -> dict[str, Any]:
    """The discovery document ``name`` as the installed library ships it."""
    text = files("googleapiclient.discovery_cache.documents").joinpath(f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _pattern(template: str, parameters: Mapping[str, Any] | None = None) -> re.Pattern[str]:
    """``{name}`` is one segment; ``{+name}`` has slashes too, and its own pattern says how many."""
    text = ""
    for part in re.split(r"(\{\+?\w+\})", template):
        if not part.startswith("{"):
            text += re.escape(part)
            continue
        name = part.strip("{+}")
        inner = (parameters or {}).get(name, {}).get("pattern", "^.*$").strip("^$") if "+" in part else "[^/]+"
        text += f"(?P<{name}>{inner})"
    return re.compile(text)


def _methods(document: Mapping[str, Any]) -> Iterator[tuple[Method, Mapping[str, Any]]]:
    schemas = Schemas(document["schemas"])
    common = {name: _parameter(schemas, one) for name, one in document["parameters"].items()}
    service = document["rootUrl"].split("/")[2]
    if service == "www.googleapis.com":
        service = f"{document['name'].lower()}.googleapis.com"
    for described in _walk(document):
        own = described.get("parameters", {})
        request = described.get("request", {}).get("$ref")
        upload = described.get("mediaUpload")
        response = described.get("response", {}).get("$ref")
        yield (
            Method(
                id=described["id"],
                api=document["name"],
                service=service,
                title=document.get("title", document["name"]),
                scopes=frozenset(described.get("scopes", ())),
                parameters=common | {name: _parameter(schemas, one) for name, one in own.items()},
                required=tuple(name for name, one in own.items() if one.get("required") and one["location"] == "query"),
                body=schemas.check(request) if request else None,
                body_required=tuple(_required_in_body(schemas, request, described["id"])) if request else (),
                media=Media(int(upload["maxSize"]), tuple(upload["accept"])) if upload else None,
                response=response,
                schemas=schemas,
            ),
            described,
        )


def _walk(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from _walk(inner)


def _parameter(schemas: Schemas, described: Mapping[str, Any]) -> Parameter:
    return Parameter(schemas.compile(described), bool(described.get("repeated")))


def _required_in_body(schemas: Schemas, name: str, method: str, below: str = "") -> Iterator[str]:
    for field, described in schemas.fields(name).items():
        if method in described.get("annotations", {}).get("required", ()):
            yield below + field
            if "$ref" in described and not below:
                yield from _required_in_body(schemas, described["$ref"], method, f"{field}.")

"""Whatever is asked of Google's stand-in, it answers as Google's front does and never stumbles."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.sandbox.google.accounts import new_user
from migrate.sandbox.google.discovery import DOCUMENTS, load_document
from migrate.sandbox.google.service import HANDLERS, Service
from migrate.sandbox.google.world import World
from migrate.sandbox.web import Request

_WORDS = st.sampled_from(
    [
        "anna@example.org", "admin@example.org", "team@example.org", "x@elsewhere.example", "me", "my_customer",
        "C0standin", "INBOX", "Label_1", "18c00000000003ed", "example.org", "Lyon", "/", "/Lyon", "id:03000000001",
        "Google-Apps", "1010020028", "1010020027", "true", "DNS_TXT", "INET_DOMAIN", "OWNER", "0", "1000", "\x00",
        "é", "", "a/b", "q:x", "rfc822msgid:<1@x>", "eyJhdCI6IDF9",
    ]
) | st.text(max_size=8)  # fmt: skip


def _documents() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    found = []

    def walk(document: dict[str, Any], resource: dict[str, Any]) -> None:
        found.extend((document, one) for one in resource.get("methods", {}).values() if one["id"] in HANDLERS)
        for inner in resource.get("resources", {}).values():
            walk(document, inner)

    for name in DOCUMENTS:
        document = load_document(name)
        walk(document, document)
    return found


_METHODS = _documents()


def _value(document: dict[str, Any], described: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if "$ref" in described:
        return _object(document, document["schemas"][described["$ref"]], depth)
    kind = described.get("type")
    if kind == "object":
        return _object(document, described, depth)
    if kind == "array":
        return st.lists(_value(document, described["items"], depth + 1), max_size=2)
    if kind == "boolean":
        return st.booleans()
    if kind in ("integer", "number"):
        return st.integers(-5, 2000)
    if "enum" in described:
        return st.sampled_from(described["enum"])
    if described.get("format") == "byte":
        return st.sampled_from(["", "RnJvbTogYUBiDQoNCg==", "AAAA"])
    return _WORDS


def _object(document: dict[str, Any], described: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if depth > 3:
        return st.just({})
    fields = {name: _value(document, one, depth + 1) for name, one in described.get("properties", {}).items()}
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def _requests(draw: Any) -> tuple[str, str, str, bytes]:
    document, method = draw(st.sampled_from(_METHODS))
    path = "/" + document["servicePath"] + method["path"]
    query: list[tuple[str, str]] = [("alt", "json")]
    for name, described in method.get("parameters", {}).items():
        if described["location"] == "path":
            value = draw(_WORDS)
            path = path.replace("{+" + name + "}", quote(value)).replace("{" + name + "}", quote(value, safe=""))
        elif described.get("required") or draw(st.booleans()):
            query.append((name, str(draw(_value(document, described, 0))).lower()))
    body = b""
    if "request" in method:
        body = json.dumps(draw(_value(document, method["request"], 0))).encode()
    return method["httpMethod"], path, urlencode(query), body


def _service() -> tuple[Service, str]:
    service = Service(World(None, "example.org"))
    anna = new_user(service.world, "anna@example.org", name={"givenName": "Anna", "familyName": "Berg"})
    admin = new_user(service.world, "admin@example.org", admin=True)
    group = {"email": "team@example.org", "aliases": [], "name": "Team", "description": "", "created": 0.0}
    service.world.groups.put("g1", group)
    service.world.members.put("g1/" + anna, {"group": "g1", "member": anna, "role": "OWNER", "delivery": "ALL_MAIL"})
    service.world.orgunits.put("/Lyon", {"id": "id:03000000001", "description": ""})
    mailbox = service.world.mailbox(admin)
    mailbox.labels.create("Lyon", {}, 10)
    mailbox.put(b"From: a@b\r\nMessage-ID: <1@x>\r\n\r\nx", ["INBOX", "Label_1"], 0)
    scopes = frozenset().union(*(method.scopes for method in service.routes.methods.values()))
    return service, str(service.tokens._give(admin, scopes)["access_token"])


@settings(max_examples=250, deadline=None)
@given(st.lists(_requests(), min_size=1, max_size=6))
def test_any_calls_are_answered_and_leave_a_world_that_can_be_asked(calls: list[tuple[str, str, str, bytes]]) -> None:
    service, token = _service()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    for verb, path, query, body in [*calls, ("GET", "/gmail/v1/users/me/messages", "", b"")]:
        answer = service.answer(Request(verb, path, query, headers, body))
        told = json.loads(answer.body) if answer.body else None
        assert answer.status != 500, told
        if answer.status >= 400:
            assert told["error"]["code"] == answer.status
            assert {"message", "domain", "reason"} <= told["error"]["errors"][0].keys()

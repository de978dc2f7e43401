"""Stand-ins of the providers that keep zones: Gandi, Cloudflare and OVHcloud, as far as their interfaces are used.

Each has records as its own interface holds them, takes the credentials below and no others, and notes what was asked.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "planted-token"
APPLICATION, SECRET, CONSUMER = "app", "planted-secret", "planted-consumer"
ZONE = "example.org"
#: Seconds that OVH's clock is ahead of ours.
AHEAD = 3600
Answer = tuple[int, Any]


@dataclass
class Provider:
    """``records``: (name below the zone, type) to TTL and values in the provider's own form."""

    kind: str
    records: dict[tuple[str, str], tuple[int, list[Any]]] = field(default_factory=dict)
    #: What the world sees; OVH publishes at a refresh.
    published: dict[tuple[str, str], tuple[int, list[Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    root: str = ""
    #: Answers this to the next change.
    trouble: int = 0
    #: Answers 403 to these requests ("POST /domain/zone/example.org/refresh"): a key without the right.
    withheld: frozenset[str] = frozenset()

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> Answer:
        self.asked.append(f"{method} {urlsplit(target).path}")
        if self.trouble and method != "GET":
            return self.trouble, {"message": "planted-token was seen"}
        if self.asked[-1] in self.withheld:
            return 403, {"message": "This call has not been granted"}
        found: Answer = {"gandi": self._gandi, "cloudflare": self._cloudflare, "ovh": self._ovh}[self.kind](
            method, target, headers, body
        )
        return found

    def _gandi(self, method: str, target: str, headers: Any, body: bytes) -> Answer:
        if headers["Authorization"] != f"Bearer {TOKEN}":
            return 403, {}
        if urlsplit(target).path == f"/domains/{ZONE}":
            return 200, {"fqdn": ZONE}
        *_path, domain, records, name, kind = ["", *urlsplit(target).path.split("/")][-5:]
        if (domain, records) != (ZONE, "records"):
            return 404, {}
        key = ("" if name == "@" else name, kind)
        if method == "PUT":
            told = json.loads(body)
            self.published[key] = (told["rrset_ttl"], told["rrset_values"])
            return 201, {"message": "DNS Record Created"}
        if key not in self.published:
            return 404, {}
        ttl, values = self.published[key]
        return 200, {"rrset_name": name, "rrset_type": kind, "rrset_ttl": ttl, "rrset_values": values}

    def _cloudflare(self, method: str, target: str, headers: Any, body: bytes) -> Answer:
        if headers["Authorization"] != f"Bearer {TOKEN}":
            return 403, {"success": False}
        parts = urlsplit(target)
        if parts.path == "/zones":
            found = [{"id": "z1"}] if parse_qs(parts.query)["name"] == [ZONE] else []
            return 200, {"result": found}
        if method == "POST":
            told = json.loads(body)
            gone = {one["id"] for one in told["deletes"]}
            for key, (ttl, values) in list(self.published.items()):
                left = [one for one in values if one["id"] not in gone]
                self.published[key] = (ttl, left)
                if not left:
                    del self.published[key]
            for number, one in enumerate(told["posts"]):
                key = (one["name"].removesuffix(ZONE).rstrip("."), one["type"])
                kept = self.published.get(key, (0, []))[1]
                self.published[key] = (one["ttl"], [*kept, {"id": f"n{len(self.asked)}.{number}", **one}])
            return 200, {"success": True, "result": {}}
        query = parse_qs(parts.query)
        key = (query["name"][0].removesuffix(ZONE).rstrip("."), query["type"][0])
        ttl, values = self.published.get(key, (0, []))
        page = int(query["page"][0])
        shown = [{**one, "ttl": ttl, "type": key[1]} for one in values[page - 1 : page]]
        return 200, {"result": shown, "result_info": {"page": page, "total_pages": max(1, len(values))}}

    def _ovh(self, method: str, target: str, headers: Any, body: bytes) -> Answer:
        parts = urlsplit(target)
        if parts.path == "/auth/time":
            return 200, int(time.time()) + AHEAD
        stamp = headers["X-Ovh-Timestamp"]
        signed = "+".join((SECRET, CONSUMER, method, f"{self.root}{target}", body.decode(), stamp))
        right = f"$1${hashlib.sha1(signed.encode()).hexdigest()}"
        known = (headers["X-Ovh-Application"], headers["X-Ovh-Consumer"], headers["X-Ovh-Signature"])
        if known != (APPLICATION, CONSUMER, right) or abs(int(stamp) - time.time() - AHEAD) > 30:
            return 403, {"message": "Invalid signature"}
        last = parts.path.rpartition("/")[2]
        if last == "refresh":
            self.published = {key: (ttl, list(values)) for key, (ttl, values) in self.records.items() if values}
            return 200, None
        if last == "record" and method == "POST":
            told = json.loads(body)
            key = (told["subDomain"], told["fieldType"])
            if told["target"] in {other["target"] for other in self.records.get(key, (0, []))[1]}:
                return 409, {"message": "This record already exists"}
            one = {"id": len(self.asked), "target": told["target"], "ttl": told["ttl"]}
            self.records[key] = (told["ttl"], [*self.records.get(key, (0, []))[1], one])
            return 200, {"id": one["id"]}
        if last == "record":
            query = parse_qs(parts.query, keep_blank_values=True)
            key = (query["subDomain"][0], query["fieldType"][0])
            return 200, [one["id"] for one in self.records.get(key, (0, []))[1]]
        for key, (ttl, values) in self.records.items():
            for one in values:
                if str(one["id"]) == last:
                    if method == "DELETE":
                        self.records[key] = (ttl, [other for other in values if other is not one])
                        return 200, None
                    if method == "PUT":
                        told = json.loads(body)
                        changed = {**one, "target": told["target"], "ttl": told["ttl"]}
                        self.records[key] = (ttl, [changed if other is one else other for other in values])
                        return 200, None
                    return 200, {"fieldType": key[1], "subDomain": key[0], "ttl": ttl, **one}
        return 404, {}


@contextmanager
def running_provider(kind: str) -> Iterator[Provider]:
    """``gandi``, ``cloudflare`` or ``ovh``, at ``root``."""
    provider = Provider(kind)

    class Handler(BaseHTTPRequestHandler):
        def _answered(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            code, told = provider.answer(self.command, self.path, self.headers, body)
            content = b"" if told is None else json.dumps(told).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = _answered  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.root = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Cloudflare (developers.cloudflare.com/api/resources/dns): single records; a batch is done whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from migrate.dns.records import quoted
from migrate.dns.zones.contract import RecordSet
from migrate.dns.zones.http import Http, no_zone

ROOT = "https://api.cloudflare.com/client/v4"
#: A TTL of 1 stands for what Cloudflare finds right, which is five minutes (its documentation of TTL).
_AUTOMATIC = 300


class CloudflareZone:
    title = "Cloudflare"

    def __init__(self, zone: str, token: str, root: str = ROOT) -> None:
        self._http = Http(self.title, root, {"Authorization": f"Bearer {token}"})
        found = self._http.ask("GET", "/zones", query={"name": zone})["result"]
        if not found:
            raise no_zone(self.title, zone)
        self._path = f"/zones/{found[0]['id']}/dns_records"

    def read(self, name: str, kind: str) -> RecordSet | None:
        records = self._records(name, kind)
        if not records:
            return None
        ttls = {_AUTOMATIC if record["ttl"] == 1 else int(record["ttl"]) for record in records}
        return RecordSet(name, kind, min(ttls), frozenset(map(_value, records)))

    def replace(self, sets: Sequence[RecordSet]) -> None:
        deletes: list[object] = []
        posts: list[object] = []
        for one in sets:
            deletes += [{"id": record["id"]} for record in self._records(one.name, one.type)]
            posts += [_record(one, value) for value in sorted(one.values)]
        self._http.ask("POST", f"{self._path}/batch", body={"deletes": deletes, "posts": posts})

    def publish(self) -> None:
        """Each change is published at once."""

    def _records(self, name: str, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page, pages = 1, 1
        while page <= pages:
            query = {"type": kind, "name": name, "page": str(page), "per_page": "100"}
            told = self._http.ask("GET", self._path, query=query)
            found += told["result"]
            pages = int(told["result_info"]["total_pages"])
            page += 1
        return found


def _value(record: dict[str, Any]) -> str:
    content = str(record["content"])
    if record["type"] == "MX":
        return f"{record['priority']} {content.rstrip('.')}."
    # As somebody typed it in, with quotes or without.
    return content if content.startswith('"') else quoted(content)


def _record(one: RecordSet, value: str) -> dict[str, object]:
    record: dict[str, object] = {"name": one.name, "type": one.type, "ttl": one.ttl, "content": value}
    if one.type == "MX":
        priority, _space, host = value.partition(" ")
        record |= {"priority": int(priority), "content": host.rstrip(".")}
    return record

"""OVHcloud (eu.api.ovh.com/console, /domain/zone): single records, which ``refresh`` publishes together."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from migrate.dns.zones.contract import RecordSet
from migrate.dns.zones.http import Http, relative

ROOT = "https://eu.api.ovh.com/1.0"


@dataclass(frozen=True, slots=True)
class OvhKeys:
    """An application's keys, made at eu.api.ovh.com/createToken with all rights below /domain/zone."""

    application: str
    secret: str = field(repr=False)
    consumer: str = field(repr=False)


class OvhZone:
    title = "OVHcloud"

    def __init__(self, zone: str, keys: OvhKeys, root: str = ROOT) -> None:
        self._zone = zone
        self._keys = keys
        self._http = Http(self.title, root, {"X-Ovh-Application": keys.application, "X-Ovh-Consumer": keys.consumer})
        # Requests that carry another time than theirs are refused.
        self._ahead = int(self._http.ask("GET", "/auth/time")) - int(time.time())

    def read(self, name: str, kind: str) -> RecordSet | None:
        records = self._records(name, kind)
        if not records:
            return None
        return RecordSet(name, kind, min(int(one["ttl"]) for one in records), frozenset(map(_value, records)))

    def replace(self, sets: Sequence[RecordSet]) -> None:
        for one in sets:
            there = self._records(one.name, one.type)
            for value in sorted(one.values):
                body = {
                    "fieldType": one.type,
                    "subDomain": relative(one.name, self._zone, ""),
                    "target": value,
                    "ttl": one.ttl,
                }
                self._ask("POST", f"/domain/zone/{self._zone}/record", body=body)
            for record in there:
                self._ask("DELETE", f"/domain/zone/{self._zone}/record/{record['id']}")
        self._ask("POST", f"/domain/zone/{self._zone}/refresh")

    def _records(self, name: str, kind: str) -> list[dict[str, Any]]:
        path = f"/domain/zone/{self._zone}/record"
        query = {"fieldType": kind, "subDomain": relative(name, self._zone, "")}
        return [self._ask("GET", f"{path}/{number}") for number in self._ask("GET", path, query=query)]

    def _ask(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> Any:
        now = str(int(time.time()) + self._ahead)
        written = "" if body is None else json.dumps(body)
        parts = (self._keys.secret, self._keys.consumer, method, self._http.url(path, query), written, now)
        # What their interface asks for; TLS is what protects the request.
        digest = hashlib.sha1("+".join(parts).encode(), usedforsecurity=False).hexdigest()
        sign = {"X-Ovh-Timestamp": now, "X-Ovh-Signature": f"$1${digest}"}
        return self._http.ask(method, path, query=query, body=body, sign=sign)


def _value(record: dict[str, Any]) -> str:
    target = str(record["target"])
    if record["fieldType"] == "MX":
        return target
    return target if target.startswith('"') else f'"{target}"'

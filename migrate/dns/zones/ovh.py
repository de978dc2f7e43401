"""OVHcloud (eu.api.ovh.com/console, /domain/zone): single records, which ``refresh`` publishes together."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from migrate.dns.records import quoted
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
            self._replace(one)
        self.publish()

    def publish(self) -> None:
        self._ask("POST", f"/domain/zone/{self._zone}/refresh")

    def _replace(self, one: RecordSet) -> None:
        """A value that stays keeps its record; the new ones are there before the old ones go."""
        path, place = f"/domain/zone/{self._zone}/record", relative(one.name, self._zone, "")
        staying: dict[str, dict[str, Any]] = {}
        going = []
        for record in self._records(one.name, one.type):
            if _value(record) in one.values and _value(record) not in staying:
                staying[_value(record)] = record
            else:
                going.append(record)
        for value in sorted(one.values):
            body = {"subDomain": place, "target": value, "ttl": one.ttl}
            if value not in staying:
                self._ask("POST", path, body={"fieldType": one.type, **body})
            elif int(staying[value]["ttl"]) != one.ttl:
                self._ask("PUT", f"{path}/{staying[value]['id']}", body=body)
        for record in going:
            self._ask("DELETE", f"{path}/{record['id']}")

    def _records(self, name: str, kind: str) -> list[dict[str, Any]]:
        path = f"/domain/zone/{self._zone}/record"
        found = []
        # What their assistant for SPF enters has a type of its own there, and is published as a TXT record.
        for written in ("TXT", "SPF") if kind == "TXT" else (kind,):
            query = {"fieldType": written, "subDomain": relative(name, self._zone, "")}
            found += [self._ask("GET", f"{path}/{number}") for number in self._ask("GET", path, query=query)]
        return found

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
    return target if target.startswith('"') else quoted(target)

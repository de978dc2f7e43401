"""Gandi LiveDNS (api.gandi.net/docs/livedns): sets of records, each replaced by one PUT."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.dns.zones.contract import RecordSet
from migrate.dns.zones.http import Http, no_zone, relative

ROOT = "https://api.gandi.net/v5/livedns"


class GandiZone:
    title = "Gandi"

    def __init__(self, zone: str, token: str, root: str = ROOT) -> None:
        self._zone = zone
        self._http = Http(self.title, root, {"Authorization": f"Bearer {token}"})

    def read(self, name: str, kind: str) -> RecordSet | None:
        told = self._http.ask("GET", self._path(name, kind), absent=True)
        if told is None and self._http.ask("GET", f"/domains/{self._zone}", absent=True) is None:
            # Both are "not found" there, and only one of them may be filled.
            raise no_zone(self.title, self._zone)
        return told and RecordSet(name, kind, int(told["rrset_ttl"]), frozenset(told["rrset_values"]))

    def replace(self, sets: Sequence[RecordSet]) -> None:
        for one in sets:
            body = {"rrset_ttl": one.ttl, "rrset_values": sorted(one.values)}
            self._http.ask("PUT", self._path(one.name, one.type), body=body)

    def publish(self) -> None:
        """Each change is published at once."""

    def _path(self, name: str, kind: str) -> str:
        return f"/domains/{self._zone}/records/{relative(name, self._zone, '@')}/{kind}"

"""An additional domain of a Microsoft 365 tenant: https://learn.microsoft.com/graph/api/resources/domain

The MX and the DKIM names are made by Microsoft for each domain: they are read here, and never put together.
"""

from __future__ import annotations

from typing import Any, Literal

from connectors.language import _
from connectors.microsoft365.graph import Graph, GraphRefused
from migrate.directory.contract import NotTaken
from migrate.directory.domains import Proof, Record

_MAIL = "Email"


class MicrosoftDomains:
    """A :class:`migrate.directory.domains.Domains`."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def verified(self, domain: str) -> bool | None:
        found = self._domain(domain)
        return None if found is None else bool(found.get("isVerified"))

    def add(self, domain: str, alias_of: str | None) -> bool:
        if alias_of is not None:
            told = _(
                "Microsoft 365 has no alias domains: add the domain without --alias-of, and aliases to the people."
            )
            raise NotTaken(told, system=self._graph.system)
        if self._domain(domain) is not None:
            return False
        try:
            self._graph.post("/domains", {"id": domain})
        except GraphRefused as error:
            if self._domain(domain) is not None:
                return False
            told = _(
                "Microsoft does not take the domain {domain}: another tenant may have it, which must give it up first."
            )
            raise NotTaken(told.format(domain=domain), system=error.system, detail=error.detail) from None
        return True

    def proof(self, domain: str) -> Proof:
        for one in self._graph.pages(f"/domains/{domain}/verificationDnsRecords"):
            if str(one.get("recordType")).lower() == "txt":
                return Proof(str(one.get("label") or domain).lower(), str(one["text"]))
        raise NotTaken(_("Microsoft tells no TXT record that proves the domain."), system=self._graph.system)

    def verify(self, domain: str) -> bool:
        try:
            self._graph.post(f"/domains/{domain}/verify", {})
        except GraphRefused as error:
            if error.status == 400:
                return bool(self.verified(domain))
            raise
        return True

    def ready_for_mail(self, domain: str) -> bool:
        services = list((self._domain(domain) or {}).get("supportedServices") or ())
        if _MAIL in services:
            return False
        self._graph.patch(f"/domains/{domain}", {"supportedServices": [*services, _MAIL]})
        return True

    def records(self, domain: str) -> list[Record]:
        found = (_record(one) for one in self._graph.pages(f"/domains/{domain}/serviceConfigurationRecords"))
        return [record for record in found if record is not None]

    def _domain(self, domain: str) -> dict[str, Any] | None:
        try:
            return self._graph.get(f"/domains/{domain}")
        except GraphRefused as error:
            if error.status != 404:
                raise
            return None


def _record(one: dict[str, Any]) -> Record | None:
    """A record for mail, as Microsoft tells it; None for those of other services."""
    if one.get("supportedService") != _MAIL:
        return None
    name, kind = str(one.get("label") or "").lower(), str(one.get("recordType")).upper()
    values: dict[str, tuple[Literal["MX", "TXT", "CNAME"], str, str]] = {
        "MX": ("MX", f"{one.get('preference', 0)} {one.get('mailExchange')}.", _("at the cutover")),
        "TXT": ("TXT", f'"{one.get("text")}"', _("who may send for it")),
        "CNAME": ("CNAME", f"{one.get('canonicalName')}.", _("how Outlook finds the mailbox, or signatures")),
    }
    return Record(name, *values[kind]) if kind in values else None

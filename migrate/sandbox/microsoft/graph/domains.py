"""Domains: added, proved by a TXT record, told what their records should be.

learn.microsoft.com/graph/api/resources/domain.  Neither MX nor DKIM targets can be computed from a domain's
name: since 2025 and 2026 they hold a random part.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from migrate.sandbox.microsoft.graph.call import Call, Route
from migrate.sandbox.microsoft.graph.errors import GraphError, bad_request, not_found
from migrate.sandbox.microsoft.graph.types import check_body
from migrate.sandbox.microsoft.people import add_domain
from migrate.sandbox.microsoft.tenant import Domain, Tenant, new_id
from migrate.sandbox.web import Answer

_READ = ("Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
_WRITE = ("Domain.ReadWrite.All",)
_NAME = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
#: Capabilities that can be set through Graph.
_SETTABLE = frozenset({"Email", "OfficeCommunicationsOnline", "Yammer"})


class Domains:
    """The routes and what is behind them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/domains", _READ, self._list),
            Route("POST", "/domains", _WRITE, self._create),
            Route("GET", "/domains/{}", _READ, self._get),
            Route("PATCH", "/domains/{}", _WRITE, self._change),
            Route("DELETE", "/domains/{}", _WRITE, self._delete),
            Route("POST", "/domains/{}/verify", _WRITE, self._verify),
            Route("GET", "/domains/{}/verificationDnsRecords", _READ, self._verification),
            Route("GET", "/domains/{}/serviceConfigurationRecords", _READ, self._configuration),
        )

    async def _list(self, call: Call) -> Answer:
        return call.many("domain", map(_told, self._tenant.domains.values()), context="domains")

    async def _get(self, call: Call) -> Answer:
        return call.one("domain", _told(self._domain(call)), None, "domains")

    async def _create(self, call: Call) -> Answer:
        body = check_body("domain", call.json(), "directory", may_set=frozenset({"id"}))
        name = str(body.get("id") or "").lower()
        if set(body) != {"id"}:
            raise bad_request("Only 'id' can be specified when a domain is created.")
        if not _NAME.fullmatch(name):
            raise bad_request("Invalid value specified for property 'id' of resource 'Domain'.")
        if name in self._tenant.domains:
            raise bad_request(
                "Another object with the same value for property id already exists.",
                details=[{"code": "ObjectConflict", "message": "The domain is there already.", "target": "id"}],
            )
        made = add_domain(self._tenant, name)
        parent = self._tenant.domains.get(name.partition(".")[2])
        made.verified = parent is not None and parent.verified  # a subdomain is proved by its root
        told = {"@odata.context": f"{call.base}/v1.0/$metadata#domains/$entity", **_told(made)}
        return Answer.of_json(201, told, {"Location": f"{call.base}/v1.0/domains/{name}"})

    async def _change(self, call: Call) -> Answer:
        domain = self._domain(call)
        body = check_body("domain", call.json(), "directory")
        if not body or not set(body) <= {"isDefault", "supportedServices"}:
            raise bad_request("Only 'isDefault' and 'supportedServices' can be changed.")
        if not domain.verified:
            raise bad_request("The domain must be verified before it can be changed.")
        if "supportedServices" in body:
            if not set(body["supportedServices"]) <= _SETTABLE | set(domain.services):
                raise bad_request("Invalid value specified for property 'supportedServices' of resource 'Domain'.")
            domain.services = list(body["supportedServices"])
        if body.get("isDefault"):
            for other in self._tenant.domains.values():
                other.is_default = other is domain
        return Answer(204)

    async def _delete(self, call: Call) -> Answer:
        domain = self._domain(call)
        if domain.is_initial or domain.is_default:
            raise bad_request("The initial or default domain cannot be removed.")
        ending = "@" + domain.name
        if any(one["userPrincipalName"].lower().endswith(ending) for one in self._tenant.users.values()):
            raise bad_request("Domain cannot be removed: objects refer to it.")
        del self._tenant.domains[domain.name]
        return Answer(204)

    async def _verify(self, call: Call) -> Answer:
        domain = self._domain(call)
        if not domain.verified and _proof(domain) not in self._tenant.published.get(domain.name, []):
            raise GraphError(
                400, "Request_BadRequest",
                "Domain verification failed with the following error: 'CNAME or TXT or MX record containing the"
                " verification code was not found on your domain.'",
            )  # fmt: skip
        domain.verified = True
        return call.one("domain", _told(domain), None, "domains")

    async def _verification(self, call: Call) -> Answer:
        domain = self._domain(call)
        records = [
            _record("Txt", domain.name, None, text=_proof(domain)),
            _record("Mx", domain.name, None, mailExchange=f"{_proof(domain)}.msv1.invalid", preference=32767),
        ]
        return call.many("domainDnsRecord", records, context="domains/verificationDnsRecords")

    async def _configuration(self, call: Call) -> Answer:
        domain = self._domain(call)
        if not domain.verified:
            raise bad_request("The domain must be verified before its service records are known.")
        records = _mail_records(domain) if "Email" in domain.services else []
        return call.many("domainDnsRecord", records, context="domains/serviceConfigurationRecords")

    def _domain(self, call: Call) -> Domain:
        domain = self._tenant.domains.get(call.parts[0].lower())
        if domain is None:
            raise not_found(call.parts[0])
        return domain


def mx_of(domain: Domain) -> str:
    """The mail exchanger of a domain, which nobody can guess."""
    return f"{domain.name.replace('.', '-')}.{_random(domain, 'mx')[:8]}.mx.microsoft"


def dkim_of(tenant: Tenant, domain: Domain) -> dict[str, str]:
    """The target of each selector's CNAME."""
    label = domain.name.replace(".", "-")
    zone = f"{tenant.initial_domain.partition('.')[0]}.{_random(domain, 'dkim')[:1]}-v1.dkim.mail.microsoft"
    return {selector: f"{selector}-{label}._domainkey.{zone}" for selector in ("selector1", "selector2")}


def _mail_records(domain: Domain) -> list[dict[str, Any]]:
    name = domain.name
    return [
        _record("Mx", name, "Email", mailExchange=mx_of(domain), preference=0),
        _record("Txt", name, "Email", text="v=spf1 include:spf.protection.outlook.com -all"),
        _record("CName", f"autodiscover.{name}", "Email", canonicalName="autodiscover.outlook.com"),
    ]


def _record(kind: str, label: str, service: str | None, **values: Any) -> dict[str, Any]:
    return {
        "@odata.type": f"#microsoft.graph.domainDns{'Cname' if kind == 'CName' else kind}Record",
        "isOptional": False, "label": label, "recordType": kind, "supportedService": service, "ttl": 3600,
        "id": new_id(), **values,
    }  # fmt: skip


def _proof(domain: Domain) -> str:
    return f"MS=ms{int(_random(domain, 'proof'), 16) % 10**8:08}"


def _random(domain: Domain, purpose: str) -> str:
    return hashlib.sha256(f"{domain.token} {purpose}".encode()).hexdigest()


def _told(domain: Domain) -> dict[str, Any]:
    return {
        "authenticationType": "Managed", "availabilityStatus": None, "id": domain.name, "isAdminManaged": True,
        "isDefault": domain.is_default, "isInitial": domain.is_initial,
        "isRoot": domain.name.count(".") == 1, "isVerified": domain.verified,
        "supportedServices": list(domain.services), "passwordValidityPeriodInDays": 2147483647,
        "passwordNotificationWindowInDays": 14, "state": None,
    }  # fmt: skip

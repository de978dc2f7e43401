"""What was bought, and the tenant itself: subscribedSkus, directory/subscriptions, organization, servicePrincipals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from migrate.sandbox.microsoft.graph.call import Call, Route
from migrate.sandbox.microsoft.graph.errors import not_found
from migrate.sandbox.microsoft.people import now_text, used_units
from migrate.sandbox.microsoft.tenant import Sku, Tenant
from migrate.sandbox.web import Answer

_READ = (
    "Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
    "LicenseAssignment.Read.All",
)  # fmt: skip
_APPLICATIONS = ("Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
#: The service plan that is a mailbox.
_EXCHANGE_PLAN = "9aaf7827-d63c-4b61-89c3-182f06f82e5c"


def service_plans(sku: Sku, status: str) -> list[dict[str, Any]]:
    """The mailbox of this SKU, where it has one (learn.microsoft.com/graph/api/resources/serviceplaninfo)."""
    plan = {
        "servicePlanId": _EXCHANGE_PLAN, "servicePlanName": "EXCHANGE_S_STANDARD",
        "provisioningStatus": status, "appliesTo": "User",
    }  # fmt: skip
    return [plan] if sku.mailbox else []


class Licences:
    """The routes and what is behind them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/subscribedSkus", _READ, self._skus),
            Route("GET", "/directory/subscriptions", _READ, self._subscriptions),
            Route("GET", "/organization", _READ, self._organisation),
            Route("GET", "/servicePrincipals", _APPLICATIONS, self._principals),
            Route("GET", "/servicePrincipals(appId='{}')", _APPLICATIONS, self._principal),
        )

    async def _skus(self, call: Call) -> Answer:
        return call.many("subscribedSku", map(self._sku, self._tenant.skus.values()), context="subscribedSkus")

    def _sku(self, sku: Sku) -> dict[str, Any]:
        counts = dict.fromkeys(("enabled", "suspended", "warning", "lockedOut"), 0)
        counts[{"Enabled": "enabled", "Warning": "warning", "LockedOut": "lockedOut"}.get(sku.status, "suspended")] = (
            sku.bought
        )
        return {
            "accountId": self._tenant.tenant_id,
            "accountName": self._tenant.name,
            "appliesTo": "User",
            "capabilityStatus": sku.status,
            "consumedUnits": used_units(self._tenant, sku.sku_id),
            "id": f"{self._tenant.tenant_id}_{sku.sku_id}",
            "prepaidUnits": counts,
            "servicePlans": service_plans(sku, "Success"),
            "skuId": sku.sku_id,
            "skuPartNumber": sku.part_number,
            "subscriptionIds": [sku.subscription_id],
        }

    async def _subscriptions(self, call: Call) -> Answer:
        found: list[dict[str, Any]] = [
            {
                "id": sku.subscription_id, "commerceSubscriptionId": sku.subscription_id,
                "createdDateTime": now_text(), "isTrial": sku.trial, "nextLifecycleDateTime": sku.renews,
                "ownerId": None, "ownerTenantId": None, "ownerType": None, "skuId": sku.sku_id,
                "skuPartNumber": sku.part_number, "status": sku.status, "totalLicenses": sku.bought,
                "serviceStatus": [],
            }
            for sku in self._tenant.skus.values()
        ]  # fmt: skip
        return call.many("companySubscription", found, context="directory/subscriptions")

    async def _organisation(self, call: Call) -> Answer:
        domains = [
            {
                "name": one.name, "isDefault": one.is_default, "isInitial": one.is_initial, "type": "Managed",
                "capabilities": ", ".join(one.services),
            }
            for one in self._tenant.domains.values()
            if one.verified
        ]  # fmt: skip
        told = {
            "id": self._tenant.tenant_id, "displayName": self._tenant.name, "verifiedDomains": domains,
            "countryLetterCode": "FR", "tenantType": "AAD",
        }  # fmt: skip
        return call.many("organization", [told], context="organization")

    async def _principals(self, call: Call) -> Answer:
        return call.many("servicePrincipal", self._all_principals(), context="servicePrincipals")

    async def _principal(self, call: Call) -> Answer:
        for one in self._all_principals():
            if one["appId"] == call.parts[0]:
                return call.one("servicePrincipal", one, None, "servicePrincipals")
        raise not_found(call.parts[0])

    def _all_principals(self) -> list[dict[str, Any]]:
        return [
            {"id": one.principal_id, "appId": one.app_id, "displayName": one.name, "accountEnabled": one.enabled,
             "servicePrincipalType": "Application"}
            for one in self._tenant.applications
        ]  # fmt: skip

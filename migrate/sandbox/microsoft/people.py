"""Making what a tenant holds, as an administrator would: people with mailboxes, licences, domains."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from migrate.sandbox.microsoft.tenant import Domain, Mailbox, Sku, Tenant, new_id

#: SKUs with a mailbox by part number (learn.microsoft.com/entra/identity/users/licensing-service-plan-reference).
KNOWN_SKUS = {
    "O365_BUSINESS_ESSENTIALS": "3b555118-da6a-4418-894f-7df1e2096870",
    "O365_BUSINESS_PREMIUM": "f245ecc8-75af-4f8e-b61f-27d8114de5f3",
    "SPB": "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46",
    "EXCHANGESTANDARD": "4b9405b0-7788-4568-add1-99614e613b69",
    "EXCHANGEENTERPRISE": "19ec0d23-8335-4cbd-94ac-6050e30712fa",
    "EXCHANGEDESKLESS": "80b2d799-d2ba-4d2a-8842-fb0d0f3a4b82",
    "SPE_E3": "05e9a617-0261-4cee-bb44-138d3ef5d965",
    "FLOW_FREE": "f30db892-07e9-47e9-837c-80727f46fd3d",
}
_WITHOUT_MAILBOX = frozenset({"FLOW_FREE"})


def now_text() -> str:
    """As Graph writes a time."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def add_sku(
    tenant: Tenant, part_number: str, bought: int, *, renews: str | None = None, trial: bool = False,
    status: str = "Enabled",
) -> Sku:  # fmt: skip
    """Raises KeyError for a part number that is not in :data:`KNOWN_SKUS`."""
    made = Sku.model_validate(
        {
            "sku_id": KNOWN_SKUS[part_number], "part_number": part_number, "bought": bought, "renews": renews,
            "trial": trial, "status": status, "mailbox": part_number not in _WITHOUT_MAILBOX,
        }
    )  # fmt: skip
    tenant.skus[made.sku_id] = made
    return made


def add_domain(tenant: Tenant, name: str, *, verified: bool = False, initial: bool = False) -> Domain:
    domain = Domain(name=name.lower(), verified=verified, is_initial=initial, is_default=initial)
    domain.services = ["Email", "OfficeCommunicationsOnline"] if initial else []
    tenant.domains[domain.name] = domain
    return domain


def new_user(address: str, name: str, **more: Any) -> dict[str, Any]:
    """A user as Graph tells one."""
    first, _, last = name.partition(" ")
    user: dict[str, Any] = {
        "id": new_id(), "accountEnabled": True, "displayName": name, "givenName": first, "surname": last or None,
        "mailNickname": address.partition("@")[0], "userPrincipalName": address, "mail": None,
        "proxyAddresses": [], "usageLocation": None, "assignedLicenses": [], "createdDateTime": now_text(),
        "businessPhones": [], "jobTitle": None, "mobilePhone": None, "officeLocation": None, "otherMails": [],
        "preferredLanguage": None, "userType": "Member",
    }  # fmt: skip
    return {**user, **more}


def add_person(tenant: Tenant, address: str, name: str, *, sku_id: str | None) -> dict[str, Any]:
    """A user; with a licence also a mailbox, which is ready after the tenant's delay."""
    user = new_user(address, name, usageLocation="FR")
    tenant.users[user["id"]] = user
    if sku_id is not None:
        give_licence(tenant, user, sku_id, [])
    return user


def give_licence(tenant: Tenant, user: dict[str, Any], sku_id: str, disabled_plans: list[str]) -> None:
    licences = [one for one in user["assignedLicenses"] if one["skuId"] != sku_id]
    user["assignedLicenses"] = [*licences, {"skuId": sku_id, "disabledPlans": disabled_plans}]
    if tenant.skus[sku_id].mailbox:
        add_mailbox(tenant, user)


def add_mailbox(tenant: Tenant, user: dict[str, Any], kind: str = "user") -> Mailbox:
    """The mailbox of a user, if it has none yet; Exchange sets its addresses."""
    address = str(user["mail"] or user["userPrincipalName"]).lower()
    if address not in tenant.mailboxes:
        ready_at = time.time() + tenant.mailbox_delay
        tenant.mailboxes[address] = Mailbox.model_validate({"address": address, "ready_at": ready_at, "kind": kind})
    user["mail"] = user["mail"] or user["userPrincipalName"]
    if not user["proxyAddresses"]:
        user["proxyAddresses"] = [f"SMTP:{user['mail']}"]
    return tenant.mailboxes[address]


def used_units(tenant: Tenant, sku_id: str) -> int:
    """Licences of a subscription that somebody has."""
    return sum(
        1 for user in tenant.users.values() for one in user.get("assignedLicenses", []) if one["skuId"] == sku_id
    )

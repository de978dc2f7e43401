"""Licences that vendors sell, as data: what each is called, and how much mail it holds.

Google: https://developers.google.com/workspace/admin/licensing/v1/how-tos/products (names and numbers) and
https://workspace.google.com/pricing (storage of a person, pooled over the organisation).  Microsoft: "Product names and
service plan identifiers for licensing" (names) and "Exchange Online limits", mailbox storage (sizes).  Vendors change
sizes and prices: prices come from the plan, and a licence that is not here is used all the same, by its name there.
"""

from __future__ import annotations

from dataclasses import dataclass

_GB = 1024**3
GOOGLE, MICROSOFT = "google_workspace", "microsoft365"
#: The product that Google's licences of persons belong to.
GOOGLE_PRODUCT = "Google-Apps"


@dataclass(frozen=True, slots=True)
class Sku:
    """``key``: what the vendor's own interface calls it.  ``mailbox``: bytes of mail that it holds, None if unknown."""

    name: str
    key: str
    connector: str
    title: str
    mailbox: int | None = None


SKUS = (
    Sku("business-starter", "1010020027", GOOGLE, "Google Workspace Business Starter", 30 * _GB),
    Sku("business-standard", "1010020028", GOOGLE, "Google Workspace Business Standard", 2048 * _GB),
    Sku("business-plus", "1010020025", GOOGLE, "Google Workspace Business Plus", 5120 * _GB),
    Sku("frontline-starter", "1010020030", GOOGLE, "Google Workspace Frontline Starter", 5 * _GB),
    Sku("frontline-standard", "1010020031", GOOGLE, "Google Workspace Frontline Standard", 5 * _GB),
    Sku("enterprise-standard", "1010020026", GOOGLE, "Google Workspace Enterprise Standard", 5120 * _GB),
    Sku("enterprise-plus", "1010020020", GOOGLE, "Google Workspace Enterprise Plus", 5120 * _GB),
    Sku("business-basic", "O365_BUSINESS_ESSENTIALS", MICROSOFT, "Microsoft 365 Business Basic", 50 * _GB),
    Sku("business-standard", "O365_BUSINESS_PREMIUM", MICROSOFT, "Microsoft 365 Business Standard", 50 * _GB),
    Sku("business-premium", "SPB", MICROSOFT, "Microsoft 365 Business Premium", 50 * _GB),
    Sku("exchange-plan-1", "EXCHANGESTANDARD", MICROSOFT, "Exchange Online (Plan 1)", 50 * _GB),
    Sku("exchange-plan-2", "EXCHANGEENTERPRISE", MICROSOFT, "Exchange Online (Plan 2)", 100 * _GB),
    Sku("exchange-kiosk", "EXCHANGEDESKLESS", MICROSOFT, "Exchange Online Kiosk", 2 * _GB),
    Sku("office-e1", "STANDARDPACK", MICROSOFT, "Office 365 E1", 50 * _GB),
    Sku("office-e3", "ENTERPRISEPACK", MICROSOFT, "Office 365 E3", 100 * _GB),
    Sku("office-e5", "ENTERPRISEPREMIUM", MICROSOFT, "Office 365 E5", 100 * _GB),
    Sku("office-f3", "DESKLESSPACK", MICROSOFT, "Office 365 F3", 2 * _GB),
    Sku("microsoft-e3", "SPE_E3", MICROSOFT, "Microsoft 365 E3", 100 * _GB),
    Sku("microsoft-e5", "SPE_E5", MICROSOFT, "Microsoft 365 E5", 100 * _GB),
    Sku("microsoft-f3", "SPE_F1", MICROSOFT, "Microsoft 365 F3", 2 * _GB),
)  # fmt: skip


def sku_named(name: str, connector: str) -> Sku:
    """The licence of this name, key or title at this kind of target; one that is not known is called as it is."""
    folded = name.casefold()
    for sku in SKUS:
        if sku.connector == connector and folded in (sku.name, sku.key.casefold(), sku.title.casefold()):
            return sku
    return Sku(name, name, connector, name)


def title_of(key: str) -> str:
    """What people call the licence that the vendor's interface calls ``key``."""
    return next((sku.title for sku in SKUS if sku.key == key), key)


def skus_of(connector: str) -> tuple[Sku, ...]:
    return tuple(sku for sku in SKUS if sku.connector == connector)

"""What a Microsoft 365 tenant holds, as the model has it.

Graph v1.0: https://learn.microsoft.com/graph/api/resources/user, .../group, .../subscribedsku, .../companysubscription,
.../domain
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from connectors.microsoft365.graph import Graph
from migrate.directory.model import Account, Found, Group, GroupKind, Seats, Wanted

#: Days for which a deleted account can be restored, and keeps its addresses.
DELETED_DAYS = 30
#: The address of a deleted account: Entra writes its id before it.
_DELETED = re.compile(r"[0-9a-f]{32}(?=.)")
_USER = (
    "id,userPrincipalName,mail,displayName,givenName,surname,proxyAddresses,accountEnabled,usageLocation,"
    "assignedLicenses,userType"
)
_GROUP = "id,displayName,mail,mailEnabled,securityEnabled,groupTypes,proxyAddresses"


@dataclass(frozen=True, slots=True)
class Sku:
    """A licence that the tenant has: its id, and its services' ids by their names."""

    id: str
    services: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tenant:
    """What was found, and the ids by which Graph changes it."""

    found: Found
    skus: Mapping[str, Sku]
    #: By address of a user or group.
    ids: Mapping[str, str]
    #: The domain in which Graph makes groups.
    default_domain: str | None


def look(graph: Graph, wanted: Wanted) -> Tenant:
    """All accounts, groups and domains of the tenant; members of the groups that are wanted."""
    skus, seats = _skus(graph)
    names = {sku.id: name for name, sku in skus.items()}
    users = [one for one in graph.pages("/users", {"$select": _USER, "$top": "999"}) if one.get("userType") != "Guest"]
    accounts = {one.user: one for one in (_account(user, names, skus) for user in users)}
    raw = [one for one in graph.pages("/groups", {"$select": _GROUP, "$top": "999"}) if one.get("mail")]
    groups = {group.address: group for group in (_group(graph, one, wanted) for one in raw)}
    for address, group in wanted.groups.items():
        if group.kind == "collaborative_inbox" and address in accounts:
            # A shared mailbox is an account to Graph, which does not tell who may open it.
            groups[address] = Group(address, accounts.pop(address).name, group.kind, None, None)
    domains = list(graph.pages("/domains"))
    ids = {str(one["userPrincipalName"]).lower(): str(one["id"]) for one in users}
    ids |= {str(one["mail"]).lower(): str(one["id"]) for one in raw}
    found = Found(
        accounts=accounts,
        groups=groups,
        domains={str(one["id"]).lower(): bool(one.get("isVerified")) for one in domains},
        deleted=_deleted(graph),
        seats=seats,
    )
    default = next((str(one["id"]).lower() for one in domains if one.get("isDefault")), None)
    return Tenant(found, skus, ids, default)


def _account(user: Mapping[str, Any], names: Mapping[str, str], skus: Mapping[str, Sku]) -> Account:
    name = str(user["userPrincipalName"]).lower()
    licences: set[str] = set()
    off: set[str] = set()
    for one in user.get("assignedLicenses") or ():
        licence = names.get(str(one.get("skuId")), str(one.get("skuId")))
        licences.add(licence)
        services = {value: key for key, value in skus[licence].services.items()} if licence in skus else {}
        off |= {services[str(plan)] for plan in one.get("disabledPlans") or () if str(plan) in services}
    enabled = bool(user.get("accountEnabled", True))
    given, family = user.get("givenName") or "", user.get("surname") or ""
    return Account(
        user=name,
        given_name=given or ("" if family else user.get("displayName") or ""),
        family_name=family,
        aliases=_addresses(user) - {name},
        licences=frozenset(licences),
        services_off=frozenset(off),
        # The account behind a shared mailbox is one that nobody signs in to, and needs no licence.
        shared=not enabled and not licences,
        suspended=not enabled and bool(licences),
        ready=bool(user.get("mail")),
        usage_location=user.get("usageLocation"),
    )


def _group(graph: Graph, group: Mapping[str, Any], wanted: Wanted) -> Group:
    address = str(group["mail"]).lower()
    kind: GroupKind = "forum" if "Unified" in (group.get("groupTypes") or ()) else "list"
    plain = Group(address, group.get("displayName") or "", kind, None, aliases=_addresses(group) - {address})
    if address not in wanted.groups:
        return plain
    members = graph.pages(f"/groups/{group['id']}/members", {"$select": "id,userPrincipalName,mail", "$top": "999"})
    return replace(plain, members=frozenset(filter(None, map(_member, members))))


def _member(one: Mapping[str, Any]) -> str:
    """A user by the name of the account; a contact or a group, which have none, by their address."""
    return str(one.get("userPrincipalName") or one.get("mail") or "").lower()


def _deleted(graph: Graph) -> Mapping[str, date | None]:
    path = "/directory/deletedItems/microsoft.graph.user"
    found: dict[str, date | None] = {}
    for one in graph.pages(path, {"$select": "id,userPrincipalName,mail,deletedDateTime"}):
        free = _day(one.get("deletedDateTime"))
        name = _DELETED.sub("", str(one.get("userPrincipalName") or "").lower(), count=1)
        for address in filter(None, (name, str(one.get("mail") or "").lower())):
            found[address] = None if free is None else free + timedelta(days=DELETED_DAYS)
    return found


def _skus(graph: Graph) -> tuple[Mapping[str, Sku], Mapping[str, Seats]]:
    """By the vendor's name of each licence, its ids and how many there are."""
    terms = list(_terms(graph))
    skus: dict[str, Sku] = {}
    seats: dict[str, Seats] = {}
    for one in graph.pages("/subscribedSkus"):
        name = str(one["skuPartNumber"])
        plans = one.get("servicePlans") or ()
        skus[name] = Sku(
            str(one["skuId"]), {str(plan["servicePlanName"]): str(plan["servicePlanId"]) for plan in plans}
        )
        units = one.get("prepaidUnits") or {}
        mine = [(day, trial) for sku, day, trial in terms if sku == skus[name].id]
        status = str(one.get("capabilityStatus") or "")
        seats[name] = Seats(
            used=int(one.get("consumedUnits") or 0),
            # Units in their last days still count; suspended and locked ones do not.
            bought=int(units.get("enabled") or 0) + int(units.get("warning") or 0),
            renews=min((day for day, _trial in mine if day is not None), default=None),
            trial=any(trial for _day, trial in mine),
            status="" if status == "Enabled" else status,
        )
    return skus, seats


def _terms(graph: Graph) -> Iterator[tuple[str, date | None, bool]]:
    for one in graph.pages("/directory/subscriptions"):
        yield str(one.get("skuId")), _day(one.get("nextLifecycleDateTime")), bool(one.get("isTrial"))


def _day(moment: object) -> date | None:
    try:
        return datetime.fromisoformat(str(moment)).date()
    except ValueError:
        return None


def _addresses(one: Mapping[str, Any]) -> frozenset[str]:
    """All addresses that bring mail there; those of other kinds (``SIP:``, ``X500:``) are none."""
    proxies = (str(proxy).partition(":") for proxy in one.get("proxyAddresses") or ())
    found = {address.lower() for kind, _colon, address in proxies if kind.lower() == "smtp"}
    return frozenset(found | {str(one["mail"]).lower()} if one.get("mail") else found)

"""What a Google Workspace holds, as the model has it.

Directory API: https://developers.google.com/workspace/admin/directory/reference/rest/v1; Groups Settings API:
https://developers.google.com/workspace/admin/groups-settings/v1/reference/groups; License Manager API:
https://developers.google.com/workspace/admin/licensing/reference/rest/v1/licenseAssignments
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from migrate.directory.google.calls import CUSTOMER, DOMAINS, GROUP_SETTINGS, GROUPS, LICENCES, ORG_UNITS, USERS, Calls
from migrate.directory.model import Account, Found, Group, GroupKind, Posting, Seats, Wanted
from migrate.directory.skus import GOOGLE, GOOGLE_PRODUCT, skus_of

#: Days for which a deleted account can be restored, and keeps its addresses.
DELETED_DAYS = 20
#: More accounts than this are asked for all at once.
_ONE_BY_ONE = 20
POSTING: dict[Posting, str] = {
    "anyone": "ANYONE_CAN_POST",
    "organisation": "ALL_IN_DOMAIN_CAN_POST",
    "members": "ALL_MEMBERS_CAN_POST",
}


def look(calls: Calls, wanted: Wanted) -> Found:
    """All accounts, groups and domains; of the groups that are wanted also members and settings."""
    users = list(_users(calls))
    licences, seats = _licences(calls, wanted, users)
    accounts = {one.user: one for one in (_account(user, licences) for user in users)}
    return Found(
        accounts=accounts,
        groups={group.address: group for group in _groups(calls, wanted)},
        domains=_domains(calls),
        deleted=_deleted(calls),
        seats=seats,
        org_units=_org_units(calls, wanted),
    )


def mailboxes_ready(calls: Calls, users: Sequence[str]) -> Mapping[str, bool]:
    """Whether the mailboxes of these accounts are set up; False also where an account is not seen yet."""
    if len(users) > _ONE_BY_ONE:
        ready = {one.user: one.ready for one in (_account(user, {}) for user in _users(calls))}
        return {user: ready.get(user, False) for user in users}
    api = calls.api(USERS).users()
    found = {user: calls.ask_for(api.get(userKey=user, fields="isMailboxSetup"), USERS) for user in users}
    return {user: bool(one and one.get("isMailboxSetup")) for user, one in found.items()}


def product_of(licence: str) -> tuple[str, str]:
    """Product and licence of a key; a plan may write ``PRODUCT/SKU`` for those of other products."""
    product, slash, sku = licence.rpartition("/")
    return (product, sku) if slash else (GOOGLE_PRODUCT, licence)


def _users(calls: Calls) -> Any:
    return calls.pages(calls.api(USERS).users(), USERS, "users", customer=CUSTOMER, maxResults=500)


def _account(user: Mapping[str, Any], licences: Mapping[str, set[str]]) -> Account:
    address = str(user["primaryEmail"]).lower()
    name = user.get("name") or {}
    return Account(
        user=address,
        given_name=name.get("givenName", ""),
        family_name=name.get("familyName", ""),
        aliases=_lower(user.get("aliases")),
        automatic=_lower(user.get("nonEditableAliases")),
        licences=frozenset(licences.get(address, ())),
        suspended=bool(user.get("suspended") or user.get("archived")),
        ready=bool(user.get("isMailboxSetup", True)),
        org_unit=user.get("orgUnitPath"),
    )


def _deleted(calls: Calls) -> Mapping[str, date | None]:
    users = calls.api(USERS).users()
    found: dict[str, date | None] = {}
    for user in calls.pages(users, USERS, "users", customer=CUSTOMER, showDeleted="true", maxResults=500):
        free = _free(user.get("deletionTime"))
        for address in {str(user["primaryEmail"]).lower(), *_lower(user.get("aliases"))}:
            found[address] = free
    return found


def _free(deleted: object) -> date | None:
    try:
        return (datetime.fromisoformat(str(deleted)) + timedelta(days=DELETED_DAYS)).date()
    except ValueError:
        return None


def _groups(calls: Calls, wanted: Wanted) -> Any:
    api = calls.api(GROUPS)
    for group in calls.pages(api.groups(), GROUPS, "groups", customer=CUSTOMER, maxResults=200):
        address = str(group["email"]).lower()
        aliases = _lower(group.get("aliases")) | _lower(group.get("nonEditableAliases"))
        plain = Group(address, group.get("name", ""), aliases=aliases)
        yield _whole_group(calls, plain) if address in wanted.groups else plain


def _whole_group(calls: Calls, plain: Group) -> Group:
    settings = group_settings(calls, plain.address) or {}
    members = calls.pages(calls.api(GROUPS).members(), GROUPS, "members", groupKey=plain.address, maxResults=200)
    posting = next((name for name, value in POSTING.items() if value == settings.get("whoCanPostMessage")), None)
    return Group(
        plain.address,
        plain.name,
        kind_of(settings),
        # A right that the plan has no word for is not one of those that it wants.
        posting or "members",
        frozenset(str(member["email"]).lower() for member in members if member.get("email")),
        settings.get("allowExternalMembers") == "true",
        plain.aliases,
    )


def group_settings(calls: Calls, address: str) -> Mapping[str, Any] | None:
    request = calls.api(GROUP_SETTINGS).groups().get(groupUniqueId=address)
    found: Mapping[str, Any] | None = calls.ask_for(request, GROUP_SETTINGS)
    return found


def kind_of(settings: Mapping[str, Any]) -> GroupKind:
    if settings.get("enableCollaborativeInbox") == "true":
        return "collaborative_inbox"
    return "forum" if settings.get("isArchived") == "true" else "list"


def _domains(calls: Calls) -> Mapping[str, bool]:
    """Domains and alias domains, whether they are verified."""
    api = calls.api(DOMAINS)
    found: dict[str, bool] = {}
    for one in calls.ask(api.domains().list(customer=CUSTOMER), DOMAINS).get("domains", ()):
        found[str(one["domainName"]).lower()] = bool(one.get("verified"))
    for one in calls.ask(api.domainAliases().list(customer=CUSTOMER), DOMAINS).get("domainAliases", ()):
        found[str(one["domainAliasName"]).lower()] = bool(one.get("verified"))
    return found


def _licences(
    calls: Calls, wanted: Wanted, users: list[Mapping[str, Any]]
) -> tuple[Mapping[str, set[str]], Mapping[str, Seats]]:
    """By account its licences, and how many of each are assigned: how many were bought, Google does not tell here."""
    keys = {one.licence for one in wanted.accounts.values() if one.licence} | set(wanted.bought)
    customer = next((str(user["customerId"]) for user in users if user.get("customerId")), None)
    held: dict[str, set[str]] = defaultdict(set)
    used: Counter[str] = Counter()
    for product in sorted({product_of(key)[0] for key in keys}) if customer else ():
        assignments = calls.api(LICENCES).licenseAssignments()
        pages = calls.pages(
            _OfProduct(assignments), LICENCES, "items", productId=product, customerId=customer, maxResults=1000
        )
        for one in pages:
            key = str(one["skuId"]) if product == GOOGLE_PRODUCT else f"{product}/{one['skuId']}"
            held[str(one["userId"]).lower()].add(key)
            used[key] += 1
    known = {sku.key for sku in skus_of(GOOGLE)} if keys else set()
    return held, {key: Seats(used[key]) for key in {*used, *keys, *known}}


class _OfProduct:
    """Licences of one product, listed as other collections are."""

    def __init__(self, assignments: Any) -> None:
        self.list = assignments.listForProduct
        self.list_next = assignments.listForProduct_next


def _org_units(calls: Calls, wanted: Wanted) -> frozenset[str]:
    if not any(one.org_unit for one in wanted.accounts.values()):
        return frozenset({"/"})
    request = calls.api(ORG_UNITS).orgunits().list(customerId=CUSTOMER, type="all")
    units = calls.ask(request, ORG_UNITS).get("organizationUnits", ())
    return frozenset({"/", *(str(unit["orgUnitPath"]) for unit in units)})


def _lower(addresses: Any) -> frozenset[str]:
    return frozenset(str(address).lower() for address in addresses or ())

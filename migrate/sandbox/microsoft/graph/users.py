"""Users, their licences, and those that were deleted (learn.microsoft.com/graph/api/resources/user)."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from migrate.sandbox.microsoft.graph.call import Call, Route
from migrate.sandbox.microsoft.graph.errors import GraphError, bad_request, not_found
from migrate.sandbox.microsoft.graph.licences import service_plans
from migrate.sandbox.microsoft.graph.types import check_body
from migrate.sandbox.microsoft.people import give_licence, new_user, used_units
from migrate.sandbox.microsoft.tenant import Tenant
from migrate.sandbox.web import Answer

READ = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
WRITE = ("User.ReadWrite.All", "Directory.ReadWrite.All")
_LICENCES = (*WRITE, "LicenseAssignment.ReadWrite.All")
#: What is told of a user when nothing is selected.
DEFAULT = (
    "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName", "id",
)  # fmt: skip
#: Deleted users can be brought back for so many seconds, and hold on to their addresses.
KEPT_DELETED = 30 * 86400.0
_REQUIRED = ("accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile")


class Users:
    """The routes and what is behind them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/users", READ, self._list),
            Route("POST", "/users", WRITE, self._create),
            Route("GET", "/users/{}", READ, self._get),
            Route("PATCH", "/users/{}", WRITE, self._change),
            Route("DELETE", "/users/{}", WRITE, self._delete),
            Route("POST", "/users/{}/assignLicense", _LICENCES, self._assign),
            Route("GET", "/users/{}/licenseDetails", READ, self._licence_details),
            Route("GET", "/directory/deletedItems/microsoft.graph.user", READ, self._deleted),
            Route("POST", "/directory/deletedItems/{}/restore", WRITE, self._restore),
        )

    async def _list(self, call: Call) -> Answer:
        return call.many("user", self._tenant.users.values(), context="users", default=DEFAULT)

    async def _get(self, call: Call) -> Answer:
        return call.one("user", self._user(call.parts[0]), DEFAULT, "users")

    async def _create(self, call: Call) -> Answer:
        body = check_body("user", call.json(), "directory")
        for name in _REQUIRED:
            if body.get(name) in (None, ""):
                raise bad_request(f"A value is required for property '{name}' of resource 'User'.")
        self._check_changes(body, None)
        _check_password(body["passwordProfile"])
        given: dict[str, Any] = {name: value for name, value in body.items() if name != "passwordProfile"}
        user = new_user(body["userPrincipalName"], body["displayName"], **given)
        user["givenName"], user["surname"] = body.get("givenName"), body.get("surname")
        self._tenant.users[user["id"]] = user
        told: dict[str, Any] = {"@odata.context": f"{call.base}/v1.0/$metadata#users/$entity"}
        told |= {name: user.get(name) for name in DEFAULT}
        return Answer.of_json(201, told, {"Location": f"{call.base}/v1.0/users/{quote(user['id'])}"})

    async def _change(self, call: Call) -> Answer:
        user = self._user(call.parts[0])
        body = check_body("user", call.json(), "directory")
        self._check_changes(body, user)
        if body.get("passwordProfile"):
            _check_password(body["passwordProfile"])
        user.update({name: value for name, value in body.items() if name != "passwordProfile"})
        return Answer(204)

    def _check_changes(self, body: dict[str, Any], own: dict[str, Any] | None) -> None:
        for name in ("displayName", "mailNickname", "userPrincipalName"):
            if name in body and body[name] in (None, ""):
                raise bad_request(f"Invalid value specified for property '{name}' of resource 'User'.")
        if "mailNickname" in body and (
            len(body["mailNickname"]) > 64 or re.search(r'[@()\\\[\]";:<>, ]', body["mailNickname"])
        ):
            raise bad_request("Invalid value specified for property 'mailNickname' of resource 'User'.")
        if body.get("usageLocation") is not None and not re.fullmatch("[A-Z]{2}", body["usageLocation"]):
            raise bad_request("Invalid value specified for property 'usageLocation' of resource 'User'.")
        if "assignedLicenses" in body:
            raise bad_request("Property 'assignedLicenses' is read-only and cannot be set.")
        if "userPrincipalName" in body:
            self._check_principal(body["userPrincipalName"], own)
        if body.get("mail"):
            self._check_free(body["mail"], own, "mail")

    def _check_principal(self, name: str, own: dict[str, Any] | None) -> None:
        local, _, domain = name.rpartition("@")
        if not re.fullmatch(r"[A-Za-z0-9'.\-_!#^~]{1,64}", local):
            raise bad_request("Property userPrincipalName is invalid.")
        held = self._tenant.domains.get(domain.lower())
        if held is None or not held.verified:
            raise bad_request(
                "The domain portion of the userPrincipalName property is invalid. You must use one of the verified"
                " domain names in your organization."
            )
        self._check_free(name, own, "userPrincipalName")

    def _check_free(self, address: str, own: dict[str, Any] | None, target: str) -> None:
        for other in (*self._tenant.users.values(), *self._tenant.groups.values(), *self._kept_deleted()):
            if other is not own and address.lower() in addresses_of(other):
                raise bad_request(
                    f"Another object with the same value for property {target} already exists.",
                    details=[
                        {
                            "code": "ObjectConflict",
                            "message": f"Another object with the same value for property {target} already exists.",
                            "target": target,
                        }
                    ],
                )

    def _kept_deleted(self) -> list[dict[str, Any]]:
        since = time.time() - KEPT_DELETED
        return [item for item, when in self._tenant.deleted.values() if when > since]

    async def _delete(self, call: Call) -> Answer:
        user = self._user(call.parts[0])
        del self._tenant.users[user["id"]]
        self._tenant.deleted[user["id"]] = ({**user, "deletedDateTime": _text_of(time.time())}, time.time())
        for members in (*self._tenant.members.values(), *self._tenant.owners.values()):
            if user["id"] in members:
                members.remove(user["id"])
        return Answer(204)

    async def _deleted(self, call: Call) -> Answer:
        users = [item for item in self._kept_deleted() if "userPrincipalName" in item]
        return call.many("user", users, context="users", default=DEFAULT)

    async def _restore(self, call: Call) -> Answer:
        item, _ = self._tenant.deleted.pop(call.parts[0], (None, 0.0))
        if item is None:
            raise not_found(call.parts[0])
        item.pop("deletedDateTime", None)
        held = self._tenant.users if "userPrincipalName" in item else self._tenant.groups
        held[item["id"]] = item
        return call.one("user" if held is self._tenant.users else "group", item, None, "directoryObjects")

    async def _assign(self, call: Call) -> Answer:
        user = self._user(call.parts[0])
        body = call.json()
        if not isinstance(body, dict) or set(body) != {"addLicenses", "removeLicenses"}:
            raise bad_request("One or more parameters of the function import 'assignLicense' are missing from the"
                              " request payload. The missing parameters are: addLicenses, removeLicenses.")  # fmt: skip
        if not all(isinstance(one, list) for one in body.values()):
            raise bad_request("'addLicenses' and 'removeLicenses' must be collections.")
        adds = [check_body("assignedLicense", one, "directory") for one in body["addLicenses"]]
        for sku_id in body["removeLicenses"]:
            if sku_id not in {one["skuId"] for one in user["assignedLicenses"]}:
                raise bad_request("User does not have a corresponding license.")
        for one in adds:
            self._check_licence(user, one.get("skuId", ""))
        for one in adds:
            give_licence(self._tenant, user, one["skuId"], one.get("disabledPlans") or [])
        gone = set(body["removeLicenses"])
        user["assignedLicenses"] = [one for one in user["assignedLicenses"] if one["skuId"] not in gone]
        return call.one("user", user, DEFAULT, "users")

    def _check_licence(self, user: dict[str, Any], sku_id: str) -> None:
        if not user.get("usageLocation"):
            raise bad_request("License assignment cannot be done for user with invalid usage location.")
        sku = self._tenant.skus.get(sku_id)
        if sku is None:
            raise bad_request(f"License {sku_id} does not correspond to a valid company License.")
        has = any(one["skuId"] == sku_id for one in user["assignedLicenses"])
        if not has and used_units(self._tenant, sku_id) >= sku.bought:
            raise bad_request(f"Subscription with SKU {sku_id} does not have any available licenses.")

    async def _licence_details(self, call: Call) -> Answer:
        user = self._user(call.parts[0])
        mailbox = self._tenant.mailbox(user["userPrincipalName"])
        ready = mailbox is not None and mailbox.ready_at <= time.time()
        details = []
        for one in user["assignedLicenses"]:
            sku = self._tenant.skus[one["skuId"]]
            plans = service_plans(sku, "Success" if ready else "PendingProvisioning")
            for plan in plans:
                if plan["servicePlanId"] in one["disabledPlans"]:
                    plan["provisioningStatus"] = "Disabled"
            details.append(
                {"id": sku.sku_id, "skuId": sku.sku_id, "skuPartNumber": sku.part_number, "servicePlans": plans}
            )
        return call.many("licenseDetails", details, context="licenseDetails")

    def _user(self, key: str) -> dict[str, Any]:
        user = self._tenant.user(key)
        if user is None:
            raise not_found(key)
        return user


def addresses_of(item: dict[str, Any]) -> set[str]:
    """All addresses of a user or group, in small letters."""
    held = {str(item.get(name) or "").lower() for name in ("userPrincipalName", "mail")}
    held |= {str(one).partition(":")[2].lower() for one in item.get("proxyAddresses") or []}
    return held - {""}


def _check_password(profile: dict[str, Any]) -> None:
    """At least 8 characters of three kinds (learn.microsoft.com/entra/identity/authentication/concept-sspr-policy)."""
    password = str(profile.get("password") or "")
    kinds = sum(bool(re.search(kind, password)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"))
    if not 8 <= len(password) <= 256 or kinds < 3:
        raise GraphError(
            400, "Request_BadRequest",
            "The specified password does not comply with password complexity requirements. Please provide a different"
            " password.",
        )  # fmt: skip


def _text_of(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))

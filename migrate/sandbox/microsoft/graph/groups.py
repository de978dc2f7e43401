"""Groups and their members: Microsoft 365 and security groups can be written, distribution lists only read.

https://learn.microsoft.com/graph/api/resources/groups-overview
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

from migrate.sandbox.microsoft.graph.call import Call, Route
from migrate.sandbox.microsoft.graph.errors import bad_request, not_found
from migrate.sandbox.microsoft.graph.types import check_body
from migrate.sandbox.microsoft.graph.users import addresses_of
from migrate.sandbox.microsoft.people import now_text
from migrate.sandbox.microsoft.tenant import Tenant, new_id
from migrate.sandbox.web import Answer

_READ = (
    "Group.Read.All",
    "Group.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "GroupMember.Read.All",
)
_WRITE = ("Group.ReadWrite.All", "Directory.ReadWrite.All")
_MEMBERS = (*_WRITE, "GroupMember.ReadWrite.All")
_REQUIRED = ("displayName", "mailEnabled", "mailNickname", "securityEnabled")
_REFERENCE = re.compile(r"https://[^/]+/v1\.0/(?:directoryObjects|users|groups)/([^/]+)")


class Groups:
    """The routes and what is behind them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/groups", _READ, self._list),
            Route("POST", "/groups", _WRITE, self._create),
            Route("GET", "/groups/{}", _READ, self._get),
            Route("PATCH", "/groups/{}", _WRITE, self._change),
            Route("DELETE", "/groups/{}", _WRITE, self._delete),
            Route("GET", "/groups/{}/members", _READ, self._members),
            Route("GET", "/groups/{}/owners", _READ, self._owners),
            Route("POST", "/groups/{}/members/$ref", _MEMBERS, self._add_member),
            Route("POST", "/groups/{}/owners/$ref", _WRITE, self._add_owner),
            Route("DELETE", "/groups/{}/members/{}/$ref", _MEMBERS, self._remove_member),
        )

    async def _list(self, call: Call) -> Answer:
        return call.many("group", self._tenant.groups.values(), context="groups")

    async def _get(self, call: Call) -> Answer:
        return call.one("group", self._group(call.parts[0]), None, "groups")

    async def _create(self, call: Call) -> Answer:
        body = call.json()
        bound = {
            name: body.pop(f"{name}@odata.bind", []) if isinstance(body, dict) else [] for name in ("members", "owners")
        }
        body = check_body("group", body, "directory")
        for name in _REQUIRED:
            if body.get(name) in (None, ""):
                raise bad_request(f"A value is required for property '{name}' of resource 'Group'.")
        unified = "Unified" in (body.get("groupTypes") or [])
        if body["mailEnabled"] and not unified:
            raise bad_request("The service does not currently support writes of mail-enabled groups. Please ensure that"
                              " the mail-enablement property is unset and the security-enablement property is"
                              " set.")  # fmt: skip
        if not body["mailEnabled"] and not body["securityEnabled"]:
            raise bad_request("A group must be mail-enabled or security-enabled.")
        if unified and not body["mailEnabled"]:
            raise bad_request("Unified groups must be mail-enabled.")
        if re.search(r'[@()\\\[\]";:<>, ]', body["mailNickname"]) or len(body["mailNickname"]) > 64:
            raise bad_request("Invalid value specified for property 'mailNickname' of resource 'Group'.")
        address = self._address(body["mailNickname"]) if body["mailEnabled"] else None
        if address is not None:
            self._check_free(address)
        group = {
            "id": new_id(), "deletedDateTime": None, "createdDateTime": now_text(), "description": None,
            "groupTypes": [], "mail": address, "visibility": "Public" if unified else None,
            "proxyAddresses": [f"SMTP:{address}"] if address else [], "resourceProvisioningOptions": [], **body,
        }  # fmt: skip
        self._tenant.groups[group["id"]] = group
        for name, held in (("members", self._tenant.members), ("owners", self._tenant.owners)):
            held[group["id"]] = [self._referred(one) for one in bound[name]]
        told = {"@odata.context": f"{call.base}/v1.0/$metadata#groups/$entity", **group}
        return Answer.of_json(201, told, {"Location": f"{call.base}/v1.0/groups/{group['id']}"})

    def _address(self, nickname: str) -> str:
        """In the default domain; another one is for Exchange's PowerShell to set."""
        default = next((one.name for one in self._tenant.domains.values() if one.is_default),
                       self._tenant.initial_domain)  # fmt: skip
        return f"{nickname}@{default}".lower()

    def _check_free(self, address: str) -> None:
        for other in (*self._tenant.users.values(), *self._tenant.groups.values()):
            if address in addresses_of(other):
                text = "Another object with the same value for property mailNickname already exists."
                raise bad_request(text, details=[{"code": "ObjectConflict", "message": text, "target": "mailNickname"}])

    async def _change(self, call: Call) -> Answer:
        group = self._writable(call.parts[0])
        body = check_body("group", call.json(), "directory")
        for name in ("mailEnabled", "groupTypes", "mail", "proxyAddresses"):
            if name in body and body[name] != group.get(name):
                raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        group.update(body)
        return Answer(204)

    async def _delete(self, call: Call) -> Answer:
        group = self._writable(call.parts[0])
        del self._tenant.groups[group["id"]]
        self._tenant.deleted[group["id"]] = (group, time.time())
        return Answer(204)

    async def _members(self, call: Call) -> Answer:
        return self._people(call, self._tenant.members)

    async def _owners(self, call: Call) -> Answer:
        return self._people(call, self._tenant.owners)

    def _people(self, call: Call, held: dict[str, list[str]]) -> Answer:
        group = self._group(call.parts[0])
        found = []
        for identity in held.get(group["id"], []):
            item = self._object(identity)
            if item is not None:
                kind = "user" if "userPrincipalName" in item else "group"
                found.append({"@odata.type": f"#microsoft.graph.{kind}", **item})
        return call.many("user", found, context="directoryObjects")

    async def _add_member(self, call: Call) -> Answer:
        return self._add(call, self._tenant.members, "members")

    async def _add_owner(self, call: Call) -> Answer:
        return self._add(call, self._tenant.owners, "owners")

    def _add(self, call: Call, held: dict[str, list[str]], name: str) -> Answer:
        group = self._writable(call.parts[0])
        body = call.json()
        if not isinstance(body, dict) or set(body) != {"@odata.id"}:
            raise bad_request("The request body must hold '@odata.id' and nothing else.")
        identity = self._referred(body["@odata.id"])
        known = held.setdefault(group["id"], [])
        if identity in known:
            raise bad_request(
                f"One or more added object references already exist for the following modified properties: '{name}'."
            )
        known.append(identity)
        return Answer(204)

    async def _remove_member(self, call: Call) -> Answer:
        group = self._writable(call.parts[0])
        members = self._tenant.members.get(group["id"], [])
        if call.parts[1] not in members:
            raise not_found(call.parts[1])
        members.remove(call.parts[1])
        return Answer(204)

    def _referred(self, reference: object) -> str:
        found = _REFERENCE.fullmatch(str(reference))
        if found is None:
            raise bad_request(f"Invalid URL format specified in '@odata.id': {reference}.")
        if self._object(found[1]) is None:
            raise not_found(found[1])
        return found[1]

    def _object(self, identity: str) -> dict[str, Any] | None:
        return self._tenant.users.get(identity) or self._tenant.groups.get(identity)

    def _group(self, identity: str) -> dict[str, Any]:
        group = self._tenant.groups.get(identity)
        if group is None:
            raise not_found(identity)
        return group

    def _writable(self, identity: str) -> dict[str, Any]:
        group = self._group(identity)
        if group["mailEnabled"] and "Unified" not in group["groupTypes"]:
            raise bad_request("Cannot Update a mail-enabled security groups and or distribution list.")
        return group

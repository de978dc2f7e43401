"""domains, domainAliases and orgunits of the Directory API.

https://developers.google.com/workspace/admin/directory/v1/guides/manage-domains and manage-org-units.
"""

from __future__ import annotations

import re

from migrate.sandbox.google.addresses import check_customer, precondition, verified
from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.errors import ApiError, Json, duplicate, invalid_input, not_found
from migrate.sandbox.google.world import World

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def insert_domain(call: Call) -> Json:
    """One more domain, which has to be verified before anybody has an address in it."""
    world = _admitted(call)
    name = _free(world, call.body["domainName"])
    world.domains.put(name, {"verified": False, "primary": False, "created": world.clock.now()})
    return _domain(world, name)


def get_domain(call: Call) -> Json:
    """One domain."""
    world = _admitted(call)
    return _domain(world, _known(world, call))


def list_domains(call: Call) -> Json:
    """Every domain, with the aliases of each."""
    world = _admitted(call)
    return {"kind": "admin#directory#domains", "domains": [_domain(world, name) for name in world.domains]}


def delete_domain(call: Call) -> None:
    """Take a domain away in which nobody has an address."""
    world = _admitted(call)
    name = _known(world, call)
    rows = [row for table in (world.users, world.groups) for row in table.rows()]
    held = any(one.endswith(f"@{name}") for row in rows for one in (row["email"], *row["aliases"]))
    if world.domains[name]["primary"] or held:
        raise precondition("The domain is in use.")
    world.domains.drop(name)


def insert_alias(call: Call) -> Json:
    """One more name for a domain: everybody has the same address in it."""
    world = _admitted(call)
    parent = call.body.get("parentDomainName", "").lower()
    if "domainAliasName" not in call.body or parent not in world.domains:
        raise invalid_input("parentDomainName" if "domainAliasName" in call.body else "domainAliasName")
    name = _free(world, call.body["domainAliasName"])
    world.domain_aliases.put(name, {"verified": False, "parent": parent, "created": world.clock.now()})
    return _domain_alias(world, name)


def get_alias(call: Call) -> Json:
    """One alias of a domain."""
    world = _admitted(call)
    return _domain_alias(world, _known_alias(world, call))


def list_aliases(call: Call) -> Json:
    """Every alias, or those of one domain."""
    world = _admitted(call)
    parent = call.parameters.get("parentDomainName")
    found = [
        _domain_alias(world, name)
        for name, row in world.domain_aliases.items()
        if parent is None or row["parent"] == parent.lower()
    ]
    return {"kind": "admin#directory#domainAliases", **({"domainAliases": found} if found else {})}


def delete_alias(call: Call) -> None:
    """Take an alias of a domain away."""
    world = _admitted(call)
    world.domain_aliases.drop(_known_alias(world, call))


def insert_unit(call: Call) -> Json:
    """A new organizational unit below another."""
    world = _admitted(call, "customerId")
    body = call.body
    if "parentOrgUnitPath" not in body and "parentOrgUnitId" not in body:
        raise invalid_input("parentOrgUnitPath")
    path = _path_below(world, body, body["name"])
    if path in world.orgunits:
        raise duplicate()
    world.orgunits.put(path, {"id": f"id:03{world.number('orgunit'):09}", "description": body.get("description", "")})
    return _unit(world, path)


def get_unit(call: Call) -> Json:
    """One organizational unit, by path (without the slash before it) or id."""
    world = _admitted(call, "customerId")
    return _unit(world, _known_unit(world, call.parameters["orgUnitPath"]))


def list_units(call: Call) -> Json:
    """Those directly below one, or all of them."""
    world = _admitted(call, "customerId")
    above = "/" + (call.parameters.get("orgUnitPath") or "").strip("/")
    kind = call.parameters.get("type", "children")
    found = [
        _unit(world, path)
        for path in sorted(world.orgunits)
        if path.startswith(above.rstrip("/") + "/") and (kind != "children" or _above(path) == above)
    ]
    if kind == "allIncludingParent" and above in world.orgunits:
        found.insert(0, _unit(world, above))
    return {"kind": "admin#directory#orgUnits", **({"organizationUnits": found} if found else {})}


def change_unit(call: Call) -> Json:
    """Another name, place or description; what is below moves too."""
    world = _admitted(call, "customerId")
    path, body = _known_unit(world, call.parameters["orgUnitPath"]), call.body
    parent = {"parentOrgUnitPath": _above(path)} if "parentOrgUnitPath" not in body else {}
    wanted = _path_below(world, {**body, **parent}, body.get("name", path.rpartition("/")[2]))
    if wanted != path and (wanted in world.orgunits or wanted.startswith(path + "/")):
        raise duplicate()
    world.orgunits.put(
        path, {**world.orgunits[path], **({"description": body["description"]} if "description" in body else {})}
    )
    if wanted != path:
        _move(world, path, wanted)
    return _unit(world, wanted)


def delete_unit(call: Call) -> None:
    """Take away a unit in which nothing is."""
    world = _admitted(call, "customerId")
    path = _known_unit(world, call.parameters["orgUnitPath"])
    if any(one.startswith(path + "/") for one in world.orgunits) or any(
        row["fields"].get("orgUnitPath") == path for row in world.users.rows()
    ):
        raise precondition("The organizational unit is not empty.")
    world.orgunits.drop(path)


HANDLERS: dict[str, Handler] = {
    "directory.domains.insert": insert_domain,
    "directory.domains.get": get_domain,
    "directory.domains.list": list_domains,
    "directory.domains.delete": delete_domain,
    "directory.domainAliases.insert": insert_alias,
    "directory.domainAliases.get": get_alias,
    "directory.domainAliases.list": list_aliases,
    "directory.domainAliases.delete": delete_alias,
    "directory.orgunits.insert": insert_unit,
    "directory.orgunits.get": get_unit,
    "directory.orgunits.list": list_units,
    "directory.orgunits.patch": change_unit,
    "directory.orgunits.update": change_unit,
    "directory.orgunits.delete": delete_unit,
}


def _admitted(call: Call, name: str = "customer") -> World:
    call.as_admin()
    check_customer(call, name)
    return call.world


def _free(world: World, asked: str) -> str:
    name = asked.lower()
    if not _DOMAIN.fullmatch(name):
        raise ApiError(400, "Invalid Input: domain_name", "invalid")
    if name in world.domains or name in world.domain_aliases or name in world.manners.taken_domains:
        raise duplicate()
    return name


def _known(world: World, call: Call) -> str:
    name = str(call.parameters["domainName"]).lower()
    if name not in world.domains:
        raise ApiError(404, "Domain not found.", "notFound")
    return name


def _known_alias(world: World, call: Call) -> str:
    name = str(call.parameters["domainAliasName"]).lower()
    if name not in world.domain_aliases:
        raise ApiError(404, "Domain alias not found.", "notFound")
    return name


def _domain(world: World, name: str) -> Json:
    row = world.domains[name]
    told: Json = {
        "kind": "admin#directory#domain",
        "domainName": name,
        "isPrimary": row["primary"],
        "verified": verified(world, name),
        "creationTime": str(int(row["created"] * 1000)),
    }
    aliases = [_domain_alias(world, one) for one, other in world.domain_aliases.items() if other["parent"] == name]
    return told | ({"domainAliases": aliases} if aliases else {})


def _domain_alias(world: World, name: str) -> Json:
    row = world.domain_aliases[name]
    return {
        "kind": "admin#directory#domainAlias",
        "domainAliasName": name,
        "parentDomainName": row["parent"],
        "verified": verified(world, name),
        "creationTime": str(int(row["created"] * 1000)),
    }


def _above(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _path_below(world: World, body: Json, name: str) -> str:
    parent = body.get("parentOrgUnitPath")
    if parent is None:
        parent = _known_unit(world, body["parentOrgUnitId"])
    if not name or "/" in name or (parent != "/" and parent not in world.orgunits):
        raise ApiError(400, "Invalid Ou Id", "invalid")
    return f"{parent.rstrip('/')}/{name}"


def _known_unit(world: World, key: str) -> str:
    if key.startswith("id:"):
        found = next((path for path, row in world.orgunits.items() if row["id"] == key), None)
    else:
        found = "/" + key.strip("/")
    if found is None or found not in world.orgunits:
        raise not_found("Org unit not found")
    return found


def _move(world: World, path: str, wanted: str) -> None:
    for one, row in world.orgunits.items():
        if one == path or one.startswith(path + "/"):
            world.orgunits.drop(one)
            world.orgunits.put(wanted + one[len(path) :], row)
    for user, row in world.users.items():
        held = row["fields"].get("orgUnitPath", "/")
        if held == path or held.startswith(path + "/"):
            fields = {**row["fields"], "orgUnitPath": wanted + held[len(path) :]}
            world.users.put(user, {**row, "fields": fields})


def _unit(world: World, path: str) -> Json:
    row, above = world.orgunits[path], _above(path)
    return {
        "kind": "admin#directory#orgUnit",
        "orgUnitId": row["id"],
        "name": path.rpartition("/")[2],
        "description": row["description"],
        "orgUnitPath": path,
        "parentOrgUnitPath": above,
        "parentOrgUnitId": world.orgunits[above]["id"] if above in world.orgunits else "id:03root",
        "blockInheritance": False,
    }

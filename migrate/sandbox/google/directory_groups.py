"""groups and groups.aliases of the Directory API.

https://developers.google.com/workspace/admin/directory/v1/guides/manage-groups
"""

from __future__ import annotations

from migrate.sandbox.google.addresses import check_customer, check_free, group_key
from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.directory_members import groups_of
from migrate.sandbox.google.errors import ApiError, Json, invalid_input, unknown_resource
from migrate.sandbox.google.world import World

_LONGEST_NAME = 75
_LONGEST_DESCRIPTION = 4096


def insert(call: Call) -> Json:
    """A new group, without members."""
    call.as_admin()
    world, body = call.world, call.body
    _check(body)
    email = check_free(world, body["email"], "email")
    group = f"0{world.number('group'):014x}"
    row = {
        "email": email,
        "aliases": [],
        "name": body.get("name") or email.partition("@")[0],
        "description": body.get("description", ""),
        "created": world.clock.now(),
    }
    world.groups.put(group, row)
    return shown(world, group)


def get(call: Call) -> Json:
    """One group."""
    call.as_admin()
    return shown(call.world, group_key(call))


def list_groups(call: Call) -> Json:
    """A page of groups: of the customer, of a domain, or those that hold ``userKey``."""
    call.as_admin()
    check_customer(call)
    world, parameters = call.world, call.parameters
    domain, member = parameters.get("domain"), parameters.get("userKey")
    if domain is None and member is None and "customer" not in parameters:
        raise ApiError(400, "Bad Request", "badRequest")
    if "query" in parameters:
        raise invalid_input("query")
    holding = None if member is None else groups_of(world, member)
    found = [
        (str(row["email"]), group)
        for group, row in world.groups.items()
        if world.seen(row)
        and (domain is None or row["email"].endswith(f"@{domain.lower()}"))
        and (holding is None or group in holding)
    ]
    found.sort(reverse=parameters.get("sortOrder") == "DESCENDING")
    page = call.page(found, "groups", lambda one: shown(world, one[1]), size=200, largest=200)
    return {"kind": "admin#directory#groups", **page}


def change(call: Call) -> Json:
    """patch and update: both leave what is not said."""
    call.as_admin()
    world, body, group = call.world, call.body, group_key(call)
    _check(body)
    row = dict(world.groups[group])
    email = body.get("email", row["email"]).lower()
    if email != row["email"]:
        if email not in row["aliases"]:
            check_free(world, email, "email")
        row["aliases"] = [one for one in row["aliases"] if one != email] + [row["email"]]
        row["email"] = email
    row |= {name: body[name] for name in ("name", "description") if name in body}
    world.groups.put(group, row)
    return shown(world, group)


def delete(call: Call) -> None:
    """Take a group away for good."""
    call.as_admin()
    world, group = call.world, group_key(call)
    for key, row in world.members.items():
        if group in (row["group"], row["member"]):
            world.members.drop(key)
    if group in world.group_settings:
        world.group_settings.drop(group)
    world.groups.drop(group)


def insert_alias(call: Call) -> Json:
    """One more address for a group."""
    call.as_admin()
    world, group = call.world, group_key(call)
    row = world.groups[group]
    if "alias" not in call.body:
        raise invalid_input("alias")
    alias = check_free(world, call.body["alias"], "alias", aliases=True)
    world.groups.put(group, {**row, "aliases": [*row["aliases"], alias]})
    return _alias(alias, group, row["email"])


def list_aliases(call: Call) -> Json:
    """The further addresses of a group."""
    call.as_admin()
    group = group_key(call)
    row = call.world.groups[group]
    found = [_alias(one, group, row["email"]) for one in row["aliases"]]
    return {"kind": "admin#directory#aliases", **({"aliases": found} if found else {})}


def delete_alias(call: Call) -> None:
    """Take an address away."""
    call.as_admin()
    world, group = call.world, group_key(call)
    row, alias = world.groups[group], call.parameters["alias"].lower()
    if alias not in row["aliases"]:
        raise unknown_resource("alias_id")
    world.groups.put(group, {**row, "aliases": [one for one in row["aliases"] if one != alias]})


HANDLERS: dict[str, Handler] = {
    "directory.groups.insert": insert,
    "directory.groups.get": get,
    "directory.groups.list": list_groups,
    "directory.groups.patch": change,
    "directory.groups.update": change,
    "directory.groups.delete": delete,
    "directory.groups.aliases.insert": insert_alias,
    "directory.groups.aliases.list": list_aliases,
    "directory.groups.aliases.delete": delete_alias,
}


def shown(world: World, group: str) -> Json:
    """The group as the API tells it."""
    row = world.groups[group]
    told: Json = {
        "kind": "admin#directory#group",
        "id": group,
        "etag": f'"{world.groups.changes}"',
        "email": row["email"],
        "name": row["name"],
        "directMembersCount": str(sum(one["group"] == group for one in world.members.rows())),
        "description": row["description"],
        "adminCreated": True,
    }
    if row["aliases"]:
        told["aliases"] = row["aliases"]
    return told


def _alias(alias: str, group: str, email: str) -> Json:
    return {"kind": "admin#directory#alias", "id": group, "primaryEmail": email, "alias": alias}


def _check(body: Json) -> None:
    if len(body.get("name", "")) > _LONGEST_NAME:
        raise invalid_input("name")
    if len(body.get("description", "")) > _LONGEST_DESCRIPTION:
        raise invalid_input("description")

"""groups, groups.aliases and members of the Directory API.

https://developers.google.com/workspace/admin/directory/v1/guides/manage-groups and manage-group-members.
"""

from __future__ import annotations

from migrate.sandbox.google.addresses import check_customer, check_free, group_key, owned, precondition
from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.errors import ApiError, Json, invalid_input, unknown_resource
from migrate.sandbox.google.world import World

_ROLES = ("OWNER", "MANAGER", "MEMBER")
_DELIVERY = ("ALL_MAIL", "DAILY", "DIGEST", "DISABLED", "NONE")
_LONGEST_NAME = 75
_LONGEST_DESCRIPTION = 4096
_MOST_MEMBERS = 200


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
    holding = None if member is None else _groups_of(world, member)
    rows = [
        shown(world, group)
        for group, row in world.groups.items()
        if (domain is None or row["email"].endswith(f"@{domain.lower()}")) and (holding is None or group in holding)
    ]
    rows.sort(key=lambda row: str(row["email"]), reverse=parameters.get("sortOrder") == "DESCENDING")
    return {"kind": "admin#directory#groups", **call.page(rows, "groups", size=200, largest=200)}


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


def insert_member(call: Call) -> Json:
    """Somebody joins: a user, another group, or an address outside."""
    call.as_admin()
    world, group, body = call.world, group_key(call), call.body
    _check_member(body)
    key = body.get("id") or body.get("email")
    if key is None:
        raise invalid_input("memberKey")
    member = _member_id(world, key)
    if member is None:
        if "@" not in key or owned(world, key.lower().rpartition("@")[2]):
            raise unknown_resource("memberKey")
        settings = world.group_settings.get(group) or {}
        if settings.get("allowExternalMembers") != "true":
            raise precondition("The group does not allow external members.")
        member = key.lower()
    if f"{group}/{member}" in world.members:
        raise ApiError(409, "Member already exists.", "duplicate")
    if member == group or group in _below(world, member):
        raise precondition("Cyclic memberships not allowed.")
    row = {
        "group": group,
        "member": member,
        "role": body.get("role", "MEMBER"),
        "delivery": body.get("delivery_settings", "ALL_MAIL"),
    }
    world.members.put(f"{group}/{member}", row)
    return _shown_member(world, row)


def get_member(call: Call) -> Json:
    """One membership."""
    call.as_admin()
    return _shown_member(call.world, call.world.members[_membership(call)], delivery=True)


def has_member(call: Call) -> Json:
    """Whether somebody is in a group, directly or through another group."""
    call.as_admin()
    group, member = group_key(call), _member_id(call.world, call.parameters["memberKey"])
    return {"isMember": member in _below(call.world, group)}


def list_members(call: Call) -> Json:
    """A page of members."""
    call.as_admin()
    world, group = call.world, group_key(call)
    roles = frozenset((call.parameters.get("roles") or ",".join(_ROLES)).split(","))
    rows = [
        _shown_member(world, row)
        for row in world.members.rows()
        if row["group"] == group and row["role"] in roles
    ]  # fmt: skip
    page = call.page(rows, "members", size=_MOST_MEMBERS, largest=_MOST_MEMBERS)
    return {"kind": "admin#directory#members", **page}


def change_member(call: Call) -> Json:
    """Another role, or another way of delivery."""
    call.as_admin()
    _check_member(call.body)
    key, world = _membership(call), call.world
    row = dict(world.members[key])
    row["role"] = call.body.get("role", row["role"])
    row["delivery"] = call.body.get("delivery_settings", row["delivery"])
    world.members.put(key, row)
    return _shown_member(world, row)


def delete_member(call: Call) -> None:
    """Somebody leaves."""
    call.as_admin()
    call.world.members.drop(_membership(call))


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
    "directory.members.insert": insert_member,
    "directory.members.get": get_member,
    "directory.members.hasMember": has_member,
    "directory.members.list": list_members,
    "directory.members.patch": change_member,
    "directory.members.update": change_member,
    "directory.members.delete": delete_member,
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


def _shown_member(world: World, row: Json, *, delivery: bool = False) -> Json:
    member = row["member"]
    held = world.users.get(member) or world.groups.get(member)
    kind = "USER" if member in world.users else "GROUP"
    told: Json = {"kind": "admin#directory#member", "id": member, "role": row["role"], "type": kind}
    told["email"] = held["email"] if held is not None else member
    if kind == "USER" or held is None:
        told["type"] = "USER"
        told["status"] = "SUSPENDED" if held is not None and held["suspended"] else "ACTIVE"
    if delivery:
        told["delivery_settings"] = row["delivery"]
    return told


def _member_id(world: World, key: str) -> str | None:
    """The id of a user or group; an outside address is its own, once it is a member somewhere."""
    found = world.user(key) or world.group(key)
    if found is None and any(row["member"] == key.lower() for row in world.members.rows()):
        domain = key.lower().rpartition("@")[2]
        return None if owned(world, domain) else key.lower()
    return found


def _membership(call: Call) -> str:
    group, member = group_key(call), _member_id(call.world, call.parameters["memberKey"])
    key = f"{group}/{member}"
    if key not in call.world.members:
        raise unknown_resource("memberKey")
    return key


def _below(world: World, group: str) -> set[str]:
    """Every member of a group, through groups in it too."""
    found: set[str] = set()
    waiting = [group]
    while waiting:
        here = waiting.pop()
        for row in world.members.rows():
            if row["group"] == here and row["member"] not in found:
                found.add(row["member"])
                waiting.append(row["member"])
    return found


def _groups_of(world: World, member: str) -> set[str]:
    wanted = _member_id(world, member)
    if wanted is None:
        raise unknown_resource("userKey")
    return {row["group"] for row in world.members.rows() if row["member"] == wanted}


def _alias(alias: str, group: str, email: str) -> Json:
    return {"kind": "admin#directory#alias", "id": group, "primaryEmail": email, "alias": alias}


def _check(body: Json) -> None:
    if len(body.get("name", "")) > _LONGEST_NAME:
        raise invalid_input("name")
    if len(body.get("description", "")) > _LONGEST_DESCRIPTION:
        raise invalid_input("description")


def _check_member(body: Json) -> None:
    if body.get("role", "MEMBER") not in _ROLES:
        raise invalid_input("role")
    if body.get("delivery_settings", "ALL_MAIL") not in _DELIVERY:
        raise invalid_input("delivery_settings")

"""members of the Directory API.

https://developers.google.com/workspace/admin/directory/v1/guides/manage-group-members
"""

from __future__ import annotations

from functools import partial

from migrate.sandbox.google.addresses import group_key, owned, precondition
from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.errors import ApiError, Json, invalid_input, unknown_resource
from migrate.sandbox.google.world import World

_ROLES = ("OWNER", "MANAGER", "MEMBER")
_DELIVERY = ("ALL_MAIL", "DAILY", "DIGEST", "DISABLED", "NONE")
_MOST_MEMBERS = 200


def insert(call: Call) -> Json:
    """Somebody joins: a user, another group, or an address outside."""
    call.as_admin()
    world, group, body = call.world, group_key(call), call.body
    _check(body)
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
    return _shown(world, row)


def get(call: Call) -> Json:
    """One membership."""
    call.as_admin()
    return _shown(call.world, call.world.members[_membership(call)], delivery=True)


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
    rows = [row for row in world.members.rows() if row["group"] == group and row["role"] in roles]
    page = call.page(rows, "members", partial(_shown, world), size=_MOST_MEMBERS, largest=_MOST_MEMBERS)
    return {"kind": "admin#directory#members", **page}


def change(call: Call) -> Json:
    """Another role, or another way of delivery."""
    call.as_admin()
    _check(call.body)
    key, world = _membership(call), call.world
    row = dict(world.members[key])
    row["role"] = call.body.get("role", row["role"])
    row["delivery"] = call.body.get("delivery_settings", row["delivery"])
    world.members.put(key, row)
    return _shown(world, row)


def delete(call: Call) -> None:
    """Somebody leaves."""
    call.as_admin()
    call.world.members.drop(_membership(call))


HANDLERS: dict[str, Handler] = {
    "directory.members.insert": insert,
    "directory.members.get": get,
    "directory.members.hasMember": has_member,
    "directory.members.list": list_members,
    "directory.members.patch": change,
    "directory.members.update": change,
    "directory.members.delete": delete,
}


def _shown(world: World, row: Json, *, delivery: bool = False) -> Json:
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


def groups_of(world: World, member: str) -> set[str]:
    """The groups that somebody is a member of.  Raises ApiError when nobody is called so."""
    wanted = _member_id(world, member)
    if wanted is None:
        raise unknown_resource("userKey")
    return {row["group"] for row in world.members.rows() if row["member"] == wanted}


def _check(body: Json) -> None:
    if body.get("role", "MEMBER") not in _ROLES:
        raise invalid_input("role")
    if body.get("delivery_settings", "ALL_MAIL") not in _DELIVERY:
        raise invalid_input("delivery_settings")

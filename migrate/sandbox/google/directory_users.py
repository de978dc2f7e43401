"""users and users.aliases of the Directory API.

https://developers.google.com/workspace/admin/directory/v1/guides/manage-users, and the schema User of the discovery
document.  No password is kept.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from migrate.sandbox.google.account_rules import check_name, check_password
from migrate.sandbox.google.accounts import new_user
from migrate.sandbox.google.addresses import (
    UNDELETED_FOR,
    check_customer,
    check_free,
    precondition,
    user_key,
)  # fmt: skip
from migrate.sandbox.google.call import Call, Handler
from migrate.sandbox.google.errors import ApiError, Json, duplicate, invalid_input, unknown_resource
from migrate.sandbox.google.world import CUSTOMER, World

#: What a client may say and is told back as it was.
_PLAIN = (
    "name", "orgUnitPath", "changePasswordAtNextLogin", "includeInGlobalAddressList", "recoveryEmail", "recoveryPhone",
    "phones", "addresses", "organizations", "externalIds", "relations", "notes", "locations", "languages",
    "customSchemas",     "archived", "ipWhitelisted", "emails",
)  # fmt: skip
_MOST_ALIASES = 30
_QUERY = re.compile(r"\s*(email|orgUnitPath|isSuspended|givenName|familyName|name)([=:])('[^']*'|\S+)", re.IGNORECASE)


def insert(call: Call) -> Json:
    """A new account, whose mailbox is made once it has a licence."""
    call.as_admin()
    body, world = call.body, call.world
    check_name(body["name"])
    check_password(body)
    _check_org_unit(world, body)
    email = check_free(world, body["primaryEmail"], "primary_user_email")
    user = new_user(
        world,
        email,
        sku=world.manners.licence_on_creation,
        **{name: body[name] for name in _PLAIN if name in body},
    )
    if body.get("suspended"):
        world.users.put(user, {**world.users[user], "suspended": True})
    return shown(world, user)


def get(call: Call) -> Json:
    """One account."""
    call.as_admin()
    return shown(call.world, user_key(call))


def list_users(call: Call) -> Json:
    """A page of accounts, of the customer or of one domain."""
    call.as_admin()
    check_customer(call)
    parameters, world = call.parameters, call.world
    domain: str | None = parameters.get("domain")
    if domain is None and "customer" not in parameters:
        raise ApiError(400, "Bad Request", "badRequest")
    ending = f"@{domain.lower()}" if domain is not None else ""
    deleted = parameters.get("showDeleted") == "true"
    wanted = _filter(parameters.get("query"))
    found = [
        (user, row)
        for user, row in world.users.items()
        if (row["deleted"] is not None) == deleted
        and world.seen(row)
        and row["email"].endswith(ending)
        and all(_matches(row, *one) for one in wanted)
    ]
    order = parameters.get("orderBy", "email")
    found.sort(key=lambda one: _sorted_by(one[1], order), reverse=parameters.get("sortOrder") == "DESCENDING")
    page = call.page(found, "users", lambda one: shown(world, one[0]), size=100, largest=500)
    return {"kind": "admin#directory#users", **page}


def change(call: Call) -> Json:
    """patch and update: both leave what is not said."""
    call.as_admin()
    body, world, user = call.body, call.world, user_key(call)
    row = world.users[user]
    fields = dict(row["fields"])
    if "name" in body:
        fields["name"] = {**fields.get("name", {}), **body["name"]}
        check_name(fields["name"])
    if "password" in body:
        check_password(body)
    _check_org_unit(world, body)
    fields |= {name: body[name] for name in _PLAIN if name in body and name != "name"}
    changed: Json = {**row, "fields": fields, "suspended": body.get("suspended", row["suspended"])}
    email = str(body.get("primaryEmail", row["email"])).lower()
    if email != row["email"]:
        # The old address goes on to work, as an alias; an alias of one's own may become the address.
        if email not in row["aliases"]:
            check_free(world, email, "primary_user_email")
        changed["aliases"] = [one for one in row["aliases"] if one != email] + [row["email"]]
        changed["email"] = email
    world.users.put(user, changed)
    return shown(world, user)


def delete(call: Call) -> None:
    """Take an account away; for 20 days it can be brought back."""
    call.as_admin()
    user = user_key(call)
    world = call.world
    world.users.put(user, {**world.users[user], "deleted": world.clock.now(), "licensed_at": None})
    for key, row in world.licences.items():
        if row["user"] == user:
            world.licences.drop(key)
    for key, row in world.members.items():
        if row["member"] == user:
            world.members.drop(key)


def undelete(call: Call) -> None:
    """Bring an account back, by its id."""
    call.as_admin()
    world, user = call.world, call.parameters["userKey"]
    row = world.users.get(user)
    if row is None or row["deleted"] is None or row["deleted"] < world.clock.now() - UNDELETED_FOR:
        raise unknown_resource("userKey")
    _check_org_unit(world, call.body)
    if world.holder(row["email"]) is not None:
        raise duplicate()
    fields = row["fields"] | ({"orgUnitPath": call.body["orgUnitPath"]} if "orgUnitPath" in call.body else {})
    world.users.put(user, {**row, "deleted": None, "fields": fields})


def make_admin(call: Call) -> None:
    """Make somebody a super administrator, or no longer."""
    call.as_admin()
    user = user_key(call)
    call.world.users.put(user, {**call.world.users[user], "admin": bool(call.body.get("status"))})


def insert_alias(call: Call) -> Json:
    """One more address for an account."""
    call.as_admin()
    world, user = call.world, user_key(call)
    row = world.users[user]
    if "alias" not in call.body:
        raise invalid_input("alias")
    alias = check_free(world, call.body["alias"], "alias", aliases=True)
    if len(row["aliases"]) >= _MOST_ALIASES:
        raise precondition("The user has reached the limit of aliases.")
    world.users.put(user, {**row, "aliases": [*row["aliases"], alias]})
    return _alias(alias, user, row["email"])


def list_aliases(call: Call) -> Json:
    """The further addresses of an account."""
    call.as_admin()
    user = user_key(call)
    row = call.world.users[user]
    found = [_alias(one, user, row["email"]) for one in row["aliases"]]
    return {"kind": "admin#directory#aliases", **({"aliases": found} if found else {})}


def delete_alias(call: Call) -> None:
    """Take an address away."""
    call.as_admin()
    world, user = call.world, user_key(call)
    row, alias = world.users[user], call.parameters["alias"].lower()
    if alias not in row["aliases"]:
        raise unknown_resource("alias_id")
    world.users.put(user, {**row, "aliases": [one for one in row["aliases"] if one != alias]})


HANDLERS: dict[str, Handler] = {
    "directory.users.insert": insert,
    "directory.users.get": get,
    "directory.users.list": list_users,
    "directory.users.patch": change,
    "directory.users.update": change,
    "directory.users.delete": delete,
    "directory.users.undelete": undelete,
    "directory.users.makeAdmin": make_admin,
    "directory.users.aliases.insert": insert_alias,
    "directory.users.aliases.list": list_aliases,
    "directory.users.aliases.delete": delete_alias,
}


def shown(world: World, user: str) -> Json:
    """The account as the API tells it."""
    row = world.users[user]
    fields = dict(row["fields"])
    name = fields.pop("name", {})
    told: Json = {
        "kind": "admin#directory#user",
        "id": user,
        "etag": f'"{world.users.changes}"',
        "primaryEmail": row["email"],
        "name": {**name, "fullName": f"{name.get('givenName', '')} {name.get('familyName', '')}".strip()},
        "isAdmin": row["admin"],
        "isDelegatedAdmin": False,
        "lastLoginTime": "1970-01-01T00:00:00.000Z",
        "creationTime": stamp(row["created"]),
        "agreedToTerms": False,
        "suspended": row["suspended"],
        "archived": False,
        "changePasswordAtNextLogin": False,
        "emails": [{"address": row["email"], "primary": True}, *({"address": one} for one in row["aliases"])],
        "customerId": CUSTOMER,
        "orgUnitPath": "/",
        "isMailboxSetup": row["deleted"] is None and world.ready(user),
        "isEnrolledIn2Sv": False,
        "isEnforcedIn2Sv": False,
        "includeInGlobalAddressList": True,
        **fields,
    }
    local, _, domain = row["email"].rpartition("@")
    others = [f"{local}@{name}" for name, one in world.domain_aliases.items() if one["parent"] == domain]
    if domain == world.primary_domain:
        others.append(f"{local}@{domain}.test-google-a.com")
    if others:
        told["nonEditableAliases"] = others
    if row["aliases"]:
        told["aliases"] = row["aliases"]
    if row["suspended"]:
        told["suspensionReason"] = "ADMIN"
    if row["deleted"] is not None:
        told["deletionTime"] = stamp(row["deleted"])
    return told


def stamp(moment: float) -> str:
    """A time as the APIs write it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _alias(alias: str, user: str, email: str) -> Json:
    return {"kind": "admin#directory#alias", "id": user, "primaryEmail": email, "alias": alias}


def _check_org_unit(world: World, body: Json) -> None:
    path = body.get("orgUnitPath", "/")
    if path != "/" and path not in world.orgunits:
        raise ApiError(400, "Invalid Input: INVALID_OU_ID", "invalid")


def _filter(query: str | None) -> list[tuple[str, str, str]]:
    """The clauses of a search (developers.google.com/workspace/admin/directory/v1/guides/search-users)."""
    found, at, text = [], 0, (query or "").strip()
    while at < len(text):
        clause = _QUERY.match(text, at)
        if clause is None:
            raise invalid_input("query")
        found.append((clause[1].lower(), clause[2], clause[3].strip("'").lower()))
        at = clause.end()
    return found


def _sorted_by(row: Json, order: str) -> str:
    return str(row["email"] if order == "email" else row["fields"].get("name", {}).get(order, "")).lower()


def _matches(row: Json, field: str, sign: str, wanted: str) -> bool:
    name = row["fields"].get("name", {})
    told = {
        "email": [row["email"], *row["aliases"]],
        "orgunitpath": [row["fields"].get("orgUnitPath", "/")],
        "issuspended": [str(row["suspended"])],
        "givenname": [name.get("givenName", "")],
        "familyname": [name.get("familyName", "")],
        "name": [f"{name.get('givenName', '')} {name.get('familyName', '')}"],
    }[field]
    if sign == ":" and wanted.endswith("*"):
        return any(one.lower().startswith(wanted[:-1]) for one in told)
    return any(one.lower() == wanted or (sign == ":" and wanted in one.lower()) for one in told)

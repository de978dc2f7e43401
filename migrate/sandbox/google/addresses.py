"""Addresses of the directory: what one may be, whose domain it is in, whether it is free."""

from __future__ import annotations

import re

from migrate.sandbox.google.call import Call
from migrate.sandbox.google.errors import ApiError, duplicate, invalid_input, not_authorised, unknown_resource
from migrate.sandbox.google.world import CUSTOMER, World

#: What may stand before the @ (support.google.com/a/answer/9193374).
_LOCAL = re.compile(r"[a-z0-9_'+-]+(?:\.[a-z0-9_'+-]+)*")
_LONGEST_LOCAL = 64
#: A deleted account's address is not free before (support.google.com/a/answer/1397578).
UNDELETED_FOR = 20 * 24 * 3600


def check_free(world: World, address: str, name: str, *, aliases: bool = False) -> str:
    """The address in lower case.  Raises ApiError unless somebody may get it; ``name`` is what refusals call it."""
    local, _, domain = address.lower().rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > _LONGEST_LOCAL:
        raise invalid_input(name)
    if not (owned(world, domain) or (aliases and domain in world.domain_aliases)):
        raise ApiError(404, "Domain not found.", "notFound")
    if not verified(world, domain):
        raise precondition("The domain is not verified.")
    if world.holder(address) is not None or _deleted_lately(world, address.lower()):
        raise duplicate()
    return address.lower()


def owned(world: World, domain: str) -> bool:
    """Whether a domain is one of the customer's, and no mere alias of one."""
    return domain in world.domains


def verified(world: World, domain: str) -> bool:
    """Whether the customer has shown that a domain, or an alias of one, is theirs."""
    row = world.domains.get(domain) or world.domain_aliases.get(domain)
    return row is not None and (row["verified"] or any(one["domain"] == domain for one in world.sites.rows()))


def user_key(call: Call, name: str = "userKey") -> str:
    """The id of the user whom a parameter names.  Raises ApiError."""
    key = call.parameters[name]
    user = call.world.user(key)
    if user is None:
        _check_domain(call.world, key)
        raise unknown_resource(name)
    return user


def group_key(call: Call, name: str = "groupKey") -> str:
    """The id of the group that a parameter names.  Raises ApiError."""
    key = call.parameters[name]
    group = call.world.group(key)
    if group is None:
        _check_domain(call.world, key)
        raise unknown_resource(name)
    return group


def check_customer(call: Call, name: str = "customer") -> None:
    """Raises ApiError unless a parameter names this customer."""
    if call.parameters.get(name) not in (None, "my_customer", CUSTOMER):
        raise ApiError(400, "Bad Request", "badRequest")


def precondition(message: str) -> ApiError:
    """Something that has to be done before."""
    return ApiError(412, message, "conditionNotMet")


def _check_domain(world: World, key: str) -> None:
    domain = key.lower().rpartition("@")[2]
    if "@" in key and not owned(world, domain) and domain not in world.domain_aliases:
        raise not_authorised()


def _deleted_lately(world: World, address: str) -> bool:
    since = world.clock.now() - UNDELETED_FOR
    rows = (world.users[user] for user in world.deleted)
    return any(row["deleted"] > since and row["email"] == address for row in rows)
